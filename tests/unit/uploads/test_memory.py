"""What a process takes of memory while the queue hands out as many of the largest files as it ever does."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.support.metadata import ROOT
from vending.uploads.kinds import KINDS
from vending.uploads.process_upload import FILES_AT_ONCE

LARGEST = KINDS["photo"].most_bytes
WORK = 80 * 2**20
"""Bytes that photos of twelve megapixels may take beside their files, Pillow itself included."""
MEASURE = """
import asyncio, re, sys
from pathlib import Path
from tests.support.fakes import FakeBlobs, FakeDocuments, FakeQueue, FakeUploads
from tests.unit.uploads.world import World
from vending.uploads.ask_notice import NoticeStores
from vending.uploads.process_photo import PhotoProcessor

file, count, at_once = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])

def highest():  # ru_maxrss is not less than that of whoever started this process
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024

async def main():
    notices = NoticeStores(FakeDocuments("machineId"), FakeQueue())
    photos = PhotoProcessor(FakeDocuments("machineId"), FakeBlobs(), notices)
    world = World(processors={"photo": photos})
    world.in_memory = asyncio.Semaphore(at_once)
    size = file.stat().st_size
    asked = {"kind": "photo", "contentType": "image/jpeg", "size": size}
    events = [await world.upload(b"", **asked) for _ in range(count)]

    async def take(name, etag, most):  # each reader has bytes of its own, as from a socket
        await asyncio.sleep(0)
        return file.read_bytes()

    world.uploads.take = take
    before = highest()
    said = await asyncio.gather(*map(world.process, events))
    assert all("processed, a photo" in one for one in said), said
    print(highest() - before)

asyncio.run(main())
"""


def handed_out() -> int:
    """How many messages of a queue an instance works on: a batch, and another one when half of it is left."""
    batch: int = json.loads((ROOT / "host.json").read_text())["extensions"]["queues"]["batchSize"]
    return batch + batch // 2


def taken(file: Path, count: int, at_once: int) -> int:
    """The highest resident memory beyond what was there before, in bytes."""
    words = [sys.executable, "-c", MEASURE, str(file), str(count), str(at_once)]
    told = subprocess.run(words, capture_output=True, text=True, check=True, cwd=ROOT)
    return int(told.stdout)


@pytest.fixture
def largest(tmp_path: Path) -> Path:
    """A photo of twelve megapixels with a film behind it: as many bytes as a photo may have."""
    file = tmp_path / "photo.jpg"
    Image.radial_gradient("L").resize((4000, 3000)).convert("RGB").save(file, "JPEG")
    with file.open("ab") as end:
        end.write(b"\0" * (LARGEST - file.stat().st_size))
    return file


@pytest.mark.skipif(sys.platform != "linux", reason="the high-water mark is read from /proc")
def test_files_that_wait_are_not_in_memory(largest: Path) -> None:
    bound = FILES_AT_ONCE * LARGEST + WORK
    assert handed_out() * LARGEST > bound
    assert taken(largest, handed_out(), FILES_AT_ONCE) < bound
    assert taken(largest, handed_out(), handed_out()) > bound, "the measure sees files in memory"
