"""The data of a replay: a folder of its own per file and mapping, so that a second run finds it again."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vendctl.replay.device_events import FORMAT
from vendctl.replay.errors import ReplayError
from vendctl.replay.sales import SalesFile

MARKER = "replay.json"


def fingerprint(file: SalesFile) -> str:
    """Of the file's bytes and everything that decides how they are read."""
    reading = json.dumps([FORMAT, asdict(file.mapping)], sort_keys=True)
    return hashlib.blake2b(file.path.read_bytes() + reading.encode(), digest_size=8).hexdigest()


@dataclass(frozen=True)
class Folder:
    """``replay.json`` in it says which file it belongs to, and what the ledger was when all agreed."""

    path: Path
    fingerprint: str

    def open(self) -> None:
        """Make the folder, or find that it is this replay's. Raises :class:`ReplayError`."""
        self.path.mkdir(parents=True, exist_ok=True)
        marker = self._read()
        if marker is None and any(self.path.iterdir()):
            raise ReplayError(f"{self.path} holds something else: name another folder with --data")
        if marker is not None and marker.get("fingerprint") != self.fingerprint:
            raise ReplayError(
                f"{self.path} holds the replay of another file or mapping: name another folder with --data"
            )
        if marker is None:
            self._write({"fingerprint": self.fingerprint})

    @property
    def ledger(self) -> str | None:
        """The digest of stock and ledger when a run last ended; None before the first one did."""
        marker = self._read() or {}
        digest: str | None = marker.get("ledger")
        return digest

    def keep(self, ledger: str) -> None:
        """Remember the digest."""
        self._write({"fingerprint": self.fingerprint, "ledger": ledger})

    def _read(self) -> dict[str, Any] | None:
        marker = self.path / MARKER
        if not marker.exists():
            return None
        try:
            found: dict[str, Any] = json.loads(marker.read_text())
        except ValueError as fault:
            raise ReplayError(f"{marker} is damaged ({fault}): remove {self.path} and run again") from fault
        return found

    def _write(self, marker: dict[str, Any]) -> None:
        draft = self.path / f"{MARKER}.new"
        draft.write_text(json.dumps(marker))
        draft.replace(self.path / MARKER)
