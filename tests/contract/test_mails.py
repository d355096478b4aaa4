"""Alerts mailed through a real SMTP server, which goes away, refuses, hangs or drops."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.support.mail_receiver import Behaviour, MailReceiver, listening
from tests.support.mailed_world import MINUTE, MailedWorld, recipient
from vending.adapters import smtp
from vending.adapters.smtp import SmtpMailer
from vending.notifications.addresses import MailServer


@pytest.fixture
async def receiver() -> AsyncIterator[MailReceiver]:
    async with listening(MailReceiver()) as found:
        yield found


@pytest.fixture
def world(receiver: MailReceiver) -> MailedWorld:
    server = MailServer("127.0.0.1", receiver.port, "none", "fleet@vend.example")
    found = MailedWorld(SmtpMailer(server))
    found.recipients(recipient("anna"), recipient("bo", severity="critical"))
    return found


async def test_a_server_that_is_away_for_an_hour_gets_every_mail_once(
    world: MailedWorld, receiver: MailReceiver
) -> None:
    await receiver.close()
    for minute in range(60):
        if minute % 10 == 0:
            await world.find(f"vm-{minute:02}")
            await world.find(f"warm-{minute:02}", "cold-chain")
        await world.minute()
    assert receiver.mails == []
    posted = len(world.webhook.posted)
    assert posted == 12, "the webhook had them at once"
    await receiver.open()
    for _ in range(20):
        await world.minute()
    for name, counted in (("anna", 13), ("bo", 7)):
        mails = receiver.of(f"{name}@ops.example")
        assert len({mail["Message-ID"] for mail in mails}) == len(mails)
        bodies = [mail.get_body(("plain",)) for mail in mails]
        told = "".join(body.get_content() for body in bodies if body)
        shown = told.count("not heard") + told.count("warm-") + told.count("no notification has got through")
        assert shown == counted, told
    assert len(world.webhook.posted) == posted + 2, "and that mails did not arrive, and do again"


async def test_a_power_cut_of_forty_machines_is_one_mail(world: MailedWorld, receiver: MailReceiver) -> None:
    machines = [f"vm-{number:02}" for number in range(40)]
    world.site("main station", machines)
    for machine in machines:
        await world.find(machine)
    await world.minute()
    await world.minute()
    [mail] = receiver.mails
    assert mail["To"] == "anna@ops.example"
    told = "[warning] 40 notifications of 40 machines at Main Station: 40 silent opened"
    assert str(mail["Subject"]).strip() == told, "a long one is folded"
    assert len(world.alerts.bodies("alert")) == 40


async def test_a_mail_that_was_taken_without_an_answer_comes_again_as_the_same(
    world: MailedWorld, receiver: MailReceiver
) -> None:
    receiver.behave = lambda _: Behaviour(hangs_up=True)
    await world.find("vm-1")
    await world.minute()
    receiver.behave = lambda _: Behaviour()
    await world.minute()
    await world.minute(timedelta(minutes=2))
    assert len(receiver.mails) == 2
    assert len({mail["Message-ID"] for mail in receiver.mails}) == 1
    assert world.pending() == []


async def test_one_mailbox_that_hangs_and_one_that_is_full_keep_no_other(
    world: MailedWorld, receiver: MailReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "PATIENCE", 3.0)
    behaviours = {"bo": Behaviour(seconds=30), "carl": Behaviour(recipient="452 4.2.2 full")}
    receiver.behave = lambda address: behaviours.get(address.partition("@")[0], Behaviour())
    world.recipients(recipient("carl"))
    await world.find("vm-1", "cold-chain")
    await world.minute()
    assert [mail["To"] for mail in receiver.mails] == ["anna@ops.example"]
    assert len(world.webhook.posted) == 1
    behaviours.clear()
    for _ in range(3):
        await world.minute()
    assert sorted(mail["To"] for mail in receiver.mails) == [
        f"{x}@ops.example" for x in ("anna", "bo", "carl")
    ]
    assert world.pending() == []


async def test_a_mailbox_that_is_gone_is_given_up_alone(world: MailedWorld, receiver: MailReceiver) -> None:
    receiver.behave = lambda address: (
        Behaviour(recipient="550 5.1.1 no such user") if address.startswith("bo@") else Behaviour()
    )
    await world.find("vm-1", "cold-chain")
    await world.minute()
    await world.minute(MINUTE)
    assert [lost["channel"] for lost in world.alerts.bodies("undelivered")] == ["mail:bo"]
    assert any("undelivered/mail" in key for key, _ in world.webhook.posted)
