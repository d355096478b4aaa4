"""Every route of the API is in the table that people read, with its verbs."""

import re

from tests.support.metadata import ROOT, triggers

ROW = re.compile(r"^\| (`(?:GET|POST|PUT|PATCH|DELETE|HEAD)[^|]*) \|", re.MULTILINE)
EMPTY = re.compile(r"\{\w+:maxlength\(0\)\?\}")
"""Stands for nothing at all: the root."""


def test_every_route_stands_in_the_table() -> None:
    """``| `GET /api/v1/machines` | …``; of several addresses or verbs in a row, each in backticks."""
    rows = ROW.findall((ROOT / "docs" / "api.md").read_text())
    told = {
        (verb, address)
        for row in rows
        for verb in re.findall(r"\b[A-Z]{3,}\b", row)
        for address in re.findall(r"/[^`, ]*", row)
    }
    served = {
        (verb.value.upper(), f"/{EMPTY.sub('', route['route']).removeprefix('/')}")
        for route in triggers("httpTrigger")
        for verb in route["methods"]
    }
    assert served - told == set(), "docs/api.md does not tell of these"
    assert told - served == set(), "docs/api.md tells of what is not there"
