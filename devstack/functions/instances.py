"""Further instances of single functions, as a plan with per-function scaling has them.

Each instance is a host process of its own, limited to the function, with its own worker: it balances
partitions or leases with the others, and killing it is what losing an instance is. None is replaced.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from devstack.functions import log
from devstack.functions.errors import HostError
from devstack.functions.workers import ROOT

PATIENCE = 120.0


class Instances:
    """Child hosts of this one. They end with it: each holds the read end of a pipe that we hold open."""

    def __init__(self, app: Path, wanted: Mapping[str, int], *, quiet: bool) -> None:
        self._app = app
        self._wanted = wanted
        self._quiet = quiet
        self._children: list[tuple[str, asyncio.subprocess.Process]] = []
        self._folder = tempfile.TemporaryDirectory(prefix="devstack-instances-")

    @property
    def pids(self) -> dict[str, list[int]]:
        """Process ids of the instances that live, by function."""
        found: dict[str, list[int]] = {name: [] for name in self._wanted}
        for name, process in self._children:
            if process.returncode is None:
                found[name].append(process.pid)
        return found

    async def start(self) -> None:
        """Start all, one of each function after the other, and return when they listen."""
        await asyncio.gather(
            *(self._one(name, number) for name, count in self._wanted.items() for number in range(count))
        )

    async def stop(self) -> None:
        """Drain and end them."""
        for _, process in self._children:
            if process.returncode is None:
                process.terminate()
        await asyncio.gather(*(process.wait() for _, process in self._children))
        self._folder.cleanup()

    async def _one(self, name: str, number: int) -> None:
        ready = Path(self._folder.name) / f"{name}-{number}.json"
        words = [sys.executable, "-m", "devstack.serve", "functions", str(self._app), "--only", name,
                 "--port", "0", "--ready-file", str(ready), "--until-stdin-closes"]  # fmt: skip
        if self._quiet:
            words.append("--quiet")
        process = await asyncio.create_subprocess_exec(
            *words,
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        self._children.append((name, process))
        async with asyncio.timeout(PATIENCE):
            while not ready.exists():
                if process.returncode is not None:
                    raise HostError(
                        f"instance {number} of {name!r} ended with exit code {process.returncode}"
                    )
                await asyncio.sleep(0.05)
        log.info(f"Instance {number} of {name}: pid {json.loads(ready.read_text())['pid']}")
