"""An answer about one document, whose ETag is the document's version."""

from collections.abc import Awaitable, Callable

import azure.functions as func
from msgspec import Struct

from blueprints.answers import answer
from vending.views.one_alert import Versioned


async def versioned[Answer: Struct](
    request: func.HttpRequest, view: Callable[[], Awaitable[Versioned[Answer] | None]], missing: str
) -> func.HttpResponse:
    """As :func:`blueprints.answers.answer`, but If-Match of a write takes the ETag."""
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
