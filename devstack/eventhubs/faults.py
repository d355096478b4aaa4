"""Faults on request, for tests: off in ordinary use, switched through the control socket."""

import errno
from dataclasses import dataclass, field

from devstack.eventhubs.errors import SERVER_BUSY, AmqpError


@dataclass
class Fault:
    """``count`` uses, then it is over. ``condition`` for refusals, ``seconds`` for delays."""

    count: int = 1
    condition: str = SERVER_BUSY
    seconds: float = 0.0


@dataclass
class Faults:
    """The faults that are on, by the place they act at: ``send``, ``attach``, ``delay``, ``enospc``."""

    active: dict[str, Fault] = field(default_factory=dict)

    def take(self, place: str) -> Fault | None:
        """The fault at this place, used once."""
        fault = self.active.get(place)
        if fault is None:
            return None
        fault.count -= 1
        if fault.count <= 0:
            del self.active[place]
        return fault

    def refusal(self, place: str) -> AmqpError | None:
        """The refusal at this place, if one is due."""
        fault = self.take(place)
        return None if fault is None else AmqpError(fault.condition, f"a fault asked for at {place!r}")

    def disk(self) -> None:
        """Raises OSError (no space left on device) when that is due."""
        if self.take("enospc") is not None:
            raise OSError(errno.ENOSPC, "no space left on device (a fault asked for)")
