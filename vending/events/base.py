"""What an event type is: the ``data`` of its events, and all that these mean to the app.

A type is a class of one of three kinds, in the module of its family: :class:`LedgerEvent`,
:class:`LevelEvent` or :class:`Reading`. Defining the class registers it under its names
(``io.vendstream.<name>.v1``); one that lacks a member, or clashes with another type, fails at import with a
TypeError that names both. Stock, ledger, conditions, archive, views and documents derive from here.

Effects are plain values: the folds of :mod:`vending.state` apply them. Unknown fields of a payload are
ignored here and kept in the archive.
"""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal

from msgspec import Struct

COLUMNS: dict[str, Literal["word", "int32", "int64", "double"]] = {
    "selection": "word",
    "quantity": "int32",
    "price_minor": "int64",
    "paid_minor": "int64",
    "currency": "word",
    "payment": "word",
    "sku": "word",
    "zone": "word",
    "celsius": "double",
    "component": "word",
    "code": "word",
    "reason": "word",
    "rssi_dbm": "int32",
}
"""The archive's typed columns that events fill, in the file's order. What no column holds is in ``body``."""

Facts = dict[str, Any]
Registers = dict[str, list[Any]]
"""Name of a register → its values, which follow the order and the time of the event there."""


class SlotEffect(Struct, frozen=True, gc=False):
    """What an event does to one slot: what it states of it, in units (None: nothing), and what left it."""

    selection: str
    level: int | None = None
    capacity: int | None = None
    vended: int = 0
    failed: bool = False
    """Whether it should have given something out and did not."""


class TillEffect(Struct, frozen=True):
    """What an event does to a machine's money: what went in, what is owed to a buyer, what was taken out."""

    cash: int = 0
    """Minor units that a buyer put in."""
    owed: int | None = None
    """Minor units that were paid for nothing and not given back; 0 where nobody said how many."""
    currency: str = ""
    """Of either; ``""`` where nobody said it."""
    emptied: bool = False


class Tally(Struct, frozen=True):
    """What a ledger event adds to its machine's totals."""

    counts: Mapping[str, int]
    currency: str | None = None
    """Of its money. A machine takes so many; an event of a further one is refused."""
    revenue: int | None = None
    """Minor units; None for what is no revenue."""


class Register(Struct, frozen=True):
    """A register that readings write, or a family of registers, ``name:…``."""

    name: str
    shown: tuple[str, ...] = ()
    """How an answer names the values, in order; the last may be missing. None are named where a view of its
    own tells them, or nobody asks."""
    kept: int | None = None
    """Of a family: how many registers a machine keeps."""


class Part(Struct, frozen=True, rename="camel"):
    """An object within a payload."""


class Data(Part, frozen=True):
    """The ``data`` of an event."""

    kind: ClassVar[Literal["ledger", "level", "reading"]]
    """How ingest treats it."""
    types: ClassVar[tuple[str, ...]]
    """Names of its event types: several where types differ in meaning and not in their fields."""
    columns: ClassVar[Mapping[str, str]]
    """Column of :data:`COLUMNS` → the field that fills it: see :func:`fills`."""

    def __init_subclass__(cls) -> None:
        if cls.__module__ != __name__:  # here are only the kinds
            _register(cls)

    def registers(self, name: str, /) -> Registers:  # noqa: ARG002 - only some readings need it
        """The registers that an event of that name writes; only readings do."""
        return {}


class StockEvent(Data, frozen=True):
    """Belongs to the stock document."""

    @abstractmethod
    def slots(self) -> Sequence[SlotEffect]:
        """What it does to slots, each named once: all of it happens, or nothing."""


class LedgerEvent(StockEvent, frozen=True):
    """Money or goods: counted exactly once, numbered without holes in ``ledgersequence``."""

    kind = "ledger"
    line_kind: ClassVar[str]
    """``kind`` of its ledger line."""
    counters: ClassVar[tuple[str, ...]]
    """The totals that :meth:`tally` may count in, in the order of answers."""
    sale: ClassVar[tuple[str, ...]]
    """The facts that a machine's list of sales shows; () keeps it out of that list."""

    @abstractmethod
    def facts(self) -> Facts:
        """What the ledger keeps of it; UNSET values are left out."""

    @abstractmethod
    def tally(self) -> Tally:
        """What it adds to the totals."""

    def till(self) -> TillEffect | None:
        """What it does to the money in the machine; only some do anything."""
        return None


class LevelEvent(StockEvent, frozen=True):
    """Absolute slot levels: they belong to the stock document, the newest of a slot wins."""

    kind = "level"


class Reading(Data, frozen=True):
    """How a machine is: registers, the newest of each wins."""

    kind = "reading"
    writes: ClassVar[tuple[Register, ...]]
    """All that :meth:`registers` may name."""

    @abstractmethod
    def registers(self, name: str, /) -> Registers:
        """The registers that an event of that name writes."""


REGISTERED: dict[str, type[Data]] = {}
"""Name → type, in the order of import: :mod:`vending.events.event_types` has them all, in order."""
REGISTERS: dict[str, Register] = {}
"""Name → what readings write."""


def fills(*same: str, **renamed: str) -> Mapping[str, str]:
    """Columns of the archive by the field that fills each: of the same name, or ``column="field"``."""
    return dict(zip(same, same, strict=True)) | renamed


def _register(shape: type[Data]) -> None:
    if faults := list(_missing(shape)) or list(_clashes(shape)):
        raise TypeError(f"event type {shape.__name__} of {shape.__module__}: {'; '.join(faults)}")
    REGISTERED.update(dict.fromkeys(shape.types, shape))
    if issubclass(shape, Reading):
        REGISTERS.update({register.name: register for register in shape.writes})


def _missing(shape: type[Data]) -> Iterator[str]:
    """Members that the type lacks."""
    kinds = [base for base in shape.__mro__ if base.__module__ == __name__ and issubclass(base, Data)]
    if kinds[0] in (Data, StockEvent):
        yield "derives from none of LedgerEvent, LevelEvent, Reading (an object within a payload, from Part)"
    said = [name for base in kinds for name in base.__annotations__]  # kinds have class variables, no fields
    lacking = [name for name in said if not hasattr(shape, name)]
    lacking += [f"{name}()" for name in dir(shape) if _abstract(shape, name)]
    if lacking:
        yield f"lacks {', '.join(sorted(lacking))}, which {kinds[0].__name__} in {__name__} explains"
    if not shape.__doc__:
        yield "has no docstring, which docs/events shows"
    if not getattr(shape, "types", True):
        yield "has no name in types"
    if not getattr(shape, "writes", True):
        yield "writes no register, so that nobody would ever see it: name one in writes"


def _abstract(shape: type[Data], name: str) -> bool:
    return getattr(getattr(shape, name, None), "__isabstractmethod__", False)


def _clashes(shape: type[Data]) -> Iterator[str]:
    """Names that the type uses wrongly, or that another type has already."""
    for name in shape.types:
        if name in REGISTERED:
            yield f"{name} is the name of {REGISTERED[name].__name__} already"
    fields = {name for base in shape.__mro__ for name in getattr(base, "__annotations__", ())}
    for column, field in shape.columns.items():
        if column not in COLUMNS:
            yield f"fills the column {column}, which COLUMNS in {__name__} does not have"
        if field not in fields:
            yield f"fills the column {column} from {field}, which is no field of it"
    if issubclass(shape, LedgerEvent):
        lines = {other.line_kind: other for other in REGISTERED.values() if issubclass(other, LedgerEvent)}
        if shape.line_kind in lines:
            yield f"{shape.line_kind} is the ledger line of {lines[shape.line_kind].__name__} already"
    if issubclass(shape, Reading):
        for register in shape.writes:
            if REGISTERS.get(register.name, register) != register:
                yield f"the register {register.name} has other values in another type"
