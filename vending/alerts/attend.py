"""People attend to one alert: read it, change it, write it If-Match, whoever evaluates it at the same time.

What notifies others of it waits in the alert's outbox for the next sweep.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from vending.alerts import lifecycle, rules
from vending.alerts.held import read
from vending.alerts.raise_alerts import AlertChange
from vending.alerts.transitions import Transition
from vending.documents.alerts import Alert
from vending.ports import Documents
from vending.retry import retry_on_conflict
from vending.time import millis


class UnknownAlert(LookupError):
    """There never was such an alert."""


@dataclass(frozen=True, slots=True)
class AlertName:
    """One rule and component of a machine."""

    machine: str
    rule: str
    component: str

    @property
    def id(self) -> str:
        """The alert document."""
        return f"current:{self.rule}:{self.component}"

    def __str__(self) -> str:
        return f"{self.machine}/{self.rule}/{self.component}"


@dataclass(frozen=True, slots=True)
class Attendant:
    """A person, by name, at a time.

    Each act returns the alert as it is then. All raise UnknownAlert, NotOpen, ValueError for what was said,
    and Transient.
    """

    alerts: Documents
    by: str
    now: datetime

    async def acknowledge(self, name: AlertName) -> Alert:
        """It escalates no more. Where somebody did before, he stays on record."""
        return await self._attend(name, lambda alert: lifecycle.acknowledged(alert, self.by, self._at))

    async def unacknowledge(self, name: AlertName) -> Alert:
        """Nobody is at it any more: it escalates again, from its level on."""

        def act(alert: Alert) -> Transition:
            steps = lifecycle.ESCALATE_AFTER[rules.severity_of(alert)]
            return lifecycle.unacknowledged(alert, self.by, steps, self._at)

        return await self._attend(name, act)

    async def snooze(self, name: AlertName, until: datetime) -> Alert:
        """Nobody is notified before that time; ``now`` ends a snooze."""
        end = millis(until)
        return await self._attend(name, lambda alert: lifecycle.snoozed(alert, self.by, end, self._at))

    async def assign(self, name: AlertName, owner: str) -> Alert:
        """It is that person's; nobody's for an empty name."""
        return await self._attend(name, lambda alert: lifecycle.assigned(alert, self.by, owner, self._at))

    async def note(self, name: AlertName, text: str) -> Alert:
        """A note is kept with the episode."""
        return await self._attend(name, lambda alert: lifecycle.noted(alert, self.by, text, self._at))

    async def resolve(self, name: AlertName, reason: str) -> Alert:
        """Close it by hand."""
        return await self._attend(name, lambda alert: lifecycle.resolved(alert, self.by, reason, self._at))

    @property
    def _at(self) -> int:
        return millis(self.now)

    async def _attend(self, name: AlertName, act: Callable[[Alert], Transition]) -> Alert:
        async def attempt() -> Alert:
            held = await read(self.alerts, Alert, name.machine, name.id)
            if held is None:
                raise UnknownAlert(f"there is no alert {name}")
            changed = act(held.document)
            if changed.alert is not held.document:
                await self.alerts.write(name.machine, AlertChange(held, changed).puts())
            return changed.alert

        return await retry_on_conflict(f"alert {name}", attempt)
