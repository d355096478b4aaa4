"""The namespace: its hubs on disk and in memory, found or created by name."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from devstack.eventhubs.config import NAME, BadConfig, HubConfig, Settings
from devstack.eventhubs.errors import INVALID_FIELD, AmqpError, not_found, out_of_range
from devstack.eventhubs.hub.partition import Durability, Partition
from devstack.eventhubs.hub.receivers import Receivers
from devstack.eventhubs.hub.revoked import Revoked
from devstack.eventhubs.hub.routing import partition_for
from devstack.eventhubs.log.folder import replace
from devstack.eventhubs.log.partition_log import PartitionLog

PARTITIONS = 4


@dataclass
class Hub:
    """An event hub; ``created_ms`` is what its properties report."""

    config: HubConfig
    created_ms: int
    partitions: list[Partition]
    revoked: Revoked

    def __post_init__(self) -> None:
        self._receivers: dict[tuple[str, int], Receivers] = {}
        self._turn = 0

    @property
    def name(self) -> str:
        """The name as it was given first."""
        return self.config.name

    def partition(self, text: str) -> Partition:
        """By its id, a decimal number."""
        if text.isascii() and text.isdecimal() and int(text) < len(self.partitions):
            return self.partitions[int(text)]
        raise out_of_range(
            f"partition {text!r} of event hub {self.name!r} does not exist: "
            f"ids are 0 to {len(self.partitions) - 1}"
        )

    def route(self, key: str | None) -> Partition:
        """By partition key, or the next in turn."""
        if key is not None:
            return self.partitions[partition_for(key, len(self.partitions))]
        self._turn = (self._turn + 1) % len(self.partitions)
        return self.partitions[self._turn]

    def receivers(self, group: str, partition: Partition) -> Receivers:
        """The readers of a partition in a consumer group; not-found for a group the configuration lacks."""
        known = self.config.groups
        if (known is not None and group.lower() not in known) or not group:
            raise not_found(f"{self.name}/ConsumerGroups/{group}")
        place = f"partition {partition.index} of {self.name}/{group}"
        return self._receivers.setdefault((group.lower(), partition.index), Receivers(place))


class Namespace:
    """All hubs of a data folder."""

    def __init__(
        self, settings: Settings, durability: Durability, before_write: Callable[[], None] = lambda: None
    ) -> None:
        self._settings = settings
        self._before_write = before_write
        self._durability = durability
        self._folder = settings.data / "hubs"
        self._hubs: dict[str, Hub] = {}
        stored = self._stored()
        if settings.hubs is None:
            for config in stored.values():
                self._open(config)
        else:
            for config in settings.hubs:
                before = stored.get(config.name.lower())
                if before is not None and before.partitions != config.partitions:
                    raise BadConfig(
                        f"hub {config.name!r} has {before.partitions} partitions in {settings.data}, the "
                        f"configuration says {config.partitions}: change it back, or use another data folder"
                    )
                self._open(config)

    @property
    def hubs(self) -> list[Hub]:
        """Every hub there is."""
        return list(self._hubs.values())

    def _stored(self) -> dict[str, HubConfig]:
        found = {}
        for path in sorted(self._folder.glob("*/hub.json")):
            document = json.loads(path.read_text())
            found[path.parent.name] = HubConfig(document["name"], document["partitions"], None)
        return found

    def _open(self, config: HubConfig) -> Hub:
        folder = self._folder / config.name.lower()
        path = folder / "hub.json"
        if not path.exists():
            created = int(time.time() * 1000)
            replace(
                path,
                json.dumps({"name": config.name, "partitions": config.partitions, "created_ms": created}),
            )
        created = json.loads(path.read_text())["created_ms"]
        partitions = [self._partition(config, folder, i) for i in range(config.partitions)]
        hub = Hub(config, created, partitions, Revoked(folder / "revoked.json"))
        self._hubs[config.name.lower()] = hub
        return hub

    def _partition(self, config: HubConfig, folder: Path, index: int) -> Partition:
        settings = self._settings
        most = settings.segment_bytes
        if settings.retention_bytes is not None:
            most = max(min(most, settings.retention_bytes // 4), 1)
        log = PartitionLog(
            folder / str(index),
            most,
            sync_rolled=settings.durability == "power",
            before_write=self._before_write,
        )
        return Partition(config.name, index, log, self._durability)

    def hub(self, name: str) -> Hub:
        """By name, whatever its case. Without a configuration it is created, else not-found."""
        hub = self._hubs.get(name.lower())
        if hub is not None:
            return hub
        if self._settings.hubs is not None:
            raise not_found(name)
        if not NAME.fullmatch(name):
            raise AmqpError(INVALID_FIELD, f"{name!r} is no name for an event hub")
        return self._open(HubConfig(name, PARTITIONS, None))

    def expire(self, now_ms: int) -> int:
        """Apply retention to every partition; returns how many segments went."""
        keep = int(self._settings.retention * 1000)
        most = self._settings.retention_bytes
        return sum(
            partition.log.expire(now_ms - keep, now_ms - max(keep // 8, 1), most)
            for hub in self._hubs.values()
            for partition in hub.partitions
        )

    def close(self) -> None:
        """Everything to the disk."""
        for hub in self._hubs.values():
            for partition in hub.partitions:
                partition.log.close()
