"""Who gets which mail, in how many, and what the channels have to do with each other: nothing."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support.fakes import FakeMailer, FakeWebhook
from tests.support.mailed_world import MINUTE, NOW, MailedWorld, recipient
from vending.documents.alerts import NOTIFICATIONS
from vending.errors import Refused, Rejected, Transient
from vending.mail import Mail
from vending.notifications import mails_due
from vending.notifications.send_mails import send_mails
from vending.notifications.watch_notifications import watch_notifications

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def fails(fault: Exception, *addresses: str) -> Any:
    """A hook: those recipients, or all, meet that fault."""

    def hook(operation: str, key: str) -> None:
        if not addresses or key in addresses:
            raise fault

    return hook


def by_rule(world: MailedWorld) -> list[dict[str, Any]]:
    return [one for one in world.alerts.bodies("alert") if one["machineId"] == NOTIFICATIONS]


async def test_one_alert_is_one_mail_that_reads_as_one() -> None:
    world = MailedWorld()
    world.recipients(recipient("anna"))
    world.site("main station", ["vm-1"])
    await world.find("vm-1")
    await world.minute()
    [mail] = world.mailer.mails
    assert (mail.to, mail.key) == ("anna@ops.example", "vm-1/silent/machine/1/opened")
    assert mail.subject == "[warning] Main Station: vm-1 is not heard from"
    assert mail.text.splitlines() == [
        "vm-1 is not heard from",
        "",
        "Site: Main Station",
        "Machine: vm-1",
        "Since: 2026-03-01 13:00 CET",
        "Rule: silent",
        "",
        "https://app/dashboard",
    ]
    assert world.pending() == []
    await world.minute()
    assert len(world.mailer.mails) == 1
    assert len(world.webhook.posted) == 1


async def test_a_power_cut_of_forty_machines_is_one_mail_and_forty_alerts() -> None:
    world = MailedWorld()
    machines = [f"vm-{number:02}" for number in range(40)]
    world.recipients(recipient("anna"))
    world.site("main station", machines)
    for machine in machines[:25]:
        await world.find(machine)
    world.now += timedelta(seconds=45)
    for machine in machines[25:]:
        await world.find(machine)
    for _ in range(3):
        await world.minute(timedelta(seconds=15))
    [mail] = world.mailer.mails
    assert mail.subject == "[warning] 40 notifications of 40 machines at Main Station: 40 silent opened"
    assert mail.text.count("is not heard from") == mail.html.count("is not heard from") == 40
    assert len(world.alerts.bodies("alert")) == 40
    await world.minute()
    assert world.pending() == []
    assert len(world.mailer.mails) == 1


async def test_what_has_just_come_waits_for_what_has_the_same_cause() -> None:
    world = MailedWorld()
    world.recipients(recipient("anna"))
    await world.find("vm-1")
    await send_mails(world.outgoing, world.now + timedelta(seconds=19))
    assert world.mailer.mails == []
    await send_mails(world.outgoing, world.now + timedelta(seconds=20))
    assert len(world.mailer.mails) == 1


async def test_a_minute_sends_once_whoever_sweeps() -> None:
    world = MailedWorld()
    world.recipients(recipient("anna"))
    world.now += MINUTE
    for number in range(3):
        await world.find(f"vm-{number}")
        await send_mails(world.outgoing, world.now + timedelta(seconds=20 + number))
    assert len(world.mailer.mails) == 1


async def test_mails_are_bounded_a_minute_and_nobody_is_forgotten() -> None:
    world = MailedWorld(limit=4)
    world.recipients(*(recipient(f"r{number:02}") for number in range(10)))
    await world.find("vm-1")
    for count in (4, 8, 10):
        await world.minute()
        assert len(world.mailer.mails) == count
    assert Counter(mail.to for mail in world.mailer.mails).most_common(1)[0][1] == 1
    assert world.pending() == []


async def test_a_recipient_that_takes_nothing_keeps_no_other_and_repeats_none() -> None:
    world = MailedWorld()
    world.recipients(recipient("anna"), recipient("bo"), recipient("carl"))
    world.mailer.fault = fails(Transient("mail: status 450"), "bo@ops.example")
    await world.find("vm-1")
    for _ in range(30):
        await world.minute()
    assert [mail.to for mail in world.mailer.mails] == ["anna@ops.example", "carl@ops.example"]
    [entry] = world.pending()
    assert entry["done"] == ["mail:anna", "mail:carl", "webhook"]
    world.mailer.fault = lambda *_: None
    await world.minute(15 * MINUTE)
    assert [mail.to for mail in world.mailer.mails][2:] == ["bo@ops.example"]
    assert world.pending() == []
    assert len(world.webhook.posted) == 1


async def test_a_recipient_that_takes_nothing_is_tried_ever_less_often() -> None:
    world = MailedWorld()
    world.recipients(recipient("anna"))
    tries: list[datetime] = []

    def refuse(operation: str, key: str) -> None:
        tries.append(world.now)
        raise Transient("mail: SMTPConnectError")

    world.mailer.fault = refuse
    await world.find("vm-1")
    for _ in range(60):
        await world.minute()
    assert [(at - NOW) // MINUTE for at in tries] == [1, 2, 4, 8, 16, 31, 46]


async def test_an_address_that_is_refused_is_given_up_for_itself_and_the_webhook_tells() -> None:
    world = MailedWorld()
    world.recipients(recipient("anna"), recipient("bo"))
    world.mailer.fault = fails(Rejected("mail", "status 550 no such user"), "bo@ops.example")
    await world.find("vm-1")
    await world.minute()
    assert [mail.to for mail in world.mailer.mails] == ["anna@ops.example"]
    assert world.pending() == []
    [lost] = world.alerts.bodies("undelivered")
    assert (lost["id"], lost["channel"]) == ("undelivered:silent:machine:1:opened:mail:bo", "mail:bo")
    await world.minute()
    [about] = by_rule(world)
    assert (about["component"], about["state"]) == ("mail", "open")
    assert about["detail"] == {"count": 1, "reason": "bo: mail: status 550 no such user"}
    [key] = [key for key, _ in world.webhook.posted if key.startswith(NOTIFICATIONS)]
    assert key == "$notifications/undelivered/mail/1/opened"


async def test_a_wrong_password_is_tried_for_a_day() -> None:
    world = MailedWorld()
    world.recipients(recipient("anna"))
    world.mailer.fault = fails(Refused("mail: status 535"))
    await world.find("vm-1")
    while world.now < NOW + DAY:
        await world.minute(15 * MINUTE)
    assert world.alerts.bodies("undelivered") == []
    await world.minute(15 * MINUTE)
    await world.minute(15 * MINUTE)
    assert [lost["machineId"] for lost in world.alerts.bodies("undelivered")] == ["vm-1"]


async def test_what_waited_for_hours_over_a_weekend_is_not_given_up_at_the_first_refusal() -> None:
    world = MailedWorld()
    world.recipients(recipient("anna", hours={"tue": ["08:00-09:00"]}))
    await world.find("vm-1")
    world.mailer.fault = fails(Refused("mail: status 535"))
    await world.minute(datetime(2026, 3, 3, 8, 0, tzinfo=NOW.tzinfo) - NOW)
    assert world.alerts.bodies("undelivered") == []
    world.mailer.fault = lambda *_: None
    await world.minute()
    assert len(world.mailer.mails) == 1


async def test_a_dead_mail_server_is_told_by_the_webhook_and_the_other_way_round() -> None:
    world = MailedWorld()
    world.recipients(recipient("anna"))
    world.mailer.fault = fails(Transient("mail: SMTPConnectError"))
    await world.find("vm-1")
    for _ in range(70):
        await world.minute()
    keys = [key for key, _ in world.webhook.posted]
    assert keys == ["vm-1/silent/machine/1/opened", "$notifications/undelivered/mail/1/opened"]
    world.mailer.fault = lambda *_: None
    world.webhook.fault = fails(Transient("webhook: status 503"))
    await world.find("vm-2")
    for _ in range(90):
        await world.minute()
    assert [one["component"] for one in by_rule(world) if one["state"] == "open"] == ["webhook"]
    assert any("undelivered/webhook/1/opened" in mail.key for mail in world.mailer.mails)
    world.webhook.fault = lambda *_: None
    await world.minute(HOUR)
    await world.minute(MINUTE)
    assert [one for one in by_rule(world) if one["state"] == "open"] == []


async def test_a_hanging_webhook_delays_no_mail() -> None:
    """All of the queue's messages hang; the sweep goes by."""
    hanging = asyncio.Event()

    class Hanging(FakeWebhook):
        async def post(self, message: dict[str, Any], idempotency_key: str) -> None:
            await hanging.wait()
            await super().post(message, idempotency_key)

    world = MailedWorld(webhook=(webhook := Hanging()))
    world.recipients(recipient("anna"))
    for number in range(8):
        await world.find(f"vm-{number}")
    delivering = asyncio.create_task(world.deliver())
    await asyncio.sleep(0)
    world.now += MINUTE
    await send_mails(world.outgoing, world.now)
    assert len(world.mailer.mails) == 1
    hanging.set()
    await delivering
    assert len(webhook.posted) == 8
    await world.minute()
    assert (world.pending(), len(world.mailer.mails)) == ([], 1)


async def test_a_hanging_mail_server_delays_no_post() -> None:
    hanging = asyncio.Event()

    class Hanging(FakeMailer):
        async def send(self, mail: Mail) -> None:
            await hanging.wait()
            await super().send(mail)

    mailer = Hanging()
    world = MailedWorld(mailer)
    world.recipients(recipient("anna"))
    await world.find("vm-1")
    world.now += MINUTE
    sending = asyncio.create_task(send_mails(world.outgoing, world.now))
    await asyncio.sleep(0.01)
    await world.deliver()
    assert len(world.webhook.posted) == 1
    hanging.set()
    assert await sending == 1
    assert world.pending() == []


async def test_a_crash_between_mail_and_completion_mails_again_under_the_same_key() -> None:
    world = MailedWorld()
    world.recipients(recipient("anna"))
    await world.find("vm-1")
    world.alerts.fault = lambda operation, key: fails(Transient("gone"))("", "") if (
        operation == "write" and key == "vm-1"
    ) else None  # fmt: skip
    with pytest.raises(Transient):
        await send_mails(world.outgoing, world.now + MINUTE)
    world.alerts.fault = lambda *_: None
    await world.minute(2 * MINUTE)
    assert [mail.key for mail in world.mailer.mails] == ["vm-1/silent/machine/1/opened"] * 2


async def test_what_nobody_wants_leaves_the_outbox() -> None:
    world = MailedWorld()
    world.recipients(recipient("anna", severity="critical"))
    await world.find("vm-1")
    await world.deliver()
    assert len(world.pending()) == 1, "who posts does not know who is mailed"
    await world.minute()
    assert (world.pending(), world.mailer.mails) == ([], [])


async def test_out_of_hours_it_waits_and_comes_in_one_mail_when_they_begin() -> None:
    """22:00 at the site to 08:00 the next morning; of critical ones some want to hear at night."""
    world = MailedWorld()
    office = {day: ["08:00-18:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
    world.recipients(recipient("anna", hours=office), recipient("bo", hours=office, critical_always=True))
    world.site("main station", ["vm-1", "vm-2", "vm-3"])
    world.now = datetime(2026, 3, 2, 21, tzinfo=NOW.tzinfo)
    await world.find("vm-1")
    await world.find("vm-2", "cold-chain")
    await world.minute()
    [mail] = world.mailer.mails
    assert (mail.to, mail.key) == ("bo@ops.example", "vm-2/cold-chain/machine/1/opened")
    world.now = datetime(2026, 3, 3, 6, 58, tzinfo=NOW.tzinfo)
    await world.minute()
    assert len(world.mailer.mails) == 1
    await world.minute()
    assert [mail.to for mail in world.mailer.mails[1:]] == ["anna@ops.example", "bo@ops.example"]
    assert world.mailer.mails[1].subject.startswith(
        "[critical] 2 notifications of 2 machines at Main Station"
    )
    assert world.mailer.mails[2].subject == "[warning] Main Station: vm-1 is not heard from"
    assert world.pending() == []


async def test_routes_and_sites_have_their_own_recipients_and_the_app_has_those_of_all() -> None:
    world = MailedWorld()
    world.site("north", ["vm-1"], route="r1")
    world.site("south", ["vm-2"], route="r2")
    world.recipients(recipient("one", routes=["r1"]), recipient("two", sites=["south"]), recipient("all"))
    for machine in ("vm-1", "vm-2", "vm-3", "$hub"):
        await world.find(machine)
    await world.minute()
    told = {mail.to.partition("@")[0]: mail.subject for mail in world.mailer.mails}
    assert told["one"] == "[warning] North: vm-1 is not heard from"
    assert told["two"] == "[warning] South: vm-2 is not heard from"
    assert told["all"].startswith("[warning] 4 notifications of 3 machines at 3 sites")


async def test_without_recipients_in_the_catalog_the_settings_addresses_get_all() -> None:
    world = MailedWorld()
    object.__setattr__(world.mailing, "fallback", ("ops@ops.example",))
    await world.find("vm-1")
    await world.minute()
    assert [mail.to for mail in world.mailer.mails] == ["ops@ops.example"]
    world.recipients(recipient("anna", severity="none"))
    await world.find("vm-2")
    await world.minute()
    assert len(world.mailer.mails) == 1


async def test_a_round_has_a_bound_and_the_next_one_tells_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mails_due, "MOST", 10)
    monkeypatch.setattr(mails_due, "READ_TOGETHER", 5)
    world = MailedWorld()
    world.recipients(recipient("anna"))
    for number in range(25):
        await world.find(f"vm-{number:02}")
    for _ in range(3):
        await world.minute()
    assert [mail.text.count("not heard") for mail in world.mailer.mails] == [10, 10, 5]


async def test_an_alert_that_cannot_be_read_costs_its_own_mail() -> None:
    world = MailedWorld()
    world.recipients(recipient("anna"))
    for machine in ("vm-1", "vm-2"):
        await world.find(machine)
    world.alerts.damage("vm-1", "current:silent:machine", outbox="gone")
    world.queue.messages.clear()
    await world.minute()
    assert [mail.key for mail in world.mailer.mails] == ["vm-2/silent/machine/1/opened"]


async def test_an_outbox_of_the_version_before_is_mailed_too() -> None:
    world = MailedWorld()
    world.recipients(recipient("anna"))
    await world.find("vm-1")
    [alert] = world.alerts.bodies("alert")
    assert "done" not in alert["outbox"][0]
    old = {name: value for name, value in alert["outbox"][0].items() if name not in ("owed", "times")}
    world.alerts.damage("vm-1", alert["id"], outbox=[old])
    await world.minute()
    assert len(world.mailer.mails) == 1


async def test_mails_alone_need_no_queue() -> None:
    world = MailedWorld()
    world.outgoing.webhook = None
    world.recipients(recipient("anna"))
    await world.find("vm-1")
    await world.deliver()
    assert len(world.pending()) == 1
    await world.minute()
    assert (world.pending(), len(world.mailer.mails)) == ([], 1)
    assert await watch_notifications(world.stores, world.now) == 0


async def test_a_recipient_who_left_while_nothing_got_through_keeps_no_alert_open() -> None:
    world = MailedWorld()
    world.recipients(recipient("anna"))
    world.mailer.fault = fails(Transient("mail: status 452"))
    await world.find("vm-1")
    for _ in range(65):
        await world.minute()
    assert [one["state"] for one in by_rule(world)] == ["open"]
    world.recipients(recipient("anna", severity="none"))
    for _ in range(2):
        await world.minute()
    assert [one["state"] for one in by_rule(world)] == ["closed"]
    assert world.pending() == []


async def test_a_channel_that_is_no_more_keeps_no_alert_open() -> None:
    world = MailedWorld()
    world.webhook.fault = fails(Transient("webhook: status 503"))
    await world.find("vm-1")
    for _ in range(65):
        await world.minute()
    assert [one["state"] for one in by_rule(world)] == ["open"]
    world.outgoing.webhook = None
    for _ in range(2):
        await world.minute()
    assert [one["state"] for one in by_rule(world)] == ["closed"]
    world.outgoing.mailing = None
    await world.minute()


async def test_mails_read_no_planograms() -> None:
    world = MailedWorld()
    world.recipients(recipient("anna"))
    world.site("north", ["vm-1"])
    read: list[str] = []
    world.catalog.fault = lambda operation, key: read.append(key) if operation == "read" else None
    await world.find("vm-1")
    await world.minute()
    assert sorted(read) == ["machine", "site", "version", "version"]
