"""What is pending in the outboxes, who wants it by mail, and for whom of them it is due now."""

from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from vending.alerts import outbox, rules
from vending.alerts.channels import WEBHOOK, outstanding
from vending.alerts.held import HeldAlert, select_of_fleet
from vending.documents.alerts import Alert, Notification
from vending.documents.catalog import CatalogRecipient
from vending.documents.post_window import PostWindow
from vending.notifications import post_window
from vending.notifications.mailing import Mailing
from vending.notifications.mails import Told
from vending.notifications.outgoing import Outgoing
from vending.notifications.recipients import Place, takes_now, wants
from vending.time import millis

GROUPING = 20_000
"""Milliseconds that the oldest notification of a mail has waited for others: what has one cause comes within
a minute or so."""
MOST = 5_000
"""Notifications of one round: to complete them takes a request each."""
READ_TOGETHER = 200
"""Alerts whose machines are looked up in the catalog together."""


@dataclass(frozen=True)
class Round:
    """A minute's mails: from where, to whom (by channel), and when."""

    outgoing: Outgoing
    mailing: Mailing
    recipients: Mapping[str, CatalogRecipient]
    now: datetime


@dataclass(frozen=True, slots=True)
class Pending:
    """A notification in an alert's outbox, the channels that want it, and the recipients it is due for."""

    held: HeldAlert
    told: Told
    wanted: Collection[str]
    due: Collection[str]

    @property
    def entry(self) -> Notification:
        """The notification."""
        return self.told.entry

    @property
    def leaves(self) -> bool:
        """Whether nobody that wants it is left."""
        return not any(outstanding(self.entry, channel) for channel in self.wanted)


async def find_pending(course: Round) -> list[Pending]:
    """What is due for somebody, or leaves its outbox; of more than :data:`MOST` some."""
    found: list[Pending] = []
    async for alerts in _together(course.outgoing):
        places = await course.mailing.places({held.document.machine_id for held in alerts}, course.now)
        for held in alerts:
            place = places.get(held.document.machine_id)
            every = [_looked_at(held, entry, place, course) for entry in held.document.outbox]
            found += [one for one in every if one.due or one.leaves]
        if len(found) >= MOST:
            break
    return found


def groups(
    course: Round, pending: Collection[Pending], window: PostWindow | None
) -> dict[str, list[Pending]]:
    """By channel what its mail tells; at most as many as a minute takes, and others the next."""
    at, minute = millis(course.now), post_window.minute_of(course.now)
    found: dict[str, list[Pending]] = {}
    for one in pending:
        for channel in one.due:
            found.setdefault(channel, []).append(one)
    ready = [
        channel
        for channel, group in sorted(found.items())
        if any(outbox.age(one.entry, at) >= GROUPING for one in group)
        and post_window.may_try(window, channel, course.now)
    ]
    limit = course.outgoing.posts_per_minute
    start = minute * limit % len(ready) if len(ready) > limit else 0
    return {channel: found[channel] for channel in (ready[start:] + ready[:start])[:limit]}


async def _together(outgoing: Outgoing) -> AsyncIterator[list[HeldAlert]]:
    """Alerts with an outbox, some at a time."""
    together: list[HeldAlert] = []
    async for held in select_of_fleet(outgoing.alerts, Alert, ("pending", "=", True)):
        if held is not None:
            together.append(held)
        if len(together) == READ_TOGETHER:
            yield together
            together = []
    yield together


def _looked_at(held: HeldAlert, entry: Notification, place: Place | None, course: Round) -> Pending:
    always = [WEBHOOK] if course.outgoing.webhook is not None else []
    level, local = rules.severity_of(entry), course.mailing.local(millis(course.now), place)
    mailed = {name: one for name, one in course.recipients.items() if wants(one, level, place)}
    due = [name for name, one in mailed.items() if outstanding(entry, name) and takes_now(one, level, local)]
    told = Told(entry, place, course.mailing.local(entry.at, place))
    return Pending(held, told, [*always, *mailed], due)
