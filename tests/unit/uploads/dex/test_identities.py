"""What must agree inside an audit, where it sent both sides."""

from tests.support.audits import MONDAY, framed
from vending.uploads.dex.audit import Audit
from vending.uploads.dex.identities import identities
from vending.uploads.dex.parse import parse


def differences(audit: Audit) -> list[int]:
    return [one.difference for one in identities(audit)]


def test_an_audit_whose_meters_agree() -> None:
    assert differences(parse(MONDAY)) == [0, 0, 0, 0]
    assert [(one.name, one.unit) for one in identities(parse(MONDAY))] == [
        ("cash in = box + tubes + bills (CA305 = CA306+CA307+CA310)", "money"),
        ("paid = cash + cashless (VA101 = CA201 + DA201 + DB201)", "money"),
        ("cash sales = cash in - paid out - overpaid - filled - onto cards", "money"),
        ("paid vends = those of all selections (VA102 = sum of PA201)", "vends"),
    ]


def test_cash_sales_are_what_came_in_less_what_went_elsewhere() -> None:
    lines = ["VA1*570*5*0*0", "CA2*500*4*0*0", "DA2*70*1*0*0", "CA3*0*0*0*0*1000*300*500*2*0*200",
             "CA4*0*0*450*50", "CA8*0*30", "CA10*0*60", "DA4*10*0"]  # fmt: skip
    assert differences(parse(framed(lines))) == [0, 0, 0]
    assert differences(parse(framed([line.replace("*30", "*29") for line in lines])))[-1] == -1


def test_what_was_not_sent_is_not_compared() -> None:
    assert identities(parse(framed(["VA1*570*5*0*0", "DA2*70*1*0*0"]))) == ()
    assert differences(parse(framed(["CA3*0*0*0*0*800*300*500"]))) == [0], "no bill validator"
    assert identities(parse(framed(["CA3*0*0*0*0*1000*300*500*2"]))) == (), "notes, of no known value"
    for missing in ("CA3*0*0*0*0*800*300", "CA3*0*0*0*0*800**500"):
        assert identities(parse(framed([missing]))) == ()
    assert identities(parse(framed(["VA1*1*1", "PA1*A1", "PA2*1*1", "PA1*A2"]))) == ()
