"""``/{hub}/revokedpublishers``: PUT and DELETE of one publisher, GET of them all.

Sources: learn.microsoft.com/rest/api/eventhub (revoke-publisher, resume-publisher, get-revoked-publishers).
They do not say which right is needed; their examples sign with a policy that has all, and Manage is asked for
here. Nor do they say what DELETE of a publisher that is not revoked answers: 404 here.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from aiohttp import web

from devstack.eventhubs.errors import ARGUMENT, AmqpError
from devstack.eventhubs.hub.namespace import Namespace
from devstack.eventhubs.hub.revoked import Revoked
from devstack.eventhubs.producer import check_length
from devstack.eventhubs.rest.answers import error, xml_text
from devstack.eventhubs.security.policies import MANAGE

SEGMENT = "revokedpublishers"
ENTRY = "application/atom+xml;type=entry;charset=utf-8"
FEED = "application/atom+xml;type=feed;charset=utf-8"
ATOM = "http://www.w3.org/2005/Atom"
SERVICE = "http://schemas.microsoft.com/netservices/2010/10/servicebus/connect"
NAME = f"{{{ATOM}}}content/{{{SERVICE}}}RevokedPublisherDescription/{{{SERVICE}}}Name"


async def answer(
    request: web.Request, parts: list[str], namespace: Namespace, demand: Callable[[str, str], None]
) -> web.Response:
    """Do what is asked for; ``demand(path, right)`` raises where the token does not give it."""
    demand("/".join(parts), MANAGE)
    revoked = namespace.hub(parts[0]).revoked
    match request.method, parts[2:]:
        case "GET", []:
            return _feed(request, revoked)
        case "PUT", [name] if name:
            return _revoke(request, revoked, name, await request.read())
        case "DELETE", [name] if name:
            if revoked.remove(name):
                return web.Response(status=200)
            return error(404, f"the publisher '{name}' is not revoked")
        case _:
            allowed = {"Allow": "GET" if len(parts) == 2 else "DELETE, PUT"}
            return error(405, "PUT and DELETE one publisher, GET all of them", headers=allowed)


def _revoke(request: web.Request, revoked: Revoked, name: str, body: bytes) -> web.Response:
    check_length(name)
    said = _named(body)
    if said.lower() != name.lower():
        raise AmqpError(ARGUMENT, f"the address names the publisher {name!r}, the body {said!r}")
    if not revoked.add(name):
        return error(409, f"the publisher '{name}' is revoked already")
    text = f'<?xml version="1.0" encoding="utf-8"?>{_entry(_address(request), name)}'
    return web.Response(status=201, body=text.encode(), headers={"Content-Type": ENTRY})


def _named(body: bytes) -> str:
    """The Name of the RevokedPublisherDescription that a PUT must hold."""
    if b"<!" in body:
        raise AmqpError(ARGUMENT, "the body has a document type or a comment: send the entry alone")
    try:
        root = ET.fromstring(body)  # noqa: S314 - without a document type there are no entities
    except ET.ParseError as fault:
        raise AmqpError(ARGUMENT, f"the body is no XML: {fault}") from fault
    found = root.findtext(NAME) if root.tag == f"{{{ATOM}}}entry" else None
    if not found:
        raise AmqpError(
            ARGUMENT, f"the body is no entry of {ATOM} with content, RevokedPublisherDescription and Name"
        )
    return found


def _feed(request: web.Request, revoked: Revoked) -> web.Response:
    address = _address(request)
    entries = "".join(_entry(f"{address}/{name}", name) for name in revoked.names)
    text = (
        f'<?xml version="1.0" encoding="utf-8"?><feed xmlns="{ATOM}">'
        f'<title type="text">RevokedPublishers</title>'
        f"<id>{xml_text(address)}</id><updated>{_now()}</updated>{entries}</feed>"
    )
    return web.Response(body=text.encode(), headers={"Content-Type": FEED})


def _entry(address: str, name: str) -> str:
    return (
        f'<entry xmlns="{ATOM}"><id>{xml_text(address)}</id><title type="text">{xml_text(name)}</title>'
        f'<updated>{_now()}</updated><content type="application/xml"><RevokedPublisherDescription '
        f'xmlns="{SERVICE}"><Name>{xml_text(name)}</Name></RevokedPublisherDescription></content></entry>'
    )


def _address(request: web.Request) -> str:
    return str(request.url.with_query(None))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
