"""Lists of the API: as JSON or, where the request accepts it rather, as CSV; and where their next page is."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import azure.functions as func
import msgspec
from msgspec import Struct

from blueprints.answers import Written, problem, written
from blueprints.links import next_page
from blueprints.routes import Route
from vending.access.roles import Role
from vending.csv_text import csv_text

FORMS = JSON, CSV = "application/json", "text/csv"
VARY = {"Vary": "Accept"}


@dataclass(frozen=True)
class Table[View: Struct]:
    """A view as rows: of which kind, where they are, and what a file of them is called."""

    kind: type[Struct]
    rows: Callable[[View], Sequence[Struct]]
    name: str


def list_route(path: str, asks: type[Struct], gives: type[Struct], *problems: int) -> Route:
    """The declaration of a list, for whoever may read."""
    problems = (*problems, 406)
    return Route("GET", path, Role.READ, asks=asks, gives=gives, media=FORMS, problems=problems)


async def listed[View: Struct](
    request: func.HttpRequest,
    view: Callable[[], Awaitable[View | None]],
    table: Table[View],
    missing: str = "",
) -> func.HttpResponse:
    """The view in the form that the request prefers, with a link to the next page; 406 where it accepts
    neither; else as :func:`blueprints.answers.answer`."""
    form = preferred(request.headers.get("accept", ""))
    if form is None:
        return problem(406, "Not Acceptable", f"This list comes as {JSON} or {CSV}.", VARY)

    def write(found: View) -> Written:
        link = next_page(request.params, getattr(found, "next", None))
        if form == JSON:
            return Written(msgspec.json.encode(found), JSON, VARY | link)
        text = csv_text(table.kind, table.rows(found)).encode()
        named = {"Content-Disposition": f'attachment; filename="{quote(table.name, safe="")}.csv"'}
        return Written(text, CSV, VARY | link | named)

    return await written(request, view, write, missing)


def preferred(accept: str) -> str | None:
    """JSON or CSV, by the ``Accept`` of a request (RFC 9110): the one of the greatest weight, of equal ones
    that which is named more exactly, then JSON. None where it accepts neither."""
    ranges = [_range(one) for one in (accept or "*/*").split(",")]
    weights = {form: max((_weight(form, *one) for one in ranges), default=(0, 0.0)) for form in (JSON, CSV)}
    acceptable = [form for form in (JSON, CSV) if weights[form][1] > 0]
    return max(acceptable, key=lambda form: weights[form][::-1], default=None)


def _range(text: str) -> tuple[str, float]:
    """A media range in small letters, and its weight; one that is no number weighs nothing."""
    kind, *parameters = (part.strip().lower() for part in text.split(";"))
    weight = next((one.removeprefix("q=") for one in parameters if one.startswith("q=")), "1")
    try:
        return kind, float(weight)
    except ValueError:
        return kind, 0.0


def _weight(form: str, kind: str, weight: float) -> tuple[int, float]:
    """How exactly a range names the form (0: not at all), and its weight there: the most exact one counts."""
    known = ("", "*/*", f"{form.partition('/')[0]}/*", form)
    return (known.index(kind), weight) if kind in known[1:] else (0, 0.0)
