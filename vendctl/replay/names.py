"""Identifiers for what a sales file only has names of: the same name always gets the same one."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable

MAX_MACHINE = 48
MAX_SELECTION = 16
MAX_PRODUCT = 120


def slug(name: str, most: int) -> str:
    """Lower-case letters and digits of the name, joined by hyphens; "" where it has none of them."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:most].strip("-")


def digest(name: str) -> str:
    """Eight hex digits that tell names apart whose slugs do not."""
    return hashlib.blake2b(name.encode(), digest_size=4).hexdigest()


def identifiers(names: Iterable[str], kind: str, most: int = 48) -> dict[str, str]:
    """Name → identifier, each its own: the slug where one name alone has it, else with a digest."""
    slugs = {name: slug(name, most) for name in names}
    taken = list(slugs.values())
    return {
        name: short if short and taken.count(short) == 1 else f"{short or kind}-{digest(name)}"
        for name, short in slugs.items()
    }


def machine_id(name: str) -> str:
    """The machine's ``x`` number where its name has one (the last), else a slug of the name."""
    numbers: list[str] = re.findall(r"\bx\d+\b", name, re.IGNORECASE | re.ASCII)
    if numbers:
        return numbers[-1].lower()[:MAX_MACHINE]
    return slug(name, MAX_MACHINE) or f"machine-{digest(name)}"


def product_name(name: str) -> str:
    """As events carry it: single spaces, at most 120 characters."""
    return " ".join(name.split())[:MAX_PRODUCT].strip()


def selection_id(name: str) -> str:
    """Letters, digits, ``._-``; longer than 16 or empty where the name is no selection."""
    return re.sub(r"[^A-Za-z0-9._\-]+", "-", name).strip("-._")


def selection_of_product(product: str) -> str:
    """A selection for a file that has none: of the product's name alone, whatever else the file holds."""
    short = slug(product, 2 * MAX_SELECTION)
    if short and len(short) <= MAX_SELECTION:
        return short
    return f"{short[:7].strip('-')}-{digest(product)}".strip("-")
