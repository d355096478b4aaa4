"""The documents: each is found from the index, and no link leads nowhere."""

import re
from pathlib import Path

import pytest

from tests.support.metadata import ROOT

LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
PAGES = sorted(
    path
    for path in ROOT.rglob("*.md")
    if not any(
        part == "node_modules" or (part[0] == "." and part != ".github")
        for part in path.relative_to(ROOT).parts
    )
)
"""Ours: a tool's own folder, such as a cache that a run leaves behind, holds pages of others."""


def test_the_index_names_every_page() -> None:
    named = {
        (ROOT / "docs" / link).resolve() for link in LINK.findall((ROOT / "docs" / "README.md").read_text())
    }
    pages = {path for path in (ROOT / "docs").glob("*.md") if path.name != "README.md"}
    assert pages - named == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_link_leads_nowhere(page: Path) -> None:
    links = [link for link in LINK.findall(page.read_text()) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []
