"""What is kept of an audit is bounded, whatever it says."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from vending.documents.audits import AuditRecord
from vending.uploads.audit_facts import LONGEST, MOST, Imported, event, facts, meters
from vending.uploads.dex.audit import Audit, Identity, Meter, Money, Tally, Vends
from vending.uploads.dex.parse import parse
from vending.uploads.upload import Upload

LARGEST = "9" * 15
UPLOAD = Upload("up1", "audits", "m1", None, "n", "e", "text/plain", datetime(2026, 3, 2, tzinfo=UTC))
EMPTY = parse(b"DXS*VST0000123*VA*V0/6*1\r\nST*001*0001\r\nDXE*1*1\r\n")


def stated(audit: Audit) -> dict[str, Any]:
    said = facts(Imported(UPLOAD, "d" * 64, 7, audit))
    return {name: said.get(name) for name in ("currency", "decimals", "paidVends", "paidValue")}


def paid(count: int | None, value: int | None) -> Vends:
    return Vends(paid=Meter(cumulative=Tally(value, count)))


def test_the_event_of_a_record() -> None:
    record = AuditRecord(
        id="audit:7", machine_id="m1", number=7, upload="up1", uploaded_at=0, read_at=0, at=1_772_409_600_000,
        data={"uploadId": "up1"}, placed="first",
    )  # fmt: skip
    assert event(record) == {
        "specversion": "1.0", "id": "0-000000000007", "source": "/devices/uploads",
        "type": "io.vendstream.audit.imported.v1", "subject": "machines/m1",
        "time": "2026-03-02T00:00:00.000Z",
        "datacontenttype": "application/json", "deviceepoch": 0, "sequence": 7, "ledgersequence": 7,
        "clocksync": "import", "data": {"uploadId": "up1"},
    }  # fmt: skip


def test_what_an_audit_says_is_stated() -> None:
    audit = replace(
        EMPTY, clock="2026-03-01T18:00:00", machine=Identity(serial="S" * 200),
        money=Money(0, "JPY", stated=True), vends=paid(0, MOST),
    )  # fmt: skip
    assert facts(Imported(UPLOAD, "d" * 64, 7, audit)) == {
        "uploadId": "up1", "sha256": "d" * 64, "checksum": audit.checksum.verdict,
        "tolerances": len(audit.tolerances), "readAt": "2026-03-01T18:00:00", "serial": "S" * LONGEST,
        "currency": "JPY", "decimals": 0, "paidVends": 0, "paidValue": MOST,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("audit", "kept"),
    [
        (EMPTY, {}),
        (replace(EMPTY, money=Money(9, "978", stated=True)), {"decimals": 9}),
        (replace(EMPTY, money=Money(10, "EUR", stated=True)), {"currency": "EUR"}),
        (replace(EMPTY, money=Money(3, "EUR")), {"currency": "EUR"}),
        (replace(EMPTY, vends=paid(MOST, 0)), {"paidVends": MOST, "paidValue": 0}),
        (replace(EMPTY, vends=paid(MOST + 1, MOST + 1)), {}),
        (replace(EMPTY, vends=paid(-1, -1)), {}),
        (replace(EMPTY, vends=paid(None, 5)), {"paidValue": 5}),
        (replace(EMPTY, vends=paid(5, None)), {"paidVends": 5}),
    ],
)
def test_what_it_does_not_say_or_says_out_of_bounds_is_left_out(audit: Audit, kept: dict[str, Any]) -> None:
    assert stated(audit) == dict.fromkeys(("currency", "decimals", "paidVends", "paidValue")) | kept


def test_a_comparison_needs_neither_events_nor_what_was_not_read() -> None:
    lines = ["CA17*00*10*40", "EA2*OAA*1*2", "CB1*BOARD*M*1", "ZZ9*x*y", f"PA1*{'7' * LONGEST}*5", "PA2*1*5"]
    text = "\r\n".join(["DXS*VST0000123*VA*V0/6*1", "ST*001*0001", *lines, "DXE*1*1", ""])
    audit = parse(text.encode())
    assert all((audit.tubes, audit.unread, audit.tolerances, audit.event_counts, audit.version))
    kept = meters(audit)
    left_out = {"version", "devices", "tubes", "events", "eventCounts", "tolerances", "unread"}
    assert not left_out & kept.keys()
    assert (kept["communication"], kept["board"]["serial"], kept["checksum"]) == ("VST0000123", "BOARD", {})
    assert list(kept["selections"]) == ["7" * LONGEST]


def test_the_largest_audit_is_a_document_that_the_store_takes() -> None:
    lines = [f"ID1*{'S' * 5000}*{'M' * 5000}*{'B' * 5000}*{'L' * 5000}**{'A' * 5000}"]
    for number in range(600):
        name = f"{number:0119d}"
        lines += [f"PA1*{name}*{LARGEST}*{'N' * 500}", f"PA2*{LARGEST}*{LARGEST}*{LARGEST}*{LARGEST}"]
        lines += [
            f"PA3*{LARGEST}*{LARGEST}*{LARGEST}*{LARGEST}",
            f"PA4*{LARGEST}*{LARGEST}*{LARGEST}*{LARGEST}",
        ]
        for at in range(12):
            counted = "*".join([LARGEST] * 5)
            lines.append(f"PA7*{name}*{'D' * 13}{at:03d}*{'P' * 16}*{counted}")
        lines.append(f"PA7*{name}*{'D' * 400}*{'P' * 400}*1*1*1*1*1")
    audit = parse("\r\n".join(["DXS*VST0000123*VA*V0/6*1", "ST*001*0001", *lines, "DXE*1*1", ""]).encode())
    assert len(audit.selections) == 600
    kept = msgspec.json.encode(meters(audit))
    assert 500_000 < len(kept) < 1_500_000
    assert b"D" * 20 not in kept


def test_a_long_name_is_cut_and_a_selection_with_one_is_left_out() -> None:
    audit = parse(f"DXS*VST0000123*VA*V0/6*1\r\nST*001*0001\r\nPA1*{'9' * 500}*5\r\nPA2*1*5\r\n".encode())
    assert len(audit.selections) == 1
    assert "selections" not in meters(audit)
