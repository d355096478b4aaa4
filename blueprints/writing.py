"""Writes over HTTP: the body in, the headers that make it safe to repeat, refusals as problem details."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import azure.functions as func
import msgspec
from msgspec import Struct

from blueprints.answers import PATIENCE, away, problem
from blueprints.callers import caller
from blueprints.files import NOSNIFF
from blueprints.questions import KEY, Faulty, NothingAsked, asked
from vending import wiring
from vending.errors import Transient
from vending.time import millis
from vending.writes.perform import Plan, perform
from vending.writes.refusals import (
    NoTarget,
    Refusal,
    ReusedKey,
    Stale,
    StillRunning,
    Unconditional,
    Unsuitable,
    WrongWrite,
)
from vending.writes.request import (
    Answer,
    Asked,
    IfMatch,
    Request,
    bare,
    digest,
    idempotency_key,
    if_match,
)

LARGEST = 64 * 1024
"""Bytes of a body, where a route says nothing else."""


class TooLarge(Refusal):
    """A body of more bytes than the route takes."""


class NotJson(Refusal):
    """A body of another media type."""


PROBLEMS: dict[type[Refusal], tuple[int, str]] = {
    WrongWrite: (400, "Bad Request"),
    TooLarge: (413, "Content Too Large"),
    NotJson: (415, "Unsupported Media Type"),
    NoTarget: (404, "Not Found"),
    Unsuitable: (409, "Conflict"),
    StillRunning: (409, "Conflict"),
    Stale: (412, "Precondition Failed"),
    ReusedKey: (422, "Unprocessable Content"),
    Unconditional: (428, "Precondition Required"),
}
WRITES = (404, 409, 412, 413, 415, 422, 428)
"""Statuses of a route that changes a document."""
MAKES = (404, 409, 413, 415, 422)
"""Of one that makes something new, and so takes no If-Match."""


def body_of[Body: Struct](request: func.HttpRequest, kind: type[Body], largest: int = LARGEST) -> Body:
    """The body; where nothing in it is required, none is needed. Raises Refusal."""
    body = request.get_body()
    if not body and not any(field.required for field in msgspec.structs.fields(kind)):
        return kind()
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise NotJson("Send application/json.")
    if len(body) > largest:
        raise TooLarge(f"The body has {len(body)} bytes; at most {largest} are taken.")
    try:
        return msgspec.json.decode(body, type=kind)
    except RecursionError as fault:
        raise WrongWrite("The body is nested too deeply.") from fault
    except (msgspec.MsgspecError, UnicodeDecodeError) as fault:
        raise WrongWrite(f"{fault}.") from fault


def condition(request: func.HttpRequest) -> IfMatch:
    """The versions that the caller knows. Raises Refusal."""
    return if_match(request.headers.get("if-match"))


async def write(request: func.HttpRequest, what: str, target: str, plan: Plan) -> Answer:
    """Carry it out once under the caller's key. Raises Refusal, Transient."""
    parameters = sorted(pair for pair in request.params.items() if pair[0] != KEY)
    sums = digest(request.get_body(), repr(parameters))
    key = idempotency_key(request.headers.get("idempotency-key"))
    wanted = Asked(caller(request).name, what, target, sums, key)
    return await perform(wanted, plan, wiring.writes(), datetime.now(UTC))


def unkept(request: func.HttpRequest) -> Request:
    """Of what changes nothing, and so needs no key."""
    return Request("", caller(request).name, millis(datetime.now(UTC)))


async def written(
    request: func.HttpRequest, carry_out: Callable[[], Awaitable[Answer]], asks: type[Struct] = NothingAsked
) -> func.HttpResponse:
    """What a write answers, or why it was not done. ``asks``: its query parameters."""
    try:
        asked(request.params, asks)
        async with asyncio.timeout(PATIENCE):
            found = await carry_out()
    except Faulty as fault:
        return problem(400, "Bad Request", str(fault))
    except Refusal as fault:
        status, title = PROBLEMS[type(fault)]
        return problem(status, title, str(fault), fault.headers)
    except (Transient, TimeoutError) as fault:
        return away(request, fault)
    return _answered(found)


def _answered(found: Answer) -> func.HttpResponse:
    headers = {"Cache-Control": "no-store", **NOSNIFF}
    if found.version is not None:
        headers["ETag"] = f'"{bare(found.version)}"'
    body = msgspec.json.encode(found.body)
    return func.HttpResponse(body, status_code=found.status, mimetype="application/json", headers=headers)
