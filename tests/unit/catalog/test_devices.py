"""What the catalog remembers of a device's credentials."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from vending.catalog import devices
from vending.documents.devices import Credential, Device, EpochCounter
from vending.events.publishers import MAX_EPOCH, Publisher, build

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
YEAR = timedelta(days=365)


def credential(machine: str, epoch: int, expires: str, revoked: str | None = None) -> Credential:
    name = build(Publisher("dev-1", machine, epoch))
    return Credential(name, machine, epoch, "2026-01-01T00:00:00Z", expires, revoked)


OLD = credential("m1", 1, "2026-06-01T00:00:00Z")
LIVE = credential("m1", 2, "2027-06-01T00:00:00Z")
ELSEWHERE = credential("m2", 3, "2027-06-01T00:00:00Z")
HELD = Device(
    id="dev-1", machine="m2", epoch=3, credentials=[OLD, LIVE, ELSEWHERE], rest={"note": "by the door"}
)


def test_the_next_epoch_is_one_more_than_any_that_was_issued() -> None:
    assert devices.next_epoch(None, {}) == 1
    assert devices.next_epoch(None, {}, EpochCounter(id="machine:m1", machine="m1", epoch=7)) == 8
    last = EpochCounter(id="machine:m1", machine="m1", epoch=MAX_EPOCH - 1)
    assert devices.next_epoch(None, {}, last) == MAX_EPOCH


def test_above_the_last_epoch_there_is_none() -> None:
    full = EpochCounter(id="machine:m1", machine="m1", epoch=MAX_EPOCH)
    with pytest.raises(ValueError, match=f"an event of epoch {MAX_EPOCH}, and there is none above"):
        devices.next_epoch(None, {}, full)


def test_a_counter_keeps_what_other_versions_wrote_into_it() -> None:
    first = devices.counted(None, "m1", 1)
    assert first.dump() == {
        "id": "machine:m1", "kind": "device", "type": "epoch", "schema": 1, "machine": "m1", "epoch": 1,
    }  # fmt: skip
    first.rest = {"note": "x"}
    assert devices.counted(first, "m1", 2).dump() == first.dump() | {"epoch": 2}


def test_a_credential_is_remembered_with_its_times_in_utc() -> None:
    there = timezone(timedelta(hours=2))
    device = devices.issued(None, Publisher("dev-1", "m1", 4), NOW.astimezone(there), NOW + YEAR)
    name = build(Publisher("dev-1", "m1", 4))
    assert device.dump() == {
        "id": "dev-1", "kind": "device", "type": "device", "schema": 1, "machine": "m1", "epoch": 4,
        "credentials": [
            {
                "publisher": name, "machine": "m1", "epoch": 4, "issued": "2026-11-24T08:00:00Z",
                "expires": "2027-11-24T08:00:00Z",
            },
        ],
    }  # fmt: skip


def test_the_newest_credential_is_the_devices_own() -> None:
    device = devices.issued(HELD, Publisher("dev-1", "m3", 9), NOW, NOW + YEAR)
    assert (device.machine, device.epoch, device.rest) == ("m3", 9, HELD.rest)
    assert device.credentials[:3] == HELD.credentials
    assert device.credentials[3].machine == "m3"


def test_a_device_remembers_its_last_fifty_credentials() -> None:
    device: Device | None = None
    for epoch in range(1, 53):
        device = devices.issued(device, Publisher("dev-1", "m1", epoch), NOW, NOW + YEAR)
    assert device is not None
    assert [one.epoch for one in device.credentials] == list(range(3, 53))


def test_a_renewal_moves_the_end_of_the_machines_newest_credential() -> None:
    device, publisher = devices.renewed(HELD, "dev-1", "m1", NOW + YEAR)
    assert publisher == Publisher("dev-1", "m1", 2)
    assert [one.expires for one in device.credentials] == [
        OLD.expires,
        "2027-11-24T08:00:00Z",
        ELSEWHERE.expires,
    ]


def test_a_renewal_never_ends_a_credential_earlier() -> None:
    device, _ = devices.renewed(HELD, "dev-1", "m1", NOW)
    assert device == HELD


def test_what_is_revoked_or_was_never_issued_is_not_renewed() -> None:
    shut, _ = devices.revoked(HELD, "dev-1", "m1", NOW)
    with pytest.raises(ValueError, match=f"^{LIVE.publisher} is revoked: issue the next one"):
        devices.renewed(shut, "dev-1", "m1", NOW + YEAR)
    with pytest.raises(
        ValueError, match="no credentials for machine 'm9' in the catalog; there are for m1, m2:"
    ):
        devices.renewed(HELD, "dev-1", "m9", NOW + YEAR)
    with pytest.raises(ValueError, match="no credentials for machine 'm1' in the catalog: issue one"):
        devices.renewed(None, "dev-1", "m1", NOW + YEAR)


def test_what_is_revoked_is_shut_out_at_the_hub_unless_it_has_expired() -> None:
    device, shut = devices.revoked(HELD, "dev-1", "m1", NOW)
    assert shut == [LIVE.publisher]
    at = "2026-11-24T08:00:00Z"
    assert [one.revoked for one in device.credentials] == [at, at, None]


def test_all_machines_are_meant_where_none_is_named() -> None:
    _, shut = devices.revoked(HELD, "dev-1", None, NOW)
    assert shut == [LIVE.publisher, ELSEWHERE.publisher]


def test_a_second_revocation_keeps_the_time_of_the_first() -> None:
    first, _ = devices.revoked(HELD, "dev-1", "m1", NOW)
    again, shut = devices.revoked(first, "dev-1", None, NOW + timedelta(hours=1))
    assert [one.revoked for one in again.credentials] == [
        "2026-11-24T08:00:00Z",
        "2026-11-24T08:00:00Z",
        "2026-11-24T09:00:00Z",
    ]
    assert LIVE.publisher in shut, "the hub may have forgotten it"


def test_nothing_is_revoked_that_was_not_issued() -> None:
    with pytest.raises(ValueError, match="dev-1 has no credentials for machine 'm9'"):
        devices.revoked(HELD, "dev-1", "m9", NOW)
