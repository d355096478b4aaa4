"""What a kept mail says: headers, text, HTML part, attachments. Pure; of a broken one what can be read.

The standard library's parser takes anything; its header and charset decoding may raise on what spammers and
bugs write, and then the raw value stands there instead.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses
from typing import Any

from devstack.mail.mailbox import ENVELOPE

UNREADABLE = (LookupError, ValueError, TypeError, AttributeError)
"""What the parser raises where a mail breaks the rules (UnicodeError is a ValueError)."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part that is neither the text nor the HTML of the mail."""

    name: str
    type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as it is shown. ``text`` and ``html`` are None where it has none; their lines end in LF."""

    id: str
    size: int
    sender: str
    recipients: list[str]
    headers: list[tuple[str, str]]
    text: str | None
    html: str | None
    attachments: list[Attachment]

    @property
    def received(self) -> datetime:
        """When it came, UTC."""
        return datetime.fromtimestamp(int(self.id) / 1_000_000, UTC)

    def header(self, name: str) -> str:
        """The first header of that name, decoded; "" where there is none."""
        return next((value for said, value in self.headers if said.lower() == name.lower()), "")

    def without_parts(self) -> "Mail":
        """What a list needs of it."""
        return replace(self, text=None, html=None, attachments=[])

    def summary(self) -> dict[str, Any]:
        """Its line of a list, as JSON: ``envelopeFrom`` and ``recipients`` are the envelope's."""
        return {
            "id": self.id,
            "receivedAt": self.received.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "size": self.size,
            "envelopeFrom": self.sender,
            "recipients": self.recipients,
            "from": self.header("From"),
            "to": self.header("To"),
            "subject": self.header("Subject"),
            "messageId": self.header("Message-ID"),
        }

    def whole(self) -> dict[str, Any]:
        """All of it, as JSON; attachments by name, type and bytes."""
        listed = [{"name": x.name, "type": x.type, "size": len(x.content)} for x in self.attachments]
        return self.summary() | {
            "headers": [list(header) for header in self.headers],
            "text": self.text,
            "html": self.html,
            "attachments": listed,
        }


def read(name: str, stored: bytes) -> Mail:
    """The mail in a file of the mailbox."""
    message = message_from_bytes(stored, policy=policy.default)
    said = [(header, _decoded(header, raw)) for header, raw in message.raw_items()]
    sender, to = (next((value for header, value in said if header == x), "") for x in ENVELOPE)
    text, html = _body(message, "plain"), _body(message, "html")
    parts = (part for part in message.walk() if not part.is_multipart())
    return Mail(
        id=name,
        size=len(stored),
        sender=sender.strip("<>"),
        recipients=[address for _, address in getaddresses([to])],
        headers=[(header, value) for header, value in said if header not in ENVELOPE],
        text=_text(text) if text is not None else None,
        html=_text(html) if html is not None else None,
        attachments=[_attachment(part) for part in parts if part is not text and part is not html],
    )


def _decoded(name: str, raw: str) -> str:
    return _or(lambda: str(policy.default.header_fetch_parse(name, raw)), str(raw))


def _attachment(part: EmailMessage) -> Attachment:
    return Attachment(_or(part.get_filename, None) or "part", part.get_content_type(), _content(part))


def _body(message: EmailMessage, kind: str) -> EmailMessage | None:
    found = _or(lambda: message.get_body(preferencelist=(kind,)), None)
    return found if isinstance(found, EmailMessage) else None


def _text(part: EmailMessage) -> str:
    found = _or(lambda: str(part.get_content()), _content(part).decode("utf-8", "replace"))
    return found.replace("\r\n", "\n")


def _content(part: EmailMessage) -> bytes:
    content: object = _or(lambda: part.get_payload(decode=True), None)
    return content if isinstance(content, bytes) else b""


def _or[Found](read: Callable[[], Found], otherwise: Found) -> Found:
    try:
        return read()
    except UNREADABLE:
        return otherwise
