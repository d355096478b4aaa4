"""Policies in a catalog file: judged by the rules, and each fault told in one line by its path."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.support.fakes import FakeDocuments
from vendctl import policy
from vendctl.catalog_file import read_file
from vending.catalog.machines import CatalogMachines
from vending.errors import Rejected
from vending.writes.catalog_entries import CatalogFile
from vending.writes.import_catalog import import_catalog
from vending.writes.policy_entries import WINDOWS, PolicyEntry, windows

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
WINDOW = {"from": "2026-03-01T13:00:00+01:00", "to": "2026-03-01T14:00:00+01:00"}
FLEET: dict[str, Any] = {
    "sites": [{"id": "north", "timeZone": "Etc/UTC"}],
    "machines": [{"id": "m1", "site": "north"}],
    "policies": [
        {"id": "fleet", "thresholds": {"silent": {"afterMinutes": 90}}, "rules": {"fault": "off"}},
        {"id": "site:north", "rules": {"fault": "on"}, "maintenance": [WINDOW | {"reason": "refit"}]},
        {"id": "machine:m1", "severity": {"silent": "critical"}},
    ],
}


def file(**parts: Any) -> CatalogFile:
    return msgspec.convert(parts, CatalogFile)


NO_ZONE = '{from = "2026-03-01T10:00:00", to = "2026-03-01T11:00:00Z"}'
EMPTY = '{from = "2026-03-01T10:00:00Z", to = "2026-03-01T10:00:00Z"}'
ENDLESS = "{from = 2026-03-01T10:00:00Z, to = 2027-03-03T10:00:00Z}"
ENDS = "the window ends at {}T10:00:00+00:00: after its begin, and within a year of it"


@pytest.mark.parametrize(
    ("said", "told", "path"),
    [
        ("thresholds.silnt.x = 5", "'silnt' is no rule: did you mean 'silent'?", ".thresholds.silnt"),
        (
            "thresholds.silent.afterHours = 5",
            "'afterHours' is no threshold: did you mean 'afterMinutes'?",
            ".thresholds.silent.afterHours",
        ),
        (
            "thresholds.silent.afterMinutes = 0",
            "Expected `float` >= 1.0",
            ".thresholds.silent.afterMinutes",
        ),
        (
            'thresholds.silent.afterMinutes = "x"',
            "Expected `float | null`, got `str`",
            ".thresholds.silent.afterMinutes",
        ),
        (
            "thresholds.lost-sales.x = 1",
            "'x' is no threshold: there is none to set",
            ".thresholds.lost-sales.x",
        ),
        (
            "thresholds.cold-chain.q = 1",
            "'q' is no threshold: there are bandCelsius, graceMinutes, lockSelections, profile, warmMinutes",
            ".thresholds.cold-chain.q",
        ),
        ('rules.silent = "of"', "'of' is none of on, off", ".rules.silent"),
        ('severity.silent = "bad"', "'bad' is none of critical, warning, info", ".severity.silent"),
        ('rule.silent = "off"', "Object contains unknown field `rule`", ""),
        (
            f"maintenance = [{NO_ZONE}]",
            "Expected `datetime` with a timezone component",
            ".maintenance[0].from",
        ),
        (f"maintenance = [{EMPTY}]", ENDS.format("2026-03-01"), ".maintenance[0]"),
        (f"maintenance = [{ENDLESS}]", ENDS.format("2027-03-03"), ".maintenance[0]"),
    ],
)
def test_a_fault_is_one_line_with_its_path(tmp_path: Path, said: str, told: str, path: str) -> None:
    file = tmp_path / "a.toml"
    file.write_text(f'[[policies]]\nid = "fleet"\n{said}\n')
    with pytest.raises(Rejected) as fault:
        read_file(file)
    assert fault.value.detail == f"{file}: {told} - at `$.policies[0]{path}`"
    assert fault.value.reason == "wrong-catalog"


@pytest.mark.parametrize("name", ["route:r1", "site:", "site", "Fleet", "machine:a/b", "machine:m1\n"])
def test_an_id_says_what_it_is_for(name: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="policies"):
        file(policies=[{"id": name}])


def test_rules_about_the_app_itself_have_no_policy() -> None:
    with pytest.raises(Rejected, match="'lag' is no rule"):
        file(policies=[{"id": "fleet", "rules": {"lag": "off"}}]).entries()


def test_windows_and_repetitions_are_bounded() -> None:
    with pytest.raises(msgspec.ValidationError, match="maintenance"):
        file(policies=[{"id": "fleet", "maintenance": [WINDOW] * (WINDOWS + 1)}])
    with pytest.raises(Rejected, match=r"fleet stands in the file twice.*policies\[1\]"):
        file(policies=[{"id": "fleet"}, {"id": "fleet"}]).entries()


def test_windows_stand_in_their_order_and_last_a_year_at_the_most() -> None:
    later = {"from": "2026-03-01T14:00:00+01:00", "to": "2026-03-01T16:00:00+02:00"}
    year = {"from": "2026-03-01T12:00:00Z", "to": "2027-03-02T12:00:00Z"}
    [(_, _, entry)] = file(policies=[{"id": "fleet", "maintenance": [later, year, WINDOW]}]).entries()
    assert isinstance(entry, PolicyEntry)
    noon, hour = 1_772_366_400_000, 3_600_000
    assert [(one.since, one.until) for one in windows(entry)] == [
        (noon, noon + hour),
        (noon, noon + 366 * 24 * hour),
        (noon + hour, noon + 2 * hour),
    ]


async def test_a_policy_is_imported_whole_and_repeating_it_writes_nothing() -> None:
    catalog = FakeDocuments("kind")
    assert (await import_catalog(file(**FLEET), catalog)).written["policy"] == 3
    assert (await import_catalog(file(**FLEET), catalog)).written == {}
    done = await import_catalog(file(policies=[{"id": "fleet"}]), catalog)
    assert (done.version, done.written) == (2, {"policy": 1})
    held = await catalog.read("policy", "fleet")
    assert held is not None
    assert (held.body["thresholds"], held.body["rules"], held.body["version"]) == ({}, {}, 2)


@pytest.mark.parametrize("name", ["site:west", "machine:m9"])
async def test_what_it_is_for_must_exist(name: str) -> None:
    catalog = FakeDocuments("kind")
    with pytest.raises(Rejected, match="neither the file nor the catalog has"):
        await import_catalog(file(policies=[{"id": name}]), catalog)
    assert not catalog.items


async def test_who_says_what_is_shown() -> None:
    catalog = FakeDocuments("kind")
    await import_catalog(file(**FLEET), catalog)
    shown = policy.shown(await CatalogMachines(catalog).named(), "m1", NOON)
    by = {(one.rule, one.name): (one.value, one.said_by) for one in shown.settings}
    assert by["silent", "afterMinutes"] == (90, "fleet")
    assert by["silent", "severity"] == ("critical", "machine:m1")
    assert by["fault", "rule"] == ("on", "site:north")
    assert by["cold-chain", "graceMinutes"] == (30, "default")
    assert re.search(r"silent +afterMinutes +90 +fleet\n", policy.explain(shown))
    window = {"from": "2026-03-01T12:00:00.000Z", "to": "2026-03-01T13:00:00.000Z", "reason": "refit"}
    assert policy.figures(shown)["maintenance"] == [window]
