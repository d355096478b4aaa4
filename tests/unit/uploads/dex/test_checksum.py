"""G85 against known vectors, an oracle, and the three ways in which machines bound it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.audits import reflected_crc
from vending.uploads.dex.audit import Checksum
from vending.uploads.dex.checksum import Running, crc16


@pytest.mark.parametrize(
    ("data", "crc"),
    [(b"", 0x0000), (b"123456789", 0xBB3D), (b"\x00", 0x0000), (b"\x01", 0xC0C1), (b"A", 0x30C0)],
)
def test_the_published_vectors(data: bytes, crc: int) -> None:
    """CRC-16/ARC of "123456789" is BB3D in every catalogue of CRCs."""
    assert crc16(data) == reflected_crc(data) == crc


@given(st.lists(st.binary(max_size=30), max_size=8))
def test_line_by_line_is_the_checksum_of_all(lines: list[bytes]) -> None:
    running = Running()
    for line in lines:
        running.take(line)
    expected = reflected_crc(b"".join(line + b"\r\n" for line in lines))
    assert running.judge("").computed == f"{expected:04X}"


def lines() -> Running:
    running = Running()
    for line in (b"ST*001*0001", b"VA1*300*3   "):
        running.take(line)
    return running


WHOLE = reflected_crc(b"ST*001*0001\r\nVA1*300*3   \r\n")
OPEN = reflected_crc(b"ST*001*0001\r\nVA1*300*3   ")


def test_it_is_right_in_three_ways() -> None:
    sent = f"{WHOLE:04x}"
    assert lines().judge(sent) == Checksum("right", sent, sent.upper(), "standard")
    swapped = f"{WHOLE:04X}"[2:] + f"{WHOLE:04X}"[:2]
    assert lines().judge(swapped).bounds == "swapped"
    assert lines().judge(f"{OPEN:X}") == Checksum("right", f"{OPEN:X}", f"{OPEN:04X}", "open-end")


@pytest.mark.parametrize("sent", ["0000", "+1", "0x1F", "1_2", "12345", "ZZZZ", "٣٣٣٣", "- 1"])
def test_anything_else_is_wrong(sent: str) -> None:
    found = lines().judge(sent)
    assert (found.verdict, found.sent, found.computed) == ("wrong", sent, f"{WHOLE:04X}")
