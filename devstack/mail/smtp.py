"""The SMTP side: each mail goes into the mailbox before it is answered; faults for tests.

aiosmtpd speaks the dialogue (RFC 5321: SIZE, 8BITMIME, SMTPUTF8, STARTTLS, AUTH). A mail whose final dot
never came is nowhere.
"""

import asyncio
import hmac
import ssl
from dataclasses import dataclass
from typing import Literal

from aiosmtpd.smtp import SMTP, Envelope, LoginPassword, Session

from devstack.mail.mailbox import Mailbox

HOST = "127.0.0.1"
RECIPIENTS = 1_000
"""Of one mail; RFC 5321 asks for 100 at least."""
Fault = Literal["none", "unavailable", "refuse", "hang", "cut", "lost-reply"]
"""``unavailable``: 421 instead of a greeting. ``refuse``: 550 for every recipient. ``hang``: takes
connections and says nothing. ``cut``: the connection ends when a mail was sent, nothing is kept.
``lost-reply``: the mail is kept, and the connection ends before the answer: the client cannot know."""
Tls = Literal["none", "starttls", "implicit"]


@dataclass(slots=True)
class Manners:
    """How the server behaves; may be changed while it runs, for the connections that come then."""

    fault: Fault = "none"
    tls: Tls = "none"
    context: ssl.SSLContext | None = None
    """Of the certificate, for both kinds of TLS."""
    user: str = ""
    """Who must log in; empty: nobody need."""
    password: str = ""


class Delivery:
    """What aiosmtpd asks about each step of a dialogue."""

    def __init__(self, mailbox: Mailbox, manners: Manners) -> None:
        self.mailbox, self.manners = mailbox, manners

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's names, here and below
        self, _: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Who sends: anybody, or who has logged in."""
        if self.manners.user and not session.authenticated:
            return "530 5.7.0 Authentication required"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, _: SMTP, __: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """To whom: every address exists."""
        if self.manners.fault == "refuse":
            return "550 5.1.1 No such mailbox"
        if len(envelope.rcpt_tos) >= RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _: Session, envelope: Envelope) -> str:  # noqa: N802
        """The whole mail is there: keep it, then say so."""
        content = envelope.content
        if self.manners.fault == "cut" or not isinstance(content, bytes):
            return await _ended(server)
        try:
            name = self.mailbox.keep(envelope.mail_from or "", envelope.rcpt_tos, content)
        except OSError as fault:
            return f"452 4.3.1 It cannot be kept: {fault.strerror}"
        if self.manners.fault == "lost-reply":
            return await _ended(server)
        return f"250 2.0.0 Kept as {name}"


async def _ended(server: SMTP) -> str:
    """End the connection without an answer; its task is cancelled by that."""
    if isinstance(server.transport, asyncio.WriteTransport):
        server.transport.abort()
    await asyncio.Event().wait()
    raise AssertionError("a connection that ended goes on")


class Silent(asyncio.Protocol):
    """Takes a connection and says nothing."""


class Unavailable(asyncio.Protocol):
    """Says that it is away, and hangs up."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.WriteTransport):
            transport.write(b"421 4.3.2 devstack is not available\r\n")
            transport.close()


class SmtpListener:
    """Listens on loopback."""

    def __init__(self, mailbox: Mailbox, manners: Manners) -> None:
        self.mailbox, self.manners = mailbox, manners
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self, port: int) -> None:
        """Listen; 0 is any port. Raises OSError where it is taken."""
        context = self.manners.context if self.manners.tls == "implicit" else None
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._dialogue, HOST, port, ssl=context)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening, and end what is under way."""
        if self._server is not None:
            self._server.close()
            self._server.abort_clients()
            await self._server.wait_closed()

    def _dialogue(self) -> asyncio.Protocol:
        manners = self.manners
        if manners.fault == "hang":
            return Silent()
        if manners.fault == "unavailable":
            return Unavailable()
        return SMTP(
            Delivery(self.mailbox, manners),
            data_size_limit=self.mailbox.bounds.mail,
            enable_SMTPUTF8=True,
            hostname="localhost",
            ident="devstack",
            tls_context=manners.context if manners.tls == "starttls" else None,
            require_starttls=manners.tls == "starttls",
            # Without a login the mechanisms are not offered; with one they are, encrypted or not.
            auth_require_tls=not manners.user,
            auth_callback=self._knows,
            loop=asyncio.get_running_loop(),
        )

    def _knows(self, _: str, login: bytes, password: bytes) -> bool:
        said = LoginPassword(login, password)
        good = LoginPassword(self.manners.user.encode(), self.manners.password.encode())
        same = [hmac.compare_digest(one, other) for one, other in zip(said, good, strict=True)]
        return bool(self.manners.user) and all(same)
