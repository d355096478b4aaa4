"""A blob was written: processed once, or rejected with its reason, whatever is delivered how often."""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

import pytest

from tests.support.metadata import ROOT
from tests.support.uploads import created
from tests.unit.uploads.world import NOW, World
from vending.errors import Conflict, Rejected, Transient
from vending.uploads.process_upload import TRIES, UNSEEN, WAITS
from vending.uploads.reject import KEPT
from vending.uploads.upload import Processed, Upload

MONDAY = (ROOT / "examples" / "dex" / "monday.dex").read_bytes()


class Photos:
    """A processor that does what a test wants."""

    def __init__(self, outcome: Callable[[], Processed | Rejected]) -> None:
        self.outcome = outcome
        self.seen: list[tuple[Upload, bytes]] = []

    async def __call__(self, upload: Upload, data: bytes, now: datetime) -> Processed | Rejected:
        self.seen.append((upload, data))
        return self.outcome()


def kept() -> Processed:
    return Processed("two sizes")


def refuses() -> Rejected:
    return Rejected("no-image", "it is HTML")


def defective() -> Processed:
    raise ZeroDivisionError("a bug")


def photos(outcome: Callable[[], Processed | Rejected]) -> tuple[World, Photos]:
    processor = Photos(outcome)
    return World(processors={"photo": processor}), processor


PHOTO = {"kind": "photo", "contentType": "image/jpeg", "visitId": "visit-318"}


async def test_a_file_is_given_to_the_processor_of_its_kind_once() -> None:
    world, processor = photos(kept)
    event = await world.upload(b"photo", **PHOTO)
    assert (await world.process(event)).endswith("processed, two sizes")
    assert (await world.process(event)).endswith("processed before")
    [(upload, data)] = processor.seen
    assert (upload.kind, upload.machine, upload.visit, upload.at) == ("photo", "m-1", "visit-318", NOW)
    assert (upload.id, upload.etag, upload.content_type) == ("0" * 31 + "1", "1", "text/plain")
    assert data == b"photo"
    assert (world.record().state, world.record().etag, world.record().said) == ("processed", "1", "two sizes")
    assert upload.name in world.uploads.held


async def test_a_rejected_file_is_kept_with_its_reason_and_gone_from_the_uploads() -> None:
    world, _ = photos(refuses)
    event = await world.upload(b"<html>", **PHOTO)
    assert (await world.process(event)).endswith("rejected, no-image: it is HTML")
    [reason] = world.reasons()
    assert (reason["reason"], reason["detail"], reason["size"]) == ("no-image", "it is HTML", 6)
    assert await world.rejected.read(reason["name"]) == b"<html>"
    assert (world.record().state, world.uploads.held) == ("rejected", {})
    assert (await world.process(event)).endswith("gone, it was done before")


REFUSED_DEX = {"kind": "dex", "contentType": "text/plain"}


class Strike:
    """Fails once, before the step of that number or after it; 0 never."""

    def __init__(self, at: int) -> None:
        self.at, self.steps = at, 0

    def __call__(self, operation: str, key: str) -> None:
        self.steps += 1
        if self.steps == self.at:
            raise Transient(f"the process ended at {operation}")


async def struck(asked: dict[str, str], strike: Strike, after: bool) -> World:
    """A rejection that is struck, and delivered until it ends; how it stands then."""
    world, _ = photos(refuses)
    event = await world.upload(b"<html>", **asked)
    stores = world.machines, world.rejected, world.alerts
    for store in stores:
        setattr(store, "after" if after else "fault", strike)
    if not after:
        world.uploads.fault = world.notifications.fault = strike
    for _ in range(2):
        with suppress(Transient):
            await world.process(event)
    return world


@pytest.mark.parametrize("asked", [PHOTO, REFUSED_DEX], ids=["photo", "dex"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_crash_at_any_step_of_a_rejection_is_made_good_by_the_next_delivery(
    asked: dict[str, str], after: bool
) -> None:
    undisturbed = Strike(0)
    await struck(asked, undisturbed, after)
    assert undisturbed.steps > 3
    for at in range(1, undisturbed.steps + 1):
        world = await struck(asked, Strike(at), after)
        assert (world.record().state, world.uploads.held, len(world.reasons())) == ("rejected", {}, 1), at
        [notice] = world.notices()
        assert {message["notice"] for message in world.notifications.messages} == {notice.id}, at


async def test_a_rejected_file_of_any_kind_is_told_of_once() -> None:
    world = World()
    event = await world.upload(b"<html>", visitId="visit-318")
    await world.process(event)
    await world.process(event)
    [notice] = world.notices()
    assert notice.id == f"notice:rejected-upload:{1:032x}"
    assert notice.machine_id == "m-1"
    assert notice.detail["reason"] == "no-audit"
    assert notice.detail["visit"] == "visit-318"
    assert notice.detail["upload"] in world.rejected.committed
    assert len(world.notifications.messages) == 1


async def test_of_a_defect_the_last_line_is_told() -> None:
    world, _ = photos(defective)
    await world.process(await world.upload(b"photo", **PHOTO), TRIES)
    [notice] = world.notices()
    assert notice.detail["detail"] == "ZeroDivisionError: a bug"


async def test_a_file_that_is_larger_than_admitted_is_rejected_before_it_is_read() -> None:
    world, processor = photos(kept)
    event = await world.upload(b"x" * 11, **PHOTO, size=10)
    assert "rejected, oversize: 11 bytes" in await world.process(event)
    assert processor.seen == []


async def test_of_a_huge_file_only_the_beginning_is_kept() -> None:
    world, _ = photos(kept)
    event = await world.upload(b"x" * (KEPT + 5), **PHOTO, size=10)
    await world.process(event)
    [reason] = world.reasons()
    assert (reason["size"], reason["kept"]) == (KEPT + 5, KEPT)
    assert len(await world.rejected.read(reason["name"])) == KEPT


@pytest.mark.parametrize("name", ["a/b.jpg", "dex/m-1/2026-03-02/" + "f" * 32])
async def test_what_nobody_was_admitted_for_is_rejected(name: str) -> None:
    world = World()
    event = created(name, world.uploads.put(name, b"x"), eventTime=NOW.isoformat())
    assert "rejected, " in await world.process(event, now=NOW + UNSEEN)
    assert world.uploads.held == {}
    assert len(world.reasons()) == 1
    [notice] = world.notices()
    assert notice.machine_id == ("m-1" if name.startswith("dex") else "$uploads")


async def test_a_record_may_be_unseen_for_a_while() -> None:
    world = World()
    event = await world.upload(MONDAY)
    record = world.machines.items.pop(("m-1", f"upload:{1:032x}"))
    with pytest.raises(Transient, match="cannot be seen yet"):
        await world.process(event)
    world.machines.items["m-1", f"upload:{1:032x}"] = record
    assert "processed" in await world.process(event)


async def test_a_kind_that_nothing_processes_any_more_is_rejected() -> None:
    world, _ = photos(kept)
    event = await world.upload(b"photo", **PHOTO)
    del world.processors["photo"]
    assert "unknown-kind" in await world.process(event)


async def test_a_message_of_another_version_does_nothing() -> None:
    world, processor = photos(kept)
    event = await world.upload(b"photo", **PHOTO)
    event["data"]["eTag"] = "0x1"
    assert "superseded" in await world.process(event)
    assert processor.seen == []


async def test_a_defect_costs_its_own_file_at_the_last_try() -> None:
    world, _ = photos(defective)
    event = await world.upload(b"photo", **PHOTO)
    with pytest.raises(ZeroDivisionError):
        await world.process(event, TRIES - 1)
    assert "rejected, defect" in await world.process(event, TRIES)
    assert "ZeroDivisionError: a bug" in world.reasons()[0]["detail"]


@pytest.mark.parametrize("fault", [Transient("away"), Conflict("moved")])
async def test_while_a_store_is_away_the_message_waits(fault: Exception) -> None:
    def away() -> Processed:
        raise fault

    world, processor = photos(away)
    event = await world.upload(b"photo", **PHOTO)
    with pytest.raises(type(fault)):
        await world.process(event, TRIES - 1)
    assert "put back" in await world.process(event, TRIES)
    assert world.queue.messages == [event]
    with pytest.raises(type(fault)):
        await world.process(event, TRIES, NOW + WAITS + timedelta(seconds=1))
    processor.outcome = kept
    assert "processed" in await world.process(event)


async def test_a_message_that_event_grid_did_not_write_is_left_to_the_poison_queue() -> None:
    world = World()
    event = created(subject="/blobServices/default/containers/archive/blobs/a")
    with pytest.raises(ValueError, match="no upload"):
        await world.process(event)


def test_as_many_tries_as_the_host_gives() -> None:
    queues = json.loads((ROOT / "host.json").read_text())["extensions"]["queues"]
    assert queues["maxDequeueCount"] == TRIES
