"""What a fleet costs: the table of docs/deploy.md is the one that is computed, and its parts are right."""

import json
from dataclasses import replace
from datetime import date

import pytest

from vendctl.__main__ import main as vendctl
from vendctl.costs import ROOT, Costs, Fleet, read, table

FIGURES, FLEETS = read()
SMALL, MIDDLE, LARGE = FLEETS


def parts(fleet: Fleet) -> dict[str, float]:
    return Costs(FIGURES, fleet).parts()


def test_the_documented_table_is_the_computed_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert vendctl(["costs"]) == 0
    printed = capsys.readouterr().out
    assert printed == table() + "\n"
    assert printed in (ROOT / "docs" / "deploy.md").read_text()


def test_the_fleets_are_those_that_are_asked_about_on_the_deployed_partitions() -> None:
    assert [fleet.machines for fleet in FLEETS] == [100, 5_000, 100_000]
    for name, fleets in (("dev", (SMALL, MIDDLE)), ("prod", (LARGE,))):
        text = (ROOT / "infra" / f"{name}.bicepparam").read_text()
        for fleet in fleets:
            assert f"partitionCount = {fleet.partitions}\n" in text
            assert ("cosmosServerless = true" in text) is (not fleet.autoscale)
    assert (
        f"cosmosMaximumThroughput = {LARGE.autoscale}\n" in (ROOT / "infra" / "prod.bicepparam").read_text()
    )


def test_every_price_has_a_source_and_the_measurement_a_date() -> None:
    for name, price in FIGURES["prices"].items():
        assert price["dollars"] > 0, name
        assert "unconfirmed" in price["source"] or "202" in price["source"], name
    assert date.fromisoformat(FIGURES["measured"]["date"])


def test_a_fleet_by_hand() -> None:
    """17.36 events/s are 4.34 a partition: a batch is what comes in the 15 s after its first event."""
    costs = Costs(FIGURES, MIDDLE)
    assert (costs.batch_events, costs.window) == (100, 15)
    assert costs.events == pytest.approx(45_625_000)
    assert costs.batches == pytest.approx(4 * 2_628_000 / (15 + 0.2304), rel=1e-4)
    found = costs.parts()
    assert found["Event Hubs"] == pytest.approx(730 * 0.03 + 45.625 * 0.028)
    stored = 45_625_000 * 12 * 52 / 1e9 * 0.25
    assert found["Cosmos DB"] == pytest.approx(45.625 * MIDDLE.units_per_event * 0.25 + stored)


def test_logs_are_what_was_measured_an_event_and_an_idle_minute() -> None:
    """The least fleets stay within what is free; the largest pays 62 bytes an event beyond it."""
    assert [parts(fleet)["Logs"] for fleet in (SMALL, MIDDLE)] == [0, 0]
    written = (912_500_000 * 62 + 730 * 60 * 39_000) / 1e9
    assert parts(LARGE)["Logs"] == pytest.approx((written - 5) * 2.30)
    assert date.fromisoformat(FIGURES["logs"]["date"])


def test_what_the_levels_of_host_json_save_is_documented() -> None:
    chatty = FIGURES | {"logs": FIGURES["logs_at_information"]}
    dollars = [Costs(chatty, fleet).parts()["Logs"] for fleet in (SMALL, MIDDLE, LARGE)]
    small, middle, large = (f"{one:,.0f}" for one in dollars)
    told = " ".join((ROOT / "docs" / "deploy.md").read_text().split())
    assert f"With every category at Information they would be {small}, {middle} and {large} dollars" in told


def test_uploads_of_a_fleet_by_hand() -> None:
    """5,000 machines, two visits in five days, two photos and one audit each: 4,000 photos and 2,000 audits a
    day."""
    costs = Costs(FIGURES, MIDDLE).uploads
    days = 730 / 24
    assert costs.count == pytest.approx({"photo": 4_000 * days, "audit": 2_000 * days})
    found = costs.parts()
    writes = (4_000 * 3 + 2_000) * days
    assert found["blob operations"] == pytest.approx(
        writes / 1e4 * 0.05 + 6_000 * 2 * days / 1e4 * 0.004 + 4_000 * days / 1e4 * 0.10
    )
    assert found["cool"] == pytest.approx(4_000 * 5.4e6 * (365 - 30) / 1e9 * 0.01)
    hot = 4_000 * 5.4e6 * 30 + (4_000 * 240_000 + 2_000 * 4_000) * 365
    assert found["hot"] == pytest.approx(hot / 1e9 * 0.0184)
    assert found["functions"] == pytest.approx(
        (4_000 * 3 + 2_000 * 2) * days / 1e6 * 0.40 + (4_000 * 3.5 + 2_000 * 2) * days * 2 * 0.000026
    )


def test_what_deploy_says_of_uploads_is_computed() -> None:
    told = " ".join((ROOT / "docs" / "deploy.md").read_text().split())
    found = [Costs(FIGURES, fleet).uploads.parts() for fleet in FLEETS]
    days = FIGURES["uploads"]["hot_days"]
    small, middle, large = (f"{sum(one.values()):,.0f}" for one in found)
    assert f"{small}, {middle} and {large} dollars, of which {_share(found[1], 'cool')} % are" in told
    assert f"{_share(found[1], 'functions')} % functions, and {_share(found[1], 'hot')} % what lies" in told
    assert f"originals of {days} days" in told
    kept = FIGURES | {"uploads": FIGURES["uploads"] | {"photo_bytes": 0}}
    without = [sum(Costs(kept, fleet).uploads.parts().values()) for fleet in FLEETS]
    small, middle, large = (f"{one:,.0f}" for one in without)
    assert f"it would be {small}, {middle} and {large}." in told


def test_photos_become_cool_when_the_deployment_says() -> None:
    text = (ROOT / "infra" / "main.bicep").read_text()
    assert f"param photosCoolAfterDays int = {FIGURES['uploads']['hot_days']}\n" in text


def _share(parts: dict[str, float], name: str) -> str:
    return f"{parts[name] / sum(parts.values()):.0%}".rstrip("%")


def test_full_batches_come_as_fast_as_they_fill() -> None:
    crowded = Costs(FIGURES, replace(MIDDLE, machines=500_000))
    assert crowded.batches == pytest.approx(crowded.events / 100)


def test_autoscale_bills_a_tenth_at_least_and_its_maximum_at_most() -> None:
    def billed(units: float) -> float:
        fleet = Fleet(100, 4, units, 1_000, 20_000)
        return parts(fleet)["Cosmos DB"] - parts(replace(fleet, units_per_event=0, autoscale=0))["Cosmos DB"]

    assert billed(0.001) == pytest.approx(2_000 / 100 * 730 * 0.012)
    assert billed(1e9) == pytest.approx(20_000 / 100 * 730 * 0.012)


def test_more_machines_cost_more_in_all_and_less_each() -> None:
    sums = [sum(parts(fleet).values()) for fleet in FLEETS]
    assert sums == sorted(sums)
    each = [total / fleet.machines for total, fleet in zip(sums, FLEETS, strict=True)]
    assert each == sorted(each, reverse=True)


def test_the_window_is_that_of_host_json() -> None:
    host = json.loads((ROOT / "host.json").read_text())["extensions"]["eventHubs"]
    assert (host["minEventBatchSize"], host["maxWaitTime"]) == (100, "00:00:15")
