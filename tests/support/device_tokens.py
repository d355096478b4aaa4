"""Tokens of devices, and the door at the API that takes them."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from vendctl.credentials import credentials
from vending.access.device_door import DeviceDoor
from vending.access.policy_keys import policy_keys
from vending.events.publishers import Publisher
from vending.ports import Documents

HUB = "telemetry"
CONNECTION = "Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=devices;SharedAccessKey=k+/="


def token(publisher: Publisher, connection: str = CONNECTION, days: int = 1) -> str:
    """What a device writes into the header Authorization: good for some days from now on."""
    expires = datetime.now(UTC) + timedelta(days=days)
    return str(credentials(connection, HUB, publisher, expires)["token"])


def door(catalog: Documents, monotonic: Callable[[], float] = lambda: 0.0) -> DeviceDoor:
    """A door that knows the key of CONNECTION, for ``wiring.device_door``."""
    return DeviceDoor(policy_keys(CONNECTION, HUB), catalog, time.time, monotonic)
