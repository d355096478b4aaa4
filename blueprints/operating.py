"""What operators do beside alerts: dead letters are sent again or discarded, visits are recorded."""

import azure.functions as func

from blueprints.routes import Route, route
from blueprints.writing import MAKES, body_of, write, written
from vending import wiring
from vending.access.roles import Role
from vending.writes.dead_letter_acts import Discard, DiscardLetter, LetterActed, Replay, ReplayLetter
from vending.writes.record_visit import RecordVisit, VisitEnded, VisitRecorded
from vending.writes.request import Answer

bp = func.Blueprint()
LETTER = "api/v1/dead-letters/{letterId}"
LARGEST_EVENT = 160 * 1024
"""Bytes of a body with an event as text in it: each of its quotes is two."""


@route(
    bp,
    "post_dead_letter_replay",
    Route("POST", f"{LETTER}/replay", Role.OPERATE, takes=Replay, gives=LetterActed, problems=MAKES),
)
async def post_dead_letter_replay(req: func.HttpRequest) -> func.HttpResponse:
    """Sent again, as it was or corrected."""

    async def answer() -> Answer:
        letter = req.route_params["letterId"]
        plan = ReplayLetter(wiring.letter_stores(), letter, body_of(req, Replay, LARGEST_EVENT))
        return await write(req, "dead letter replay", f"dead-letters/{letter}", plan)

    return await written(req, answer)


@route(
    bp,
    "post_dead_letter_discard",
    Route("POST", f"{LETTER}/discard", Role.OPERATE, takes=Discard, gives=LetterActed, problems=MAKES),
)
async def post_dead_letter_discard(req: func.HttpRequest) -> func.HttpResponse:
    """Of no use."""

    async def answer() -> Answer:
        letter = req.route_params["letterId"]
        plan = DiscardLetter(wiring.deadletters(), letter, body_of(req, Discard))
        return await write(req, "dead letter discard", f"dead-letters/{letter}", plan)

    return await written(req, answer)


@route(
    bp,
    "post_machine_visit",
    Route(
        "POST",
        "api/v1/machines/{machineId}/visits",
        Role.OPERATE,
        takes=VisitEnded,
        gives=VisitRecorded,
        status=202,
        problems=MAKES,
    ),
)
async def post_machine_visit(req: func.HttpRequest) -> func.HttpResponse:
    """A visit is done."""

    async def answer() -> Answer:
        machine = req.route_params["machineId"]
        plan = RecordVisit(wiring.visit_stores(), machine, body_of(req, VisitEnded))
        return await write(req, "visit done", f"machines/{machine}/visits", plan)

    return await written(req, answer)
