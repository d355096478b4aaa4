"""The daily report on Cosmos DB itself, handed to a real SMTP server by the app's own client."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from devstack.mail.server import MailServer
from tests.support.fakes import FakeDocuments
from tests.support.morning import DAY, NOW, mailing, morning
from vending.adapters.cosmos import CosmosDocuments
from vending.adapters.smtp import SmtpMailer
from vending.documents.base import load
from vending.documents.daily_report import DailyReport, report_id
from vending.errors import Transient
from vending.notifications import addresses
from vending.reports.send_daily_report import Reporting, send_daily_report
from vending.reports.sending import LEASE

Store = FakeDocuments | CosmosDocuments


def mailer(server: MailServer) -> SmtpMailer:
    found = addresses.mail_server(("127.0.0.1", str(server.port), "none"), "vend@example.org", ("", ""))
    assert found
    return SmtpMailer(found)


async def reporting(server: MailServer, alerts: Store) -> Reporting:
    stores = replace(await morning(), alerts=alerts)
    return Reporting(stores, await mailing(mailer(server), stores), 6)


async def test_it_comes_once_whoever_sends_it(documents: Store, tmp_path: Path) -> None:
    async with MailServer(tmp_path) as server:
        found = await reporting(server, documents)
        sent = await asyncio.gather(*(send_daily_report(found, NOW) for _ in range(4)))
        assert sum(sent) == 1
        [mail] = server.mails()
    assert mail.recipients == ["ops@example.org"]
    assert mail.header("Subject").startswith("Sun 1 Mar 2026: 78.00 EUR + 1,200 JPY + 3.00 USD")
    assert mail.text is not None
    assert "m1 (Snacks, Main Station)" in mail.text
    assert mail.html is not None
    assert "School &lt;7&gt;" in mail.html
    stored = await documents.read("$notifications", report_id("ops@example.org"))
    assert stored
    held = load(stored.body, DailyReport)
    assert (held.done, held.claimed, held.lease_until) == (DAY, DAY, 0)


@pytest.mark.parametrize("fault", ["unavailable", "cut", "lost-reply"])
async def test_a_server_that_fails_gets_the_same_mail_again(tmp_path: Path, fault: str) -> None:
    """Whether or not it kept the first: the Message-ID is the same."""
    async with MailServer(tmp_path) as server:
        found = await reporting(server, FakeDocuments("machineId"))
        server.manners.fault = fault  # type: ignore[assignment]
        with pytest.raises(Transient):
            await send_daily_report(found, NOW)
        server.manners.fault = "none"
        assert await send_daily_report(found, NOW.replace(minute=LEASE // 60_000 + 15)) == 1
        mails = server.mails()
    assert len(mails) == (2 if fault == "lost-reply" else 1)
    assert len({mail.header("Message-ID") for mail in mails}) == 1


async def test_a_recipient_who_is_refused_is_given_up(tmp_path: Path) -> None:
    async with MailServer(tmp_path) as server:
        found = await reporting(server, FakeDocuments("machineId"))
        server.manners.fault = "refuse"
        assert await send_daily_report(found, NOW) == 0
        server.manners.fault = "none"
        assert await send_daily_report(found, NOW) == 0
        assert server.mails() == []
