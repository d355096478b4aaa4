"""What is told of an audit that was read all the same: the line, the kind and the words, by a file each."""

import msgspec
import pytest

from tests.support.audits import framed, whole
from vending.uploads.dex import told
from vending.uploads.dex.audit import Audit
from vending.uploads.dex.parse import parse
from vending.uploads.dex.told import cited

ENVELOPE = msgspec.json.encode({"HWSerial": "1", "DexData": whole().decode()})
ENCLOSED = (1, "envelope", "JSON around the audit; lines are counted inside its DexData")
NINES = "9" * 16
NAMELESS = "PA1 names none, so what follows it belongs to none"
ORPHAN = "PA7 names no selection or no device"
FILES: list[tuple[bytes, list[tuple[int, str, str]]]] = [
    (whole(), []),
    # The file around the report.
    (whole().replace(b"DXE*", b"VA2*0*0*0*0\r\nDXE*"), [(6, "after-end", "VA2 after SE")]),
    (whole() + whole(), [(7, "another-report", "another report begins here; it is read by itself")]),
    (ENVELOPE, [ENCLOSED]),
    (b"\xef\xbb\xbf \t\r\n" + ENVELOPE, [ENCLOSED]),
    (b"{" + whole(), [(1, "wrapper", "'{' before DXS")]),
    (b"x dxs y" + whole(), [(1, "wrapper", "'x dxs y' before DXS")]),
    (
        b"Slot 1\r\n" + whole() + b"<A>\r\n",
        [(1, "wrapper", "'Slot 1' outside the report"), (8, "wrapper", "'<A>' outside the report")],
    ),
    (whole()[:-2], [(6, "last-line", "no line end")]),
    (
        framed(["VA1*1*1*0*0"], "\n"),
        [(1, "line-ends", "LF where lines end with CRLF; taken as CRLF from here on")],
    ),
    (
        framed(["VA1*1*1*0*0"], "\r"),
        [(1, "line-ends", "CR where lines end with CRLF; taken as CRLF from here on")],
    ),
    (
        b"junk",
        [
            (1, "wrapper", "'junk' outside the report"),
            (1, "no-audit", "not one segment of an audit was understood"),
        ],
    ),
    (
        b"".join(whole().splitlines(keepends=True)[:3]),
        [(3, "missing-segment", f"no {name}") for name in ("G85", "SE", "DXE")],
    ),
    # Checks.
    (
        whole().replace(b"VA1*300", b"VA1*301"),
        [(4, "wrong-checksum", "G85 says 'B493', the lines make 249E")],
    ),
    (whole().replace(b"G85*B493", b"G85*b493"), [(4, "lower-case", "G85: 'b493'")]),
    (
        whole().replace(b"SE*4*", b"SE*9*"),
        [(5, "segment-count", "SE says 9 segments from ST to SE, there are 4")],
    ),
    # A segment.
    (whole("va2*0*0*0*0"), [(4, "lower-case", "segment va2 read as VA2")]),
    (whole("CA2,300,3,0,0"), [(4, "separator", "commas where fields end with an asterisk")]),
    (whole("CA2,300*3*0,0"), [(4, "segment-name", "'CA2,300' is no segment's name")]),
    (whole("EADXS*1"), [(4, "segment-name", "'EADXS' is no segment's name")]),
    (whole("X" * 61 + "*1"), [(4, "segment-name", f"'{'X' * 60}…' is no segment's name")]),
    (whole("VA1*999*9*0*0"), [(4, "repeated-segment", "a second VA1; the first one counts")]),
    (whole("MA5" + "*1" * 255), []),
    (whole("MA5" + "*1" * 256), [(4, "too-long", "more than 255 fields; the last one holds the rest")]),
    (whole("PA1*A1*100*CAF\x07E"), [(4, "control-characters", "left out")]),
    (
        whole().replace(b"SE*", b"PA1*A1*1*CAF\xc9\r\nSE*"),
        [
            (5, "encoding", "neither ASCII nor UTF-8; read as ISO 8859-1"),
            (6, "segment-count", "SE says 4 segments from ST to SE, there are 5"),
        ],
    ),
    # Selections.
    (whole("PA2*1*100"), [(4, "no-selection", "PA2 behind no PA1 of its own")]),
    (whole("PA5*20261101*0800"), [(4, "no-selection", "PA5 behind no PA1 of its own")]),
    (whole("PA7*A1", "PA7**CA"), [(4, "no-selection", ORPHAN), (5, "no-selection", ORPHAN)]),
    (
        whole("PA1*A1*100", "PA1*", "PA2*1*1"),
        [(5, "no-selection", NAMELESS), (6, "no-selection", "PA2 behind no PA1 of its own")],
    ),
    (whole("PA1**X*35"), [(4, "no-selection", NAMELESS)]),
    (whole("PA1**7*X"), [(4, "no-selection", NAMELESS)]),
    (
        whole("PA1**7*35"),
        [(4, "shifted", "PA101 is empty: PA102 is taken as the selection 7, PA103 as its price")],
    ),
    (
        whole("PA1*A1*100", "PA1*A1*200"),
        [(5, "repeated-segment", "selection A1 is there already, so what follows is not counted")],
    ),
    (whole("PA1*A1*100", "PA2*1*1", "PA2*1*1"), [(6, "repeated-segment", "a second PA2 of selection A1")]),
    # Fields.
    (whole("ID1*VST1      *SNACK "), [(4, "padding", "ID101: blanks around 'VST1'")]),
    (whole("CA2*4294967295*3*0*0"), [(4, "sentinel", "CA201: 4294967295 says that there is none")]),
    (whole("ID4*5*1978*EUR"), [(4, "unreadable", "ID401: '5' is no number of decimals up to 4")]),
    (whole("ID4*2*1978*EURO"), [(4, "unreadable", "ID403: 'EURO' is no currency's three letters")]),
    (
        whole("ID4*2*x*EUR"),
        [(4, "unreadable", "ID402: 'x' is neither 1 with a currency's number nor 0 with a telephone code")],
    ),
    (
        whole("ID4*2*1978*USD"),
        [(4, "unreadable", "ID403: 'USD' is not the currency that ID402 names (EUR); neither is claimed")],
    ),
    (whole("ID5*XX*0805"), [(4, "unreadable", "ID501: 'XX' is no date, or '0805' after it no time")]),
    (whole(f"VA2*{NINES[1:]}*1*0*0"), []),
    (
        whole(f"VA2*{NINES}*1*0*0"),
        [(4, "unreadable", f"VA201: '{NINES}' is no whole number, so no number of this segment is claimed")],
    ),
]


@pytest.mark.parametrize(("data", "said"), FILES, ids=range(len(FILES)))
def test_each_is_told_in_these_words(data: bytes, said: list[tuple[int, str, str]]) -> None:
    audit = parse(data)
    assert [(one.line, one.kind, one.detail) for one in audit.tolerances] == said
    if data != b"junk":
        assert audit.vends.paid.cumulative.count in (1, 3)


def test_so_many_are_told_and_then_how_many_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(told, "MOST", 2)
    found = parse(whole("PA2*1*1", "PA2*1*1", "PA2*1*1", "PA2*1*1")).tolerances
    assert [one.kind for one in found[:2]] == ["no-selection", "no-selection"]
    assert (found[2].kind, found[2].detail.split()[0]) == ("too-many", "2")
    assert len(found) == 3


def test_what_is_cited_is_short() -> None:
    assert cited("x" * 60) == repr("x" * 60)
    assert cited("x" * 61) == repr("x" * 60 + "…")


def test_what_nobody_sent_is_the_default_of_an_audit() -> None:
    audit = parse(b"DXS*\r\nST*\r\nMA5*1\r\nG85*\r\nSE*\r\nDXE*\r\n")
    for name in ("communication", "version", "money", "outages", "tube_value", "vends", "cash", "selections"):
        assert getattr(audit, name) == getattr(Audit(), name), name


def test_a_selection_without_meters_sold_nothing_that_is_known() -> None:
    one = parse(whole("PA1*A1*100", "PA1**7*35")).selections
    assert (one["A1"].paid, one["A1"].test, one["A1"].free) == (Audit().vends.paid,) * 3
    assert (one["7"].selection, one["7"].price) == ("7", 35)


def test_where_a_selection_sold_out_is_understood() -> None:
    audit = parse(whole("PA1*A1*100", "PA5*20261101*0800*4"))
    assert (audit.selections["A1"].sold_out_at, audit.selections["A1"].sold_out_presses) == (
        "2026-11-01T08:00:00",
        4,
    )
    assert not [one for one in audit.unread if one.name == "PA5"]
    assert [one.name for one in parse(whole("PA5*20261101*0800*4")).unread] == ["PA5"]


def test_sales_through_a_device_have_their_own_meters() -> None:
    [sold] = parse(whole("PA7*A1*da*1*90*2*180*3*270")).selections["A1"].sales
    assert (sold.device, sold.price_list, sold.price) == ("DA", "1", 90)
    assert (sold.meter.cumulative.count, sold.meter.cumulative.value) == (2, 180)
    assert (sold.meter.interval.count, sold.meter.interval.value) == (3, 270)


@pytest.mark.parametrize(("sent", "at"), [("691231", "2069-12-31"), ("700101", "1970-01-01")])
def test_years_of_two_digits(sent: str, at: str) -> None:
    assert parse(whole(f"ID5*{sent}")).clock == at
