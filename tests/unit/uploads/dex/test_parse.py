"""What is read of an audit, and each tolerance: what was wrong, in which line, and what is claimed then."""

from typing import get_args

import msgspec
import pytest

from tests.support.audits import MONDAY, framed, whole
from vending.uploads.dex import lines, parse, told
from vending.uploads.dex.audit import (
    Audit,
    CashFlow,
    DeviceSales,
    Event,
    EventCount,
    Identity,
    Kind,
    Meter,
    Money,
    Reading,
    Segment,
    Selection,
    Tally,
    Tolerance,
    Tube,
)

ONE = Tally(300, 3)


def read(*segments: str) -> Audit:
    return parse.parse(framed(segments))


def kinds(audit: Audit) -> dict[str, int]:
    """Kind → the first line of it."""
    return {one.kind: one.line for one in reversed(audit.tolerances)}


def test_a_whole_audit_is_read_without_a_tolerance() -> None:
    audit = parse.parse(MONDAY)
    assert audit.tolerances == ()
    assert audit.unread == ()
    assert audit.checksum.verdict == "right"
    assert (audit.communication, audit.version) == ("VST0000123", "V0/6")
    assert audit.machine == Identity("VST20260017", "SNACK 40", "0107", "LOBBY", "A-17")
    assert audit.board == Identity("VST20260017", "CTRL 4", "0107")
    assert audit.devices["cashless1"] == Identity("VSR00002222", "READER 2", "0200")
    assert audit.money == Money(2, "EUR", True)
    assert audit.clock == audit.read_at == "2026-11-23T08:05:00"
    assert audit.reading == Reading(41, 41, "2026-11-23T08:05:00", "2026-11-22T08:05:00")
    assert audit.vends.paid.cumulative == Tally(84100, 700)
    assert audit.vends.test.cumulative == Tally(300, 2)
    assert audit.vends.free.cumulative == Tally(0, 4)
    assert audit.payments["cash"].cumulative == Tally(53900, 450)
    assert audit.cash.cumulative == CashFlow(
        received=58900, box=20150, tubes=8000, bills=30750, notes=0, dispensed=5000, manual=0, overpaid=0,
        filled=0, credited=0,
    )  # fmt: skip
    assert (audit.tube_value, audit.tubes) == (4250, (Tube("1", 50, 45, False), Tube("2", 100, 20, False)))
    assert list(audit.selections) == ["A1", "A2", "B1"]
    first = audit.selections["A1"]
    assert (first.price, first.name, first.paid.cumulative) == (150, "CRISPS", Tally(31500, 210))
    assert first.sales[1] == DeviceSales("DA", "0", 150, Meter(Tally(12000, 80), Tally(0, 0)))
    assert audit.event_counts[0] == EventCount("EGS", 210, 0, "", False)
    assert audit.outages == EventCount("EA7", 3, 0)


def test_text_and_bytes_are_the_same_audit() -> None:
    assert parse.parse(MONDAY.decode()) == parse.parse(MONDAY)


def test_all_fields_of_a_product_and_of_an_event() -> None:
    audit = read(
        "PA1*A1*150*CRISPS*12*10**1*7*3", "PA2*3*300*2*200", "PA3*1*100*1*100", "PA4*4*0*5*0",
        "PA5*20261120*1430*6", "EA1*EJH*261120*143005*20**COLD", "EA2*ELA_1*2*9*A1*1*30",
    )  # fmt: skip
    assert audit.tolerances == ()
    assert audit.selections["A1"] == Selection(
        "A1", 150, "CRISPS", 12, 10, True, 7, 3, "2026-11-20T14:30:00", 6,
        Meter(ONE, Tally(200, 2)), Meter(Tally(100, 1), Tally(100, 1)), Meter(Tally(0, 4), Tally(0, 5)),
    )  # fmt: skip
    assert audit.events == (Event("EJH", "2026-11-20T14:30:05", 20, "COLD"),)
    assert audit.event_counts == (EventCount("ELA_1", 9, 2, "A1", True, 30),)


@pytest.mark.parametrize(
    ("segment", "money"),
    [
        ("ID4*2*1978", Money(2, "EUR", True)),
        ("ID4*2*1999", Money(2, "999", True)),
        ("ID4*2*036*AUD", Money(2, "AUD", True)),
        ("ID4*0*039", Money(0, "", True)),
        ("ID4", Money(2, "", False)),
        ("ID4**0001", Money(2, "", False)),
    ],
)
def test_money_as_machines_state_it(segment: str, money: Money) -> None:
    audit = read(segment)
    assert (audit.money, audit.tolerances) == (money, ())


@pytest.mark.parametrize(
    "segment", ["ID4*2*FFFF", "ID4*2*001*5", "ID4*7*1978", "ID4*X*1978", "ID4*2*1978*USD", "ID4*2*1 78"]
)
def test_money_that_is_not_claimed_is_told(segment: str) -> None:
    audit = read(segment)
    assert kinds(audit) == {"unreadable": 3}
    assert audit.money.decimals == 2
    assert audit.money.currency in ("", "EUR")
    assert (audit.money.currency == "EUR") == segment.endswith("*1978")


@pytest.mark.parametrize(
    ("sent", "at"),
    [
        ("261123*0805", "2026-11-23T08:05:00"),
        ("980829*131059", "1998-08-29T13:10:59"),
        ("20261123", "2026-11-23"),
        ("000000*0000", None),
        ("*0805", None),
        ("20260229*0805", None),
        ("22-01-2025*16:32", None),
        ("20261123*2460", None),
        ("00001123*0805", None),
    ],
)
def test_dates(sent: str, at: str | None) -> None:
    audit = read(f"ID5*{sent}")
    assert audit.clock == at
    absent = not sent.partition("*")[0].strip("0")
    assert ("unreadable" in kinds(audit)) == (at is None and not absent)


@pytest.mark.parametrize("sent", ["3O0", "-300", "3.00", "+3", "1e3", "٣", "9" * 16])
def test_a_number_that_cannot_be_read_is_absent_with_its_neighbours_and_told(sent: str) -> None:
    audit = read(f"VA1*{sent}*3*0*0")
    assert audit.vends.paid == Meter()
    assert [(one.line, one.kind) for one in audit.tolerances] == [(3, "unreadable")]
    assert audit.tolerances[0].detail.startswith("VA101: ")


def test_what_is_not_sent_is_absent_and_nothing_to_tell() -> None:
    audit = read("VA1*300**0*", "CA4")
    assert audit.vends.paid == Meter(Tally(300, None), Tally(0, None))
    assert audit.cash.cumulative.dispensed is None
    assert audit.tolerances == ()


def test_escapes_are_resolved_and_no_markup() -> None:
    assert read("PA1*A1*100*TEA ^2A^ ^1B^").selections["A1"].name == "TEA * ^1B^"


def test_what_is_not_understood_is_kept_in_order_with_its_line() -> None:
    audit = read("MA5*TEMP*600*C", "VA1*300*3*0*0*5*6", "@$1*HI", "LS*0100", "VA2*0*0*0*0****")
    assert audit.unread == (
        Segment(3, "MA5", ("TEMP", "600", "C")),
        Segment(4, "VA1", ("5", "6"), 5),
        Segment(5, "@$1", ("HI",)),
        Segment(6, "LS", ("0100",)),
    )


CASES: list[tuple[str, bytes, int]] = [
    ("after-end", whole().replace(b"DXE*", b"VA2*0*0*0*0\r\nDXE*"), 6),
    ("another-report", whole() + whole(), 7),
    ("blank-line", whole("", "VA2*0*0*0*0"), 4),
    ("control-characters", whole("PA1*A1*100*CRI\x07SPS"), 4),
    ("encoding", whole().replace(b"DXE", b"PA1*A1*100*CAF\xc9\r\nDXE"), 6),
    ("envelope", msgspec.json.encode({"HWSerial": "1", "DexData": whole().decode()}), 1),
    ("last-line", whole()[:-2], 6),
    ("line-ends", framed(["VA1*300*3*0*0"], "\n"), 1),
    ("lower-case", whole("va2*0*0*0*0"), 4),
    ("missing-segment", b"".join(whole().splitlines(keepends=True)[:3]), 3),
    ("no-audit", b"\x89PNG\r\n\x1a\n\x00\x00", 1),
    ("no-selection", whole("PA2*1*100*1*100"), 4),
    ("padding", whole("ID1*VST1      *SNACK"), 4),
    ("repeated-segment", whole("VA1*999*9*0*0"), 4),
    ("segment-count", whole().replace(b"SE*4*", b"SE*9*"), 5),
    ("segment-name", whole("EADXS*1"), 4),
    ("sentinel", whole("CA2*4294967295*3*0*0"), 4),
    ("separator", whole("CA2,300,3,0,0"), 4),
    ("shifted", whole("PA1**1*5", "PA2*7*35"), 4),
    ("too-long", whole("MA5" + "*1" * 300), 4),
    ("too-many", whole(*["pa5"] * (told.MOST + 1)), told.MOST // 2 + 3),
    ("unreadable", whole("VA2*X*0*0*0"), 4),
    ("wrapper", b"Slot 1: 7\r\n<7|x>" + whole() + b"<AAAA>\r\n", 1),
    ("wrong-checksum", whole().replace(b"VA1*300", b"VA1*301"), 4),
]


@pytest.mark.parametrize(("kind", "data", "line"), CASES, ids=[kind for kind, *_ in CASES])
def test_each_tolerance_is_told_with_its_line(kind: str, data: bytes, line: int) -> None:
    audit = parse.parse(data)
    assert kinds(audit)[kind] == line
    if kind not in ("no-audit", "wrong-checksum"):
        assert audit.vends.paid.cumulative == ONE


def test_there_is_a_case_for_each_kind_of_tolerance() -> None:
    assert [kind for kind, *_ in CASES] == sorted(get_args(Kind))


def test_lines_are_told_in_order() -> None:
    audit = parse.parse(b"junk\n" + whole("va2*x", "").replace(b"G85*", b"G85*0"))
    assert [one.line for one in audit.tolerances] == sorted(one.line for one in audit.tolerances)
    assert len(kinds(audit)) > 3


def test_line_ends_do_not_change_the_checksum() -> None:
    for end in ("\r\n", "\n", "\r"):
        assert parse.parse(framed(["VA1*300*3*0*0"], end)).checksum.verdict == "right"


def test_names_of_segments_in_small_letters_and_with_numbers() -> None:
    sent = whole("CA2*300*3*0*0").replace(b"ST*", b"ST-1*", 1).replace(b"SE*", b"se-1*")
    audit = parse.parse(sent.replace(b"CA2", b"ca2"))
    assert audit.payments["cash"].cumulative == ONE
    assert set(kinds(audit)) == {"lower-case", "segment-name", "wrong-checksum"}
    assert parse.parse(sent.replace(b"G85", b"g85")).checksum.sent


def test_a_checksum_in_small_letters_is_right_and_told() -> None:
    data = next(
        data for n in range(99) if (data := whole(f"MA5*{n}")) != data.replace(b"G85", b"g85").lower()
    )
    sent = data.split(b"G85*")[1][:4]
    audit = parse.parse(data.replace(sent, sent.lower()))
    assert audit.checksum.verdict == "right"
    assert audit.checksum.sent == sent.lower().decode()


def test_without_a_checksum_the_verdict_is_absent() -> None:
    data = b"".join(line for line in whole().splitlines(keepends=True) if not line.startswith(b"G85"))
    audit = parse.parse(data)
    assert audit.checksum.verdict == "absent"
    assert kinds(audit).keys() == {"missing-segment", "segment-count"}


def test_each_report_of_an_upload_is_read_by_itself() -> None:
    first, second, third = parse.parse_all(
        whole("ID1*VST1") + framed(["VA1*500*5*0*0"]).replace(b"DXS*VST0000123*VA*V0/6*1\r\n", b"") + whole()
    )
    assert (first.machine.serial, first.vends.paid.cumulative) == ("VST1", ONE)
    assert (second.vends.paid.cumulative, second.checksum.verdict) == (Tally(500, 5), "right")
    assert kinds(second)["missing-segment"] == 12
    assert (third.machine, third.tolerances) == (Identity(), ())


def test_the_last_line_of_a_torn_upload_is_not_claimed() -> None:
    """Its last number may be the beginning of a longer one."""
    data = whole("PA1*A1*100", "PA2*1*100*12")
    torn = data[: data.index(b"*12\r\n") + 2]
    audit = parse.parse(torn)
    assert audit.selections["A1"].paid == Meter()
    assert audit.unread == (Segment(5, "PA2", ("1", "100", "1")),)
    assert audit.tolerances[0] == Tolerance(
        5, "last-line", "the upload ends inside this line, so nothing of it is claimed"
    )


def test_a_selection_that_comes_again_is_not_counted_twice() -> None:
    audit = read("PA1*A1*100", "PA2*1*100", "PA2*9*900", "PA1*A1*100", "PA2*5*500", "PA7*A1*CA*0*100*1*100",
                 "PA7*A1*CA*0*100*9*900")  # fmt: skip
    assert audit.selections["A1"].paid.cumulative == Tally(100, 1)
    assert len(audit.selections["A1"].sales) == 1
    assert [one.kind for one in audit.tolerances] == ["repeated-segment", "repeated-segment", "no-selection",
                                                      "repeated-segment"]  # fmt: skip
    assert [one.line for one in audit.unread] == [5, 6, 7, 9]


def test_segments_without_what_names_them_are_kept_unread() -> None:
    audit = read("PA1**", "PA5*20261120*1430*6", "PA7**CA*0*100*1*100", "EA1***", "EA2**1", "PA3*1*100")
    assert (audit.selections, audit.events, audit.event_counts) == ({}, (), ())
    assert [one.name for one in audit.unread] == ["PA1", "PA5", "PA7", "PA3"]


def test_an_upload_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MOST_LINES", 4)
    audit = parse.parse(whole())
    assert kinds(audit)["too-long"] == 5
    assert audit.vends.paid.cumulative == ONE
    monkeypatch.setattr(lines, "MOST_LINES", 10)
    monkeypatch.setattr(lines, "MOST_BYTES", 60)
    assert "too-long" in kinds(parse.parse(whole()))
    monkeypatch.setattr(lines, "MOST_BYTES", 10_000)
    monkeypatch.setattr(lines, "MOST_LINES", 1_000)
    monkeypatch.setattr(parse, "MOST_REPORTS", 3)
    audits = parse.parse_all(whole() * 5)
    assert len(audits) == 3
    assert "too-long" in kinds(audits[-1])


def test_an_object_that_is_no_envelope_is_read_as_it_is() -> None:
    for data in (b'{"DexData": 7}', b"{" * 5000, b'{"other": "VA1"}', b""):
        assert set(kinds(parse.parse(data))) <= {"no-audit", "last-line", "wrapper"}
