"""Handing mails to an SMTP server that behaves well, badly, or not at all."""

import ssl
import traceback
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest

from devstack.ports import free_port
from tests.support.certificates import contexts
from tests.support.mail_receiver import Account, Behaviour, MailReceiver, listening
from vending.adapters import smtp
from vending.adapters.smtp import SmtpMailer
from vending.errors import Refused, Rejected, Transient, VendstreamError
from vending.mail import Mail
from vending.notifications.addresses import MailServer

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PASSWORD = "S3CR3T-PASSWORD"
MAIL = Mail("anna@ops.example", "Critical: vm-1 ☕", "It is too warm.\n", "<p>It is too warm.</p>", "m1/x/1")
Tls = Literal["implicit", "starttls", "none"]


def mailer(
    port: int, tls: Tls = "none", trust: ssl.SSLContext | None = None, password: str = ""
) -> SmtpMailer:
    host = "127.0.0.1" if tls == "none" else "localhost"
    account = ("app", password) if password else ("", "")
    return SmtpMailer(MailServer(host, port, tls, "fleet@vend.example", *account), trust, lambda: NOW)


@pytest.fixture
async def receiver() -> AsyncIterator[MailReceiver]:
    async with listening(MailReceiver()) as found:
        yield found


async def test_a_mail_arrives_as_text_and_html(receiver: MailReceiver) -> None:
    await mailer(receiver.port).send(MAIL)
    [mail] = receiver.mails
    assert (mail["To"], mail["From"], mail["Subject"]) == (MAIL.to, "fleet@vend.example", MAIL.subject)
    assert mail["Date"] == "Sun, 01 Mar 2026 12:00:00 +0000"
    assert mail["Auto-Submitted"] == "auto-generated"
    parts = [(part.get_content_type(), part.get_content().splitlines()) for part in mail.iter_parts()]
    assert parts == [("text/plain", ["It is too warm."]), ("text/html", [MAIL.html])]


async def test_a_repeated_mail_has_the_same_id_and_no_other_has(receiver: MailReceiver) -> None:
    for mail in (
        MAIL,
        MAIL,
        Mail("bo@ops.example", "", "", "", MAIL.key),
        Mail(MAIL.to, "", "", "", "other"),
    ):
        await mailer(receiver.port).send(mail)
    first, again, to_another, another = [mail["Message-ID"] for mail in receiver.mails]
    assert first == again
    assert len({first, to_another, another}) == 3
    assert first.endswith("@vend.example>")


async def test_no_text_becomes_a_header(receiver: MailReceiver) -> None:
    evil = "vm-1\r\nBcc: all@ops.example\n\n<b>\x00 \ud800"
    await mailer(receiver.port).send(Mail(MAIL.to, evil * 20, evil, "", evil))
    [mail] = receiver.mails
    assert mail["Bcc"] is None
    assert set(mail.keys()) >= {"From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"}
    assert str(mail["Subject"]).startswith("vm-1 Bcc: all@ops.example <b>")
    assert len(str(mail["Subject"])) <= 200
    assert receiver.tried == [MAIL.to]


@pytest.mark.parametrize(
    "address", ["a@b.example\r\nBcc: c@d.example", "a@b.example, c@d.example", "a b", ""]
)
async def test_what_is_no_address_is_refused(receiver: MailReceiver, address: str) -> None:
    with pytest.raises(Rejected):
        await mailer(receiver.port).send(Mail(address, "s", "t", "", "k"))
    assert receiver.mails == []


@pytest.mark.parametrize(
    ("behaviour", "kind"),
    [
        (Behaviour(recipient="450 4.2.1 mailbox busy"), Transient),
        (Behaviour(recipient="550 5.1.1 no such user"), Rejected),
        (Behaviour(recipient="530 5.7.0 sign in first"), Refused),
        (Behaviour(data="451 4.3.0 later"), Transient),
        (Behaviour(data="552 5.3.4 too big"), Rejected),
    ],
)
async def test_answers_decide(
    receiver: MailReceiver, behaviour: Behaviour, kind: type[VendstreamError]
) -> None:
    receiver.behave = lambda _: behaviour
    with pytest.raises(VendstreamError) as caught:
        await mailer(receiver.port).send(MAIL)
    assert type(caught.value) is kind
    assert (behaviour.recipient + behaviour.data).replace("250 OK", "") in str(caught.value)


async def test_a_server_that_takes_it_and_hangs_up_gets_it_again_under_the_same_id(
    receiver: MailReceiver,
) -> None:
    receiver.behave = lambda _: Behaviour(hangs_up=True)
    with pytest.raises(Transient):
        await mailer(receiver.port).send(MAIL)
    receiver.behave = lambda _: Behaviour()
    await mailer(receiver.port).send(MAIL)
    assert len({mail["Message-ID"] for mail in receiver.mails}) == 1
    assert len(receiver.mails) == 2


async def test_a_server_that_hangs_costs_so_many_seconds(
    receiver: MailReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "PATIENCE", 0.3)
    receiver.behave = lambda _: Behaviour(seconds=30)
    with pytest.raises(Transient, match="TimeoutError"):
        await mailer(receiver.port).send(MAIL)


async def test_nobody_listens() -> None:
    with pytest.raises(Transient) as caught:
        await mailer(free_port()).send(MAIL)
    assert type(caught.value) is Transient


async def test_implicit_tls_with_a_password(tmp_path: Path) -> None:
    server, client = contexts(tmp_path)
    account = Account("app", PASSWORD)
    async with listening(MailReceiver(tls=server, account=account)) as receiver:
        await mailer(receiver.port, "implicit", client, PASSWORD).send(MAIL)
        assert len(receiver.mails) == 1


async def test_starttls_with_a_password(tmp_path: Path) -> None:
    server, client = contexts(tmp_path)
    account = Account("app", PASSWORD)
    async with listening(MailReceiver(tls=server, account=account, starttls=True)) as receiver:
        await mailer(receiver.port, "starttls", client, PASSWORD).send(MAIL)
        assert len(receiver.mails) == 1


async def test_a_wrong_password_is_refused_for_now_and_told_nowhere(tmp_path: Path) -> None:
    server, client = contexts(tmp_path)
    account = Account("app", "another")
    async with listening(MailReceiver(tls=server, account=account, starttls=True)) as receiver:
        with pytest.raises(Refused, match="status 535") as caught:
            await mailer(receiver.port, "starttls", client, PASSWORD).send(MAIL)
        assert PASSWORD not in "".join(traceback.format_exception(caught.value))


async def test_no_password_where_one_is_needed(tmp_path: Path) -> None:
    server, client = contexts(tmp_path)
    account = Account("app", PASSWORD)
    async with listening(MailReceiver(tls=server, account=account, starttls=True)) as receiver:
        with pytest.raises(Refused, match="status 530"):
            await mailer(receiver.port, "starttls", client).send(MAIL)


async def test_starttls_is_required_not_wished(receiver: MailReceiver) -> None:
    with pytest.raises(Refused, match="STARTTLS"):
        await mailer(receiver.port, "starttls", None, PASSWORD).send(MAIL)
    assert receiver.mails == []


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
async def test_a_certificate_that_nobody_vouches_for_gets_no_password(tls: Tls, tmp_path: Path) -> None:
    server, _ = contexts(tmp_path)
    starttls = tls == "starttls"
    async with listening(MailReceiver(tls=server, starttls=starttls)) as receiver:
        with pytest.raises(Transient, match="CERTIFICATE_VERIFY_FAILED"):
            await mailer(receiver.port, tls, None, PASSWORD).send(MAIL)
        assert receiver.mails == []
