"""An answer about one document, whose ETag is the document's version."""

from collections.abc import Awaitable, Callable

import azure.functions as func
from msgspec import Struct

from blueprints.answers import answer
from blueprints.questions import NothingAsked, asked
from vending.writes.request import bare


async def versioned(
    request: func.HttpRequest, view: Callable[[], Awaitable[tuple[Struct, str] | None]], missing: str = ""
) -> func.HttpResponse:
    """The view of a document, and its version: as :func:`blueprints.answers.answer`, but If-Match of a write
    takes the ETag. Such a view takes no parameters."""
    seen: list[str] = []

    async def looked() -> Struct | None:
        asked(request.params, NothingAsked)
        found = await view()
        seen[:] = [found[1]] if found else []
        return found[0] if found else None

    given = await answer(request, looked, missing)
    if not seen or given.status_code not in (200, 304):
        return given
    given.headers["ETag"] = tag = f'"{bare(seen[0])}"'
    if tag in request.headers.get("if-none-match", ""):
        return func.HttpResponse(status_code=304, headers=dict(given.headers))
    return given
