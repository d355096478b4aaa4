"""``benchmarks.whole`` at its smallest: ten machines, on the local servers."""

import asyncio
from pathlib import Path

import pytest

from benchmarks.archive import with_azurite
from benchmarks.cosmos import serving
from benchmarks.meter import Figure
from benchmarks.whole import Bench, Measured
from devstack.cosmos.auth import WELL_KNOWN_KEY
from vending.adapters.clients import cosmos_client


def test_everything_runs_and_the_parts_are_the_whole(tmp_path: Path) -> None:
    async def figures(port: int, azurite: str) -> list[Figure]:
        account = f"AccountEndpoint=http://127.0.0.1:{port}/;AccountKey={WELL_KNOWN_KEY}"
        async with cosmos_client({"COSMOS": account}, "COSMOS") as client:
            size = Measured(machines=10, partitions=2)
            return await Bench(client, azurite, size, roll_up=5).figures(1, 12)

    with serving(tmp_path, "--ranges", "1") as (port, _):
        found = with_azurite(lambda azurite: asyncio.run(figures(port, azurite)))
    units = {
        x["name"].split(".")[2]: x["value"]
        for x in found
        if x.get("baseline") == "the whole" and "ru_" in x["name"]
    }
    parts = {x["name"].split(".")[2] for x in found if x.get("baseline") == "the whole"}
    assert {"ingest", "archive", "machines_feed", "sweep", "roll_up", "compact"} <= parts
    [whole] = [x for x in found if x["name"] == "whole.10.ru_per_event" and x["baseline"] == "B1"]
    assert whole["value"] == pytest.approx(sum(units.values()), abs=0.01)
    [requests] = [x for x in found if x["name"] == "whole.10.requests_per_event" and x["baseline"] == "B1"]
    assert requests["baseline_value"] == 1
