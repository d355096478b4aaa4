"""Who may ask: the door of devices."""

from __future__ import annotations

import logging
import time

from vending.access.device_door import DeviceDoor
from vending.access.policy_keys import PolicyKey
from vending.wiring import clients
from vending.wiring.once import once
from vending.wiring.process import settings

log = logging.getLogger(__name__)


@once
def device_door() -> DeviceDoor:
    """What this process knows of devices that ask."""
    return DeviceDoor(_keys(), clients.container("catalog"), time.time, time.monotonic)


def _keys() -> tuple[PolicyKey, ...]:
    """Those of DEVICES. A mistake there costs devices their routes, and health tells it."""
    try:
        return settings().device_keys()
    except ValueError as fault:
        log.warning("no token of a device can be judged: %s", fault)
        return ()
