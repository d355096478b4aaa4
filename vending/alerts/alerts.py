"""Alerts: what is wrong with a machine now, at most one per (machine, rule, component).

The document ``current:{rule}:{component}`` in the machine's partition is permanent. ``{"id", "machineId",
"type": "alert", "schema", "rule", "component", "state": "open" | "closed", "episode": number of the latest
opening, "since": ms since 1970 UTC of the state, "judged": order of the evidence it was evaluated on,
"detail": {...}, "pending": whether the outbox holds anything, "outbox": [notification, ...]}``. An episode
that ended is kept as ``episode:{rule}:{component}:{number}``.

That there is one document is why there is one alert. ``judged`` only grows, so evidence that arrives late
or twice changes nothing. A transition carries its notification in the same write: no crash separates them.
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

SCHEMA = 1
UNDELIVERED = 10
"""Refused notifications an alert remembers."""
PATIENCE = 5 * 60_000
"""Milliseconds that a notification may take before it is queued again; each further time twice as long."""
LONGEST = 60 * 60_000
"""Milliseconds between two times at most: what a receiver missed in a night it has an hour later."""
GIVE_UP = 24 * 60 * 60_000
"""Milliseconds for which a receiver that refuses for now (a wrong password, no such page) is asked again."""
PLACE = "$notifications"
"""Stands for a machine in alerts about the notifications themselves; no machine can have this name."""
Document = dict[str, Any]
Standing = Literal["owed", "settled", "unseen"]
"""Of a notification, by its alert as it was read: in the outbox, gone from it, or not in there yet."""
Outcome = Literal["waiting", "taken", "refused"]
"""Of a notification: nobody took it yet, the receiver did, or it refused it for good."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule (see :mod:`vending.alerts.rules`) finds in one component of a machine, on evidence of that
    order.

    Orders of one rule compare as tuples: the stock's revision, or the order of the newest register.
    """

    machine: str
    rule: str
    component: str
    order: tuple[int, ...]
    firing: bool
    at: int
    """Milliseconds since 1970 UTC of the evidence."""
    detail: dict[str, Any]

    @property
    def id(self) -> str:
        """The alert document that it is about."""
        return f"current:{self.rule}:{self.component}"


def transition(held: Document | None, finding: Finding, now: int) -> list[Document]:
    """The documents that the finding changes: none, the alert, or the alert and the episode that ended.

    None where the alert says the same already, and where the finding is stale: the alert was evaluated on
    evidence at least as new. ``now`` (ms) is when the notification goes into the outbox.
    """
    opened = held is not None and held["state"] == "open"
    if opened == finding.firing or (held is not None and finding.order <= tuple(held["judged"])):
        return []
    alert = dict(held) if held is not None else _unknown(finding)
    if finding.firing:
        alert["episode"] += 1
    ended = [] if finding.firing else [_episode(alert, finding)]
    alert |= {
        "state": "open" if finding.firing else "closed",
        "since": finding.at,
        "judged": list(finding.order),
        "detail": finding.detail,
        "pending": True,
        "outbox": [*alert["outbox"], _notification(alert, finding, now)],
    }
    return [alert, *ended]


def withdrawn(held: Document, now: int) -> list[Document]:
    """The alert, whose evidence an operator took away, and the episode that ended if it was open.

    It is closed, and told by the next sweep; the next evidence may be of any order.
    """
    finding = Finding(held["machineId"], held["rule"], held["component"], (), False, now, {"withdrawn": True})
    if held["state"] == "open":
        held, *ended = transition(held | {"judged": []}, replace(finding, order=(0,)), 0)
    else:
        ended = []
    return [held | {"judged": []}, *ended]


def due(alert: Document, now: int) -> list[Document]:
    """Notifications of the outbox that it is time (ms) to queue again: one that waits in a long queue is not
    joined by a second one for each look at it."""
    return [entry for entry in alert["outbox"] if _next(entry) < now]


def requeued(alert: Document, now: int) -> Document:
    """The alert with its due notifications marked as queued now, once more."""
    outbox = [_again(entry, now) if _next(entry) < now else entry for entry in alert["outbox"]]
    return alert | {"outbox": outbox}


def _again(entry: Document, now: int) -> Document:
    return entry | {"queued": now, "times": entry.get("times", 1) + 1, "owed": _owed(entry) or now}


def _owed(entry: Document) -> int:
    """Since when (ms) it is owed; 0 where it was never queued. Older versions noted only when it was."""
    owed: int = entry.get("owed") or entry["queued"]
    return owed


def _next(entry: Document) -> int:
    """When (ms) it is queued again. An entry without ``times`` was queued once."""
    doubled = PATIENCE * 2 ** min(entry.get("times", 1) - 1, 10)
    return int(entry["queued"] + min(doubled, LONGEST))


def expired(entry: Document, now: int) -> bool:
    """Whether it has been owed for so long that a receiver's refusal is final."""
    return 0 < _owed(entry) < now - GIVE_UP


def standing(alert: Document | None, message: Document) -> Standing:
    """What the alert says of a message from the queue.

    A read may be older than the write that owed the message: such an alert has not come as far as that.
    """
    if alert is None:
        return "unseen"
    if any(entry["idempotencyKey"] == message["idempotencyKey"] for entry in alert["outbox"]):
        return "owed"
    reached = (alert["episode"], alert["state"] == "closed")
    return "unseen" if reached < (message["episode"], message["change"] == "closed") else "settled"


def settled(alert: Document, key: str, refusal: Document | None = None) -> Document | None:
    """The alert without a notification that was taken, or refused for good; None if it has none such."""
    outbox = [entry for entry in alert["outbox"] if entry["idempotencyKey"] != key]
    if len(outbox) == len(alert["outbox"]):
        return None
    after = alert | {"outbox": outbox, "pending": bool(outbox)}
    if refusal is not None:
        refusals = [*alert.get("undelivered", []), {"idempotencyKey": key} | refusal]
        after["undelivered"] = refusals[-UNDELIVERED:]
    return after


def given_up(entry: Document, refusal: Document) -> Document:
    """The document of a notification that nobody will get: it counts, and raises an alert, for a day."""
    return {
        "id": f"undelivered:{entry['rule']}:{entry['component']}:{entry['episode']}:{entry['change']}",
        "machineId": entry["machineId"],
        "type": "undelivered",
        "schema": SCHEMA,
        "state": "open",
        "idempotencyKey": entry["idempotencyKey"],
    } | refusal


def outcome(alert: Document) -> Outcome:
    """What became of the notification of the alert's latest change."""
    key = _key(alert, "opened" if alert["state"] == "open" else "closed")
    if any(entry["idempotencyKey"] == key for entry in alert["outbox"]):
        return "waiting"
    refused = any(entry["idempotencyKey"] == key for entry in alert.get("undelivered", ()))
    return "refused" if refused else "taken"


def _unknown(finding: Finding) -> Document:
    return {
        "id": finding.id,
        "machineId": finding.machine,
        "type": "alert",
        "schema": SCHEMA,
        "rule": finding.rule,
        "component": finding.component,
        "episode": 0,
        "outbox": [],
    }


def _episode(alert: Document, finding: Finding) -> Document:
    return {
        "id": f"episode:{finding.rule}:{finding.component}:{alert['episode']}",
        "machineId": finding.machine,
        "type": "alert-episode",
        "schema": SCHEMA,
        "rule": finding.rule,
        "component": finding.component,
        "episode": alert["episode"],
        "opened": alert["since"],
        "closed": finding.at,
        "detail": alert["detail"],
    }


def _notification(alert: Document, finding: Finding, now: int) -> Document:
    """The message as it goes to the queue, with the key by which receivers tell a repetition."""
    change = "opened" if finding.firing else "closed"
    return {
        "idempotencyKey": _key(alert, change),
        "machineId": finding.machine,
        "alertId": finding.id,
        "rule": finding.rule,
        "component": finding.component,
        "change": change,
        "episode": alert["episode"],
        "at": finding.at,
        "detail": finding.detail,
        "owed": now,
        "queued": now,
    }


def _key(alert: Document, change: str) -> str:
    return "/".join((alert["machineId"], alert["rule"], alert["component"], str(alert["episode"]), change))
