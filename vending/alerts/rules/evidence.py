"""What rules are evaluated on. One function gathers each kind, and evaluates all the rules that want it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar

from vending.alerts.policy import DEFAULTS, Policy
from vending.alerts.standing import Halts
from vending.alerts.waiting import Numbers
from vending.documents.alerts import NOTIFICATIONS, UndeliveredNotification
from vending.documents.conditions import Entry
from vending.documents.stock import MachineStock


class Evidence:
    """About a machine, or about the app itself."""

    subject: ClassVar[str | None] = None
    """What stands in the place of a machine in alerts about the app itself; no machine can have this name."""


@dataclass(frozen=True)
class Stock(Evidence):
    """A machine's stock document, whenever it changes (``watch_machines``)."""

    document: MachineStock
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
