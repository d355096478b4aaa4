"""``vendctl device``: tokens for one publisher, and epochs that only rise."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from devstack.eventhubs.security.sas import sign as signed_by_the_server
from tests.support.events import hub_event, vend
from tests.support.fakes import FakeDocuments
from vendctl import device
from vendctl.__main__ import main as vendctl
from vendctl.credentials import credentials, sign
from vendctl.device import NAME
from vendctl.environment import CONNECTIONS
from vendctl.issuing import DeviceStores, issue, renew, revoke
from vending import wiring
from vending.catalog.devices import counted, next_epoch
from vending.documents.stock import MachineStock
from vending.errors import Conflict, Rejected, Transient
from vending.events.event import parse
from vending.events.publishers import MAX_EPOCH, Publisher
from vending.settings import Settings

EXPIRES = datetime(2027, 3, 1, tzinfo=UTC)
DEVICES = "Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=devices;SharedAccessKey=k+/=;EntityPath=telemetry"


def test_a_token_is_for_one_publisher_until_a_time() -> None:
    found = credentials(DEVICES, "telemetry", Publisher("dev-1", "vm-1", 3), EXPIRES)
    resource = "sb://x.servicebus.windows.net/telemetry/publishers/1_.dev-1_.vm-1_.3"
    fields = parse_qs(found["token"].removeprefix("SharedAccessSignature "))
    assert fields["sr"] == [resource]
    assert (fields["skn"], fields["se"]) == (["devices"], [str(int(EXPIRES.timestamp()))])
    assert found["target"] == "telemetry/publishers/1_.dev-1_.vm-1_.3"
    assert found["url"] == "https://x.servicebus.windows.net/telemetry/publishers/1_.dev-1_.vm-1_.3/messages"
    assert found["token"] == sign(resource, "devices", "k+/=", EXPIRES)
    assert "k+/=" not in str(found)


def test_the_signature_is_the_one_that_servers_compute() -> None:
    resource = "sb://x.servicebus.windows.net/telemetry/publishers/dev-1"
    theirs = signed_by_the_server(resource, "devices", "k+/=", int(EXPIRES.timestamp()))
    assert sign(resource, "devices", "k+/=", EXPIRES) == theirs


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("", "DEVICES is no connection string"),
        ("Endpoint=sb://x.servicebus.windows.net/", "DEVICES is no connection string"),
        (DEVICES.replace("=telemetry", "=other"), "is of the hub 'other'"),
    ],
)
def test_a_wrong_setting_is_told(setting: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        credentials(setting, "telemetry", Publisher("dev-1", "vm-1", 1), EXPIRES)


def test_the_next_epoch_is_above_all_that_ever_came() -> None:
    assert next_epoch(None, {}) == 1
    two = MachineStock(machine_id="m1", rev=1, applied={"dev-1/3": [[1, 2]], "dev/2/7": [[1, 1]]})
    assert next_epoch(two, {}) == 8
    one = MachineStock(machine_id="m1", rev=1, applied={"dev-1/3": [[1, 2]]})
    assert next_epoch(one, {"seen": [9, 1, 5, "ntp"], "door:": [2, 1, 5]}) == 10
    assert next_epoch(one, {}, counted(None, "m1", 11)) == 12


def test_above_the_last_epoch_none_is_issued() -> None:
    """2147483648 was issued once, which ingest refuses."""
    assert next_epoch(None, {"seen": [MAX_EPOCH - 1, 1, 5]}) == MAX_EPOCH
    with pytest.raises(ValueError, match="none above 2147483647: take it out"):
        next_epoch(None, {"seen": [MAX_EPOCH, 1, 5]})


COSMOS = "AccountEndpoint=http://localhost:9/;AccountKey=eA=="


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("a/b --machine m", "names are up to 64"),
        ("d --machine $hub", "names are up to 64"),
        ("$ --revoke", "names are up to 64"),
        ("d", "--machine says which machine it is built into"),
        ("d --renew", "--machine says which machine it is built into"),
        ("d --machine m --renew --revoke", "--renew or --revoke, not both"),
        ("d --machine m --days 0", "Invalid value for '--days'"),
    ],
)
def test_what_could_not_be_issued_is_refused_at_once(
    words: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"COSMOS": COSMOS, "DEVICES": DEVICES, "EVENTHUB": DEVICES}.items():
        monkeypatch.setenv(name, value)
    assert vendctl(["device", *words.split()]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(("words", "needed"), [("--machine m", "DEVICES"), ("--revoke", "EVENTHUB")])
def test_what_it_signs_or_revokes_with_is_never_of_another_system(
    words: str,
    needed: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """Issuing takes no connection to the hub, and revoking no key that signs."""
    monkeypatch.chdir(tmp_path)
    for name in CONNECTIONS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COSMOS", COSMOS)
    assert vendctl(["device", "d", *words.split()]) == 2
    assert f"no {needed}: set it in the environment" in capsys.readouterr().err


@pytest.mark.parametrize(
    "name",
    ["dev-1", "a" * 64, "A.b_c-9", "dev:1", "a" * 65, "-dev", ".dev", "dev/1", "dev 1", "dev\n", "dév", ""],
)
def test_exactly_the_names_that_ingest_takes_get_credentials(name: str) -> None:
    """dev:1 had a token once, and then every event of it was dead-lettered."""
    content = vend(1, device=name)
    if NAME.fullmatch(name):
        assert parse(hub_event(1, content)).device == name
    else:
        with pytest.raises(Rejected, match=r"\$.source"):
            parse(hub_event(1, content))


NOW = datetime(2026, 3, 1, tzinfo=UTC)


class World:
    """A deployment's documents, and a hub that remembers whom it refuses."""

    def __init__(self) -> None:
        self.catalog = FakeDocuments("kind")
        self.stores = DeviceStores(self.catalog, FakeDocuments("machineId"), FakeDocuments("id"))
        self.refused: list[str] = []

    async def add(self, publisher: str) -> None:
        self.refused.append(publisher)

    async def issue(self, device: str = "dev-1", machine: str = "vm-1") -> Publisher:
        return await issue(self.stores, device, machine, NOW, EXPIRES)

    async def revoke(
        self, device: str = "dev-1", machine: str | None = None, at: datetime = NOW
    ) -> list[str]:
        return await revoke(self.stores, self, device, machine, at)

    def entry(self, device: str = "dev-1") -> Any:
        return self.catalog.items["device", device][1]


async def test_each_issue_gets_the_machines_next_epoch_and_is_on_record() -> None:
    """Also where no event of the last one has come yet, and for whichever device."""
    world = World()
    assert [(await world.issue()).epoch for _ in range(2)] == [1, 2]
    assert await world.issue("dev-2") == Publisher("dev-2", "vm-1", 3)
    assert await world.issue("dev-2", "vm-2") == Publisher("dev-2", "vm-2", 1)
    entry = world.entry()
    assert (entry["type"], entry["machine"], entry["epoch"]) == ("device", "vm-1", 2)
    assert entry["credentials"] == [
        {"publisher": f"1_.dev-1_.vm-1_.{epoch}", "machine": "vm-1", "epoch": epoch,
         "issued": "2026-03-01T00:00:00Z", "expires": "2027-03-01T00:00:00Z"}
        for epoch in (1, 2)
    ]  # fmt: skip


@pytest.mark.parametrize("other", ["dev-1", "dev-2"])
async def test_two_issues_at_a_time_never_share_an_epoch(other: str) -> None:
    world = World()
    between: list[Publisher] = []

    async def barging(key: str, puts: Any) -> list[str]:
        if not between:
            between.append(Publisher("", "", 0))
            between[0] = await world.issue(other)
        return await FakeDocuments.write(world.catalog, key, puts)

    world.catalog.write = barging  # type: ignore[method-assign]
    mine = await world.issue("dev-1")
    assert (between[0].epoch, mine.epoch) == (1, 2)


async def test_an_entry_that_everybody_writes_is_given_up_and_nothing_issued() -> None:
    world = World()

    def fault(operation: str, _key: str) -> None:
        if operation == "write":
            raise Conflict("moved")

    world.catalog.fault = fault
    with pytest.raises(Transient, match="the entry of dev-1 is still contended after 8 rounds"):
        await world.issue()


@pytest.mark.parametrize("said", ["", DEVICES.replace("=telemetry", "=other")])
async def test_without_the_key_no_epoch_is_spent(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    monkeypatch.setattr(device, "_stores", lambda: world.stores)
    monkeypatch.setattr(wiring, "settings", lambda: Settings("telemetry", "d"))
    with pytest.raises(ValueError, match="DEVICES is"):
        await device.issued({"DEVICES": said}, "dev-1", "vm-1", 30, renewing=False)
    assert not world.catalog.items
    found = await device.issued({"DEVICES": DEVICES}, "dev-1", "vm-1", 30, renewing=False)
    assert (found["machineId"], found["deviceepoch"]) == ("vm-1", 1)
    assert found["target"] == "telemetry/publishers/1_.dev-1_.vm-1_.1"
    left = datetime.fromisoformat(found["expires"]) - datetime.now(UTC)
    assert timedelta(days=29) < left <= timedelta(days=30)


async def test_names_too_long_for_a_publisher_put_nothing_on_record() -> None:
    world = World()
    with pytest.raises(ValueError, match="too long together"):
        await world.issue("d" * 64, "m" * 64)
    assert not world.catalog.items


async def test_a_renewed_token_opens_the_same_publisher() -> None:
    world = World()
    await world.issue()
    last = await world.issue()
    later = EXPIRES + timedelta(days=30)
    assert await renew(world.stores, "dev-1", "vm-1", later) == last
    assert [one["expires"][:10] for one in world.entry()["credentials"]] == ["2027-03-01", "2027-03-31"]
    await renew(world.stores, "dev-1", "vm-1", NOW)
    assert world.entry()["credentials"][1]["expires"][:10] == "2027-03-31", "the longer token still opens it"
    with pytest.raises(ValueError, match="no credentials for machine 'vm-9' in the catalog; there are for v"):
        await renew(world.stores, "dev-1", "vm-9", later)
    with pytest.raises(ValueError, match="issue one, without --renew"):
        await renew(world.stores, "dev-9", "vm-1", later)


async def test_a_revoked_device_gets_fresh_credentials_by_a_new_epoch_only() -> None:
    world = World()
    await world.issue()
    await world.issue("dev-1", "vm-2")
    assert await world.revoke() == ["1_.dev-1_.vm-1_.1", "1_.dev-1_.vm-2_.1", "dev-1"]
    assert world.refused == ["1_.dev-1_.vm-1_.1", "1_.dev-1_.vm-2_.1", "dev-1"]
    assert {one["revoked"] for one in world.entry()["credentials"]} == {"2026-03-01T00:00:00Z"}
    with pytest.raises(ValueError, match=r"1_.dev-1_.vm-1_.1 is revoked: issue the next one"):
        await renew(world.stores, "dev-1", "vm-1", EXPIRES)
    again = await world.issue()
    assert again.epoch == 2
    assert await renew(world.stores, "dev-1", "vm-1", EXPIRES) == again


async def test_one_machines_credentials_are_revoked_and_again_is_the_same() -> None:
    world = World()
    await world.issue()
    await world.issue("dev-1", "vm-2")
    for at in (NOW, NOW + timedelta(hours=1)):
        assert await world.revoke("dev-1", "vm-2", at) == ["1_.dev-1_.vm-2_.1", "dev-1"]
    assert [one.get("revoked") for one in world.entry()["credentials"]] == [None, "2026-03-01T00:00:00Z"]
    with pytest.raises(ValueError, match="'vm-3' in the catalog; there are for vm-1, vm-2"):
        await world.revoke("dev-1", "vm-3")


async def test_expired_credentials_need_no_place_on_the_hubs_list() -> None:
    world = World()
    await world.issue()
    assert await world.revoke("dev-1", None, EXPIRES + timedelta(seconds=1)) == ["dev-1"]
    assert "revoked" in world.entry()["credentials"][0]


async def test_a_device_of_before_is_shut_out_by_its_name() -> None:
    """Its token, of a year, opens the publisher that is called as the device; no entry tells of it."""
    world = World()
    assert await world.revoke("dev-old") == ["dev-old"]
    assert not world.catalog.items


async def test_a_credential_that_is_issued_meanwhile_is_revoked_too() -> None:
    world = World()
    await world.issue()
    issuing = [True]

    async def add(publisher: str) -> None:
        world.refused.append(publisher)
        if issuing and issuing.pop():
            await world.issue()

    world.add = add  # type: ignore[method-assign]
    assert await world.revoke() == ["1_.dev-1_.vm-1_.1", "1_.dev-1_.vm-1_.2", "dev-1"]
    assert all("revoked" in one for one in world.entry()["credentials"])


async def test_what_the_hub_did_not_revoke_is_not_on_record_as_revoked() -> None:
    world = World()
    await world.issue()

    async def add(publisher: str) -> None:
        raise ValueError(f"{publisher}: 401")

    world.add = add  # type: ignore[method-assign]
    with pytest.raises(ValueError, match="401"):
        await world.revoke()
    assert "revoked" not in world.entry()["credentials"][0]


async def test_an_entry_of_a_newer_version_is_left_alone() -> None:
    world = World()
    await world.issue()
    world.entry()["schema"] = 2
    with pytest.raises(Transient, match="deploy the newer version"):
        await world.issue()


async def test_an_entry_stays_small() -> None:
    world = World()
    for _ in range(60):
        await world.issue()
    assert [one["epoch"] for one in world.entry()["credentials"]] == list(range(11, 61))
