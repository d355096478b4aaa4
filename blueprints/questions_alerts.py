"""Query parameters of alerts."""

from dataclasses import replace
from typing import Annotated

from msgspec import Meta, Struct

from blueprints.questions import Limit, Moment, Name
from vending.documents.alerts import Severity
from vending.time import millis
from vending.views import cursors
from vending.views.alert_history import Position
from vending.views.alert_list import AlertQuery, State

Cursor = Annotated[str, Meta(max_length=cursors.LONGEST, description="The `next` of the page before.")]


class MachineAlertsAsked(Struct, frozen=True, forbid_unknown_fields=True):
    """Of the alerts of one machine."""

    state: State = "open"
    rule: Name | None = None
    severity: Severity | None = None
    since: Annotated[
        Moment | None, Meta(description="Opened then or later; of what is over: closed then or later.")
    ] = None
    until: Annotated[Moment | None, Meta(description="Opened, or closed, before.")] = None
    limit: Limit = 100
    after: Cursor = ""

    def __post_init__(self) -> None:
        if self.since is not None and self.until is not None and self.until <= self.since:
            raise ValueError("'until' must be after 'since'")
        self.place()

    def place(self) -> Position | None:
        """Where the page before ended. Raises ValueError."""
        return cursors.placed(self.after, Position) if self.after else None

    def query(self, machine: str | None = None) -> AlertQuery:
        """As the view takes it."""
        return AlertQuery(
            state=self.state,
            rule=self.rule,
            severity=self.severity,
            machine=machine,
            since=0 if self.since is None else millis(self.since),
            until=None if self.until is None else millis(self.until),
            limit=self.limit,
            after=self.place(),
        )


class AlertsAsked(MachineAlertsAsked, frozen=True, forbid_unknown_fields=True):
    """Of the alerts of the fleet."""

    site: Name | None = None
    route: Name | None = None
    machine: Name | None = None

    def query(self, machine: str | None = None) -> AlertQuery:
        """As the view takes it."""
        return replace(super().query(machine or self.machine), site=self.site, route=self.route)
