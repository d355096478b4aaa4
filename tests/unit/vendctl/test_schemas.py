"""The event types' documents say what the code does, and the examples fit them."""

import json
import re

import pytest

from vendctl.__main__ import main as vendctl
from vendctl.schemas import EXAMPLES, FOLDER, file_of, schema
from vending.events.event_types import EVENT_TYPES, LEDGER


def test_documents_are_current() -> None:
    assert vendctl(["schemas", "--check"]) == 0


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_examples_have_what_the_schema_requires_and_nothing_it_does_not_know(name: str) -> None:
    stored = json.loads((FOLDER / file_of(name)).read_text())
    example = json.loads((EXAMPLES / f"{name}.json").read_text())
    assert set(stored["required"]) <= set(example)
    assert set(example) - set(stored["properties"]) <= {"datacontenttype"}
    data = stored["properties"]["data"]
    assert set(data.get("required", ())) <= set(example["data"]) <= set(data["properties"])
    for field, value in example["data"].items():
        pattern = data["properties"][field].get("pattern", "")
        assert re.search(pattern, str(value))


def test_ledger_events_need_their_number_and_others_must_not_have_one() -> None:
    for name in EVENT_TYPES:
        assert ("ledgersequence" in schema(name)["required"]) == (name in LEDGER)
        assert ("ledgersequence" in schema(name)["properties"]) == (name in LEDGER)


def test_a_stale_document_is_noticed(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EVENT_TYPES, "vend.completed", EVENT_TYPES["door"])
    assert vendctl(["schemas", "--check"]) == 1
