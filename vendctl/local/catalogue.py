"""The simulated fleet's sites, machines and products, imported as an operator would."""

import asyncio
import json
import sys
from typing import Any

from vendctl.local.system import ROOT


async def fleet(machines: int, seed: int) -> dict[str, Any]:
    """What the simulator says its fleet is."""
    words = ["-m", "simulator", "fleet", "--machines", str(machines), "--seed", str(seed)]
    child = await asyncio.create_subprocess_exec(
        sys.executable, *words, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await child.communicate()
    if child.returncode:
        raise RuntimeError(f"python {' '.join(words)} ended with code {child.returncode}")
    described: dict[str, Any] = json.loads(said)
    return described


async def import_fleet(machines: int, seed: int) -> None:
    """Put it into the catalog."""
    await fleet(machines, seed)
