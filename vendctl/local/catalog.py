"""The simulated fleet's sites, machines and products, imported as an operator would."""

import subprocess
import sys
from pathlib import Path

from vendctl import catalog
from vendctl.catalog_file import read_file
from vendctl.local.system import ROOT


def describe_fleet(machines: int, seed: int, file: Path) -> Path:
    """Write what the simulator says its fleet is."""
    words = ["-m", "simulator", "fleet", "--machines", str(machines), "--seed", str(seed)]
    done = subprocess.run([sys.executable, *words], cwd=ROOT, stdout=subprocess.PIPE, check=True)  # noqa: S603
    file.write_bytes(done.stdout)
    return file


async def import_fleet(file: Path) -> str:
    """Put it into the catalog; what was done, in words. A run that died while importing is finished here."""
    return catalog.explain(await catalog.run(read_file(file), take_over=True))
