"""Catalog files: TOML, JSON or CSV → the same entries; what is wrong is said by its place in the file."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from vendctl.csv_table import NoTable, Row, Table, table
from vending.errors import Rejected
from vending.writes.catalog_entries import CatalogFile, SlotEntry

NUMBERS = ("capacity", "par", "priceMinor", "costMinor", "taxBasisPoints", "caseSize")
DEGREES = ("latitude", "longitude")
KINDS = {
    "sites": (("timeZone",), ("id",)),
    "planograms": (("machine", "selection", "sku"), ("machine", "since", "selection")),
    "products": (("sku",), ("sku",)),
    "machines": (("site",), ("id", "since")),
    "recipients": (("address",), ("id",)),
}
"""Kind of a CSV file → the columns that tell it, and those whose cells no two rows share."""
LISTS, SWITCHES = ("sites", "routes"), ("criticalAlways",)
"""Columns whose cells are names with spaces between them, and those that say true or false."""
SHOWN = 10
"""Faults of a CSV file that are told."""
LARGEST = 64 * 1024 * 1024
"""Bytes of a file."""
DEEPEST, DIGITS = 50, 400
"""Brackets within each other, and digits of a number: a catalog needs six and ten."""
TOKEN = re.compile(
    r""""{3}(?:[^\\]|\\.)*?"{3}|'{3}.*?'{3}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|#[^\n]*|[\[\]{}]|\d[\d_]*""",
    re.DOTALL,
)
"""Of TOML and JSON: texts and comments, so that nothing in them counts; brackets; whole numbers."""
Cells = dict[str, Any]


def read_file(path: Path) -> CatalogFile:
    """The entries of a file, judged. Raises Rejected that says in one line what is wrong, and where."""
    try:
        if path.stat().st_size > LARGEST:
            raise ValueError(f"it has over {LARGEST:,} bytes; import it in parts")
        file = _rows(path) if path.suffix.lower() == ".csv" else msgspec.convert(_parts(path), CatalogFile)
        file.entries()
    except Rejected as fault:
        apart = "\n  " if "\n" in fault.detail else " "
        raise Rejected("wrong-catalog", f"{path}:{apart}{fault.detail}") from fault
    except msgspec.ValidationError as fault:
        raise Rejected("wrong-catalog", f"{path}: {fault}") from fault
    except NoTable as fault:
        raise Rejected("wrong-catalog", str(fault)) from fault
    except (OSError, ValueError) as fault:
        raise Rejected("wrong-catalog", f"{path} cannot be read: {fault}") from fault
    return file


def _parts(path: Path) -> Any:
    match path.suffix.lower():
        case ".toml":
            return tomllib.loads(_text(path))
        case ".json":
            text = _text(path)
            found = json.loads(text, object_pairs_hook=_once)
            try:
                json.dumps(found, ensure_ascii=False).encode()
            except UnicodeEncodeError as fault:
                half = f"\\u{ord(fault.object[fault.start]):04x}"
                line = _line(text, text.lower().find(half))
                raise ValueError(f"line {line}: {half} is half of a surrogate pair, no character") from fault
            return found
        case suffix:
            raise ValueError(f"{suffix or 'no suffix'} is none of .toml, .json, .csv")


def _text(path: Path) -> str:
    """What a file holds, if a parser may see it: depth and digits are bounded by the interpreter otherwise,
    without a line. Raises ValueError."""
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = raw.count(b"\n", 0, fault.start) + 1
        raise ValueError(f"line {line} is not UTF-8 ({fault.reason}): save it as UTF-8") from fault
    depth = 0
    for token in TOKEN.finditer(text):
        depth += (token[0] in "[{") - (token[0] in "]}")
        if depth > DEEPEST:
            raise ValueError(f"line {_line(text, token.start())}: it is nested too deeply")
        if token[0][0] in "0123456789" and len(token[0]) > DIGITS:
            raise ValueError(f"line {_line(text, token.start())}: a number of {len(token[0])} digits")
    return text


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, max(at, 0)) + 1


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object as JSON has it, where a key that stands there twice would lose what it said first."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(x for x in names if names.count(x) > 1)!r} stands twice in one object")
    return found


def _rows(path: Path) -> CatalogFile:
    """A CSV file of one kind. Each row is judged by itself, so that its line is known."""
    found = table(path)
    kind = _kind(path, found)
    unique = KINDS[kind][1]
    faults: list[str] = []
    seen: dict[tuple[Any, ...], int] = {}
    rows: list[Cells] = []
    for row in found.rows:
        try:
            cells = _cells(row, found)
            _judge(kind, cells)
            place = tuple(cells.get(name) for name in unique)
            if (first := seen.setdefault(place, row.line)) != row.line:
                what = " ".join(str(x) for x in place if x is not None)
                raise ValueError(f"{what} stands in line {first} already, so it is twice in the file")
            rows.append(cells)
        except (ValueError, Rejected, msgspec.ValidationError) as fault:
            faults.append(f"line {row.line}{_said(fault)}")
    if faults:
        more = [f"and {len(faults) - SHOWN} more"] if len(faults) > SHOWN else []
        raise Rejected("wrong-catalog", "\n  ".join([*faults[:SHOWN], *more]))
    return msgspec.convert({kind: _planograms(rows) if kind == "planograms" else rows}, CatalogFile)


def _kind(path: Path, found: Table) -> str:
    for kind, (columns, _) in KINDS.items():
        if set(columns) <= set(found.header):
            return kind
    needed = ", ".join(" and ".join(columns) for columns, _ in KINDS.values())
    raise NoTable(f"{path}: no column tells the kind ({needed}); its columns are {', '.join(found.header)}")


def _cells(row: Row, found: Table) -> Cells:
    """A row's filled cells, numbers as numbers."""
    if len(row.cells) != len(found.header):
        raise ValueError(f": {len(row.cells)} cells, the header has {len(found.header)}")
    return {name: _value(name, x) for name, x in zip(found.header, row.cells, strict=True) if x}


def _value(name: str, text: str) -> Any:
    if name in LISTS:
        return text.split()
    if name in SWITCHES and text in ("true", "false"):
        return text == "true"
    if name in DEGREES:
        return _degrees(name, text)
    return _number(name, text) if name in NUMBERS else text


def _number(name: str, text: str) -> int:
    if re.fullmatch(r"-?[0-9]{1,15}", text):
        return int(text)
    cure = " of minor units (1.50 EUR is 150)" if name.endswith("Minor") else ""
    raise ValueError(f", column {name}: {text!r} is no whole number{cure}")


def _degrees(name: str, text: str) -> float:
    if re.fullmatch(r"-?[0-9]{1,3}(\.[0-9]{1,15})?", text):
        return float(text)
    raise ValueError(f", column {name}: {text!r} is no number of degrees such as 52.5200")


def _judge(kind: str, cells: Cells) -> None:
    """Raises what is wrong with the row alone; its references are judged with the whole file."""
    if kind == "planograms":
        msgspec.convert(_halves(cells)[1], SlotEntry)
    rows = _planograms([cells]) if kind == "planograms" else [cells]
    msgspec.convert({kind: rows}, CatalogFile).entries()


def _said(fault: Exception) -> str:
    """What is wrong, after its line: the column first, where it is known."""
    if isinstance(fault, Rejected):
        return f": {fault.detail.partition(' - at `')[0]}"
    text = str(fault)
    if not isinstance(fault, msgspec.ValidationError):
        return text if text[:1] in ":," else f": {text}"
    place = re.search(r" - at (?:`key` in )?`\$(?:\.\w+\[0\])?\.?(\w*)[^`]*`$", text)
    if place is None or not place[1]:
        return f": {text}"
    column = "selection" if place[1] == "slots" else place[1]
    return f", column {column}: {text[: place.start()]}"


def _halves(cells: Cells) -> tuple[Cells, Cells]:
    """What a planogram's row says of the planogram, and of the slot."""
    top = {name: x for name, x in cells.items() if name in ("machine", "since")}
    return top, {name: x for name, x in cells.items() if name not in ("machine", "selection", "since")}


def _planograms(rows: list[Cells]) -> list[Cells]:
    """A row per selection becomes an entry per machine and ``since``."""
    entries: dict[tuple[Any, Any], Cells] = {}
    for cells in rows:
        top, slot = _halves(cells)
        entry = entries.setdefault((cells.get("machine"), cells.get("since")), top | {"slots": {}})
        entry["slots"][cells.get("selection")] = slot
    return list(entries.values())
