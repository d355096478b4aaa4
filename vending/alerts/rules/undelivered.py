"""``undelivered``: notifications were given up, because their receiver refuses them."""

from vending.alerts.alerts import Finding
from vending.alerts.rules.base import Facts, Rule
from vending.alerts.rules.evidence import GivenUp


class Undelivered(Rule[GivenUp]):
    """Open for a day after the newest."""

    name = "undelivered"
    evidence = GivenUp
    closes = "time"
    severity = "critical"
    title = "Notifications were given up: the {} refuses them"
    component = "`webhook`"
    opens = "notifications were given up"
    closes_when = "none was for a day; the machine is `$notifications`"

    def findings(self, evidence: GivenUp) -> list[Finding]:
        """One for the webhook."""
        newest = max(evidence.notifications, key=lambda notification: notification.at, default=None)
        return [
            Finding(
                machine=GivenUp.subject,
                rule=self.name,
                component="webhook",
                order=(evidence.now,),
                firing=newest is not None,
                at=newest.at if newest else evidence.now,
                detail={"count": len(evidence.notifications)} | ({"reason": newest.reason} if newest else {}),
            )
        ]

    def opened(self, facts: Facts) -> str:
        why = facts.detail.get("reason")
        return f"notifications were given up: the {facts.component} refuses them ({why})"

    def closed(self, facts: Facts) -> str:  # noqa: ARG002 - it is one for all
        return "no notification was given up for a day"
