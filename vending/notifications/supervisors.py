"""Who is mailed about what happens on a machine's route, without its being an alert."""

from datetime import datetime

from vending.alerts.rules.base import Severity
from vending.notifications.mailing import Mailing
from vending.notifications.recipients import wants

SEVERITY: Severity = "info"
"""Whoever wants nothing below a warning is not mailed about photos."""


async def supervisors(machine: str, mailing: Mailing, now: datetime) -> list[str]:
    """Addresses of the recipients who name the machine's route or site; where none does, of those for all
    machines."""
    place = (await mailing.places([machine], now)).get(machine)
    wanted = [one for one in await mailing.named() if wants(one, SEVERITY, place)]
    named = [one for one in wanted if one.routes or one.sites]
    return list(dict.fromkeys(one.address for one in named or wanted))
