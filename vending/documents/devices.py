"""What was issued to devices: the partition ``device`` of the container ``catalog``."""

from msgspec import Struct, field

from vending.documents.catalog import CatalogDocument

KIND = "device"


class Credential(Struct, omit_defaults=True):
    """One publisher of the hub. ``revoked`` is missing while Event Hubs takes its events."""

    publisher: str
    machine: str
    epoch: int
    issued: str
    expires: str
    revoked: str | None = None


class Device(CatalogDocument, kw_only=True):
    """A device with the machine and epoch of its newest credential, which is the last one."""

    type = "device"

    kind: str = KIND
    machine: str
    epoch: int
    credentials: list[Credential] = field(default_factory=list)


class EpochCounter(CatalogDocument, kw_only=True):
    """``machine:{machine}``: the highest epoch that was issued for a machine, to whichever device."""

    type = "epoch"

    kind: str = KIND
    machine: str
    epoch: int
