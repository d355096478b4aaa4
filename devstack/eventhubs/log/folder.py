"""The data folder: one server at a time, and small files that are replaced as a whole."""

import fcntl
import os
from pathlib import Path


class Locked(Exception):
    """Another server uses the folder."""


class FolderLock:
    """An advisory lock that ends with the process, however it ends."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as fault:
            os.close(self._fd)
            raise Locked(
                f"{folder} is in use by another server: stop it, or give this one its own --data"
            ) from fault

    def release(self) -> None:
        """Let the next server in."""
        os.close(self._fd)


def replace(path: Path, text: str) -> None:
    """Write a small file so that it is there whole or not at all, also after a power failure."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
