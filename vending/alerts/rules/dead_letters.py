"""``dead-letters``: many events are refused."""

from typing import Annotated

from msgspec import Meta

from vending.alerts.policy import Thresholds
from vending.alerts.rules.base import Facts, Rule
from vending.alerts.rules.evidence import Refusals
from vending.alerts.transitions import Finding


class DeadLettersThresholds(Thresholds, frozen=True):
    """Of this hour of the clock and the one before."""

    many_events: Annotated[int, Meta(ge=1, le=1_000_000)] = 50
    """Open the alert."""
    few_events: Annotated[int, Meta(ge=0, le=1_000_000)] = 10
    """No more close it."""


class DeadLetters(Rule[Refusals]):
    """A single one is no alert: `vendctl deadletters list` shows it."""

    name = "dead-letters"
    evidence = Refusals
    closes = "time"
    severity = "warning"
    thresholds = DeadLettersThresholds
    title = "Many events are refused"
    component = "`events`"
    opens = "50 events or more were refused in this hour of the clock and the one before"
    closes_when = "10 or fewer were; the machine is `$ingest`"

    def findings(self, evidence: Refusals) -> list[Finding]:
        """One, of all partitions and reasons."""
        said = evidence.policy.of(self.name, DeadLettersThresholds)
        count = sum(evidence.reasons.values())
        firing: bool | None = None
        if count >= said.many_events:
            firing = True
        elif count <= said.few_events:
            firing = False
        main = max(evidence.reasons, key=lambda reason: (evidence.reasons[reason], reason), default=None)
        detail: dict[str, int | str] = {"events": count}
        return [
            Finding(
                machine=Refusals.subject,
                rule=self.name,
                component="events",
                order=(evidence.now,),
                firing=firing,
                at=evidence.now,
                detail=detail | ({"reason": main} if main else {}),
            )
        ]

    def opened(self, facts: Facts) -> str:
        count, reason = facts.detail["events"], facts.detail["reason"]
        return f"{count:,} events were refused lately, most as `{reason}`: see `vendctl deadletters list`"

    def closed(self, facts: Facts) -> str:  # noqa: ARG002 - it is one for all
        return "hardly any events are refused any more"
