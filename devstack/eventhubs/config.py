"""What the namespace holds and how it behaves: settings, and the official emulator's Config.json."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DEFAULT_GROUP = "$default"
NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,254}[A-Za-z0-9])?")
MOST_PARTITIONS = 32


class BadConfig(Exception):
    """The configuration cannot be used; the text says why and where."""


@dataclass(frozen=True)
class HubConfig:
    """A hub: its name, partitions, and consumer groups in lower case; None accepts any group."""

    name: str
    partitions: int
    groups: frozenset[str] | None


@dataclass(frozen=True)
class Settings:
    """``hubs`` None: a hub is created on first use. Times in seconds, sizes in bytes for one partition."""

    data: Path
    port: int = 5672
    hubs: tuple[HubConfig, ...] | None = None
    durability: str = "process"
    retention: float = 7 * 24 * 3600.0
    retention_bytes: int | None = None
    segment_bytes: int = 16 * 1024 * 1024
    idle_timeout: float = 240.0
    hosts: frozenset[str] = field(default_factory=lambda: frozenset({"localhost", "127.0.0.1", "[::1]"}))
    policies: Path | None = None
    control: Path | None = None


def load(path: Path) -> tuple[HubConfig, ...]:
    """Read a file in the official emulator's shape (UserConfig.NamespaceConfig[].Entities[])."""
    try:
        document = json.loads(path.read_text())
    except OSError as fault:
        raise BadConfig(f"{path} cannot be read: {fault}") from fault
    except ValueError as fault:
        raise BadConfig(f"{path} is not JSON: {fault}") from fault
    try:
        namespaces = document["UserConfig"]["NamespaceConfig"]
        if len(namespaces) != 1:
            raise BadConfig(
                f"{path}: exactly one entry is needed in NamespaceConfig, {len(namespaces)} are there"
            )
        if namespaces[0].get("Type") != "EventHub":
            raise BadConfig(f"{path}: Type of the namespace must be 'EventHub'")
        hubs = tuple(_hub(path, entity) for entity in namespaces[0]["Entities"])
    except (KeyError, TypeError, AttributeError) as fault:
        raise BadConfig(f"{path} lacks UserConfig.NamespaceConfig[].Entities[]: {fault!r}") from fault
    names = [hub.name.lower() for hub in hubs]
    if not hubs or len(set(names)) != len(names):
        raise BadConfig(f"{path}: Entities must hold at least one hub, and each name once")
    return hubs


def _hub(path: Path, entity: dict[str, Any]) -> HubConfig:
    name = entity.get("Name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise BadConfig(f"{path}: {name!r} is no name for a hub (letters, digits, '.', '_', '-')")
    try:
        partitions = int(entity.get("PartitionCount", ""))
    except ValueError as fault:
        raise BadConfig(f"{path}: PartitionCount of {name!r} is not a number") from fault
    if not 1 <= partitions <= MOST_PARTITIONS:
        raise BadConfig(f"{path}: PartitionCount of {name!r} is not within 1 and {MOST_PARTITIONS}")
    groups = {DEFAULT_GROUP}
    for group in entity.get("ConsumerGroups") or []:
        if not isinstance(group.get("Name"), str) or not group["Name"]:
            raise BadConfig(f"{path}: a consumer group of {name!r} has no Name")
        groups.add(group["Name"].lower())
    return HubConfig(name, partitions, frozenset(groups))
