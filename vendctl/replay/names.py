"""Identifiers for what a sales file only has names of: the same name always gets the same one."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable


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
