"""``vendctl catalog import FILE``: sites, machines, products and planograms, from TOML, JSON or CSV.

TOML and JSON hold ``sites``, ``machines``, ``products``, ``planograms`` (docs/rollups.md has every field);
JSON is also what ``python -m simulator fleet`` prints. A CSV file (comma, semicolon, tab or ``|``) holds rows
of one kind, told by its columns: ``timeZone`` for sites; ``machine``, ``selection`` and ``sku`` for
planograms; ``sku`` for products; ``site`` for machines.
"""

import argparse
import asyncio
import os
import sys
from pathlib import Path

from vendctl.catalog_file import read_file
from vendctl.environment import load
from vending import wiring
from vending.domain.catalog_entries import CatalogFile
from vending.errors import Rejected, VendstreamError
from vending.usecases.import_catalog import Imported, import_catalog


def explain(done: Imported) -> str:
    """What was done, for people."""
    what = ", ".join(f"{count} {kind}" for kind, count in done.written.items()) or "nothing new"
    lines = [f"catalog version {done.version}: {what}; {done.unchanged} entries were there already"]
    if done.unknown_skus:
        some = ", ".join(done.unknown_skus[:5])
        lines.append(f"{len(done.unknown_skus)} SKUs of planograms are no products (yet): {some}")
    return "\n".join(lines)


async def run(file: CatalogFile, take_over: bool) -> Imported:
    """Import into the deployment that the process's environment names."""
    try:
        return await import_catalog(file, wiring.catalog(), take_over)
    finally:
        await wiring.close()


def main(argv: list[str]) -> int:
    """The command: 0 done, 1 another import in the way or no service, 2 a wrong file."""
    parser = argparse.ArgumentParser(prog="vendctl catalog", description=__doc__)
    parser.add_argument("action", choices=["import"])
    parser.add_argument("file", type=Path)
    parser.add_argument("--settings", help="a local.settings.json, for what the environment lacks")
    parser.add_argument("--take-over", action="store_true", help="finish for an import that died")
    asked = parser.parse_args(argv)
    os.environ.update(load(asked.settings, os.environ))
    try:
        done = asyncio.run(run(read_file(asked.file), asked.take_over))
    except VendstreamError as fault:
        print(fault, file=sys.stderr)
        return 2 if isinstance(fault, Rejected) else 1
    print(explain(done))
    return 0
