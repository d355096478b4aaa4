"""Alerts, in the container ``alerts``: what is wrong with a machine now, what was, and what people must hear.

``machineId`` is the machine, or ``$hub`` and the like for alerts about the app itself. Times are milliseconds
since 1970 UTC. What changes an alert is in :mod:`vending.alerts`, ``alerts`` and ``outbox``.
"""

from typing import Any, Literal

from msgspec import field, structs

from vending.documents.base import Document, Extensible

NOTIFICATIONS = "$notifications"
"""Stands for a machine in what is about notifications themselves; no machine can have this name."""
State = Literal["open", "closed"]
Severity = Literal["critical", "warning", "info"]
Change = Literal["opened", "closed"]
Detail = dict[str, Any]
"""The facts that a rule found, by their names: each rule has its own."""


class Notification(Extensible, kw_only=True):
    """That an alert opened or closed, as it stands in the alert's outbox and goes to the queue.

    ``at`` is the time of the evidence. Older versions wrote neither ``owed`` nor ``times``.
    """

    idempotency_key: str
    """By which receivers tell a repetition."""
    machine_id: str
    alert_id: str
    rule: str
    component: str
    change: Change
    episode: int
    at: int
    detail: Detail
    pending_since: int | None = field(name="owed", default=None)
    """When it was queued first; 0 for not yet."""
    queued_at: int = field(name="queued")
    """When it was queued last; 0 for not yet."""
    attempts: int | None = field(name="times", default=None)
    """How often it was queued, where that is more than once."""
    severity: Severity | None = None
    """By the policy; None for the rule's own."""


class Refusal(Extensible, kw_only=True):
    """A notification that its receiver refused for good, ``reason``, when."""

    idempotency_key: str
    reason: str
    at: int


class AlertDocument(Document, kw_only=True):
    """Base of all in the container."""

    schema = 1
    key = "machineId"

    machine_id: str


class Alert(AlertDocument, kw_only=True):
    """One rule and component of a machine, for good: ``current:{rule}:{component}``."""

    type = "alert"

    rule: str
    component: str
    episode: int
    """Number of the latest opening, from 1."""
    outbox: list[Notification]
    """What is not delivered yet, oldest first."""
    state: State
    since: int
    """When it came to be in that state, by the evidence."""
    evaluated_on: list[int] = field(name="judged")
    """Order of the evidence behind the state; empty where an operator took that away."""
    detail: Detail
    pending: bool
    """Whether the outbox holds anything: stored to be selected by."""
    undelivered: list[Refusal] | None = None
    """The newest refusals."""
    catalog: int | None = None
    """The version of the catalog by whose policy the state was found; None where there was no policy."""
    severity: Severity | None = None
    """By the policy that it opened under; None for the rule's own."""

    def with_outbox(self, outbox: list[Notification]) -> "Alert":
        """The alert with another outbox."""
        return structs.replace(self, outbox=outbox, pending=bool(outbox))


class Episode(AlertDocument, kw_only=True):
    """From opening to closing, when it is over: ``episode:{rule}:{component}:{number}``."""

    type = "alert-episode"

    rule: str
    component: str
    episode: int
    opened: int
    closed: int
    detail: Detail
    """Of the opening."""


class UndeliveredNotification(AlertDocument, kw_only=True):
    """A notification that nobody will get: it counts, and raises an alert, while it is ``open``.

    ``undelivered:{rule}:{component}:{episode}:{change}``.
    """

    type = "undelivered"

    state: State
    idempotency_key: str
    reason: str
    at: int
