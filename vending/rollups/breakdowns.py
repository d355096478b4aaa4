"""How figures stay small: of their breakdowns by product, hour and payment method some names are kept, and
all others are summed under :data:`OTHER`. Sums stay exact, whatever is kept.

Products are the devices' word, so there is no end of them. A machine day keeps :data:`PRODUCTS`
(:func:`keep`); a summary as many of each child as fit into its document (:func:`narrow`). What is kept is
what sold most units, then the first by name, which depends on the figures alone and not on the order in which
they came; and to fit twice is to fit once: ``fit(fit(x, a), b) == fit(x, b)`` for every b up to a.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from vending.documents.days import BucketDay, Figures, Summary, WholeDay
from vending.packed import pack
from vending.rollups.tree import OTHER, add
from vending.state.stock import MAX_SLOTS

PRODUCTS = 200
"""Of a machine day: twice the products of a large machine, and with the longest names 30 KB."""
SELECTIONS = MAX_SLOTS
"""Of a machine day: all that can hold goods. Vends that failed may name any others."""
LIMIT = 2 * 1024 * 1024 - 64 * 1024
"""Bytes of a document. Cosmos DB takes 2 MiB, with the fields that it adds itself."""
BUDGET = 1_900_000
"""Bytes that a summary may grow to before it keeps fewer names."""
PARTS = ("skus", "hours", "payments")
"""The breakdowns of a summary, in the order in which they are given up."""
ALL = (*PARTS, "selections")
"""Those of a machine day."""


_encode = msgspec.json.Encoder().encode


def size(value: Any) -> int:
    """The bytes of a value as azure-cosmos sends it: JSON in ASCII without blanks.

    Where nothing needs an escape, which is nearly always, a quicker encoder gives as many.
    """
    quick = _encode(value)
    if quick.isascii() and b"\x7f" not in quick:
        return len(quick)
    return len(json.dumps(value, separators=(",", ":")))


def keep(part: Mapping[str, Figures], most: int) -> Figures:
    """A breakdown with at most so many names, and the sum of all others."""
    return dict(part) if len(part) <= most else folded(part, ranked(part)[:most])


def ranked(part: Mapping[str, Figures]) -> list[str]:
    """The names by the units that left the machine (free and test vends are one each), then by name."""
    return sorted(part.keys() - {OTHER}, key=lambda name: (-_left(part[name]), name))


def _left(figures: Figures) -> int:
    return sum(figures.get(name, 0) for name in ("units", "free", "test"))


def folded(part: Mapping[str, Figures], kept: Collection[str]) -> Figures:
    """The kept names as they are, and the sum of all others."""
    result, rest = {name: part[name] for name in kept}, Figures()
    for name, value in part.items():
        if name not in result:
            add(rest, value)
    return result | ({OTHER: rest} if rest else {})


@dataclass(frozen=True, slots=True)
class _Part:
    """What a breakdown takes: bytes of each name, and of OTHER at the most, were everything in it."""

    sizes: Mapping[str, int]
    other: int
    has_other: bool

    @property
    def taken(self) -> int:
        """OTHER counts in full from the beginning, so that it makes no difference when it grows."""
        return sum(self.sizes.values()) + self.other * self.has_other


def fit(figures: Figures, allowance: int) -> Figures:
    """The figures in so many bytes: with fewer products, then without products and hours, then without
    payment methods. The sums themselves stay, also where they alone are more."""
    skus, hours, payments = (_part(figures.get(name, {})) for name in PARTS)
    rest = size({name: {} if name in PARTS else value for name, value in figures.items()})
    if rest + skus.taken + hours.taken + payments.taken <= allowance:
        return figures
    room = allowance - rest - hours.taken - payments.taken - skus.other
    if room >= 0:
        return figures | {"skus": folded(figures.get("skus", {}), _first(figures, skus, room))}
    enough = rest + skus.other + hours.other + payments.taken <= allowance
    given_up = PARTS[:2] if enough else PARTS
    return figures | {name: folded(figures[name], ()) for name in given_up if figures.get(name)}


def _part(entries: Figures) -> _Part:
    sizes = {name: size({name: value}) for name, value in entries.items() if name != OTHER}
    other = size(folded(entries, ())) if entries else 0
    return _Part(sizes, other, OTHER in entries)


def _first(figures: Figures, skus: _Part, room: int) -> list[str]:
    """The products that sold most, as many as there is room for."""
    kept = []
    for name in ranked(figures["skus"]):
        room -= skus.sizes[name]
        if room < 0:
            break
        kept.append(name)
    return kept


def alike(one: Figures, other: Figures) -> bool:
    """Whether two say the same as far as both say it: a breakdown is its sum where either has OTHER."""
    return _told(one, other) == _told(other, one)


def _told(figures: Figures, beside: Figures) -> Figures:
    summed = [name for name in ALL if OTHER in (*figures.get(name, ()), *beside.get(name, ()))]
    return figures | {name: folded(figures.get(name, {}), ()) for name in summed}


def narrow(summary: Summary, changed: Iterable[str]) -> int:
    """Hold a summary within :data:`BUDGET`, in place; its bytes. ``changed`` are the children that are new.

    Its ``allowance`` is what each child may take. It only shrinks, and only when the document has become too
    large: so it does not matter in which order the children came.
    """
    early = summary.early if isinstance(summary, WholeDay) else None
    children, allowance = {**summary.children, **(early or {})}, summary.allowance or 0
    if allowance:
        for child in changed:
            children[child][1] = fit(children[child][1], allowance)
    taken = _taken(summary)
    largest = max(size(figures) for _, figures in children.values()) if taken > BUDGET else 0
    while taken > BUDGET and not all(bare(figures) for _, figures in children.values()):
        allowance = summary.allowance = _less(allowance, largest)
        for entry in children.values():
            entry[1] = fit(entry[1], allowance)
        taken = _taken(summary)
    return taken


def narrow_bucket(bucket: BucketDay) -> int:
    """The same for a bucket and its machines. What a machine's figures have lost to ``$other`` nobody can add
    to: its day is computed from the ledger each time."""
    allowance, taken = bucket.allowance or 0, _taken(bucket)
    _fit_machines(bucket, allowance)
    largest = max(size(held.figures) for held in bucket.early.values()) if taken > BUDGET else 0
    while taken > BUDGET and not all(_bare(held.figures) for held in bucket.early.values()):
        allowance = bucket.allowance = _less(allowance, largest)
        _fit_machines(bucket, allowance)
        taken = _taken(bucket)
    return taken


def _fit_machines(bucket: BucketDay, allowance: int) -> None:
    for machine, held in bucket.early.items() if allowance else ():
        if size(held.figures) > allowance and not _bare(held.figures):
            rest = {name: value for name, value in held.figures.items() if name != "selections"}
            selections = folded(held.figures.get("selections", {}), ())
            figures = fit(rest, allowance) | ({"selections": selections} if selections else {})
            bucket.early[machine] = held._replace(figures=figures, counted=None)


def _taken(day: Summary | BucketDay) -> int:
    """Bytes of the document. Early figures are stored packed; that takes time, so it is done here only where
    it may matter."""
    body = day.dump()
    taken = size(body)
    if taken > BUDGET and body.get("early") is not None:
        taken = size(body | {"early": pack(body["early"])})
    return taken


def bare(figures: Figures) -> bool:
    """Whether nothing is left but sums, which nobody may drop."""
    return all(figures.get(name, {}).keys() <= {OTHER} for name in PARTS)


def _bare(figures: Figures) -> bool:
    return bare(figures) and figures.get("selections", {}).keys() <= {OTHER}


def _less(allowance: int, largest: int) -> int:
    """The next smaller allowance that may cut a child. What a child would take with OTHER in each of its
    three breakdowns is less than four times its size: all allowances above that would cut nothing."""
    allowance = allowance * 3 // 4 or BUDGET // 2
    while allowance > 4 * largest:
        allowance = allowance * 3 // 4
    return allowance
