"""Shared access policies: a name, a key, rights, and the entity they hold for."""

import json
from dataclasses import dataclass
from pathlib import Path

from devstack.eventhubs.config import BadConfig

SEND, LISTEN, MANAGE = "Send", "Listen", "Manage"
RIGHTS = frozenset({SEND, LISTEN, MANAGE})


@dataclass(frozen=True)
class Policy:
    """``entity`` is a hub's name in lower case, or empty for all hubs. Manage includes the others."""

    name: str
    key: str
    rights: frozenset[str]
    entity: str = ""


# The well-known policy of the official emulator's connection string; it protects nothing and is no secret.
EMULATOR = Policy("RootManageSharedAccessKey", "SAS_KEY_VALUE", RIGHTS)


def load(path: Path | None) -> tuple[Policy, ...]:
    """Read policies: a JSON list of {"name", "key", "rights": ["Send", "Listen"], "entity": hub or null}.

    Without a file there is the emulator's well-known policy alone.
    """
    if path is None:
        return (EMULATOR,)
    try:
        entries = json.loads(path.read_text())
        policies = tuple(
            Policy(
                str(entry["name"]), str(entry["key"]), _rights(path, entry["rights"]),
                str(entry.get("entity") or "").lower(),
            )
            for entry in entries
        )  # fmt: skip
    except OSError as fault:
        raise BadConfig(f"{path} cannot be read: {fault}") from fault
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        raise BadConfig(f'{path} is no list of {{"name", "key", "rights", "entity"}}: {fault!r}') from fault
    if not policies:
        raise BadConfig(f"{path} holds no policy: nobody could connect")
    return policies


def _rights(path: Path, names: list[str]) -> frozenset[str]:
    rights = frozenset(names)
    if not rights or not rights <= RIGHTS:
        raise BadConfig(f"{path}: rights are some of {sorted(RIGHTS)}, not {sorted(rights)}")
    return RIGHTS if MANAGE in rights else rights
