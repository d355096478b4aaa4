"""How machines are: the registers of many of them, packed into one document of the container ``conditions``.

What the registers mean is said where they are merged, in :mod:`vending.state.conditions`; what ``named`` is
for, in :mod:`vending.ingest.admission`. In documents of schema 1 two faults can share a register.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Struct, field

from vending.documents.base import Document, unchanged

Register = list[Any]
"""``[epoch, sequence, milliseconds, ...]``: order and time of the event that wrote it, and what it said."""
Entry = dict[str, Register]
"""A machine's registers by name."""

if TYPE_CHECKING:
    Machines = dict[str, Entry]
else:
    # For `load`, which so takes hundreds of kilobytes of entries as they are. The map itself is a new one.
    Machines = dict[str, Any]


class NamedBy(NamedTuple):
    """The event that named a new machine: its publisher, the hour (since 1970 UTC) of its enqueued time, and
    its place in the hub. Publisher ``""``: another sender, after a refusal."""

    publisher: str
    hour: int
    generation: str
    sequence: int


class Named(Struct):
    """The new machines of the newest hour in which one was named, and of the hour before."""

    hour: int
    machines: dict[str, NamedBy]


YOUNG = "young"


class Conditions(Document, kw_only=True):
    """``{partition}:{shard}``: machines of a hub partition. ``{partition}:young``: what is newer than in
    these, till it is folded into them."""

    type = "conditions"
    schema = 2
    key = "id"
    upcasts = {1: unchanged}  # noqa: RUF012 - a ClassVar of the base

    partition: str
    shard: int
    """From 0; of the young document -1."""
    rev: int = 0
    """Grows with every replace."""
    writes: int | None = None
    """Of the young document: how many since it was empty."""
    bytes: int = 0
    """Of the entries, as JSON."""
    machines: Machines = field(default_factory=dict)
    named: Named | None = None
    """Of the partition, in its first document."""
    exclusions: int | None = None
    """The version of the exclusions that it was mended by last."""
