"""What is kept of an audit is bounded, whatever it says."""

import msgspec

from vending.uploads.audit_facts import meters
from vending.uploads.dex.parse import parse

LARGEST = "9" * 15


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
