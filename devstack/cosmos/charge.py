"""Request charges, ESTIMATED from published figures (request units, RU).

Sources: Microsoft's "optimize cost of reads and writes" (point read 1 RU for 1 KB, 10 for 100 KB), "request
units" (write 5 RU for 1 KB unindexed, 50 for 100 KB; replace twice an insert), "how to query a container"
(about 2.5 RU for each physical partition checked, example charges 2.35 and 3.19); the price of an index term,
0.7 RU, is the slope between the 6, 8.5 and 19 RU of the streaming-at-scale samples. Batches and change-feed
pages have no published figure: a batch is the sum of its operations, a page of the feed is priced as a query.
"""

KB = 1024
QUERY_FLOOR = 2.5
QUERY_BASE = 2.3
INDEX_TERM = 0.7


def read(size: int) -> float:
    """A point read of an item of ``size`` bytes."""
    return round(1 + 9 * max(0.0, size / KB - 1) / 99, 2)


def insert(size: int, terms: int) -> float:
    """A new item of ``size`` bytes with ``terms`` index terms."""
    return round(5 + 45 * max(0.0, size / KB - 1) / 99 + INDEX_TERM * terms, 2)


def replace(size: int, terms: int) -> float:
    """A replaced, patched or upserted item that existed: the published factor of two."""
    return round(2 * insert(size, terms), 2)


def query(returned: int) -> float:
    """One page from one physical range that returned ``returned`` bytes."""
    return round(max(QUERY_FLOOR, QUERY_BASE + returned / KB), 2)


FAILED_READ = 1.0
FAILED_WRITE = (
    1.24  # the charge of a refused write is not published: a small constant, as measured charges are
)
METADATA = 1.0
