"""Answers in the service's form, and the statuses that its conditions become.

The statuses are the service's where Microsoft documents them (201, 401, 500) or users have shown them (413,
and the forms of the error's body and of the reason for a wrong signature); the others are HTTP's usual ones.
That of a revoked publisher is what the .NET client takes its condition for (401).
"""

import re
from collections.abc import Mapping
from xml.sax.saxutils import escape

from aiohttp import web

from devstack.eventhubs.errors import (
    ARGUMENT,
    DECODE_ERROR,
    INVALID_FIELD,
    MESSAGE_SIZE,
    NOT_ALLOWED,
    NOT_FOUND,
    NOT_IMPLEMENTED,
    OUT_OF_RANGE,
    PUBLISHER_REVOKED,
    RESOURCE_LIMIT,
    SERVER_BUSY,
    UNAUTHORIZED,
    AmqpError,
)

STATUSES = {
    ARGUMENT: 400, DECODE_ERROR: 400, INVALID_FIELD: 400, NOT_ALLOWED: 400, OUT_OF_RANGE: 400,
    UNAUTHORIZED: 401, PUBLISHER_REVOKED: 401, RESOURCE_LIMIT: 403, NOT_FOUND: 404, MESSAGE_SIZE: 413,
    NOT_IMPLEMENTED: 501, SERVER_BUSY: 503,
}  # fmt: skip
XML = "application/xml; charset=utf-8"
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_text(text: str) -> str:
    """A text as XML holds it."""
    return escape(_NO_XML.sub("\ufffd", text))


def error(
    status: int, detail: str, reason: str | None = None, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A refusal."""
    text = f"<Error><Code>{status}</Code><Detail>{xml_text(detail)}</Detail></Error>"
    return web.Response(
        status=status, reason=reason, body=text.encode(), headers={"Content-Type": XML, **(headers or {})}
    )


def refusal(fault: AmqpError) -> web.Response:
    """A refusal by what it would be called in AMQP."""
    return error(STATUSES.get(fault.condition, 500), fault.description)
