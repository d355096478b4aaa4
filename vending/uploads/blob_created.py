"""The message by which Event Grid tells that a blob was written, as a Storage queue gives it.

Event Grid puts one event of its own schema into a message, in base64 (it once was plain text:
MicrosoftDocs/azure-docs, issues 69702 and 102923). The queue trigger takes base64 off, because
``messageEncoding`` in host.json is the default; with ``none`` it does not. Either form is read here.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime

import msgspec
from msgspec import Struct

TYPE = "Microsoft.Storage.BlobCreated"
_SUBJECT = re.compile(r"/blobServices/default/containers/(?P<container>[^/]+)/blobs/(?P<name>.+)", re.DOTALL)


class _Data(Struct, rename={"etag": "eTag", "size": "contentLength"}):
    etag: str
    size: int


class _Event(Struct, rename={"kind": "eventType", "at": "eventTime"}):
    id: str
    subject: str
    kind: str
    at: datetime
    data: _Data


_event = msgspec.json.Decoder(_Event)


@dataclass(frozen=True, slots=True)
class BlobCreated:
    """A version of a blob was committed."""

    container: str
    name: str
    etag: str
    """Without quotes."""
    size: int
    at: datetime


def parse(body: bytes) -> BlobCreated:
    """The message's event. Raises ValueError for what Event Grid never writes: no retry will mend it."""
    try:
        event = _event.decode(plain(body))
    except (msgspec.MsgspecError, UnicodeDecodeError, binascii.Error) as fault:
        raise ValueError(f"no event of Event Grid's schema: {fault}") from fault
    subject = _SUBJECT.fullmatch(event.subject)
    if event.kind != TYPE or subject is None:
        raise ValueError(f"{event.kind} of {event.subject[:200]!r} is not {TYPE} of a blob")
    return BlobCreated(**subject.groupdict(), etag=bare(event.data.etag), size=event.data.size, at=event.at)


def bare(etag: str) -> str:
    """An ETag as Event Grid and listings write it; headers have it in quotes."""
    return etag.strip('"')


def plain(body: bytes) -> bytes:
    """The JSON itself; it begins with a brace, and base64 has none."""
    return body if body.lstrip()[:1] == b"{" else base64.b64decode(body, validate=True)
