"""Some routes and their document, which ``python -m tests.unit.openapi.small`` writes anew, to be read."""

import json
from pathlib import Path

from msgspec import Struct

from blueprints.routes import Route
from vending.access.roles import Role
from vending.answer import Answer, Count
from vending.openapi.document import document

FILE = Path(__file__).parent / "small.json"


class Made(Answer, frozen=True):
    """What was made."""

    made_of: Count


class Asked(Struct, rename="camel"):
    """What is asked."""

    how_many: int
    state: str | None = None


class Optional(Struct, rename="camel"):
    """What may be said."""

    states: list[str] | int | None = None
    unit: str = ""


ROUTES = {
    "get_things": Route(
        "GET", "api/v1/things", Role.READ, asks=Asked, gives=Made,
        media=("application/json", "text/csv", "application/x-ndjson"), says="Things. All of\n    them.",
    ),
    "post_thing": Route(
        "POST", "api/v1/things/{machineId}", Role.ADMIN, takes=Asked, gives=Made, status=201,
        problems=(409, 412, 422, 428), says="Makes one.",
    ),
    "get_picture": Route(
        "GET", "api/v1/alerts/{machineId}/{size}/{odd}", Role.READ, media=("image/webp",),
        says="A picture.\n\n    Of it.",
    ),
    "post_seen": Route("POST", "api/v1/seen", Role.DEVICE, takes=Optional, status=204, says="Seen."),
    "delete_thing": Route("DELETE", "api/v1/things/{machineId}", Role.ADMIN, status=204, says="Gone."),
    "get_health": Route(
        "GET", "api/health", Role.ANYBODY, asks=Optional, gives=Made, alike=(503,), says="Whether it is well"
    ),
    "get_page": Route("GET", "dashboard", Role.ANYBODY, says="Not of the API."),
    "get_all": Route("GET", "api/{*rest}", Role.ANYBODY, says="What no other route takes."),
}  # fmt: skip


def made() -> str:
    """The document, as text."""
    return json.dumps(document(ROUTES, "1.2"), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(made(), encoding="utf-8")
