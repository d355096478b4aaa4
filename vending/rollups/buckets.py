"""Early figures: what the machines of a bucket have sold in a business day that is still open. Pure.

A machine's day is computed from the ledger with its first sale. The lines of later pages are added to its
entry in the bucket, each number once; so a page may come twice, and in any order. Where that cannot be done
exactly (the catalog has changed, names are folded into ``$other``, a price is not the catalog's) the day is
computed from the ledger again, as every day is when it closes.
"""

import hashlib
from collections.abc import Collection, Iterable

from msgspec.structs import replace

from vending.catalog.assignments import Assignment
from vending.documents.days import BUCKETS, BucketDay, Early, Figures, MachineDay
from vending.documents.pages import LedgerPage, Line
from vending.rollups import machine_days
from vending.rollups.breakdowns import ALL, PRODUCTS, SELECTIONS
from vending.rollups.prices import differing
from vending.rollups.tree import FLEET, OTHER, Contribution, Key, add, day_id
from vending.rollups.tree import PRODUCTS as PRODUCTS_SCOPE
from vending.state import intervals

INTERVALS = 200
"""Of an entry. Numbers that lie further apart come from a device that loses every second one."""
Numbers = dict[str, list[list[int]]]
"""Book ``"device/epoch"`` → ledger numbers."""


def bucket_of(site: str, route: str) -> int:
    """The bucket of a site: that of its route, so that a route is read with one document."""
    digest = hashlib.blake2b((route or site).encode(), digest_size=2).digest()
    return int.from_bytes(digest) % BUCKETS


def home(day: MachineDay) -> int:
    """The bucket that a machine's day belongs to."""
    return bucket_of(day.site, day.route)


def bucket_key(bucket: int, day: str) -> Key:
    """A bucket's day, in the container ``fleet``."""
    return f"early:{bucket:02d}", day_id(day)


def empty(bucket: int, day: str) -> BucketDay:
    """A bucket of which no machine has sold yet."""
    scope, name = bucket_key(bucket, day)
    return BucketDay(id=name, scope=scope, date=day, rev=0, early={})


def lines_of(pages: Iterable[LedgerPage], assignment: Assignment, day: str) -> Iterable[tuple[str, Line]]:
    """The lines of the business day, each with its book."""
    for page in pages:
        for line in page.lines:
            if assignment.day_of(line["at"]) == day:
                yield page.book, line


def entry(document: MachineDay, pages: Collection[LedgerPage], assignment: Assignment) -> Early:
    """The entry of a machine's day that was computed from these pages, all of them."""
    counted: Numbers = {}
    for book, line in lines_of(pages, assignment, document.date):
        intervals.add(counted.setdefault(book, []), line["ledger"])
    return Early(
        document.catalog_version,
        document.recounts or 0,
        document.rev,
        assignment.fingerprint(),
        document.site,
        document.route,
        document.figures,
        counted,
    )


def stored(new: Early, *, grows: bool) -> Early:
    """As it is kept: without its numbers where nothing can be added to it."""
    held = new.counted or {}
    large = sum(map(len, held.values())) > INTERVALS
    return new._replace(counted=None) if large or not grows or _folded(new.figures) else new


def as_counted(day: MachineDay, held: Early, *, sealed: bool = False) -> MachineDay:
    """A machine's open day with the figures of its entry, unless the day's own document counts.

    An entry to which lines are added counts whoever else has computed the day: of two that did so at once one
    found the other's entry in the bucket, and one that died before writing the bucket is followed by one that
    adds the same lines. Others count while nothing newer was computed: those that are computed each time,
    those of a bucket that is sealed, and those of before an operator took pages away.
    """
    grows = held.counted is not None and not sealed and held.recounts >= (day.recounts or 0)
    if not grows and held.rev < day.rev:
        return day
    changed = held.figures != day.figures
    return replace(day, figures=held.figures, version=day.version + changed)


def gone(document: MachineDay) -> Early:
    """The entry in a bucket where the machine's day was counted before."""
    return Early(document.catalog_version, document.recounts or 0, document.rev, "", "", "", {}, None)


def added(held: Early, pages: Iterable[LedgerPage], assignment: Assignment, day: str) -> Early | None:
    """The entry with the lines that are new. None where it must be computed from the ledger."""
    if held.counted is None or held.assignment != assignment.fingerprint():
        return None
    counted = {book: [pair[:] for pair in numbers] for book, numbers in held.counted.items()}
    new: list[Line] = []
    for book, line in lines_of(pages, assignment, day):
        numbers = counted.setdefault(book, [])
        if not intervals.contains(numbers, line["ledger"]):
            intervals.add(numbers, line["ledger"])
            new.append(line)
    if not new:
        return held
    if differing(new, assignment) or sum(map(len, counted.values())) > INTERVALS:
        return None
    figures = add(add({}, held.figures), machine_days.figures(new, assignment))
    return None if _folded(figures) else held._replace(figures=figures, counted=counted)


def _folded(figures: Figures) -> bool:
    """Whether names are summed under ``$other``, or must be."""
    many = len(figures.get("skus", ())) > PRODUCTS or len(figures.get("selections", ())) > SELECTIONS
    return many or any(OTHER in figures.get(part, ()) for part in ALL)


def replaces(new: Early, held: Early | None) -> bool:
    """Whether an entry that was computed from the ledger takes the place of what is held.

    The newer catalog does, and what was computed after an operator took pages away; then the later one.
    """
    return held is None or _order(new) > _order(held)


def _order(one: Early) -> tuple[int, int, int]:
    return one.catalog_version, one.recounts, one.rev


def shown(held: Early, pages: Iterable[LedgerPage]) -> bool:
    """Whether the pages have all lines that the entry counts, in whatever day they are counted now."""
    seen = {(page.book, line["ledger"]) for page in pages for line in page.lines}
    counted = held.counted or {}
    return all(
        (book, number) in seen
        for book, numbers in counted.items()
        for first, last in numbers
        for number in range(first, last + 1)
    )


def total(bucket: BucketDay) -> Figures:
    """The sum over the machines, without selections."""
    figures: Figures = {}
    for held in bucket.early.values():
        add(figures, shared(held))
    return figures


def shared(held: Early) -> Figures:
    """Of an entry, what can be summed over machines."""
    return {name: value for name, value in held.figures.items() if name != "selections"}


def upwards(bucket: BucketDay) -> list[Contribution]:
    """What a bucket gives to the day of the fleet: always all of it, changed or not."""
    figures, child = total(bucket), bucket.scope.partition(":")[2]
    products = {"skus": figures.pop("skus", {})}
    day, rev = bucket.date, bucket.rev
    return [
        Contribution(FLEET, day, child, rev, figures, early=True),
        Contribution(PRODUCTS_SCOPE, day, child, rev, products, early=True),
    ]
