"""How fast audits are read, and that it grows with their bytes alone.

``python -m benchmarks.dex [--json]``. Audits from 1 KB to 10 MB, of the lines that real ones have (products
with their meters, events), each beside the smallest of the same run; CPU time, best of some rounds. Beside
the first: decoding its bytes and splitting lines and fields, which is the least that a reader does.
"""

import argparse
import sys
import time
from collections.abc import Callable

from benchmarks.meter import Beside, Figure, figure, tell
from vending.uploads.dex.parse import parse

SIZES = {"1 KB": 1_000, "10 KB": 10_000, "100 KB": 100_000, "1 MB": 1_000_000, "10 MB": 10_000_000}
GROWTH = 2.0
"""Times the smallest one's time a byte that the largest may take: it holds everything in memory at once."""
ONCE_MORE = 300_000
"""Bytes that a round reads at least."""


def audit(size: int) -> bytes:
    """About so many bytes of one report."""
    head = "DXS*VST0000123*VA*V0/6*1\r\nST*001*0001\r\nID1*VST1*SNACK*0107\r\nID4*2*1978\r\nVA1*300*3*0*0\r\n"
    lines, held, number = [head], len(head), 0
    while held < size:
        number += 1
        lines.append(
            f"PA1*{number}*150*PRODUCT {number}\r\nPA2*{number}*150*0*0\r\nPA3*0*0*0*0\r\nPA4*0*0*0*0\r\n"
            f"PA7*{number}*CA*0*150*{number}*150*0*0\r\nEA2*ELA_{number}*0*{number}**0\r\nLA1*0*{number}*150*0*0\r\n"
        )
        held += len(lines[-1])
    return f"{''.join(lines)}G85*0000\r\nSE*1*0001\r\nDXE*1*1\r\n".encode()


def rate(work: Callable[[bytes], object], data: bytes, rounds: int) -> float:
    """Megabytes a second of CPU, best of the rounds."""
    times = max(1, ONCE_MORE // len(data))
    found = []
    for _ in range(rounds):
        begun = time.process_time()
        for _ in range(times):
            work(data)
        found.append(time.process_time() - begun)
    return len(data) * times / min(found) / 1e6


def split(data: bytes) -> list[list[str]]:
    """The least that a reader does."""
    return [line.split("*") for line in data.decode().split("\r\n")]


def main() -> int:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    rates = {name: rate(parse, audit(size), 5 if size <= 1_000_000 else 1) for name, size in SIZES.items()}
    smallest = rates["1 KB"]
    bare = rate(split, audit(SIZES["1 KB"]), 5)
    figures: list[Figure] = [
        figure("dex.parse.mb_per_second.of_the_limit", smallest, "MB/s CPU", Beside("bare split", bare))
    ]
    for name, found in rates.items():
        per = figure(f"dex.parse.us_per_kb.{name.replace(' ', '').lower()}", 1_000 / found, "us CPU",
                     Beside("1 KB", 1_000 / smallest), GROWTH)  # fmt: skip
        figures.append(per)
    tell(figures, as_json=asked.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
