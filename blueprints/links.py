"""The header by which a page of a list leads to the next one (RFC 8288)."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import azure.functions as func
import msgspec
from msgspec import Struct

from blueprints.answers import Written, written
from blueprints.questions import KEY


async def paged[Answer: Struct](
    request: func.HttpRequest, view: Callable[[], Awaitable[Answer | None]], missing: str = ""
) -> func.HttpResponse:
    """As :func:`blueprints.answers.answer`, with ``Link: <…>; rel="next"`` where the answer's ``next`` is a
    cursor."""

    def write(found: Answer) -> Written:
        link = next_page(request.params, getattr(found, "next", None))
        return Written(msgspec.json.encode(found), "application/json", link)

    return await written(request, view, write, missing)


def next_page(asked: Mapping[str, str], after: str | None) -> dict[str, str]:
    """The header: the same question, relative to the request's own address, without the key that may stand
    there."""
    if after is None:
        return {}
    kept: dict[str, Any] = {name: value for name, value in asked.items() if name not in (KEY, "after")}
    return {"Link": f'<?{urlencode(kept | {"after": after})}>; rel="next"'}
