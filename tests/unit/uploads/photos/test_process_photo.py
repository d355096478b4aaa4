"""An upload becomes one record, two pictures and one mail, however often and wherever it was interrupted."""

import asyncio
from datetime import timedelta
from threading import get_ident

import pytest

from tests.support.fakes import nothing
from tests.unit.uploads.photos.world import HTML, NOW, PHOTO, SUPERVISOR, UPLOAD, World, upload
from vending.alerts import outbox
from vending.errors import Rejected, Transient
from vending.notifications.deliver_notice import resend_notices
from vending.time import millis
from vending.uploads import process_photo
from vending.uploads.photos.make_photo import make_photo
from vending.uploads.photos.photo import Photo
from vending.uploads.process_photo import PhotoProcessor
from vending.uploads.upload import Processed

BLOBS = {f"vm-1/{UPLOAD}/320.webp", f"vm-1/{UPLOAD}/1280.webp"}
LATER = NOW + timedelta(milliseconds=outbox.RETRY_INTERVAL + 1)
KEY = f"vm-1/notice:photo:{UPLOAD}/{SUPERVISOR}"


async def test_a_photo_is_kept_recorded_and_mailed() -> None:
    world = World()

    assert await world.process() == Processed("a photo of 320 × 480 pixels")
    await world.deliver()

    made = make_photo(PHOTO, keep_location=False)
    assert world.pictures() == {
        f"vm-1/{UPLOAD}/320.webp": made.thumbnail,
        f"vm-1/{UPLOAD}/1280.webp": made.large,
    }
    [record] = world.records()
    assert (record.id, record.machine_id, record.upload, record.etag) == (
        f"photo:{UPLOAD}", "vm-1", UPLOAD, "0x8D4",
    )  # fmt: skip
    assert (record.at, record.visit, record.taken_at) == (millis(NOW), "v-9", "2026-11-26T15:04:05+01:00")
    assert record.location is None
    [mail] = world.mailer.mails
    assert (mail.to, mail.subject, mail.key) == (SUPERVISOR, "Photo of vm-1", KEY)
    assert f"https://fleet.example.com/api/v1/photos/vm-1~{UPLOAD}/320\n" in mail.text


async def test_where_it_was_taken_is_kept_by_policy_alone() -> None:
    world = World(keep_location=True)

    await world.process()

    assert world.records()[0].location == [-48.5005, -11.5005]
    assert "48.5" not in str(world.asked()[0].dump())


async def test_redeliveries_change_nothing() -> None:
    world = World()
    for _ in range(3):
        await world.process()
        await world.deliver()
    before = world.machines.items, world.photos.committed.copy()

    await world.process()
    await world.deliver()

    assert (world.machines.items, world.photos.committed) == before
    assert world.mailed() == [(SUPERVISOR, KEY)]
    assert len(world.queue.messages) == 1


class Kill(BaseException):
    """The process ends here."""


class Strike:
    """Fails once, at the step of that number."""

    def __init__(self, at: int, kind: type[BaseException]) -> None:
        self.at, self.kind = at, kind
        self.steps: list[str] = []

    def __call__(self, operation: str, key: str) -> None:
        self.steps.append(operation)
        if len(self.steps) == self.at:
            raise self.kind("struck")

    @property
    def after_the_mail(self) -> bool:
        """Whether the mail server had the mail, and nobody knew."""
        return "mailer send" in self.steps[: self.at or None]


async def course(strike: Strike, lost_answer: bool) -> World:
    """An upload that is struck: the host delivers again, and minutes later the sweep comes by."""
    world = World(after=strike) if lost_answer else World(fault=strike)
    for _ in range(2):
        try:
            await world.process()
            await world.deliver()
        except strike.kind:
            continue
    world.fault = world.after = nothing
    await resend_notices(world.alerts, world.queue, LATER)
    await world.deliver(LATER)
    return world


@pytest.mark.parametrize("kind", [Transient, Kill])
@pytest.mark.parametrize("lost_answer", [False, True])
async def test_a_failure_at_any_step_is_made_good(lost_answer: bool, kind: type[BaseException]) -> None:
    """Lost before it counts, or its answer after. A mail that nobody knows to be sent goes out again under
    the same key; else there is one."""
    undisturbed = Strike(0, kind)
    await course(undisturbed, lost_answer)
    assert undisturbed.after_the_mail

    for at in range(1, len(undisturbed.steps) + 1):
        strike = Strike(at, kind)
        world, step = await course(strike, lost_answer), undisturbed.steps[at - 1]
        assert world.pictures().keys() == BLOBS, step
        assert len(world.records()) == 1, step
        [notice] = world.asked()
        assert not notice.pending, step
        assert len({mail.key for mail in world.mailer.mails}) == 1, step
        assert len(world.mailer.mails) == 1 or strike.after_the_mail, step


async def test_a_redelivery_makes_no_pictures_and_queues_what_was_not_queued() -> None:
    struck: list[str] = []

    def strike(operation: str, key: str) -> None:
        if operation == "queue send" and not struck:
            struck.append(operation)
            raise Transient("struck")

    world = World(fault=strike)
    with pytest.raises(Transient):
        await world.process()
    world.steps.clear()

    await world.process()

    assert world.steps == ["machines read", "alerts write", "alerts read", "queue send"]


async def test_two_processes_at_once_are_as_one() -> None:
    world = World()
    second: list[Processed] = []

    async def other() -> None:
        second.append(await world.process())

    pending = [other]

    async def process() -> None:
        original = world.photos.create

        async def create(name: str, data: bytes) -> bool:
            if pending:
                await pending.pop()()
            return await original(name, data)

        world.photos.create = create  # type: ignore[method-assign]
        await world.process()

    await process()
    await world.deliver()

    assert len(second) == len(world.records()) == 1
    assert world.mailed() == [(SUPERVISOR, KEY)]


async def test_what_is_no_photo_is_refused_and_leaves_nothing() -> None:
    world = World()

    with pytest.raises(Rejected, match="no-photo"):
        await world.process(HTML)

    assert (world.records(), world.pictures(), world.asked()) == ([], {}, [])


async def test_one_thread_decodes_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    world, threads = World(), []

    def made(data: bytes, *, keep_location: bool) -> Photo:
        threads.append(get_ident())
        return make_photo(data, keep_location=keep_location)

    monkeypatch.setattr(process_photo, "make_photo", made)
    process = PhotoProcessor(world.machines, world.photos, world.notices)
    uploads = [upload(f"{number:032x}") for number in range(8)]

    await asyncio.gather(*(process(one, PHOTO, NOW) for one in uploads))

    assert len(threads) == 8
    assert len({*threads, get_ident()}) == 2


async def test_uploads_of_a_machine_are_each_for_itself() -> None:
    world, other = World(), upload("0" * 31 + "8")

    await world.process()
    await world.process(of=other)
    await world.deliver()

    assert len(world.records()) == len(world.mailer.mails) == 2
    assert len(world.pictures()) == 4
