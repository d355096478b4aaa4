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
Change = Literal["opened", "closed", "escalated", "reminded"]
"""What a notification tells: the alert opened or closed, nobody acknowledged it for too long, or its snooze
is over and it is still open."""
What = Literal["acknowledged", "unacknowledged", "snoozed", "assigned", "noted"]
Detail = dict[str, Any]
"""The facts that a rule found, by their names: each rule has its own."""


class Notification(Extensible, kw_only=True):
    """That an alert opened or closed, or is still open, as it stands in the alert's outbox and goes to the
    queue.

    ``at`` is the time of the evidence, or of what a person or the clock did. Older versions wrote neither
    ``owed`` nor ``times``.
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
    """Since when it is pending; 0 where that counts from when it is queued first."""
    queued_at: int = field(name="queued")
    """When it was queued last; 0 for not yet."""
    attempts: int | None = field(name="times", default=None)
    """How often it was queued, where that is more than once."""
    level: int | None = None
    """To which an escalation goes."""
    by: str | None = None
    """Who resolved the alert by hand, and why."""
    reason: str | None = None
    done: list[str] | None = None
    """Channels that took or refused it, while others have not (:mod:`vending.alerts.channels`)."""
    severity: Severity | None = None
    """By the policy; None for the rule's own."""


class Refusal(Extensible, kw_only=True):
    """A notification that its receiver refused for good, ``reason``, when."""

    idempotency_key: str
    reason: str
    at: int


class Stamp(Extensible, kw_only=True):
    """Who did something, and when."""

    by: str
    at: int


class Resolution(Stamp, kw_only=True):
    """That a person closed an alert whose rule may still fire, and why."""

    reason: str


class Act(Stamp, kw_only=True):
    """What a person did with an open alert. ``text``: the note, the owner, until when it is snoozed."""

    what: What
    text: str | None = None


class Ending(Extensible, kw_only=True):
    """How an episode ended: by evidence, by the hand of a person, or because its evidence was withdrawn."""

    how: Literal["evidence", "hand", "withdrawn"]
    by: str | None = None
    reason: str | None = None


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
    acknowledged: Stamp | None = None
    """Of this episode, like the owner, the level and the history."""
    owner: str | None = None
    level: int | None = None
    """How often its notification was escalated."""
    history: list[Act] | None = None
    """What people did, the newest acts."""
    snoozed_until: int | None = None
    """Nobody is notified before; also not of what closes, or opens again, meanwhile."""
    resolved: Resolution | None = None
    """Of one that is closed by hand, until its rule was clear once."""
    due_at: int | None = None
    """When time alone changes something: an open one escalates, or its snooze ends; one that was resolved by
    hand may open again. Stored to be selected by."""
    catalog: int | None = None
    """The version of the catalog by whose policy the state was found; None where there was no policy."""
    severity: Severity | None = None
    """By the policy that it opened under; None for the rule's own."""
    requests: list[str] | None = None
    """The newest writes of people, by which one that is repeated is recognised."""

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
    ended: Ending | None = None
    """Older versions did not write it, nor what follows."""
    acknowledged: Stamp | None = None
    owner: str | None = None
    level: int | None = None
    history: list[Act] | None = None


class UndeliveredNotification(AlertDocument, kw_only=True):
    """A notification that nobody will get: it counts, and raises an alert, while it is ``open``.

    ``undelivered:{rule}:{component}:{episode}:{change}``, of an escalation with its level, and ``:{channel}``
    where that is not the webhook.
    """

    type = "undelivered"

    state: State
    idempotency_key: str
    reason: str
    at: int
    channel: str | None = None
    """Which gave it up, where that is not the webhook."""
