"""A notice is one mail to each of the route's supervisors; what fails is done again under the same key."""

from datetime import datetime, timedelta

import pytest
from msgspec import structs

from tests.unit.uploads.photos.world import NOW, SUPERVISOR, UPLOAD, World, upload
from vending.alerts import outbox
from vending.documents.catalog import CatalogMachine, CatalogRecipient, CatalogSite, CatalogVersion
from vending.documents.notices import Notice, notice_id
from vending.errors import Refused, Rejected, Transient
from vending.notifications.deliver_notice import CLAIM, NoticeOffice, deliver_notice, resend_notices
from vending.time import millis
from vending.uploads.ask_notice import ask_notice
from vending.uploads.refused_notice import NOWHERE

LATER = NOW + timedelta(milliseconds=outbox.RETRY_INTERVAL + 1)
KEY = f"vm-1/notice:photo:{UPLOAD}/{SUPERVISOR}"


async def asked(world: World) -> World:
    await world.process()
    return world


async def again(world: World, now: datetime) -> int:
    """A sweep, and what it queued."""
    sent = await resend_notices(world.alerts, world.queue, now)
    await world.deliver(now)
    return sent


async def test_each_supervisor_gets_one() -> None:
    world = await asked(World(people=[SUPERVISOR, "otto@example.com"]))

    await world.deliver()

    assert [mail.to for mail in world.mailer.mails] == [SUPERVISOR, "otto@example.com"]
    assert not world.asked()[0].pending
    assert await again(world, LATER) == 0


async def test_two_messages_of_one_notice_send_it_once() -> None:
    world = await asked(World())
    message = world.queue.messages[0]

    async def other() -> None:
        await deliver_notice(message, world.office, NOW)

    original = world.mailer.send
    calls = [other]

    async def send(mail: object) -> None:
        if calls:
            await calls.pop()()
        await original(mail)  # type: ignore[arg-type]

    world.mailer.send = send  # type: ignore[method-assign]
    await world.deliver()
    await deliver_notice(message, world.office, NOW)

    assert world.mailed() == [(SUPERVISOR, KEY)]


async def test_a_mail_server_that_is_away_is_asked_again_by_the_sweep() -> None:
    world = await asked(World())
    away = [Transient("no answer"), Refused("535")]

    def fault(operation: str, key: str) -> None:
        if operation == "mailer send" and away:
            raise away.pop()

    world.fault = fault
    await world.deliver()
    await world.deliver()
    assert world.asked()[0].pending
    later = LATER

    for _ in range(2):
        assert await again(world, later) == 1
        later += 3 * (LATER - NOW)

    assert not away
    assert world.mailed() == [(SUPERVISOR, KEY)]


async def test_a_process_that_dies_with_its_claim_leaves_it_to_the_sweep() -> None:
    world = await asked(World())
    struck: list[str] = []

    class Kill(BaseException):
        pass

    def strike(operation: str, key: str) -> None:
        if operation == "mailer send" and not struck:
            struck.append(operation)
            raise Kill

    world.fault = strike
    with pytest.raises(Kill):
        await world.deliver()
    await world.deliver()  # The message again, at once: the claim holds.
    assert not world.mailer.mails
    assert timedelta(milliseconds=CLAIM) < LATER - NOW

    assert await again(world, NOW + timedelta(minutes=1)) == 0
    assert await again(world, LATER) == 1

    assert world.mailed() == [(SUPERVISOR, KEY)]
    assert world.asked()[0].attempts == 1


async def test_after_a_death_before_it_could_be_written_down_the_mail_has_the_same_key() -> None:
    world = await asked(World())
    struck: list[str] = []

    class Kill(BaseException):
        pass

    def strike(operation: str, key: str) -> None:
        if operation == "mailer send" and not struck:
            struck.append(operation)
            raise Kill

    world.after = strike
    with pytest.raises(Kill):
        await world.deliver()
    world.delivered = 1
    await again(world, LATER)

    assert world.mailed() == [(SUPERVISOR, KEY)] * 2


async def test_a_refusal_is_final_at_once_or_after_a_day() -> None:
    world = await asked(World())

    def fault(operation: str, key: str) -> None:
        if operation == "mailer send":
            raise refusal

    world.fault, refusal = fault, Refused("535 wrong password")
    await world.deliver()
    assert world.asked()[0].pending
    day = NOW + timedelta(days=1, minutes=1)
    await again(world, day)
    assert world.asked()[0].given_up == "535 wrong password"
    assert not world.asked()[0].pending

    other = await asked(World())
    other.fault, refusal = fault, Rejected("refused", "550 no such mailbox")  # type: ignore[assignment]
    await other.deliver()
    assert other.asked()[0].given_up == "refused: 550 no such mailbox"


async def test_the_sweep_waits_longer_each_time() -> None:
    world = await asked(World())
    minute = timedelta(minutes=1)

    times = [at for at in range(200) if await resend_notices(world.alerts, world.queue, NOW + at * minute)]

    assert times == [6, 17, 38, 79, 140]


async def test_a_notice_that_cannot_be_seen_yet_waits() -> None:
    world = World()

    with pytest.raises(Transient):
        await deliver_notice({"notice": "notice:photo:1", "machineId": "vm-1"}, world.office, NOW)


async def test_without_a_mail_server_or_a_supervisor_nothing_is_pending() -> None:
    world, without = await asked(World(people=[])), await asked(World())
    without.office = NoticeOffice(without.alerts, None)

    await world.deliver()
    await without.deliver()

    assert not world.mailer.mails + without.mailer.mails
    assert not world.asked()[0].pending
    assert not without.asked()[0].pending


async def test_the_route_of_the_machine_says_who_it_is() -> None:
    world = await asked(World())
    site = CatalogSite(id="s-1", time_zone="Etc/UTC", route="north")
    held = [
        site,
        CatalogMachine(id="vm-1", site="s-1", placements=[("", "s-1")]),
        CatalogRecipient(id="rita", address=SUPERVISOR, routes=["north"]),
        CatalogRecipient(id="sven", address="sven@example.com", routes=["south"]),
        CatalogRecipient(id="sue", address="sue@example.com", sites=["s-1"]),
        CatalogRecipient(id="all", address="all@example.com"),
        CatalogRecipient(id="grave", address="grave@example.com", severity="warning", routes=["north"]),
        CatalogVersion(number=1),
    ]
    for document in held:
        world.catalog.put(document.dump())

    await world.deliver()
    assert {mail.to for mail in world.mailer.mails} == {SUPERVISOR, "sue@example.com"}

    world.catalog.put(structs.replace(site, route="").dump())
    world.catalog.put(structs.replace(site, id="s-2", route="").dump())
    world.catalog.put(CatalogMachine(id="vm-1", site="s-2", placements=[("", "s-2")]).dump())
    world.catalog.put(CatalogVersion(number=2).dump())
    world.mailer.mails.clear()
    await world.process(of=upload("1" * 32))
    await world.deliver()
    assert [mail.to for mail in world.mailer.mails] == ["all@example.com"]


@pytest.mark.parametrize(("machine", "whose"), [("vm-1", "vm-1"), (NOWHERE, "no machine")])
async def test_a_refused_file_says_why_and_where_it_lies(machine: str, whose: str) -> None:
    world = World()
    detail = {"upload": "dex/vm-1/a", "reason": "no-audit", "detail": "it is empty", "uploadedAt": "then"}
    id_ = notice_id("rejected-upload", UPLOAD)
    notice = Notice(id=id_, machine_id=machine, about="rejected-upload", at=millis(NOW), detail=detail)

    await ask_notice(notice, world.notices, NOW)
    await world.deliver()

    [mail] = world.mailer.mails
    assert mail.subject == f"Refused upload of {whose}: no-audit"
    assert "it is empty" in mail.text
    assert "It lies in the container rejected, as dex/vm-1/a." in mail.text
