"""Whom a dead letter is about, also where its body is not right."""

import msgspec

from vending.events.hub_event import HubEvent


class Named(msgspec.Struct):
    """What a body says of its sender."""

    subject: str = ""
    source: str = ""


def about(hub: HubEvent, machine: str | None, device: str | None) -> bool:
    """Whether the event names the machine and the device; None or nothing: any."""
    if not (machine or device):
        return True
    try:
        named = msgspec.json.decode(hub.body, type=Named)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        named = Named()
    wanted = ((machine, "machines/", named.subject), (device, "/devices/", named.source))
    return all(not name or said == prefix + name for name, prefix, said in wanted)
