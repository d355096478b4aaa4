"""One mail a day and recipient: however often, and from wherever, it is asked for."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.support.morning import (
    AWAY,
    DAY,
    NOW,
    UNKNOWN,
    FakeMailer,
    empty_stores,
    mailing,
    morning,
    recipient,
)
from tests.support.watched import Call, watched
from vending.documents.base import load
from vending.documents.catalog import CatalogRecipient
from vending.documents.daily_report import DailyReport, report_id
from vending.errors import Transient
from vending.reports.send_daily_report import Reporting, send_daily_report
from vending.reports.sending import LEASE
from vending.views.stores import ViewStores

OPS = recipient("ops", "ops@example.org")
NORTH = recipient("north", "n@example.org", routes=["north"], severity="none", daily_report=True)
GONE = recipient("gone", "g@example.org", severity="none")
QUIET = recipient("quiet", "q@example.org", daily_report=False)
LATER = NOW + timedelta(minutes=15)


async def reporting(mailer: FakeMailer, stores: ViewStores, *to: CatalogRecipient) -> Reporting:
    return Reporting(stores, await mailing(mailer, stores, *(to or (OPS,))), 6)


async def remembered(stores: ViewStores) -> DailyReport | None:
    stored = await stores.alerts.read("$notifications", report_id(OPS.id))
    return load(stored.body, DailyReport) if stored else None


async def test_everybody_gets_his_own_report_once() -> None:
    mailer, stores = FakeMailer(), await morning()
    found = await reporting(mailer, stores, OPS, NORTH, QUIET, GONE)
    assert await send_daily_report(found, NOW) == 2
    assert await send_daily_report(found, NOW) == 0
    assert await send_daily_report(found, LATER) == 0
    own, whole = mailer.mails
    assert (whole.to, own.to) == ("ops@example.org", "n@example.org")
    assert whole.key == f"{report_id('ops')}/{DAY}"
    assert whole.subject.startswith("Sun 1 Mar 2026: 78.00 EUR")
    assert own.subject.startswith("Sun 1 Mar 2026 (route north): 60.00 EUR")
    assert ("Sold most" in whole.text, "<table>" in whole.html) == (True, True)
    assert await send_daily_report(found, NOW + timedelta(days=1)) == 2
    assert mailer.mails[-1].key == f"{report_id('ops')}/2026-03-02"


async def test_without_recipients_in_the_catalog_the_settings_say_who_gets_it() -> None:
    mailer, stores = FakeMailer(), await morning()
    assert await send_daily_report(Reporting(stores, await mailing(mailer, stores), 6), NOW) == 1
    assert [mail.to for mail in mailer.mails] == ["ops@example.org"]


async def test_before_the_hour_and_without_a_server_nothing_is_read() -> None:
    mailer, stores = FakeMailer(), empty_stores()
    found = await reporting(mailer, stores)
    before = requests(stores)
    assert await send_daily_report(found, NOW - timedelta(hours=1)) == 0
    assert await send_daily_report(replace(found, mailing=None), NOW) == 0
    assert await send_daily_report(replace(found, hour=None), NOW) == 0
    assert requests(stores) == before
    assert mailer.mails == []


def requests(stores: ViewStores) -> list[int]:
    """Of the alerts, the days and the catalog."""
    return [store.requests for store in (stores.alerts, stores.fleet, stores.catalog)]  # type: ignore[attr-defined]


async def test_who_has_it_costs_two_reads_a_tick() -> None:
    """His document, and the catalog's version."""
    stores = empty_stores()
    found = await reporting(FakeMailer(), stores)
    await send_daily_report(found, NOW)
    before = requests(stores)
    await send_daily_report(found, LATER)
    assert [now - then for now, then in zip(requests(stores), before, strict=True)] == [1, 0, 1]


async def test_many_instances_send_one() -> None:
    """Each with its own view of the store; all between reading and claiming at the same time."""
    mailer, stores = FakeMailer(), empty_stores()
    gate = asyncio.Barrier(5)

    async def together(operation: str, call: Call, *arguments: Any) -> Any:
        answer = await call(*arguments)
        if operation == "read":
            await gate.wait()
        return answer

    stores_of = [ViewStores(stores.machines, stores.conditions, watched(stores.alerts, together),
                            stores.fleet, stores.catalog) for _ in range(5)]  # fmt: skip
    instances = [await reporting(mailer, own) for own in stores_of]
    sent = await asyncio.gather(*(send_daily_report(one, NOW) for one in instances))
    assert sorted(sent) == [0, 0, 0, 0, 1]
    assert len(mailer.mails) == 1


async def test_a_failure_is_tried_again_at_the_next_tick_and_keeps_nobody_back() -> None:
    mailer, stores = FakeMailer(AWAY), empty_stores()
    found = await reporting(mailer, stores, OPS, NORTH)
    with pytest.raises(Transient, match="away"):
        await send_daily_report(found, NOW)
    assert [mail.to for mail in mailer.mails] == ["ops@example.org"]
    assert await send_daily_report(found, LATER) == 1
    assert [mail.to for mail in mailer.mails] == ["ops@example.org", "n@example.org"]


async def test_an_address_that_is_refused_for_good_is_not_tried_again_that_day(
    caplog: pytest.LogCaptureFixture,
) -> None:
    mailer, stores = FakeMailer(UNKNOWN), empty_stores()
    assert await send_daily_report(await reporting(mailer, stores), NOW) == 0
    assert await send_daily_report(await reporting(mailer, stores), LATER) == 0
    held = await remembered(stores)
    assert held
    assert (held.done, held.reason) == (DAY, "mail: status 550 no such mailbox")
    assert "is given up" in caplog.text
    assert "ops@" not in caplog.text, "no log line holds an address"
    assert await send_daily_report(await reporting(mailer, stores), NOW + timedelta(days=1)) == 1
    held = await remembered(stores)
    assert held
    assert held.reason is None


class Crash(BaseException):
    """The process is gone."""


async def test_a_crash_between_sending_and_remembering_repeats_it_under_the_same_key() -> None:
    mailer, stores = FakeMailer(), empty_stores()

    async def dies(operation: str, call: Call, *arguments: Any) -> Any:
        if operation == "write" and mailer.mails:
            raise Crash
        return await call(*arguments)

    dying = ViewStores(
        stores.machines, stores.conditions, watched(stores.alerts, dies), stores.fleet, stores.catalog
    )
    with pytest.raises(Crash):
        await send_daily_report(await reporting(mailer, dying), NOW)
    assert await send_daily_report(await reporting(mailer, stores), NOW) == 0, "the claim stands"
    over = NOW + timedelta(milliseconds=LEASE)
    assert await send_daily_report(await reporting(mailer, stores), over) == 1
    assert await send_daily_report(await reporting(mailer, stores), over + timedelta(hours=1)) == 0
    first, second = mailer.mails
    assert (first.key, first.to) == (second.key, second.to)


async def test_a_claim_that_ended_is_not_overwritten(caplog: pytest.LogCaptureFixture) -> None:
    """Sending took longer than the lease: the other instance's word stands."""
    stores = empty_stores()

    class Slow(FakeMailer):
        async def send(self, mail: Any) -> None:
            await super().send(mail)
            over = NOW + timedelta(milliseconds=LEASE)
            assert await send_daily_report(await reporting(other, stores), over) == 1

    other, slow = FakeMailer(), Slow()
    await send_daily_report(await reporting(slow, stores), NOW)
    held = await remembered(stores)
    assert held
    assert (held.done, held.lease_until) == (DAY, 0)
    assert "the claim on a daily report ended" in caplog.text
