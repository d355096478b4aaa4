"""What each channel did with the notifications of an outbox. Pure.

A channel is the webhook, or one recipient of mails. Each takes or refuses a notification for itself; the
outbox keeps it until all that want it have.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from msgspec import structs

from vending.documents.alerts import Alert, Notification, Refusal

WEBHOOK, MAIL = "webhook", "mail"
"""Kinds of channels. As a channel that is wanted, ``mail`` stands for recipients that are not known here: it
never is done, and whoever sends mails decides."""
REFUSALS_KEPT = 10
"""Refused notifications an alert remembers."""


@dataclass(frozen=True, slots=True)
class Handled:
    """Of one notification: who wants it, and what channels did with it just now (None: taken)."""

    wanted: Collection[str]
    outcomes: Mapping[str, Refusal | None]

    @property
    def refusals(self) -> list[Refusal]:
        """Why it is given up, by channel."""
        return [refusal for refusal in self.outcomes.values() if refusal is not None]


def to_recipient(name: str) -> str:
    """The channel of mails to a recipient."""
    return f"{MAIL}:{name}"


def kind(channel: str) -> str:
    """``webhook`` or ``mail``."""
    return channel.partition(":")[0]


def outstanding(entry: Notification, channel: str) -> bool:
    """Whether the channel neither took nor refused it yet."""
    return channel not in (entry.done or ())


def settled(alert: Alert, key: str, handled: Handled) -> Alert | None:
    """The alert when channels took or refused a notification, which leaves the outbox once nobody that wants
    it is left; None where that changes nothing."""
    entry = next((entry for entry in alert.outbox if entry.idempotency_key == key), None)
    if entry is None:
        return None
    done = {*(entry.done or ()), *handled.outcomes}
    leaves = set(handled.wanted) <= done
    if not leaves and len(done) == len(entry.done or ()):
        return None
    kept = [] if leaves else [structs.replace(entry, done=sorted(done))]
    outbox = [own for one in alert.outbox for own in (kept if one is entry else [one])]
    after = alert.with_outbox(outbox)
    if handled.refusals:
        after.undelivered = [*(alert.undelivered or []), *handled.refusals][-REFUSALS_KEPT:]
    return after
