"""Audits of real machines, beside the checkout: what was measured on them holds for what is read of them."""

from pathlib import Path

import msgspec
import pytest

from tests.support.external_data import beside
from vending.uploads.audit_facts import meters
from vending.uploads.dex.audit import Audit
from vending.uploads.dex.delta import delta
from vending.uploads.dex.identities import identities
from vending.uploads.dex.overlap import Ends
from vending.uploads.dex.parse import parse
from vending.uploads.dex.series import place

RIGHT = {
    "mdisibio_test1.dex": "standard",
    "mkrasselt1_animo.eva_dts": "standard",
    "mkrasselt1_rhevendors.eva_dts": "standard",
    "reneaaron_sample.txt": "standard",
    "thiopcb__N_W_BlueRed_Pc54601_20191206094813.daa": "standard",
    "thiopcb__N_W_BlueRed_Pc54601_20191230140739.daa": "standard",
    "thiopcb__N_W_BlueRed_Pc54601_20191230144918.daa": "open-end",
}
WRONG = {
    "findstring26451754337_G250_excerpt_bad_g85.dex",
    "findstring30249716126_IT_fiscal_abridged.dex",
    "findstring46441949217_AU_nayax.dex",
    "findstring46441949217_AU_nayax_envelope.json",
    "lanmark7_Test-5.dex",
}
"""Excerpts and edited ones."""
METERLESS = {"mkrasselt1_test_unknown_blocks.eva"}
PAID = {
    "findstring26451754337_G250_excerpt_bad_g85.dex": (5186480, 21283),
    "findstring30249716126_IT_fiscal_abridged.dex": (190085, 3742),
    "findstring46441949217_AU_nayax.dex": (8627200, 3538),
    "lanmark7_Test-5.dex": (300, 3),
    "lanmark7_Test-6.dex": (300, 3),
    "lanmark7_Test-7.dex": (0, 0),
    "mdisibio_test1.dex": (69250, 1306),
    "mdisibio_test2.dex": (15600, 302),
    "mkrasselt1_animo.eva_dts": (816100, 8161),
    "mkrasselt1_animo2.eva_dts": (3945, 547),
    "mkrasselt1_rhevendors.eva_dts": (586530, 9612),
    "mkrasselt1_sielaff.eva_dts": (234850, 1666),
    "mkrasselt1_test_unknown_blocks.eva": (None, None),
    "reneaaron_sample.txt": (143500, 423),
    "thiopcb__N_W_BlueRed_Pc54601_20191206094813.daa": (0, 172493),
    "thiopcb__N_W_BlueRed_Pc54601_20191230140739.daa": (0, 6695),
    "thiopcb__N_W_BlueRed_Pc54601_20191230144918.daa": (0, 12862),
}
EXACT = {
    "findstring26451754337_G250_excerpt_bad_g85.dex",
    "findstring30249716126_IT_fiscal_abridged.dex",
    "lanmark7_Test-5.dex",
    "reneaaron_sample.txt",
}
"""Whose cash sales are exactly what came in less what went elsewhere, and not zero."""


@pytest.fixture(scope="module")
def audits() -> dict[str, Audit]:
    folder: Path = beside("data/dex")
    return {path.name: parse(path.read_bytes()) for path in sorted(folder.iterdir())}


def test_all_are_read_with_their_totals(audits: dict[str, Audit]) -> None:
    found = {name: audits[name].vends.paid.cumulative for name in PAID}
    assert {name: (one.value, one.count) for name, one in found.items()} == PAID
    assert all(audit.understood > 3 for audit in audits.values())


def test_the_verdicts_on_their_checksums(audits: dict[str, Audit]) -> None:
    found = {name: one.checksum for name, one in audits.items()}
    assert {name: one.bounds for name, one in found.items() if one.verdict == "right"} == RIGHT
    assert {name for name, one in found.items() if one.verdict == "wrong"} == WRONG


def test_what_came_in_is_what_was_kept_in_each_that_says_so(audits: dict[str, Audit]) -> None:
    cash_in = {name: x for name, one in audits.items() for x in identities(one) if "CA305" in x.name}
    assert len(cash_in) > 10
    assert {name for name, x in cash_in.items() if x.difference} == set()


def test_cash_sales_are_exact_where_they_were_measured_so(audits: dict[str, Audit]) -> None:
    found = {
        name: x for name, one in audits.items() for x in identities(one) if x.name.startswith("cash sales")
    }
    assert {name for name, x in found.items() if not x.difference and x.said} == EXACT
    assert all(abs(x.difference) <= 0.07 * x.said for x in found.values())


def test_paid_is_cash_and_cashless_in_most(audits: dict[str, Audit]) -> None:
    found = {name: x for name, one in audits.items() for x in identities(one) if x.name.startswith("paid =")}
    assert {name for name, x in found.items() if x.difference} == {"mdisibio_test1.dex"}


def test_nothing_that_was_sent_is_lost(audits: dict[str, Audit]) -> None:
    """Ways of machines that the standard does not have are kept: cleaning, grinders, recipes, own text."""
    kept = {segment.name for audit in audits.values() for segment in audit.unread}
    assert {"MA5", "SA2", "LA1", "EA6", "PP1", "CA11", "TA2", "@$1", "EADXS"} <= kept


def test_odd_ones_are_claimed_as_far_as_they_can_be_read(audits: dict[str, Audit]) -> None:
    shifted = audits["thiopcb__N_W_BlueRed_Pc54601_20191230144918.daa"]
    assert [one.price for one in shifted.selections.values()].count(5) == 13
    sentinels = audits["findstring26451754337_G250_excerpt_bad_g85.dex"].selections["1"].sales
    assert [one.meter.cumulative.value for one in sentinels] == [114399, None, None, None]
    currencies = {one.money.currency for one in audits.values()}
    assert currencies == {"", "AUD", "EUR", "RUB"}


def test_what_is_kept_of_each_compares_as_the_whole_does(audits: dict[str, Audit]) -> None:
    for name, audit in audits.items():
        kept = msgspec.convert(msgspec.json.decode(msgspec.json.encode(meters(audit))), Audit)
        assert len(msgspec.json.encode(meters(audit))) < 60_000, name
        for other in audits.values():
            assert delta(kept, other) == delta(audit, other), name
            assert delta(other, kept) == delta(other, audit), name


def test_each_is_a_baseline_or_left_out_and_the_same_read_once(audits: dict[str, Audit]) -> None:
    for name, audit in audits.items():
        found = place([], audit)
        assert found.fit.placed == ("left-out" if name in WRONG | METERLESS else "baseline"), name
        if found.fit.placed == "baseline":
            assert place([Ends(audit, audit)], audit).fit.placed == "again", name


def test_machines_of_others_are_no_sales(audits: dict[str, Audit]) -> None:
    """All of them uploaded for one machine, in any order of their names: only three audits are two of one
    machine, and two of those were reset in between."""
    for order in (sorted(audits), sorted(audits, reverse=True)):
        series: list[Ends] = []
        for name in order:
            found = place(series, audits[name])
            if found.fit.placed == "baseline":
                series.append(Ends(audits[name], audits[name]))
            claimed = found.fit.added
            assert claimed is None or not claimed.paid.count, name
