"""A hub partition of messages as bytes, the host's checkpoints, and the two functions' own use cases."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field, replace

from tests.support.archive import FakeArchive
from tests.support.events import World
from vendctl.partitions.checkpoints import Checkpoint, HostBlobs
from vendctl.partitions.clearing import Bounds, Stretch, Take, bring_in, move, stretch
from vendctl.partitions.message import Message
from vendctl.partitions.reading import End, HubReader
from vending.archive.append import archive
from vending.errors import Conflict
from vending.events.hub_event import HubEvent

GROUPS = ("$default", "archive")


class FakeReader(HubReader):
    """Partitions of messages; what lies before ``first`` the hub has forgotten."""

    def __init__(self, first: int = 0, **partitions: list[bytes]) -> None:
        self.first = first
        self.messages = {name.removeprefix("p"): raw for name, raw in partitions.items()}
        self.reads: list[tuple[str, str | int, int]] = []

    async def ends(self) -> dict[str, End]:
        return {name: End(self.first, len(raw) - 1) for name, raw in self.messages.items()}

    async def read(self, partition: str, start: str | int, last: int) -> AsyncGenerator[Message]:
        self.reads.append((partition, start, last))
        for raw in self.messages[partition]:
            message = Message.read(raw)
            behind = int(message.offset) > int(start) if isinstance(start, str) else message.sequence > start
            if self.first <= message.sequence <= last and behind:
                yield message


class FakeHost(HostBlobs):
    """Checkpoints that are moved against their version only."""

    def __init__(self, *held: Checkpoint) -> None:
        self.held = {(one.group, one.partition): replace(one, etag="1") for one in held}
        self.instances: dict[tuple[str, str], str] = {}

    async def checkpoints(self) -> dict[tuple[str, str], Checkpoint]:
        return dict(self.held)

    async def owners(self) -> dict[tuple[str, str], str]:
        return self.instances

    async def move(self, held: Checkpoint, sequence: int, offset: str) -> None:
        now = self.held.get((held.group, held.partition))
        if (now.etag if now else None) != held.etag:
            raise Conflict("moved")
        etag = str(int(held.etag or 0) + 1)
        self.held[held.group, held.partition] = replace(held, sequence=sequence, offset=offset, etag=etag)


@dataclass
class App:
    """What the two functions write to."""

    world: World = field(default_factory=World)
    blobs: FakeArchive = field(default_factory=FakeArchive)

    def take(self, group: str) -> Take:
        async def ingested(events: Sequence[HubEvent]) -> object:
            return await self.world.take(*events)

        async def archived(events: Sequence[HubEvent]) -> object:
            return await archive(events, self.blobs)

        return ingested if group == "$default" else archived

    async def clear(
        self, hub: FakeReader, host: FakeHost, group: str, bounds: Bounds | None = None, partition: str = "0"
    ) -> Stretch:
        """As the command does, for one group."""
        held = (await host.checkpoints()).get((group, partition), Checkpoint(group, partition))
        end = (await hub.ends())[partition]
        found = await stretch(hub, held, end, bounds or Bounds(), lambda *_: None)
        if found.bad:
            await bring_in(hub, found, "1", self.take(group), lambda *_: None)
            await move(host, found)
        return found
