"""No bytes raise, whatever was done to an audit; and twice the bytes are twice the work."""

import os
import sys
from collections.abc import Callable
from functools import partial
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.audits import MONDAY, framed
from vending.uploads.dex.audit import Audit
from vending.uploads.dex.delta import delta
from vending.uploads.dex.identities import identities
from vending.uploads.dex.parse import parse, parse_all

AUDITS = int(os.environ.get("DEX_FUZZ_AUDITS", "400"))
BYTES = [
    b"\r\n", b"\n", b"\r", b"*", b"**", b"^2A^", b"\x00", b"\xff", b",", b"DXS*", b"ST*", b"SE*9*1", b"G85*",
    b"DXE*1*1\r\n", b"PA1*A1*1", b"PA2*", b"PA7*A1*CA*0", b"CA17*", b"4294967295", b"99999999", b"-1",
    b"ID4*", b"EA3*", b"EA1*EJH*261120*1430", b"{", b'{"DexData":"', b" ", b"\xef\xbb\xbf", "é٣".encode(),
    b"0", b"9" * 9,
]  # fmt: skip
PIECES = st.sampled_from(BYTES)
SMALL = framed(["VA1*300*3*0*0", "PA1**1*5", "PA2*7*35"])
Edit = tuple[float, int, bytes]
EDITS = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 40), st.one_of(PIECES, st.binary(max_size=4))), max_size=12
)
SOURCES = st.sampled_from([MONDAY, SMALL, b""])


def edited(data: bytes, edits: list[Edit]) -> bytes:
    """Each edit puts a piece in the place of so many bytes."""
    for place, length, piece in edits:
        at = int(place * len(data))
        data = data[:at] + piece + data[at + length :]
    return data


@given(SOURCES, EDITS)
@settings(max_examples=300)
def test_a_mutated_audit_never_raises(source: bytes, edits: list[Edit]) -> None:
    data = edited(source, edits)
    audits = parse_all(data)
    before = parse(MONDAY)
    for audit in audits:
        judged(audit)
        for found in (delta(before, audit), delta(audit, before), delta(audit, audit)):
            assert not [one for one in numbers(msgspec.to_builtins(found)) if one < 0]
    assert parse(data) == audits[0]


@given(st.one_of(st.binary(max_size=400), st.text(max_size=200)))
def test_anything_at_all_is_read_or_told_to_be_no_audit(data: bytes | str) -> None:
    judged(parse(data))


@pytest.mark.parametrize("seed", range(20))
def test_mutated_audits_by_the_million(seed: int) -> None:
    """`make soak` takes a million; here it is a few of each seed."""
    random = Random(seed)
    for _ in range(AUDITS // 20):
        edits = [
            (random.random(), random.choice((0, 0, 1, 1, 3, 40)), random.choice(BYTES))
            for _ in range(random.randint(1, 12))
        ]
        for audit in parse_all(edited(random.choice((MONDAY, SMALL)), edits)):
            assert audit.understood or audit.tolerances


def judged(audit: Audit) -> None:
    """What holds of every audit."""
    assert [one.line for one in audit.tolerances] == sorted(one.line for one in audit.tolerances)
    assert all(one.line >= 1 and one.detail for one in audit.tolerances)
    assert (audit.understood == 0) == any(one.kind == "no-audit" for one in audit.tolerances)
    assert not [one for one in numbers(msgspec.to_builtins(audit)) if one < 0 or one >= 10**15]
    assert msgspec.json.decode(msgspec.json.encode(audit), type=Audit) == audit
    assert len(identities(audit)) <= 4


def numbers(value: object) -> list[int]:
    """All numbers inside a JSON value."""
    if isinstance(value, dict):
        return [found for inner in value.values() for found in numbers(inner)]
    if isinstance(value, list | tuple):
        return [found for inner in value for found in numbers(inner)]
    return [value] if isinstance(value, int) else []


def calls(work: Callable[[], object]) -> int:
    """How many calls some work makes: what it costs, without a clock."""
    count = 0

    def note(*_: object) -> None:
        nonlocal count
        count += 1

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize(
    "line",
    [
        b"PA1*A1*100*CRISPS\r\n", b"PA7*A1*CA*0*100*1*100\r\n", b"PA2*1*1*1*1\r\n", b"\r\n", b"\r",
        b"DXS*\n", b"ST*\n", b"EA1*EJH*261120*1430\r\n", b"MA5*^2A^^^\r\n", b"\xff\x00\r\n", b"{",
        b"VA1*4294967295\r\n", b"x DXS*\n", b"*" * 400,
    ],
)  # fmt: skip
def test_twice_the_bytes_are_twice_the_work(line: bytes) -> None:
    small, large = (calls(partial(parse, MONDAY[:40] + line * times)) for times in (500, 1000))
    assert large <= 2.1 * small
