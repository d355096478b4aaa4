"""Who reads a partition in a consumer group: epochs make it exclusive, and the newest of equals wins."""

from typing import Protocol

from devstack.eventhubs.errors import LINK_STOLEN, RESOURCE_LIMIT, AmqpError

MOST = 5


class Receiver(Protocol):
    """A link that reads."""

    epoch: int | None

    def steal(self, fault: AmqpError) -> None:
        """Lose the partition."""


class Receivers:
    """The readers of one partition in one consumer group."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._held: list[Receiver] = []

    def admit(self, receiver: Receiver) -> None:
        """Let a reader in, detaching those it outranks.

        Raises AmqpError: ``amqp:link:stolen`` when a reader with a higher epoch, or with any epoch against
        none, is there; ``amqp:resource-limit-exceeded`` for a sixth reader without epoch.
        """
        epoch = receiver.epoch
        highest = max((held.epoch for held in self._held if held.epoch is not None), default=None)
        if highest is not None and (epoch is None or epoch < highest):
            raise AmqpError(
                LINK_STOLEN,
                f"{self._place} has a receiver with epoch {highest}; one with "
                f"{'no epoch' if epoch is None else f'epoch {epoch}'} may not join it: use a higher epoch",
            )
        if epoch is None and len(self._held) >= MOST:
            raise AmqpError(
                RESOURCE_LIMIT, f"{self._place} has {MOST} receivers, the most without epoch: close one first"
            )
        losers, self._held = (self._held, [receiver]) if epoch is not None else ([], [*self._held, receiver])
        for loser in losers:
            loser.steal(
                AmqpError(
                    LINK_STOLEN, f"a new receiver of {self._place} with epoch {epoch} took this one's place"
                )
            )

    def leave(self, receiver: Receiver) -> None:
        """The reader is gone."""
        if receiver in self._held:
            self._held.remove(receiver)
