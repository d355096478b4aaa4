"""Every route of the API is in the table that people read, with its verbs."""

import re

from blueprints.routes import ROUTES
from tests.support.metadata import ROOT, functions

ROW = re.compile(r"^\| (`(?:GET|POST|PUT|PATCH|DELETE|OPTIONS)[^|]*) \|", re.MULTILINE)
EMPTY = re.compile(r"\{\w+:maxlength\(0\)\?\}")
"""Stands for nothing at all: the root."""


def test_every_route_stands_in_the_table() -> None:
    """``| `GET /api/v1/machines` | …``; of several addresses or verbs in a row, each in backticks."""
    assert functions()
    rows = ROW.findall((ROOT / "docs" / "api.md").read_text())
    told = {
        (verb, address)
        for row in rows
        for verb in re.findall(r"\b[A-Z]{3,}\b", row)
        for address in re.findall(r"/[^`, ]*", row)
    }
    served = {
        (one.method, f"/{EMPTY.sub('', one.path)}")  # HEAD is where GET is
        for one in ROUTES.values()
    }
    assert served - told == set(), "docs/api.md does not tell of these"
    assert told - served == set(), "docs/api.md tells of what is not there"
