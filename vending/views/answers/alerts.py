"""Answers about alerts."""

from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType

from vending.alerts.outbox import Outcome
from vending.answer import Answer, Count, Instant


class Stamp(Answer, frozen=True):
    """Who did something, and when."""

    by: str
    at: Instant


class Alert(Answer, frozen=True):
    """An open alert: a sentence, since when, and the facts it was evaluated on."""

    machine_id: Annotated[str, Meta(description="The machine; `$hub` and the like are the app itself.")]
    rule: str
    component: Annotated[str, Meta(description="Of the machine: a selection, a zone, a device.")]
    title: Annotated[str, Meta(description="What is wrong, in a sentence.")]
    since: Instant
    episode: Annotated[int, Meta(ge=1, description="How often it opened, this time included.")]
    notification: Annotated[Outcome, Meta(description="What became of the message about it.")]
    detail: Annotated[dict[str, Any], Meta(description="The facts behind it; each rule has its own.")]
    acknowledged: Annotated[Stamp | None, Meta(description="Who knows of it.")]
    owner: Annotated[str | None, Meta(description="Whose it is.")]
    snoozed_until: Annotated[Instant | None, Meta(description="Until then nobody is told of anything.")]
    level: Annotated[int, Meta(ge=0, description="How often it was escalated.")]
    note: Annotated[str | None, Meta(description="The newest note.")]


class Alerts(Answer, frozen=True):
    """The newest open alerts of the fleet."""

    alerts: list[Alert]
    open: Annotated[int, Meta(ge=0, description="How many are open, listed or not.")]
    undelivered: Annotated[
        int, Meta(ge=0, description="Notifications that were given up in the last day, of any alert.")
    ]
    defective: Annotated[int, Meta(ge=1, description="Open alerts that are malformed.")] | UnsetType = UNSET


class AlertCounts(Answer, frozen=True):
    """How many alerts are open."""

    open: Count
    by_rule: dict[str, int]
    sold_out: Annotated[int, Meta(ge=0, description="Selections that are sold out.")]
