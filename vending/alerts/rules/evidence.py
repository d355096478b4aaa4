"""What rules are evaluated on. One function gathers each kind, and evaluates all the rules that want it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import ClassVar

from vending.alerts.policy import DEFAULTS, Policy
from vending.alerts.standing import Halts
from vending.alerts.waiting import Numbers
from vending.documents.alerts import NOTIFICATIONS, UndeliveredNotification
from vending.documents.audits import AuditRecord
from vending.documents.conditions import Entry, Register
from vending.documents.days import MachineDay
from vending.documents.habits import Habit
from vending.documents.stock import MachineStock
from vending.state import conditions, stock


class Evidence:
    """About a machine, or about the app itself."""

    subject: ClassVar[str | None] = None
    """What stands in the place of a machine in alerts about the app itself; no machine can have this name."""
    evaluated_by: ClassVar[str] = "sweep"
    """The function that gathers it."""


@dataclass(frozen=True)
class Stock(Evidence):
    """A machine's stock document, whenever it changes (``watch_machines``)."""

    evaluated_by: ClassVar[str] = "watch_machines"
    document: MachineStock
    now: int
    """Milliseconds since 1970 UTC."""
    policy: Policy = DEFAULTS
    habit: Habit | None = None
    """When it sells, where the sweep looks whether it still does (``evaluate_quiet``)."""

    @property
    def at(self) -> int:
        """When its newest ledger line happened; the clock dates a machine that has no dated line yet."""
        return max((latest[2] for latest in self.document.last.values()), default=self.now)

    @cached_property
    def on_hand(self) -> Mapping[str, int | None]:
        """Units per selection, None where nobody ever counted: computed once for all rules."""
        return stock.on_hand(self.document)


@dataclass(frozen=True)
class Day(Evidence):
    """A machine's business day, whenever it is computed (``watch_days``)."""

    evaluated_by: ClassVar[str] = "watch_machines"
    document: MachineDay
    now: int
    """Milliseconds since 1970 UTC."""
    policy: Policy = DEFAULTS


@dataclass(frozen=True)
class Audited(Evidence):
    """A machine's audit and what was reconciled by it, when it comes (``watch_audits``)."""

    evaluated_by: ClassVar[str] = "watch_machines"
    record: AuditRecord
    now: int
    """Milliseconds since 1970 UTC."""
    policy: Policy = DEFAULTS


@dataclass(frozen=True)
class Registers(Evidence):
    """A machine's condition registers, at every sweep. ``now`` and ``silent_after`` in milliseconds."""

    machine: str
    entry: Entry
    now: int
    silent_after: int
    placed: bool = True
    """Whether the catalog, of this version, places the machine."""
    catalog_version: int = 0
    policy: Policy = DEFAULTS

    @cached_property
    def families(self) -> Mapping[str, Sequence[tuple[str, Register]]]:
        """Component and register of each family, of ``{family}:{component}`` or ``{family}``, of which the
        component is ``machine`` and the first: computed once for all rules."""
        found: dict[str, list[tuple[str, Register]]] = {}
        for name, register in self.entry.items():
            family, colon, component = name.partition(":")
            if not colon:
                found.setdefault(family, []).insert(0, ("machine", register))
            elif family in conditions.FAMILIES:
                found.setdefault(family, []).append((component, register))
        return found


@dataclass(frozen=True)
class Backlog(Evidence):
    """How far the hub is, and the functions that read it, at every sweep (``watch_lag``)."""

    subject: ClassVar[str] = "$hub"
    waits: Mapping[str, timedelta]
    """Function → for how long, at least, its oldest event that is not done has been in the hub."""
    halts: Halts
    done: Mapping[str, Numbers]
    """Function → its checkpoints."""
    last: Numbers
    """The hub's last sequence numbers."""
    now: datetime
    retention: timedelta
    standing_after: timedelta


@dataclass(frozen=True)
class Rollups(Evidence):
    """How far the rollups are, at every sweep (``watch_rollups``)."""

    subject: ClassVar[str] = "$rollups"
    shards: Sequence[datetime | None]
    """Since when each shard's first unread change has been there; None where it has read all."""
    uncounted: int
    """Machines with a day that is not counted everywhere because something fails for good."""
    now: datetime
    limit: timedelta
    closing: datetime | None = None
    """Since when the first open day was to be closed; None where none is."""


@dataclass(frozen=True)
class GivenUp(Evidence):
    """Notifications that nobody will get, of the last day, channels to which nothing gets through, and the
    messages of the poison queue, at every sweep (``watch_notifications``)."""

    subject: ClassVar[str] = NOTIFICATIONS
    notifications: Sequence[UndeliveredNotification]
    now: int
    """Milliseconds since 1970 UTC."""
    failing: Mapping[str, int] = field(default_factory=dict)
    """Kind of channel → since when (ms) nothing has got through to one of them."""
    poisoned: int = 0


@dataclass(frozen=True)
class Refusals(Evidence):
    """Events that ingest refused, at every sweep (``watch_refusals``)."""

    subject: ClassVar[str] = "$ingest"
    reasons: Mapping[str, int]
    """Reason → how many in this hour of the clock, by the hub's time, and the one before."""
    conflicts: Mapping[str, int]
    """Partition key of who sent another content under an old id → when last, as ``now``."""
    now: int
    """Milliseconds since 1970 UTC."""
    policy: Policy = DEFAULTS
