"""A real SMTP server on loopback: keeps the mails that it took, and behaves as it is told."""

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, NamedTuple

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


class Behaviour(NamedTuple):
    """To one mail. The texts are answers, such as ``451 later``."""

    recipient: str = "250 OK"
    data: str = "250 OK"
    seconds: float = 0.0
    """Before the answer to DATA."""
    hangs_up: bool = False
    """The mail is taken, and nobody is told."""


class Account(NamedTuple):
    """Who alone may hand over mails."""

    user: str
    password: str


class MailReceiver:
    """Listens on a loopback port of its own between :meth:`open` and :meth:`close`, the same one each time.

    ``behave`` is asked for each recipient. ``tls`` is the server's; with ``starttls`` it begins in the clear.
    """

    def __init__(
        self,
        behave: Callable[[str], Behaviour] = lambda _: Behaviour(),
        tls: ssl.SSLContext | None = None,
        account: Account | None = None,
        starttls: bool = False,
    ) -> None:
        self.behave = behave
        self.mails: list[EmailMessage] = []
        self.tried: list[str] = []
        """Recipients that were named, taken or not."""
        self.port = 0
        self._account = account
        self._implicit = None if starttls else tls
        self._starttls = tls if starttls else None
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._protocol, "127.0.0.1", self.port, ssl=self._implicit)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Listen no more, and end what is open."""
        if self._server is not None:
            self._server.close()
            self._server.close_clients()
            await self._server.wait_closed()
            self._server = None

    def of(self, recipient: str) -> list[EmailMessage]:
        """The mails that a recipient got, in order."""
        return [mail for mail in self.mails if mail["To"] == recipient]

    def _protocol(self) -> SMTP:
        signing: dict[str, Any] = {"authenticator": self._sign_in, "auth_required": True}
        with warnings.catch_warnings():
            # It knows of no TLS but STARTTLS, and warns of passwords in the clear.
            warnings.simplefilter("ignore", UserWarning)
            return SMTP(
                self,
                hostname="mail.test",
                loop=asyncio.get_running_loop(),
                tls_context=self._starttls,
                require_starttls=self._starttls is not None,
                auth_require_tls=self._starttls is not None,
                **(signing if self._account else {}),
            )

    def _sign_in(self, server: object, session: object, envelope: object, how: str, data: Any) -> AuthResult:
        assert self._account is not None
        own = self._account.user.encode(), self._account.password.encode()
        right = isinstance(data, LoginPassword) and (data.login, data.password) == own
        return AuthResult(success=right, handled=False)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's own word
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient, or not."""
        self.tried.append(address)
        answer = self.behave(address).recipient
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a mail, or not."""
        behaviour = self.behave(envelope.rcpt_tos[0])
        await asyncio.sleep(behaviour.seconds)
        if behaviour.data.startswith("250"):
            content = envelope.original_content or b""
            self.mails.append(message_from_bytes(content, policy=policy.default))
        if behaviour.hangs_up:
            server.transport.abort()  # type: ignore[union-attr]
        return behaviour.data


@asynccontextmanager
async def listening(receiver: MailReceiver) -> AsyncIterator[MailReceiver]:
    """The receiver, open in the block."""
    await receiver.open()
    try:
        yield receiver
    finally:
        await receiver.close()
