"""The page and its JSON: what stands in a mail is shown, and is nobody's markup."""

from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devstack.mail import page
from devstack.mail.mailbox import envelope
from devstack.mail.reading import read
from devstack.mail.server import MailServer

EVIL = "<script>alert(1)</script>"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[MailServer]:
    async with MailServer(tmp_path) as serving:
        yield serving


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def kept(server: MailServer) -> str:
    mail = EmailMessage()
    mail["From"], mail["To"] = f'"{EVIL}" <a@example.org>', "b@example.org"
    mail["Subject"] = f"{EVIL} ü"
    mail.set_content(f"{EVIL} & more")
    mail.add_alternative(f'<b>bold</b>{EVIL}<img src="https://elsewhere.example/pixel">', subtype="html")
    mail.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename=f'{EVIL}".pdf')
    return server.mailbox.keep("a@example.org", ["b@example.org", "c@example.org"], mail.as_bytes())


async def test_json(server: MailServer, http: aiohttp.ClientSession) -> None:
    async with http.get(f"{server.page}/mails") as answer:
        assert await answer.json() == {"mails": []}
    first, second = kept(server), kept(server)
    async with http.get(f"{server.page}/mails") as answer:
        found = (await answer.json())["mails"]
    assert [one["id"] for one in found] == [second, first]
    assert found[0]["recipients"] == ["b@example.org", "c@example.org"]
    async with http.get(f"{server.page}/mails/{first}") as answer:
        whole = await answer.json()
    assert whole.items() >= found[1].items()
    assert whole["subject"] == f"{EVIL} ü"
    assert whole["text"] == f"{EVIL} & more\n"
    assert whole["html"].startswith("<b>bold</b>")
    assert [(one["type"], one["size"]) for one in whole["attachments"]] == [("application/pdf", 4)]
    assert ["To", "b@example.org"] in whole["headers"]


async def test_nothing_of_a_mail_is_markup_of_the_page(
    server: MailServer, http: aiohttp.ClientSession
) -> None:
    name = kept(server)
    for path in ("", f"show/{name}"):
        async with http.get(f"{server.page}/{path}") as answer:
            said = await answer.text()
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "&lt;script&gt;" in said
        assert "<script" not in said
    assert f'sandbox="allow-popups allow-popups-to-escape-sandbox" src="/mails/{name}/html"' in said
    async with http.get(f"{server.page}/mails/{name}/html") as answer:
        assert answer.headers["Content-Security-Policy"].startswith("sandbox allow-popups")
        assert "script-src" not in answer.headers["Content-Security-Policy"]
        assert "<b>bold</b>" in await answer.text()


async def test_parts_are_downloads(server: MailServer, http: aiohttp.ClientSession) -> None:
    name = kept(server)
    async with http.get(f"{server.page}/mails/{name}/attachments/0") as answer:
        assert await answer.read() == b"%PDF"
        assert answer.content_type == "application/octet-stream"
        assert answer.headers["Content-Disposition"].startswith('attachment; filename="')
    async with http.get(f"{server.page}/mails/{name}/raw") as answer:
        assert (await answer.read()).startswith(envelope("a@example.org", ["b@example.org", "c@example.org"]))


@pytest.mark.parametrize(
    "path", ["mails/0000000000000001", "mails/..%2f..%2fetc%2fpasswd", "show/x", "mails/ID/attachments/7"]
)
async def test_what_is_not_there(server: MailServer, http: aiohttp.ClientSession, path: str) -> None:
    async with http.get(f"{server.page}/{path.replace('ID', kept(server))}") as answer:
        assert answer.status == 404


async def test_it_is_read_only_and_answers_to_its_own_name_alone(
    server: MailServer, http: aiohttp.ClientSession
) -> None:
    async with http.post(f"{server.page}/mails") as answer:
        assert answer.status == 405
    async with http.get(f"{server.page}/mails", headers={"Host": "elsewhere.example"}) as answer:
        assert answer.status == 403


BROKEN = (
    b"",
    b"no header at all",
    b"Subject: =?no-such-charset?Q?=FF?=\r\nContent-Type: text/plain; charset=nowhere\r\n\r\n\xff\xfe",
    b'Content-Type: multipart/mixed; boundary="never"\r\n\r\n--nev',
    b"Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n%%%",
    b"From: <<>>@@\r\nTo: ,,;\r\nMessage-ID: <\r\nContent-Disposition: attachment; filename*=b''%%\r\n\r\nx",
)


@pytest.mark.parametrize("content", BROKEN)
def test_a_broken_mail_is_shown_as_far_as_it_goes(content: bytes) -> None:
    mail = read("0000000000000001", envelope("a@example.org", ["b@example.org"]) + content)
    assert (mail.sender, mail.recipients) == ("a@example.org", ["b@example.org"])
    assert page.shown(mail)
    assert mail.whole()["size"] > 0


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_no_bytes_keep_the_list_from_being_shown(headers: bytes, body: bytes) -> None:
    prefix = envelope("a@example.org", ["b@example.org"])
    mail = read("0000000000000001", prefix + b"Subject: " + headers + b"\r\n\r\n" + body)
    assert page.listed([mail])
    assert page.shown(mail)
