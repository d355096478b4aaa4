"""Who speaks: what an event says of its sender, compared with what the sender's credential covers.

The hub writes the publisher's name, from the credential: it decides who speaks, and for which machine.
"""

from datetime import datetime

from vending.errors import Rejected
from vending.events import publishers
from vending.events.envelope import Envelope
from vending.events.hub_event import HubEvent

PUBLISHER_KEYS = ("x-opt-publisher", "iothub-connection-device-id")


def check(hub: HubEvent, envelope: Envelope, bound_from: datetime | None) -> None:
    """Raises :class:`Rejected` for an event that its sender's credential does not cover.

    A publisher whose name says no machine is refused in events enqueued from ``bound_from`` on.
    """
    _check_epoch(envelope, _issued(hub, envelope, bound_from))


def _issued(hub: HubEvent, envelope: Envelope, bound_from: datetime | None) -> int | None:
    """The highest epoch that the sender's credential was issued for; None where it says none."""
    device, machine, issued = envelope.device, envelope.machine, None
    for key in PUBLISHER_KEYS:
        publisher = hub.system.get(key)
        if publisher is None:
            continue
        if envelope.clocksync == "import":
            raise Rejected(
                "forged-identity", "only an operator's own credential may import, not a publisher's"
            )
        epoch = _covered(key, str(publisher), device, machine)
        if epoch is not None:
            issued = epoch if issued is None else min(issued, epoch)
        elif bound_from is not None and hub.enqueued >= bound_from:
            raise Rejected("unbound-device", _unbound(key, device, machine))
    return issued


def _covered(key: str, publisher: str, device: str, machine: str) -> int | None:
    """The highest epoch of a publisher that is the event's own; None where its name says none."""
    bound = publishers.parse(publisher)
    if bound is None:
        if publisher != device:
            raise Rejected("forged-identity", f"{key} is {publisher!r}, source says {device!r}")
        return None
    if (bound.device, bound.machine) != (device, machine):
        raise Rejected(
            "forged-identity",
            f"{key} is of device {bound.device!r} in machine {bound.machine!r}; "
            f"the event says {device!r} in {machine!r}",
        )
    return bound.epoch


def _unbound(key: str, device: str, machine: str) -> str:
    return (
        f"{key} {device!r} says no machine: issue credentials that do (`vendctl device {device} --machine "
        f"{machine}`); what is honest of the rest, `vendctl deadletters replay` sends again"
    )


def _check_epoch(envelope: Envelope, issued: int | None) -> None:
    """An epoch that nobody issued would outrank all later ones of its machine, for ever."""
    most = publishers.MAX_UNSIGNED_EPOCH if issued is None else issued
    if envelope.deviceepoch > most:
        who = "a credential that says no epoch" if issued is None else "this credential"
        raise Rejected(
            "epoch-not-issued",
            f"deviceepoch is {envelope.deviceepoch}, {who} has those up to {most}: "
            "`vendctl device` issues the next one",
        )
