"""Whom a dead letter is about."""

from vending.events.hub_event import HubEvent
from vending.ingest.dead_letter_subject import subject_of


def about(hub: HubEvent, machine: str | None, device: str | None) -> bool:
    """Whether the event names the machine and the device; None or nothing: any."""
    if not (machine or device):
        return True
    named = subject_of(hub.body)
    return machine in (None, "", named.machine) and device in (None, "", named.device)
