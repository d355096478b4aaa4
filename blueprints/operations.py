"""The HTTP API for operators: what was refused, how far everything is, what the archive lacks."""

from datetime import UTC, datetime
from typing import Any

import azure.functions as func

from blueprints.answers import answer
from blueprints.lists import FORMS, Table, listed
from blueprints.questions import NothingAsked, asked
from blueprints.questions_operations import DeadLettersAsked
from blueprints.routes import Route, route
from vending import wiring
from vending.access.roles import Role
from vending.views import account, archive_gaps, dead_letters, lag, one_dead_letter
from vending.views.account import Account
from vending.views.archive_gaps import ArchiveGaps, PartitionGaps
from vending.views.dead_letters import DeadLetterPage, DeadLetterRow
from vending.views.lag import Lag, PartitionLag
from vending.views.one_dead_letter import WholeDeadLetter

bp = func.Blueprint()
LIST: Any = {"media": FORMS, "problems": (406,)}
LETTERS = Table[DeadLetterPage](DeadLetterRow, lambda page: page.dead_letters, "dead-letters")
PARTITIONS = Table[Lag](PartitionLag, lambda found: found.partitions, "lag")
GAPS = Table[ArchiveGaps](PartitionGaps, lambda found: found.partitions, "gaps")


@route(
    bp,
    "get_dead_letters",
    Route("GET", "api/v1/dead-letters", Role.OPERATE, asks=DeadLettersAsked, gives=DeadLetterPage, **LIST),
)
async def get_dead_letters(req: func.HttpRequest) -> func.HttpResponse:
    """Events that were refused, by partition, the newest first."""

    async def view() -> DeadLetterPage:
        query = asked(req.params, DeadLettersAsked).query(wiring.settings().hub_generation)
        return await dead_letters.dead_letters(wiring.deadletters(), query)

    return await listed(req, view, LETTERS)


@route(
    bp,
    "get_dead_letter",
    Route("GET", "api/v1/dead-letters/{letterId}", Role.OPERATE, gives=WholeDeadLetter, problems=(404,)),
)
async def get_dead_letter(req: func.HttpRequest) -> func.HttpResponse:
    """One of them, whole."""
    letter = req.route_params["letterId"]

    async def view() -> WholeDeadLetter | None:
        asked(req.params, NothingAsked)
        return await one_dead_letter.dead_letter(wiring.letter_reads(), letter)

    return await answer(req, view, missing=f"There is no dead letter {letter!r}.")


@route(bp, "get_account", Route("GET", "api/v1/account", Role.OPERATE, gives=Account))
async def get_account(req: func.HttpRequest) -> func.HttpResponse:
    """How many events the hub took in, and how far each step has come with them."""

    async def view() -> Account:
        asked(req.params, NothingAsked)
        return await account.account(wiring.account_stores(), datetime.now(UTC))

    return await answer(req, view)


@route(bp, "get_lag", Route("GET", "api/v1/lag", Role.OPERATE, gives=Lag, **LIST))
async def get_lag(req: func.HttpRequest) -> func.HttpResponse:
    """How far the functions that read the hub are behind it."""

    async def view() -> Lag:
        asked(req.params, NothingAsked)
        return await lag.lag(wiring.hub_stores(), datetime.now(UTC))

    return await listed(req, view, PARTITIONS)


@route(bp, "get_archive_gaps", Route("GET", "api/v1/archive/gaps", Role.OPERATE, gives=ArchiveGaps, **LIST))
async def get_archive_gaps(req: func.HttpRequest) -> func.HttpResponse:
    """What the archive lacks of what the hub took in."""

    async def view() -> ArchiveGaps:
        asked(req.params, NothingAsked)
        return await archive_gaps.archive_gaps(wiring.archive_stores())

    return await listed(req, view, GAPS)
