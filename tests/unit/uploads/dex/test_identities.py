"""What must agree inside an audit, where it sent both sides."""

from tests.support.audits import MONDAY, framed
from vending.uploads.dex.audit import Audit
from vending.uploads.dex.identities import identities
from vending.uploads.dex.parse import parse


def differences(audit: Audit) -> list[int]:
    return [one.difference for one in identities(audit)]


def test_an_audit_whose_meters_agree() -> None:
    assert differences(parse(MONDAY)) == [0, 0, 0, 0]
    assert [one.unit for one in identities(parse(MONDAY))] == ["money", "money", "money", "vends"]


def test_cash_sales_are_what_came_in_less_what_went_elsewhere() -> None:
    lines = ["VA1*570*5*0*0", "CA2*500*4*0*0", "DA2*70*1*0*0", "CA3*0*0*0*0*1000*300*500*2*0*200",
             "CA4*0*0*450*50", "CA8*0*30", "CA10*0*60", "DA4*10*0"]  # fmt: skip
    assert differences(parse(framed(lines))) == [0, 0, 0]
    assert differences(parse(framed([line.replace("*30", "*29") for line in lines])))[-1] == -1


def test_what_was_not_sent_is_not_compared() -> None:
    assert identities(parse(framed(["VA1*570*5*0*0", "DA2*70*1*0*0"]))) == ()
    assert differences(parse(framed(["CA3*0*0*0*0*800*300*500"]))) == [0], "no bill validator"
    assert identities(parse(framed(["CA3*0*0*0*0*1000*300*500*2"]))) == (), "notes, of no known value"
    assert identities(parse(framed(["VA1*1*1", "PA1*A1", "PA2*1*1", "PA1*A2"]))) == ()
