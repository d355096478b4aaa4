"""A book's pages are found by their ids, also those of versions before."""

from typing import Any

import msgspec
import pytest

from tests.support.fakes import FakeDocuments
from vending.ports import beginning
from vending.state.ledger import PAGE_BYTES, PAGE_LINES, page_id, pages, portions


def stored(device: str, epoch: int, first: int) -> dict[str, Any]:
    """A page as it has been stored since the first version: over a year, and two numbers far apart."""
    lines = [
        {"ledger": number, "sequence": number, "kind": "vend", "at": number, "quality": "ntp", "digest": ""}
        for number in (first, first + 31_536_000_000)
    ]
    return {
        "id": f"page:{device}:{epoch}:{first}",
        "machineId": "m1",
        "type": "page",
        "schema": 1,
        "deviceId": device,
        "epoch": epoch,
        "first": first,
        "last": lines[-1]["ledger"],
        "from": lines[0]["at"],
        "to": lines[-1]["at"],
        "lines": lines,
    }


@pytest.mark.parametrize(("device", "epoch"), [("dev-1", 1), ("dev-1", 12), ("dev-12", 1), ("dev-1.2", 1)])
async def test_the_pages_of_a_book_are_told_from_those_of_books_with_similar_names(
    device: str, epoch: int
) -> None:
    documents = FakeDocuments("machineId")
    for name in ("dev-1", "dev-12", "dev-1.2", "dev-"):
        for number in (1, 12, 2):
            documents.put(stored(name, number, 9))
            documents.put(stored(name, number, 10))
    found = [x.body async for x in documents.select("m1", *beginning(page_id(device, epoch)))]
    assert [(x["deviceId"], x["epoch"], x["first"]) for x in found] == [
        (device, epoch, 10),
        (device, epoch, 9),
    ]


def test_a_page_is_written_as_it_was_before() -> None:
    before = stored("dev-1", 3, 7)
    (page,) = pages("m1", [("dev-1", 3, line) for line in before["lines"]])
    assert page.dump() == before


def test_pages_that_are_made_anew_are_bounded_in_bytes_too() -> None:
    """A line of an audit may be as large as fifty others."""
    (small,) = stored("uploads", 0, 1)["lines"][:1]
    large = small | {"kind": "audit", "sold": {"selections": [["A" * 16, 100, 100, 100]] * 120}}
    lines = {("uploads", 0, number): large | {"ledger": number} for number in range(1, 501)}
    found = portions("m1", lines)
    assert [line["ledger"] for page in found for line in page.lines] == list(range(1, 501))
    assert max(len(msgspec.json.encode(page.dump())) for page in found) < PAGE_BYTES + 10_000
    few = portions("m1", {key: small | {"ledger": key[2]} for key in lines})
    assert [len(page.lines) for page in few] == [PAGE_LINES]
