"""How often one device may ask: a bucket that fills by the second, in the memory of one process.

Each instance counts by itself, so a device may ask as often again where another one answers it. It keeps one
board that runs wild from taking the others' places; over all instances a gateway counts (docs/gateway.md).
"""

from collections import OrderedDict

PER_MINUTE = 60
"""A device that asks every other second while a command is under way has half of it to spare."""
AT_ONCE = 20
"""Requests of a full bucket."""
MOST = 20_000
"""Devices that are remembered, about 200 bytes each: the one that asked longest ago is forgotten first, and
begins with a full bucket."""


class RequestRate:
    """Of each device, until when its bucket is not full again (seconds of a monotonic clock)."""

    def __init__(self, per_minute: int = PER_MINUTE, at_once: int = AT_ONCE, most: int = MOST) -> None:
        self._each = 60 / per_minute
        self._room = self._each * at_once
        self._most = most
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        """Devices that are remembered."""
        return len(self._full_at)

    def wait(self, who: str, now: float) -> float:
        """Take one request from the bucket: 0. Or, where it is empty: the seconds until there is one."""
        full_at = max(self._full_at.get(who, now), now) + self._each
        if (missing := full_at - now - self._room) > 1e-9:
            return missing
        self._full_at[who] = full_at
        self._full_at.move_to_end(who)
        if len(self._full_at) > self._most:
            self._full_at.popitem(last=False)
        return 0.0
