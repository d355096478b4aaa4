"""What people do with an alert over HTTP: each act's body, and what it makes of the alert.

What notifies others of it waits in the alert's outbox for the next sweep, as with every act.
"""

from abc import abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace

from vending.alerts import lifecycle, rules
from vending.alerts.attend import AlertName
from vending.alerts.held import HeldAlert, read
from vending.alerts.lifecycle import ESCALATE_AFTER, NAME_LENGTH, TEXT_LENGTH, NotOpen
from vending.alerts.outbox import snoozed
from vending.alerts.raise_alerts import AlertChange
from vending.alerts.transitions import Transition
from vending.business_day import instant
from vending.documents.alerts import Alert, Stamp, State
from vending.documents.base import Malformed
from vending.ports import Documents
from vending.time import millis
from vending.writes.perform import Change
from vending.writes.refusals import NoTarget, Unsuitable, WrongWrite
from vending.writes.request import Answer, IfMatch, Request

REQUESTS_KEPT = 20
"""Of an alert: more people than ever wrote to one while a repetition was under way."""
PREFIX = "current:"
Words = Annotated[str, Meta(min_length=1, max_length=TEXT_LENGTH)]


class AlertAct(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Base: the body of an act."""

    @abstractmethod
    def change(self, alert: Alert, by: str, now: int) -> Transition:
        """The alert afterwards. Raises NotOpen, ValueError."""


class Acknowledge(AlertAct, frozen=True):
    """Somebody knows of it: it escalates no more."""

    def change(self, alert: Alert, by: str, now: int) -> Transition:
        return lifecycle.acknowledged(alert, by, now)


class Unacknowledge(AlertAct, frozen=True):
    """Nobody is at it any more: it escalates again."""

    def change(self, alert: Alert, by: str, now: int) -> Transition:
        return lifecycle.unacknowledged(alert, by, ESCALATE_AFTER[rules.severity_of(alert)], now)


class Snooze(AlertAct, frozen=True):
    """Nobody is notified of it before ``until``, at most 30 days from now."""

    until: Annotated[datetime, Meta(tz=True)]

    def change(self, alert: Alert, by: str, now: int) -> Transition:
        return lifecycle.snoozed(alert, by, millis(self.until), now)


class Unsnooze(AlertAct, frozen=True):
    """The snooze is over now."""

    def change(self, alert: Alert, by: str, now: int) -> Transition:
        if alert.state == "open" and not snoozed(alert, now):
            return Transition(alert, None)
        return lifecycle.snoozed(alert, by, now, now)


class Assign(AlertAct, frozen=True):
    """It is ``owner``'s; nobody's where that is empty."""

    owner: Annotated[str, Meta(max_length=NAME_LENGTH)]

    def change(self, alert: Alert, by: str, now: int) -> Transition:
        return lifecycle.assigned(alert, by, self.owner, now)


class AddNote(AlertAct, frozen=True):
    """A note is kept with the episode."""

    text: Words

    def change(self, alert: Alert, by: str, now: int) -> Transition:
        return lifecycle.noted(alert, by, self.text, now)


class Resolve(AlertAct, frozen=True):
    """Closed by hand, and why."""

    reason: Words

    def change(self, alert: Alert, by: str, now: int) -> Transition:
        return lifecycle.resolved(alert, by, self.reason, now)


class Who(Struct, frozen=True):
    """Who did something, when, and why."""

    by: str
    at: str
    reason: str | None = None


class AlertActed(Struct, frozen=True, rename="camel"):
    """An alert after an act; its ETag is the version to say in the next If-Match."""

    machine_id: str
    alert_id: str
    rule: str
    component: str
    state: State
    since: str
    episode: int
    acknowledged: Who | None
    owner: str | None
    snoozed_until: str | None
    level: int
    resolved: Who | None


@dataclass(frozen=True)
class ActOnAlert:
    """The plan of an act."""

    alerts: Documents
    name: AlertName
    act: AlertAct
    condition: IfMatch

    async def __call__(self, request: Request) -> Change | Answer:
        """What it makes of the alert. Raises Refusal, Transient."""
        held = await read(self.alerts, Alert, self.name.machine, self.name.id)
        if held is None:
            raise NoTarget(f"There never was an alert {self.name}.")
        alert = held.document
        if request.id in (alert.requests or ()):
            return Answer(200, acted(alert), held.etag)
        self.condition.check(held.etag)
        changed = self._changed(alert, request)
        if changed.alert is alert:
            return Answer(200, acted(alert), held.etag)
        newest = [*(alert.requests or ()), request.id][-REQUESTS_KEPT:]
        changed = Transition(replace(changed.alert, requests=newest), changed.ended)
        return Change(acted(alert), acted(changed.alert), lambda: self._commit(held, changed))

    def _changed(self, alert: Alert, request: Request) -> Transition:
        try:
            return self.act.change(alert, request.by, request.at)
        except NotOpen as fault:
            raise Unsuitable(f"{fault}.") from fault
        except Malformed:
            raise
        except ValueError as fault:
            raise WrongWrite(f"{fault}.") from fault

    async def _commit(self, held: HeldAlert, changed: Transition) -> Answer:
        versions = await self.alerts.write(self.name.machine, AlertChange(held, changed).puts())
        return Answer(200, acted(changed.alert), versions[0])


def alert_named(machine: str, alert: str) -> AlertName:
    """The alert of an address: ``{rule}:{component}``, or the document's id. Raises NoTarget."""
    rule, colon, component = alert.removeprefix(PREFIX).partition(":")
    if not (rule and colon):
        raise NoTarget(
            f"No alert is called {alert!r}: an alert's id is its rule and component, rule:component."
        )
    return AlertName(machine, rule, component)


def acted(alert: Alert) -> AlertActed:
    """The alert as it is answered, and kept in the audit record."""
    closing = alert.resolved
    return AlertActed(
        machine_id=alert.machine_id,
        alert_id=alert.id.removeprefix(PREFIX),
        rule=alert.rule,
        component=alert.component,
        state=alert.state,
        since=instant(alert.since),
        episode=alert.episode,
        acknowledged=_who(alert.acknowledged),
        owner=alert.owner,
        snoozed_until=None if alert.snoozed_until is None else instant(alert.snoozed_until),
        level=alert.level or 0,
        resolved=None if closing is None else Who(closing.by, instant(closing.at), closing.reason),
    )


def _who(stamp: Stamp | None) -> Who | None:
    return None if stamp is None else Who(stamp.by, instant(stamp.at))
