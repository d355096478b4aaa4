"""``vendctl commands``: what is ordered from a terminal."""

from datetime import UTC, datetime

import pytest

from tests.support.fakes import FakeDocuments
from vendctl import device_commands
from vendctl.device_commands import action, asked
from vending import wiring
from vending.catalog.machines import CatalogMachines
from vending.commands.actions import Lock, PriceList, Reboot
from vending.commands.fetch_commands import CommandPolls, Places, fetch_commands
from vending.commands.send_command import NotQueued
from vending.documents.catalog import CatalogMachine, CatalogVersion
from vending.events.publishers import Publisher
from vending.views.commands import FleetCommands


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> FakeDocuments:
    store, catalog = FakeDocuments("machineId"), FakeDocuments("kind")
    catalog.put(CatalogMachine(id="m1", placements=[]).dump())
    catalog.put(CatalogVersion(number=1).dump())
    people = FleetCommands(store, CatalogMachines(catalog), lambda: "made")
    monkeypatch.setattr(wiring, "fleet_commands", lambda: people)
    return store


def test_options_become_an_action() -> None:
    prices = {"prices": "A1=150,A2=0", "version": "2026-3", "currency": "EUR"}
    found = asked(action("price-list", prices), 3600, None).action
    assert found == PriceList("2026-3", "EUR", {"A1": 150, "A2": 0})
    assert asked(action("lock", {"selections": "A1,A2"}), 3600, "mine").action == Lock(["A1", "A2"])
    assert asked(action("lock", {"selections": ""}), 3600, "mine").action == Lock()
    assert asked(action("reboot", {}), 3600, None).action == Reboot()


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("price-list", {"prices": "A1=1.50"}, "'A1=1.50' is no price"),
        ("price-list", {"prices": "A1=150"}, "version"),
        ("reboot", {"selections": "A1"}, "selections"),
        ("lock", {"selections": "A1,"}, "$.action.selections"),
    ],
)
def test_what_does_not_fit_is_one_line(kind: str, options: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("$", r"\$").replace(".", r"\.")):
        asked(action(kind, options), 3600, None)


async def test_an_order_is_sent_listed_and_cancelled(store: FakeDocuments) -> None:
    order = asked(action("lock", {"selections": "A1"}), 3600, "mine")
    sent = await device_commands.send("m1", order, "ada")
    assert device_commands.figures(sent)["action"] == {"kind": "lock", "selections": ["A1"]}
    await device_commands.send("m1", asked(action("reboot", {}), 3600, None), "ada")
    cancelled = await device_commands.cancel("m1", "mine", "bob")
    assert (cancelled.state, cancelled.ended_by) == ("cancelled", "bob")
    polls = CommandPolls(store, 300, Places(0), lambda: datetime.now(UTC))
    await fetch_commands(Publisher("dev-1", "m1", 1), polls)
    with pytest.raises(NotQueued):
        await device_commands.cancel("m1", "made", "bob")
    lines = device_commands.table(await device_commands.listed("m1", 20)).splitlines()
    assert sorted(line.split()[1:4] for line in lines) == [
        ["cancelled", "lock", "mine"],
        ["delivered", "reboot", "made"],
    ]


@pytest.mark.usefixtures("store")
async def test_what_is_not_there_is_told() -> None:
    for work in (
        device_commands.send("m2", asked({"kind": "reboot"}, 60, None), "ada"),
        device_commands.listed("m2", 20),
        device_commands.cancel("m1", "x", "ada"),
    ):
        with pytest.raises(ValueError, match="has no"):
            await work
