"""Mails by SMTP, of any provider: one connection a mail, with TLS as the settings say.

What a server answers decides (RFC 5321 section 4.2.1, RFC 3463): 4xx and whatever is wrong with the
connection is tried again, 5xx about a recipient or a message is final. What an operator may mend (user and
password, the sender's address, STARTTLS or AUTH that the server lacks) is refused for now, like 401 and 403.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from vending.adapters.mail_message import message
from vending.errors import Refused, Rejected, Transient, VendstreamError
from vending.mail import Mail
from vending.notifications.addresses import MailServer

if TYPE_CHECKING:
    import aiosmtplib

PATIENCE = 10.0
"""Seconds for one mail, from connecting to the server's word that it has it: a queue message waits for it."""
AUTHENTICATE = frozenset({530, 534, 535, 538})
"""Answers that ask for other credentials or other TLS (RFC 4954, RFC 3207), whichever command they answer."""
LONGEST_ANSWER = 200


def _now() -> datetime:
    return datetime.now(UTC)


class SmtpMailer:
    """The port Mailer on one server. ``trust``: what its certificate is checked by; None: this computer's."""

    def __init__(
        self, server: MailServer, trust: ssl.SSLContext | None = None, clock: Callable[[], datetime] = _now
    ) -> None:
        self.server = server
        self._trust = trust
        self._clock = clock

    async def send(self, mail: Mail) -> None:
        """Hand it over, or raise Transient (try again), Refused (for a day) or Rejected (never again)."""
        import aiosmtplib

        try:
            made = message(mail, self.server.sender, self._clock())
        except ValueError as fault:
            raise Rejected("mail", f"it cannot be written: {fault}") from fault
        try:
            async with asyncio.timeout(PATIENCE), self._connected() as server:
                await server.send_message(made, sender=self.server.sender, recipients=[mail.to])
        except (aiosmtplib.SMTPException, OSError) as fault:
            why = _decide(fault)
        else:
            return
        # Raised out here: no traceback shows what was said to the server.
        raise why

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator["aiosmtplib.SMTP"]:
        """A connection, signed in. Closed without QUIT: a mail that was taken waits for no more words."""
        import aiosmtplib

        own = self.server
        client = aiosmtplib.SMTP(
            hostname=own.host,
            port=own.port,
            username=own.user or None,
            password=own.password or None,
            local_hostname=own.sender.rpartition("@")[2],
            timeout=PATIENCE,
            use_tls=own.tls == "implicit",
            start_tls=own.tls == "starttls",
            tls_context=self._trust if own.tls != "none" else None,
        )
        try:
            await client.connect()
            yield client
        finally:
            client.close()


def _decide(fault: Exception) -> VendstreamError:
    """What follows from a failure."""
    import aiosmtplib

    if isinstance(fault, aiosmtplib.SMTPRecipientsRefused):
        fault = fault.recipients[0]
    if isinstance(fault, aiosmtplib.SMTPResponseException):
        return _answered(fault)
    if isinstance(fault, ConnectionError | TimeoutError | OSError):
        return Transient(f"mail: {type(fault).__name__}: {_line(str(fault))}")
    return Refused(f"mail: {_line(str(fault))}: check SMTP_TLS, SMTP_USERNAME and the server")


def _answered(fault: "aiosmtplib.SMTPResponseException") -> VendstreamError:
    import aiosmtplib

    said = f"status {fault.code} {_line(fault.message)}"
    if fault.code < 500:
        return Transient(f"mail: {said}")
    own = aiosmtplib.SMTPAuthenticationError, aiosmtplib.SMTPSenderRefused
    if isinstance(fault, own) or fault.code in AUTHENTICATE:
        return Refused(f"mail: {said}: check SMTP_USERNAME, SMTP_PASSWORD and MAIL_FROM")
    if isinstance(fault, aiosmtplib.SMTPRecipientRefused | aiosmtplib.SMTPDataError):
        return Rejected("mail", said)
    return Refused(f"mail: {said}: check SMTP_HOST and SMTP_PORT")


def _line(said: str) -> str:
    """A server's words in one line of bounded length."""
    return " ".join(said.split())[:LONGEST_ANSWER]
