"""The device itself: that it lives, and that it started."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from vending.events.base import Reading, Register, Registers, fills
from vending.events.fields import Code, Count

FIRMWARE = Register("firmware", ("version",))


class Heartbeat(Reading, frozen=True):
    """The device lives."""

    uptime_s: Count
    firmware: Code
    queue_depth: Count
    rssi_dbm: Annotated[int, Meta(ge=-200, le=0)] | UnsetType = UNSET
    rat: Code | UnsetType = UNSET
    free_kb: Count | UnsetType = UNSET
    config_version: Code | UnsetType = UNSET
    interval_s: Annotated[int, Meta(ge=1, le=31 * 86_400)] | UnsetType = UNSET

    types = ("device.heartbeat",)
    writes = (
        Register("heartbeat", ("uptimeS", "queueDepth", "rssiDbm")),
        Register("heartbeat.interval", ("seconds",)),
        FIRMWARE,
    )
    columns = fills("rssi_dbm")

    def registers(self, _: str) -> Registers:
        signal = [self.rssi_dbm] if isinstance(self.rssi_dbm, int) else []
        said: Registers = {"heartbeat": [self.uptime_s, self.queue_depth, *signal]}
        if isinstance(self.interval_s, int):
            said["heartbeat.interval"] = [self.interval_s]
        return said | {"firmware": [self.firmware]}


class Boot(Reading, frozen=True):
    """The device started."""

    reason: Code
    firmware: Code
    last_sequence: Count
    lost_events: Count | UnsetType = UNSET

    types = ("device.boot",)
    writes = (Register("boot", ("reason",)), FIRMWARE)
    columns = fills()

    def registers(self, _: str) -> Registers:
        return {"boot": [self.reason], "firmware": [self.firmware]}
