"""Coverage-guided fuzzing of the engine with atheris, which the tests do not need and do not install.

``python -m devstack.tests.eventhubs.coverage_fuzz [-runs=N] [CORPUS]`` takes libFuzzer's options. An input is
what a client sends after OPEN, BEGIN and two ATTACHes: about a dozen frames, each behind two bytes of length.
The run ends with a trace at an exception that is not an AmqpError, at output that does not decode, at 1 GiB.
"""

import importlib
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

atheris: Any = importlib.import_module("atheris")

with atheris.instrument_imports(include=["devstack.eventhubs"]):
    from devstack.eventhubs.wire.frames import frame
    from devstack.tests.eventhubs.fuzzing import Echo, opened, seeds, well_formed


def one_input(data: bytes) -> None:
    """Feed one client's frames."""
    connection = opened(Echo())
    pos = 0
    while pos < len(data) and not connection.closing:
        size = int.from_bytes(data[pos : pos + 2])
        connection.receive(frame(data[pos + 2 : pos + 2 + size]))
        connection.pump(100_000)
        pos += 2 + size
    well_formed(connection.output())
    connection.release()


def plant(folder: Path) -> None:
    """Good beginnings: sequences of good frames."""
    rng = random.Random(1)
    for number in range(50):
        bodies = rng.choices(seeds()[:8], k=12)
        (folder / f"seed{number}").write_bytes(b"".join(len(body).to_bytes(2) + body for body in bodies))


def main() -> None:
    """Run libFuzzer; without a corpus folder, on one that is planted and thrown away."""
    words = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        if all(word.startswith("-") for word in words):
            plant(Path(folder))
            words.append(folder)
        options = ["-rss_limit_mb=1024", "-max_len=8192", "-len_control=0", "-print_final_stats=1"]
        atheris.Setup([sys.argv[0], *options, *words], one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
