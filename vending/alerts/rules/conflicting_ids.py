"""``conflicting-ids``: events came with an id that the same machine used for another content.

Two boards that speak as one (a copied memory card), or a device that lost its storage and counts anew under
the old epoch.
"""

from typing import Annotated

from msgspec import Meta

from vending.alerts.policy import Thresholds
from vending.alerts.rules.base import Facts, Rule
from vending.alerts.rules.evidence import Refusals
from vending.alerts.transitions import Finding

HOUR = 3_600_000
"""Milliseconds."""


class ConflictingIdsThresholds(Thresholds, frozen=True):
    """Of events that contradict each other."""

    quiet_hours: Annotated[float, Meta(gt=0, le=30 * 24)] = 24
    """Without another one close the alert."""


class ConflictingIds(Rule[Refusals]):
    """A redelivery is none: its content is the same. None of them is counted, and none is lost."""

    name = "conflicting-ids"
    evidence = Refusals
    closes = "time"
    severity = "warning"
    thresholds = ConflictingIdsThresholds
    title = "Devices send other contents under ids that were used before"
    component = "`devices`"
    opens = "an event was refused as `conflict`"
    closes_when = "none was for a day; the machine is `$ingest`"

    def findings(self, evidence: Refusals) -> list[Finding]:
        """One, that names the newest sender and tells how many there are, of the newest of each partition."""
        said = evidence.policy.of(self.name, ConflictingIdsThresholds)
        since = evidence.now - said.quiet_hours * HOUR
        lately = {sender: at for sender, at in evidence.conflicts.items() if at >= since}
        newest = max(lately, key=lambda sender: (lately[sender], sender), default=None)
        return [
            Finding(
                machine=Refusals.subject,
                rule=self.name,
                component="devices",
                order=(evidence.now,),
                firing=newest is not None,
                at=evidence.now if newest is None else lately[newest],
                detail={"devices": len(lately)} | ({} if newest is None else {"device": newest}),
            )
        ]

    def opened(self, facts: Facts) -> str:
        count, device = facts.detail["devices"], facts.detail["device"]
        others = f" and {count - 1} more" if count > 1 else ""
        return (
            f"{device}{others} sent other contents under ids that were used before: two boards that speak as "
            f"one, or one that lost its storage; `vendctl device` issues the next epoch"
        )

    def closed(self, facts: Facts) -> str:  # noqa: ARG002 - it is one for all
        return "no device sent another content under an old id for a day"
