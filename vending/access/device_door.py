"""Devices at the API: whose token it is, whether for this machine, how often, and whether it still counts."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import ceil

from vending.access.policy_keys import PolicyKey
from vending.access.publisher_tokens import Fault, verified
from vending.access.request_rate import RequestRate
from vending.catalog.devices import Standing, counter_id, standing
from vending.documents.base import load
from vending.documents.devices import KIND, Device, EpochCounter
from vending.events.publishers import Publisher
from vending.ports import Documents

KEPT_FOR = 300.0
"""Seconds for which a standing is believed: a revoked token is shut out so long after at the latest. A device
asks every few minutes, and each look is two point reads."""
KEPT = 20_000
"""Publishers of which a process remembers the standing, about 400 bytes each."""
ASK_AGAIN = 600
"""Seconds, where no token can be judged: until somebody has mended the setting."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a device is turned away: 401 (nobody's token), 403 (not this one's), 429, 503 (nobody can tell)."""

    status: int
    detail: str
    retry_after: int | None = None


@dataclass
class DeviceDoor:
    """What a process knows of devices that ask. Clocks: seconds since 1970, and monotonic ones."""

    keys: Sequence[PolicyKey]
    catalog: Documents
    clock: Callable[[], float]
    monotonic: Callable[[], float]
    rate: RequestRate = field(default_factory=RequestRate)
    _seen: OrderedDict[Publisher, tuple[float, Standing]] = field(default_factory=OrderedDict)

    async def admit(self, token: str, machine: str | None) -> Publisher | Refusal:
        """Whose token it is, if it opens what is that machine's. Raises Transient."""
        if not self.keys:
            return Refusal(
                503, "This deployment judges no tokens of devices: app setting DEVICES.", ASK_AGAIN
            )
        who = verified(token, self.keys, self.clock())
        if isinstance(who, Fault):
            return Refusal(401, f"The header Authorization opens nothing: {who}.")
        if who.machine != machine:
            return Refusal(403, f"The token is for machine {who.machine!r}, and opens no other.")
        if wait := self.rate.wait(f"{who.device}/{who.machine}", self.monotonic()):
            return Refusal(429, "This device asks too often.", max(1, ceil(wait)))
        stands = await self._standing(who)
        return (
            who if stands is Standing.GOOD else Refusal(403, f"The token opens nothing any more: {stands}.")
        )

    async def _standing(self, who: Publisher) -> Standing:
        """As the catalog says, or said a few minutes ago. Raises Transient."""
        now = self.monotonic()
        if (held := self._seen.get(who)) and now < held[0]:
            return held[1]
        entry = await self.catalog.read(KIND, who.device)
        counter = await self.catalog.read(KIND, counter_id(who.machine))
        found = standing(
            load(entry.body, Device) if entry else None,
            load(counter.body, EpochCounter) if counter else None,
            who,
        )
        self._seen[who] = (now + KEPT_FOR, found)
        self._seen.move_to_end(who)
        if len(self._seen) > KEPT:
            self._seen.popitem(last=False)
        return found
