"""The change feed, latest-version mode: items in the order of their last write, by LSN.

A page never ends inside an LSN, so a batch is read as a whole. Deleted and expired items are absent. The
ETag of a page is the LSN it reaches; a reader sends it back as If-None-Match, and it stays valid across
splits because the LSNs of a container count on in the children.
"""

from email.utils import parsedate_to_datetime
from typing import Any

from devstack.cosmos import charge, epk
from devstack.cosmos.catalog import Container, Range
from devstack.cosmos.errors import Refusal, bad_request, unsupported
from devstack.cosmos.slices import Slice, alive, scope_of
from devstack.cosmos.store import Store
from devstack.cosmos.wire import Call, Reply

PAGE = 100
MAX_BYTES = 4 * 1024 * 1024


def read_feed(call: Call, store: Store, container: Container) -> tuple[Reply, list[Range]]:
    """One page: 200 with items and the ETag to go on from, 304 with an ETag when there is nothing new."""
    if call.header("a-im").lower() != "incremental feed":
        raise unsupported("The change feed mode AllVersionsAndDeletes")
    part = scope_of(call, container)
    if part is None and len(container.ranges) > 1 and not call.header("x-ms-documentdb-partitionkeyrangeid"):
        part = Slice(epk.MIN_EPK, epk.MAX_EPK)
    part = part or Slice(epk.MIN_EPK, epk.MAX_EPK)
    rows, reached = _page(store, container, part, _start(call, container), call)
    visited = [container.range_of(part.low)]
    if not rows:
        reply = Reply(304, charge=charge.METADATA)
    else:
        body = b",".join(rows)
        head = f'{{"_rid":"{container.rid}","Documents":['.encode()
        reply = Reply(200, head + body + f'],"_count":{len(rows)}}}'.encode(), charge=charge.query(len(body)))
    reply.headers |= {"etag": f'"{reached}"', "x-ms-item-count": str(len(rows))}
    return reply, visited


def _start(call: Call, container: Container) -> tuple[int, int]:
    """(read what is above this LSN, and younger than this second: the moment is excluded)."""
    mark, moment = call.header("if-none-match"), call.header("if-modified-since")
    since = 0
    if moment:
        try:
            since = int(parsedate_to_datetime(moment).timestamp())
        except ValueError:
            raise bad_request(f"If-Modified-Since {moment!r} is not an HTTP date.") from None
    if mark == "*":
        return container.lsn, since
    if not mark:
        return 0, since
    text = mark.strip('"')
    if not text.isascii() or not text.isdigit():
        raise bad_request(f"If-None-Match {mark!r} is not the ETag of a change feed page.")
    if int(text) > container.lsn:
        raise Refusal(404, "The read session is not available for the input session token.", 1002)
    return int(text), since


def _page(
    store: Store, container: Container, part: Slice, start: tuple[int, int], call: Call
) -> tuple[list[bytes], int]:
    after, since = start
    where = ["lsn > ?", "ts > ?", alive(container, call.now)]
    arguments: list[Any] = [after, since]
    if part.pk is not None:
        where.append("pk = ?")
        arguments.append(part.pk)
    else:
        where += ["epk >= ?", "epk < ?"]
        arguments += [part.low, part.high]
    sql = f"SELECT lsn, body FROM {container.docs} WHERE {' AND '.join(where)} ORDER BY lsn, seq"  # noqa: S608
    most, size = call.page_size(PAGE), 0
    rows: list[bytes] = []
    reached = after
    for lsn, body in store.execute(sql, arguments):
        if lsn != reached and (len(rows) >= most or size > MAX_BYTES):
            return rows, reached
        reached = lsn
        rows.append(body)
        size += len(body)
    return rows, max(container.lsn, after)
