"""What a photo of twelve megapixels takes: CPU time, and memory of the process beyond what it had before.

``python -m benchmarks.photos [--json]``. Each is made in a process of its own. Beside ours: Pillow as its
tutorial has it (open, turn upright, two thumbnails of copies, save), which decodes the whole picture and has
no bounds. Ours imports Pillow while it is measured, the other one before.
"""

import argparse
import subprocess
import sys
import tempfile
from io import BytesIO
from pathlib import Path

from benchmarks.meter import Beside, Figure, figure, tell

KINDS = {"jpeg": {}, "progressive": {"progressive": True}}
READ = "from pathlib import Path; import sys; data = Path(sys.argv[1]).read_bytes()"
OURS = """
from vending.uploads.photos import draw
from vending.uploads.photos.make_photo import make_photo
def work():
    make_photo(data, keep_location=False)
"""
PLAIN = """
from io import BytesIO
from PIL import Image, ImageOps, WebPImagePlugin, JpegImagePlugin
def work():
    upright = ImageOps.exif_transpose(Image.open(BytesIO(data)))
    for side in (1280, 320):
        smaller = upright.copy()
        smaller.thumbnail((side, side))
        smaller.save(BytesIO(), "WEBP", quality=80)
"""
MEASURE = """
import re, time
def highest():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024
before, begun = highest(), time.process_time()
work()
print((time.process_time() - begun) * 1000, highest() - before)
"""


def photo(**more: bool) -> bytes:
    """A rotated picture with detail in it; always the same."""
    from PIL import Image

    rings = Image.radial_gradient("L").resize((500, 375))
    tile = Image.merge("RGB", (rings, rings.rotate(90), rings.rotate(180)))
    picture = Image.new("RGB", (4000, 3000))
    for number in range(64):
        picture.paste(tile.rotate(number), (number % 8 * 500, number // 8 * 375))
    told = Image.Exif()
    told[0x0112] = 6
    out = BytesIO()
    picture.save(out, "JPEG", quality=90, exif=told, **more)
    return out.getvalue()


def measured(program: str, file: Path) -> tuple[float, float]:
    """Milliseconds of CPU and megabytes."""
    text = "\n".join((READ, program, MEASURE))
    command = [sys.executable, "-c", text, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    cpu, memory = map(float, done.stdout.split())
    return cpu, memory


def main() -> int:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        for name, more in KINDS.items():
            file = Path(folder) / f"{name}.jpg"
            file.write_bytes(photo(**more))
            (cpu, memory), (plain_cpu, plain_memory) = (measured(program, file) for program in (OURS, PLAIN))
            beside = "plain Pillow"
            figures.append(figure(f"photos.{name}.cpu_ms", cpu, "ms CPU", Beside(beside, plain_cpu)))
            figures.append(figure(f"photos.{name}.memory_mb", memory, "MB", Beside(beside, plain_memory)))
    tell(figures, as_json=asked.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
