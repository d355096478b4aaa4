"""What a process takes of memory for a photo."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.support.pictures import exif

MEASURE = """
import re, sys
from pathlib import Path
from vending.uploads.photos.make_photo import make_photo

def highest():  # ru_maxrss is not less than that of whoever started this process
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) // 1024

data = Path(sys.argv[1]).read_bytes()
before = highest()
make_photo(data, keep_location=False)
print(highest(), before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the high-water mark is read from /proc")
@pytest.mark.parametrize(("progressive", "most"), [(False, 90), (True, 190)])
def test_24_megapixels_take_little(tmp_path: Path, progressive: bool, most: int) -> None:
    file = tmp_path / "photo.jpg"
    scene = Image.radial_gradient("L").resize((6000, 4000)).convert("RGB")
    scene.save(file, "JPEG", exif=exif(6), progressive=progressive)

    told = subprocess.run([sys.executable, "-c", MEASURE, file], capture_output=True, text=True, check=True)

    megabytes, before = map(int, told.stdout.split())
    assert before < megabytes < most
