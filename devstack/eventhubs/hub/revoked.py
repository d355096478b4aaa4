"""The publishers of a hub that may not send any more; the list outlives the server."""

import json
from pathlib import Path

from devstack.eventhubs.errors import PUBLISHER_REVOKED, AmqpError
from devstack.eventhubs.log.folder import replace


class Revoked:
    """Names, the same in any case, as entities' are; kept in one file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        stored: list[str] = json.loads(path.read_text()) if path.exists() else []
        self._names = {name.lower(): name for name in stored}

    @property
    def names(self) -> list[str]:
        """As they were given, in order."""
        return sorted(self._names.values())

    def add(self, name: str) -> bool:
        """Revoke; False for one that is revoked already. Raises OSError, and then it is not revoked."""
        if name.lower() in self._names:
            return False
        self._keep(self._names | {name.lower(): name})
        return True

    def remove(self, name: str) -> bool:
        """Let it send again; False for one that may. Raises OSError, and then it may not."""
        if name.lower() not in self._names:
            return False
        self._keep({key: held for key, held in self._names.items() if key != name.lower()})
        return True

    def refusal(self, name: str | None) -> AmqpError | None:
        """What a publisher of that name is told; None for one that may send."""
        if name is None or name.lower() not in self._names:
            return None
        return AmqpError(PUBLISHER_REVOKED, f"The publisher '{name}' is revoked.")

    def _keep(self, names: dict[str, str]) -> None:
        replace(self._path, json.dumps(sorted(names.values())))
        self._names = names
