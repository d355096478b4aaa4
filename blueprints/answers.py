"""HTTP answers of the API: JSON with an ETag, and faults as problem details (RFC 9457)."""

import asyncio
import hashlib
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

import azure.functions as func
import msgspec
from msgspec import Struct

from blueprints.files import HEADERS, NOSNIFF, POLICY
from blueprints.questions import Faulty
from blueprints.request_ids import request_id
from vending.errors import Rejected, Transient
from vending.openapi.problem_types import MEDIA_TYPE, Problem, address

log = logging.getLogger(__name__)
PATIENCE = 12.0
"""Seconds for a view, less than the page waits: a store that hangs is a store that is away."""


def problem(
    status: int, title: str, detail: str, headers: Mapping[str, str] | None = None
) -> func.HttpResponse:
    """A fault that a program can read: title is its kind (:mod:`vending.openapi.problem_types`), detail says
    what happened and what to do."""
    body = Problem(address(title), title, status, detail, request_id())
    return func.HttpResponse(
        msgspec.json.encode(body),
        status_code=status,
        mimetype=MEDIA_TYPE,
        headers={"Cache-Control": "no-store", **NOSNIFF, **(headers or {})},
    )


def body_refused(request: func.HttpRequest) -> func.HttpResponse | None:
    """400 for a request that brings a body where none is taken, else None. What the platform lets in at all
    is bounded by FUNCTIONS_REQUEST_BODY_SIZE_LIMIT; it is in memory before any code of ours runs."""
    if request.get_body():
        return problem(400, "Body Not Taken", f"A {request.method} of this path takes no body; send none.")
    return None


async def answer(
    request: func.HttpRequest, view: Callable[[], Awaitable[Struct | None]], missing: str = ""
) -> func.HttpResponse:
    """The view as JSON: 304 where the client has it, 400 for a faulty question, 404 for None, 503 to wait."""
    found = await _found(request, view, missing)
    if isinstance(found, func.HttpResponse):
        return found
    return _cached(request, msgspec.json.encode(found), "application/json")


class Written(NamedTuple):
    """An answer's body, what it is, and headers beyond those of any answer."""

    content: bytes
    mimetype: str
    headers: Mapping[str, str]


async def written[View](
    request: func.HttpRequest,
    view: Callable[[], Awaitable[View | None]],
    write: Callable[[View], Written],
    missing: str,
) -> func.HttpResponse:
    """The view as ``write`` writes it; else as :func:`answer`."""
    found = await _found(request, view, missing)
    return found if isinstance(found, func.HttpResponse) else _cached(request, *write(found))


async def picture(
    request: func.HttpRequest, view: Callable[[], Awaitable[bytes | None]], missing: str
) -> func.HttpResponse:
    """The view as a picture, which never changes; else as :func:`answer`."""
    found = await _found(request, view, missing)
    if isinstance(found, func.HttpResponse):
        return found
    return _cached(request, found, "image/webp", {"Cache-Control": "private, max-age=31536000, immutable"})


async def _found[View](
    request: func.HttpRequest, view: Callable[[], Awaitable[View | None]], missing: str
) -> View | func.HttpResponse:
    """What the view gives, or the answer that tells why it does not."""
    if refused := body_refused(request):
        return refused
    try:
        async with asyncio.timeout(PATIENCE):
            found = await view()
    except Faulty as fault:
        return problem(400, "Invalid Parameter", str(fault))
    except Rejected as fault:
        return problem(400, "Invalid Parameter", f"{fault.detail}.")
    except (Transient, TimeoutError) as fault:
        return away(request, fault)
    return problem(404, "Not Found", missing) if found is None else found


async def created[Asked: Struct](
    request: func.HttpRequest,
    kind: type[Asked],
    make: Callable[[Asked], Awaitable[Struct | None]],
    missing: str,
) -> func.HttpResponse:
    """What is made of a body of JSON as 201; 400 for one that is refused, 404 for None, 415, 503 to wait."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return problem(415, "Unsupported Media Type", "Send application/json.")
    try:
        asked = msgspec.json.decode(request.get_body(), type=kind)
        async with asyncio.timeout(PATIENCE):
            body = await make(asked)
    except (msgspec.MsgspecError, UnicodeDecodeError) as fault:
        return problem(400, "Invalid Body", f"{fault}.")
    except Rejected as fault:
        return problem(400, "Bad Request", f"{fault.detail}.")
    except (Transient, TimeoutError) as fault:
        return away(request, fault)
    if body is None:
        return problem(404, "Not Found", missing)
    headers = {"Cache-Control": "no-store", **NOSNIFF}
    return func.HttpResponse(
        msgspec.json.encode(body), status_code=201, mimetype="application/json", headers=headers
    )


def away(request: func.HttpRequest, fault: Exception) -> func.HttpResponse:
    """503, and when to ask again."""
    said = str(fault) or f"no answer within {PATIENCE:g} s"
    log.warning("%s: %s (request %s)", _path(request), said, request_id())
    wait = str(max(1, round(getattr(fault, "retry_after", None) or 1)))
    detail = "A store does not answer now; ask again after the seconds of Retry-After."
    return problem(503, "Service Unavailable", detail, {"Retry-After": wait})


def _path(request: func.HttpRequest) -> str:
    """The address for the log, without its query or what replaces one: they may hold keys."""
    return re.split(r"[?;]|%3f|%3b|code(?:=|%3d)", request.url, maxsplit=1, flags=re.IGNORECASE)[0]


def page(request: func.HttpRequest, content: bytes, mimetype: str, policy: str = POLICY) -> func.HttpResponse:
    """A page, or a file of one, under a Content-Security-Policy."""
    headers = HEADERS | {"Content-Security-Policy": policy}
    return body_refused(request) or _cached(request, content, mimetype, headers)


def _cached(
    request: func.HttpRequest, content: bytes, mimetype: str, more: Mapping[str, str] | None = None
) -> func.HttpResponse:
    """200 with an ETag of the content, or 304. ``no-cache``: keep it, and ask whether it still holds."""
    etag = f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", **NOSNIFF, **(more or {})}
    held = request.headers.get("if-none-match", "").strip()
    if held == "*" or etag in held:
        return func.HttpResponse(status_code=304, headers=headers)
    return func.HttpResponse(content, status_code=200, mimetype=mimetype, headers=headers)
