"""``--watch``: notices changed source files by their times and sizes, twice a second."""

import asyncio
from pathlib import Path

INTERVAL = 0.5
_SKIPPED = {".venv", ".git", ".data", "node_modules", "__pycache__", ".python_packages"}


async def until_changed(app: Path, changed: asyncio.Event) -> None:
    """Set ``changed`` when a ``.py`` or ``.json`` file appears, goes or changes."""
    before = _snapshot(app)
    while _snapshot(app) == before:  # noqa: ASYNC110 - files tell nobody
        await asyncio.sleep(INTERVAL)
    changed.set()


def _snapshot(app: Path) -> dict[str, tuple[int, int]]:
    found = {}
    for folder, folders, files in app.walk():
        folders[:] = [one for one in folders if one not in _SKIPPED]
        for name in files:
            if name.endswith((".py", ".json")):
                stat = (folder / name).stat()
                found[str(folder / name)] = (stat.st_mtime_ns, stat.st_size)
    return found
