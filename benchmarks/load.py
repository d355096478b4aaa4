"""``python -m benchmarks.load [--seconds N]``: the simulator's load against the Event Hubs server.

One process speaks for a hundred thousand devices. Exit code 1 when it does not reach its rate or needs more
memory than its target, and when the hub does not hold exactly what it said was acknowledged. By default it
runs long enough for every device to send.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from azure.eventhub import EventHubProducerClient

from benchmarks.eventhubs import KEYS, serving

HUB = "load"
DEVICES = 100_000
RATE = 5_000
"""Events a second, at the least."""
MEMORY_MB = 300


def load(connection: str, seconds: float) -> dict[str, Any]:
    """The figures of ``simulator load``. Raises CalledProcessError when it fails."""
    words = ["--connection", connection, "--hub", HUB, "--devices", str(DEVICES), "--seconds", str(seconds)]
    done = subprocess.run(  # noqa: S603 - our own command line
        [sys.executable, "-m", "simulator", "load", *words, "--json"], stdout=subprocess.PIPE, check=True
    )
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def held(connection: str) -> int:
    """How many events the hub holds."""
    with EventHubProducerClient.from_connection_string(connection, eventhub_name=HUB) as client:
        return sum(
            client.get_partition_properties(partition)["last_enqueued_sequence_number"] + 1
            for partition in client.get_partition_ids()
        )


def main() -> int:
    """Print a line; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=DEVICES * 20 / RATE, help="default %(default).0f")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), "process") as (port, _):
        connection = f"Endpoint=sb://localhost:{port};{KEYS}"
        found = load(connection, asked.seconds)
        stored = held(connection)
    print(
        f"{found['rate']:,.0f} events/s (target {RATE:,}) for {found['seconds']:.0f} s, "
        f"{found['peakMemoryMb']} MB at the most (target below {MEMORY_MB}), {found['devicesThatSent']:,} of "
        f"{DEVICES:,} devices, p99 {found['latencyMs']['p99']} ms, {found['cpuMicrosPerEvent']} µs of CPU "
        f"time per event; {found['events']:,} events acknowledged, {stored:,} in the hub"
    )
    met = found["rate"] >= RATE and found["peakMemoryMb"] < MEMORY_MB and stored == found["events"]
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
