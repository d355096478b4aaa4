"""The simulated fleet beside the system: a process of its own, as devices are."""

import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from devstack.signals import uninterrupted
from devstack.stack import Guard
from vendctl.local.system import ROOT


class Traffic:
    """``python -m simulator run``, and the newest line that it said of itself."""

    def __init__(self, connection: str, hub: str, data: Path, words: Sequence[str], guard: Guard) -> None:
        self.newest: dict[str, Any] = {}
        self.data = data
        self._guard = guard
        self._before = self._counted()
        command = [
            sys.executable, "-m", "simulator", "run", "--connection", connection, "--hub", hub,
            *words, "--json-progress",
            "--state", str(data / "simulator"), "--truth", str(data / "truth.json"),
        ]  # fmt: skip
        with (data / "simulator.log").open("ab") as log, uninterrupted():
            # A session of its own: Ctrl-C reaches this process alone, which stops the rest in order.
            self.process = subprocess.Popen(  # noqa: S603 - our own command line
                command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True
            )
            guard.note(self.process.pid)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def sent(self) -> int:
        """Events that the hub acknowledged, in this run and the earlier ones on the same data."""
        return self._before + int(self.newest.get("sent", 0))

    def stop(self) -> None:
        """Stop sending; what is on its way is finished."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._guard.forget(self.process.pid)
        self._reader.join(5)
        if self.process.stdout:
            self.process.stdout.close()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self.newest = json.loads(line)
            (self.data / "sent.json").write_text(json.dumps(self.sent))

    def _counted(self) -> int:
        file = self.data / "sent.json"
        return int(json.loads(file.read_text())) if file.exists() else 0
