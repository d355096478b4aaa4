"""Mails sent by other people's clients: the standard library's ``smtplib``, and aiosmtplib."""

import asyncio
import smtplib
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiosmtplib
import pytest

from devstack.mail.mailbox import Bounds, Mailbox, envelope
from devstack.mail.server import MailServer
from devstack.mail.smtp import RECIPIENTS, Fault, Manners

SMALL = Bounds(mail=20_000, mails=5, folder=60_000)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[MailServer]:
    async with MailServer(tmp_path / "mails", bounds=SMALL) as serving:
        yield serving


def message(subject: str = "Täglicher Bericht", text: str = "Grüße, 12,50 €\n") -> EmailMessage:
    found = EmailMessage()
    found["From"] = "Vendstream <alerts@example.org>"
    found["To"] = "Jörg Müller <ops@example.org>"
    found["Subject"] = subject
    found["Message-ID"] = "<day-1@example.org>"
    found.set_content(text)
    return found


async def send(server: MailServer, sent: EmailMessage | None = None, **options: Any) -> None:
    """By aiosmtplib."""
    asked: dict[str, Any] = {"hostname": "127.0.0.1", "port": server.port, "timeout": 20}
    await aiosmtplib.send(sent or message(), **(asked | options))


async def by_smtplib[Done](server: MailServer, work: Callable[[smtplib.SMTP], Done]) -> Done:
    def talk() -> Done:
        with smtplib.SMTP("127.0.0.1", server.port, timeout=60) as client:
            return work(client)

    return await asyncio.to_thread(talk)


async def test_a_mail_is_kept_as_it_was_sent(server: MailServer) -> None:
    sent = message()
    sent.add_alternative("<p>Gr&uuml;&szlig;e</p>", subtype="html")
    sent.add_attachment(b"\x00\xff binary", maintype="application", subtype="pdf", filename="Umsätze.pdf")
    sent.add_attachment("day;units\n", subtype="csv", filename="sales.csv")
    await by_smtplib(server, lambda client: client.send_message(sent))
    [kept] = server.mails()
    assert (kept.sender, kept.recipients) == ("alerts@example.org", ["ops@example.org"])
    assert kept.header("subject") == "Täglicher Bericht"
    assert kept.header("To") == "Jörg Müller <ops@example.org>"
    assert (kept.text, kept.html) == ("Grüße, 12,50 €\n", "<p>Gr&uuml;&szlig;e</p>\n")
    assert [(x.name, x.type, x.content) for x in kept.attachments] == [
        ("Umsätze.pdf", "application/pdf", b"\x00\xff binary"),
        ("sales.csv", "text/csv", b"day;units\r\n"),
    ]


async def test_the_file_is_the_envelope_and_the_bytes_that_were_sent(server: MailServer) -> None:
    """Dots at the beginning of lines, lines of 998 bytes, 8-bit text, recipients that no header names."""
    raw = b"Subject: x\r\n\r\n.\r\n..\r\n.a\r\n" + b"w" * 998 + b"\r\nGr\xc3\xbc\xc3\x9fe\r\n"
    hidden = ["a@example.org", "b@example.org"]
    options = ["BODY=8BITMIME"]
    await by_smtplib(server, lambda client: client.sendmail("s@example.org", hidden, raw, options))
    [file] = server.mailbox.folder.iterdir()
    assert file.read_bytes() == envelope("s@example.org", hidden) + raw
    [kept] = server.mails()
    assert kept.recipients == hidden
    assert kept.text is not None
    assert kept.text.startswith(".\n..\n.a\nw")


async def test_addresses_outside_ascii(server: MailServer) -> None:
    raw = "Subject: ü\r\n\r\nü\r\n".encode()
    options = ["SMTPUTF8", "BODY=8BITMIME"]

    def talk(client: smtplib.SMTP) -> None:
        client.ehlo()
        client.command_encoding = "utf-8"
        client.sendmail("jörg@example.org", ["käthe@exämple.org"], raw, options)

    await by_smtplib(server, talk)
    [kept] = server.mails()
    assert (kept.sender, kept.recipients) == ("jörg@example.org", ["käthe@exämple.org"])


async def test_a_mail_that_is_too_large_is_refused_and_the_next_one_taken(server: MailServer) -> None:
    """Stated beforehand (SIZE), and by a client that says nothing of it."""
    with pytest.raises(aiosmtplib.SMTPResponseException) as refused:
        await send(server, message(text="x\n" * 20_000))
    assert refused.value.code == 552

    def talk(client: smtplib.SMTP) -> list[int]:
        client.ehlo()
        client.esmtp_features.pop("size")
        with pytest.raises(smtplib.SMTPDataError) as caught:
            client.sendmail("s@example.org", ["r@example.org"], b"Subject: y\r\n\r\n" + b"y\r\n" * 10_000)
        client.send_message(message("small"))
        return [caught.value.smtp_code]

    assert await by_smtplib(server, talk) == [552]
    assert [mail.header("Subject") for mail in server.mails()] == ["small"]


async def test_a_line_that_is_too_long_is_refused(server: MailServer) -> None:
    def talk(client: smtplib.SMTP) -> int:
        with pytest.raises(smtplib.SMTPDataError) as caught:
            client.sendmail("s@example.org", ["r@example.org"], b"Subject: y\r\n\r\n" + b"y" * 1200 + b"\r\n")
        return int(caught.value.smtp_code)

    assert await by_smtplib(server, talk) == 500
    assert server.mails() == []


async def test_many_recipients(server: MailServer) -> None:
    """As many as there may be, and the one too many is named; the mail goes to the others."""
    many = [f"r{number}@example.org" for number in range(RECIPIENTS + 1)]
    refused = await by_smtplib(
        server, lambda client: client.sendmail("s@example.org", many, b"Subject: many\r\n\r\n")
    )
    assert set(refused) == {many[-1]}
    assert refused[many[-1]][0] == 452
    [kept] = server.mails()
    assert kept.recipients == many[:-1]


@pytest.mark.parametrize("how", [socket.SHUT_WR, socket.SHUT_RDWR])
async def test_a_connection_that_is_cut_within_a_mail_keeps_nothing(server: MailServer, how: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    for line in ("EHLO me", "MAIL FROM:<s@example.org>", "RCPT TO:<r@example.org>", "DATA"):
        writer.write(f"{line}\r\n".encode())
        while not (await reader.readline()).startswith((b"250 ", b"354 ")):
            pass
    writer.write(b"Subject: half\r\n\r\nno dot\r\n.")
    await writer.drain()
    writer.get_extra_info("socket").shutdown(how)
    await reader.read()
    writer.close()
    await asyncio.to_thread(lambda: None)
    await send(server, message("whole"))
    assert [mail.header("Subject") for mail in server.mails()] == ["whole"]
    assert len(list(server.mailbox.folder.iterdir())) == 1


async def test_the_oldest_go(server: MailServer) -> None:
    for number in range(7):
        await send(server, message(str(number)))
    assert [mail.header("Subject") for mail in server.mails()] == ["6", "5", "4", "3", "2"]
    await send(server, message("large", "l" * 70 + "\n"))
    for _ in range(4):
        await send(server, message("16 KB", "l\n" * 5_500))
    kept = [mail.header("Subject") for mail in server.mails()]
    assert kept == ["16 KB"] * 3, "four of them are more bytes than the folder may hold"
    assert len(list(server.mailbox.folder.iterdir())) == 3


def test_what_was_kept_is_there_after_a_restart_and_what_was_half_written_is_not(tmp_path: Path) -> None:
    first = Mailbox(tmp_path, SMALL)
    names = [first.keep("s@example.org", ["r@example.org"], b"Subject: n\r\n\r\n") for _ in range(3)]
    (tmp_path / "0000000000000001.tmp").write_bytes(b"half")
    (tmp_path / "notes.txt").write_text("somebody's own")
    second = Mailbox(tmp_path, SMALL)
    assert second.ids() == names[::-1]
    assert second.keep("s@example.org", [], b"") > names[-1]
    assert {path.suffix for path in tmp_path.iterdir()} == {".eml", ".txt"}


def test_an_id_is_later_than_the_one_before_whatever_the_clock_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailbox = Mailbox(tmp_path, SMALL)
    first = mailbox.keep("s@example.org", [], b"")
    monkeypatch.setattr("time.time_ns", lambda: 1_000)
    assert mailbox.keep("s@example.org", [], b"") > first


async def test_a_mail_that_cannot_be_written_may_be_sent_again(server: MailServer) -> None:
    folder = server.mailbox.folder
    folder.rename(folder.with_name("away"))
    with pytest.raises(aiosmtplib.SMTPDataError, match="It cannot be kept: No such file") as refused:
        await send(server)
    assert refused.value.code == 452
    folder.with_name("away").rename(folder)
    await send(server)
    assert len(server.mails()) == 1


@pytest.mark.parametrize("client", ["smtplib", "aiosmtplib"])
async def test_a_login_is_asked_for(tmp_path: Path, client: str) -> None:
    manners = Manners(user="vend", password="pass:wörd")
    async with MailServer(tmp_path, manners=manners) as server:
        if client == "aiosmtplib":
            with pytest.raises(aiosmtplib.SMTPSenderRefused, match="Authentication required"):
                await send(server)
            with pytest.raises(aiosmtplib.SMTPAuthenticationError):
                await send(server, username="vend", password="wrong")
            await send(server, username="vend", password="pass:wörd")
        else:
            manners.password = "ascii only"

            def talk(session: smtplib.SMTP) -> None:
                with pytest.raises(smtplib.SMTPAuthenticationError):
                    session.login("vend", "wrong")
                session.login("vend", "ascii only")
                session.send_message(message())

            await by_smtplib(server, talk)
        assert len(server.mails()) == 1


async def test_without_a_login_none_is_offered(server: MailServer) -> None:
    features = await by_smtplib(server, lambda client: (client.ehlo(), dict(client.esmtp_features))[1])
    assert {"size", "8bitmime", "smtputf8"} <= features.keys()
    assert not {"auth", "starttls"} & features.keys()
    assert features["size"] == str(SMALL.mail)


async def test_a_mail_whose_reply_was_lost_is_kept(server: MailServer) -> None:
    """The client cannot know, and sends it again under the same Message-ID."""
    for fault in ("lost-reply", "cut"):
        await fails(server, fault, aiosmtplib.SMTPServerDisconnected)
    server.manners.fault = "none"
    await send(server)
    assert [mail.header("Message-ID") for mail in server.mails()] == ["<day-1@example.org>"] * 2


async def test_other_faults(server: MailServer) -> None:
    await fails(server, "unavailable", aiosmtplib.SMTPConnectResponseError)
    await fails(server, "refuse", aiosmtplib.SMTPRecipientsRefused)
    await fails(server, "hang", aiosmtplib.SMTPTimeoutError)
    assert server.mails() == []


async def fails(server: MailServer, fault: Fault, how: type[Exception]) -> None:
    server.manners.fault = fault
    with pytest.raises(how):
        await send(server, timeout=3)


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_encrypted(tmp_path: Path, certificate: Path, tls: str) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    manners = Manners(tls=tls, context=context, user="vend", password="secret")  # type: ignore[arg-type]
    trusting = ssl.create_default_context(cafile=str(certificate))
    asked: dict[str, Any] = {
        "hostname": "localhost",
        "start_tls": tls == "starttls",
        "use_tls": tls == "implicit",
    }
    async with MailServer(tmp_path, manners=manners) as server:
        await send(server, tls_context=trusting, username="vend", password="secret", **asked)
        assert len(server.mails()) == 1
        with pytest.raises((aiosmtplib.SMTPException, ssl.SSLError)):
            await send(server, **asked)
        manners.user = ""
        with pytest.raises(aiosmtplib.SMTPException):
            await send(server, start_tls=False, use_tls=False, timeout=2)
        assert len(server.mails()) == 1


def test_what_is_sent_is_what_smtp_makes_of_a_message() -> None:
    """The tests above compare texts; this one says that they are of the policy that clients use."""
    assert b"=?utf-8?" in message().as_bytes(policy=policy.SMTP)
