"""``vendctl catalog import FILE``: sites, machines, products and planograms, from TOML, JSON or CSV.

TOML and JSON hold ``sites``, ``machines``, ``products``, ``planograms`` (docs/rollups.md has every field);
JSON is also what ``python -m simulator fleet`` prints. A CSV file holds rows of one kind, told by its
columns: ``timeZone`` for sites; ``machine``, ``selection`` and ``sku`` for planograms; ``sku`` for products;
``site`` for machines.
"""

import argparse
import asyncio
import csv
import json
import os
import sys
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from vendctl.environment import load
from vending import wiring
from vending.domain.catalog_entries import CatalogFile
from vending.errors import Rejected, VendstreamError
from vending.usecases.import_catalog import Imported, import_catalog

NUMBERS = ("capacity", "par", "priceMinor", "costMinor", "taxBasisPoints", "caseSize")
Row = dict[str, Any]


def read_file(path: Path) -> CatalogFile:
    """The entries of a file. Raises Rejected that says what is wrong with which entry."""
    try:
        parts = _parts(path)
        return msgspec.convert(parts, CatalogFile)
    except msgspec.ValidationError as fault:
        raise Rejected("wrong-catalog", f"{path}: {fault}") from fault
    except (OSError, ValueError) as fault:
        raise Rejected("wrong-catalog", f"{path} cannot be read: {fault}") from fault


def _parts(path: Path) -> dict[str, Any]:
    found: dict[str, Any]
    match path.suffix.lower():
        case ".toml":
            found = tomllib.loads(path.read_text(encoding="utf-8"))
        case ".json":
            found = json.loads(path.read_bytes())
        case ".csv":
            with path.open(encoding="utf-8-sig", newline="") as lines:
                found = _of_rows([_row(raw) for raw in csv.DictReader(lines, strict=True)])
        case suffix:
            raise ValueError(f"{suffix or 'no suffix'} is none of .toml, .json, .csv")
    return found


def _row(raw: dict[Any, Any]) -> Row:
    """A row's filled cells, numbers as numbers."""
    if None in raw or None in raw.values():
        raise ValueError(f"a row has more or fewer cells than the header: {list(raw.values())}")
    cells = {name.strip(): value.strip() for name, value in raw.items() if value.strip()}
    try:
        return {name: int(value) if name in NUMBERS else value for name, value in cells.items()}
    except ValueError as fault:
        raise ValueError(f"{fault} in row {list(raw.values())}") from fault


def _of_rows(rows: list[Row]) -> dict[str, list[Row]]:
    columns = {name for row in rows for name in row}
    if "timeZone" in columns:
        return {"sites": rows}
    if {"machine", "selection", "sku"} <= columns:
        return {"planograms": _planograms(rows)}
    if "sku" in columns:
        return {"products": rows}
    if "site" in columns:
        return {"machines": rows}
    raise ValueError("no column tells the kind: timeZone, machine and selection and sku, sku, or site")


def _planograms(rows: list[Row]) -> list[Row]:
    """A row per selection becomes an entry per machine and ``since``."""
    entries: dict[tuple[Any, Any], Row] = {}
    for row in rows:
        slot = {name: value for name, value in row.items() if name not in ("machine", "selection", "since")}
        top = {name: row[name] for name in ("machine", "since") if name in row}
        entry = entries.setdefault((row.get("machine"), row.get("since")), top | {"slots": {}})
        if row.get("selection") in entry["slots"]:
            raise ValueError(f"{row.get('machine')} {row.get('selection')} stands in the file twice")
        entry["slots"][row.get("selection")] = slot
    return list(entries.values())


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
