"""The header by which a page of a list leads to the next one (RFC 8288)."""

from collections.abc import Awaitable, Callable
from urllib.parse import urlencode, urlsplit

import azure.functions as func
from msgspec import Struct

from blueprints.answers import answer
from blueprints.questions import KEY


async def paged[Answer: Struct](
    request: func.HttpRequest, view: Callable[[], Awaitable[Answer | None]], missing: str
) -> func.HttpResponse:
    """As :func:`blueprints.answers.answer`, with ``Link: <…>; rel="next"`` where the answer's ``next`` is a
    cursor."""
    seen: list[Answer] = []

    async def kept() -> Answer | None:
        found = await view()
        if found is not None:
            seen.append(found)
        return found

    answered = await answer(request, kept, missing)
    cursor = getattr(seen[0], "next", None) if seen else None
    if cursor is not None:
        answered.headers["Link"] = f'<{_address(request, cursor)}>; rel="next"'
    return answered


def _address(request: func.HttpRequest, cursor: str) -> str:
    """Of the next page, below the app's own; without the key, which is no part of the question."""
    asked = {name: value for name, value in request.params.items() if name.lower() != KEY}
    return f"{urlsplit(request.url).path}?{urlencode(asked | {'after': cursor})}"
