"""When an event counts as stored: at the write (survives the process) or at the sync (survives the power)."""

import asyncio
import logging
import os

from devstack.eventhubs.errors import INTERNAL_ERROR, AmqpError
from devstack.eventhubs.hub.partition import Partition, Settle
from devstack.eventhubs.log.entry import EntryBuilder

LOG = logging.getLogger(__name__)


class ProcessDurability:
    """Stored when the kernel has it: no event is lost when the server is killed."""

    def appended(self, partition: Partition, builder: EntryBuilder, settle: Settle) -> None:
        """Publish and settle at once."""
        partition.publish(builder)
        settle(None)

    async def close(self) -> None:
        """Nothing waits."""


class PowerDurability:
    """Stored when the disk has it: one sync at a time in a thread, shared by all that arrived before it."""

    def __init__(self) -> None:
        self._waiting: dict[Partition, list[tuple[EntryBuilder, Settle]]] = {}
        self._task: asyncio.Task[None] | None = None

    def appended(self, partition: Partition, builder: EntryBuilder, settle: Settle) -> None:
        """Wait for the next group."""
        self._waiting.setdefault(partition, []).append((builder, settle))
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._commit())

    async def _commit(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting, {}
            targets = [(partition, _target(partition)) for partition in group]
            faults = await asyncio.to_thread(_sync, targets)
            for partition, waiting in group.items():
                _finish(partition, waiting, faults.get(partition))

    async def close(self) -> None:
        """Wait for what is under way."""
        if self._task is not None:
            await self._task


def _sync(targets: list[tuple[Partition, int | OSError]]) -> dict[Partition, OSError]:
    """Sync and close each descriptor, in a thread; the faults by partition."""
    faults = {}
    for partition, fd in targets:
        if isinstance(fd, OSError):
            faults[partition] = fd
            continue
        try:
            os.fdatasync(fd)
        except OSError as fault:
            faults[partition] = fault
        finally:
            os.close(fd)
    return faults


def _target(partition: Partition) -> int | OSError:
    """A descriptor for the thread: the loop may seal the segment and close its own meanwhile."""
    try:
        return partition.log.sync_target()
    except OSError as fault:
        return fault


def _finish(partition: Partition, group: list[tuple[EntryBuilder, Settle]], fault: OSError | None) -> None:
    if fault is not None:
        # After a failed sync nobody knows what the disk holds: only a restart finds out.
        partition.log.broken = f"sync failed ({fault}): restart the server"
        LOG.error("partition %s of %r: %s", partition.index, partition.hub, partition.log.broken)
        for _, settle in group:
            settle(AmqpError(INTERNAL_ERROR, f"the event could not be made durable: {fault}"))
        return
    for builder, settle in group:
        partition.publish(builder)
        settle(None)
