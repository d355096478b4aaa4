"""An open alert, for people: a sentence, since when, and the facts it was evaluated on."""

from collections.abc import Sequence

from vending.alerts import rules
from vending.alerts.outbox import outcome
from vending.business_day import instant
from vending.documents.alerts import Act, Alert, Detail, Stamp
from vending.views.answers import alerts as answers


def describe(alert: Alert) -> answers.Alert:
    """The alert as it is answered."""
    return answers.Alert(
        machine_id=alert.machine_id,
        rule=alert.rule,
        component=alert.component,
        title=title(alert.rule, alert.component),
        since=instant(alert.since),
        episode=alert.episode,
        notification=outcome(alert),
        detail=told(alert.detail),
        acknowledged=stamp(alert.acknowledged),
        owner=alert.owner,
        snoozed_until=None if alert.snoozed_until is None else instant(alert.snoozed_until),
        level=alert.level or 0,
        note=note(alert.history),
    )


def stamp(held: Stamp | None) -> answers.Stamp | None:
    """Who did something, and when."""
    return None if held is None else answers.Stamp(held.by, instant(held.at))


def title(rule: str, component: str) -> str:
    """An open alert in a list. A rule that this version does not know yet keeps its own name."""
    return rules.named(rule).title.replace("{}", component)


def note(history: Sequence[Act] | None) -> str | None:
    """The newest note."""
    notes = (act.text for act in reversed(history or ()) if act.what == "noted")
    return next(notes, None)


def told(detail: Detail) -> Detail:
    """The facts, with times as people read them."""
    times = rules.times()
    return {name: instant(value) if name in times else value for name, value in detail.items()}
