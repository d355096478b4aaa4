"""Answers of the API with a header that their view knows: the next page of a list, a document's version."""

from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

import azure.functions as func
from msgspec import Struct

from blueprints.answers import answer
from blueprints.questions import KEY
from vending.views.one_alert import Versioned


async def paged(
    request: func.HttpRequest, view: Callable[[], Awaitable[Struct | None]], missing: str = ""
) -> func.HttpResponse:
    """As :func:`blueprints.answers.answer`, with a link to the next page where the view's ``next`` names one
    (RFC 8288): the same question, relative to the address that was asked."""
    seen: list[Struct | None] = []

    async def looked() -> Struct | None:
        seen.append(await view())
        return seen[0]

    given = await answer(request, looked, missing)
    after = getattr(seen[0], "next", None) if seen else None
    if after is not None:
        kept = {name: value for name, value in request.params.items() if name not in (KEY, "after")}
        given.headers["Link"] = f'<?{urlencode(kept | {"after": after})}>; rel="next"'
    return given


async def versioned[Answer: Struct](
    request: func.HttpRequest, view: Callable[[], Awaitable[Versioned[Answer] | None]], missing: str
) -> func.HttpResponse:
    """The same of one document: the ETag is its version, so that If-Match of a write takes it."""
    seen: list[Versioned[Answer]] = []

    async def looked() -> Struct | None:
        found = await view()
        seen[:] = [found] if found else []
        return found.answer if found else None

    given = await answer(request, looked, missing)
    if not seen or given.status_code != 200:
        return given
    given.headers["ETag"] = tag = f'"{seen[0].version.strip('"')}"'
    if tag in request.headers.get("if-none-match", ""):
        return func.HttpResponse(status_code=304, headers=dict(given.headers))
    return given
