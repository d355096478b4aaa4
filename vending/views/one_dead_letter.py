"""The read model of one dead letter: all of it, and what people did with it."""

from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Annotated, Any

from msgspec import Meta, structs

from vending.answer import Answer
from vending.business_day import instant
from vending.events.records import decode_lines, position, restore, text_or_base64
from vending.ingest.dead_letter_address import place_of
from vending.ingest.dead_letter_blobs import LetterBlobs, holding
from vending.ingest.dead_letter_marks import Mark, Marks, history, read_marks
from vending.ingest.dead_letter_subject import subject_of
from vending.ingest.foresee import foresee
from vending.ports import Documents
from vending.time import millis
from vending.views.dead_letters import DeadLetterRow, Fields, body_of, row


class Oversize(Answer, frozen=True):
    """A body that only the archive has whole."""

    bytes: int
    sha256: str
    blob: Annotated[str, Meta(description="Of the archive.")]


class LetterAct(Answer, frozen=True):
    """What was done with it."""

    action: str
    at: str
    note: str


class WholeDeadLetter(DeadLetterRow, frozen=True, kw_only=True):
    """One dead letter. The body is text where that is shorter than base64, else ``body64``."""

    offset: str
    key: Annotated[str | None, Meta(description="Its partition key.")]
    properties: Annotated[dict[str, Any], Meta(description="That the sender gave it.")]
    system: Annotated[dict[str, Any], Meta(description="That the hub gave it.")]
    whole_detail: Annotated[str, Meta(description="What was wrong; of a defect of the app, the traceback.")]
    body: Annotated[str | None, Meta(description="Of an oversize one, the beginning.")]
    body64: Annotated[str | None, Meta(description="The same in base64.")]
    oversize: Oversize | None
    amqp: Annotated[dict[str, Any] | None, Meta(description="Of a message that no trigger can bind.")]
    acts: list[LetterAct]


@dataclass(frozen=True)
class LetterReads:
    """Where dead letters lie, and what ingest writes."""

    blobs: LetterBlobs
    machines: Documents
    registers: Documents


async def dead_letter(stores: LetterReads, letter: str) -> WholeDeadLetter | None:
    """The letter of an id; None for one that is not there. Raises Transient."""
    place = place_of(letter)
    fields = None if place is None else await _find(stores.blobs, place)
    if place is None or fields is None:
        return None
    marks = (await read_marks(stores.blobs, place)).get(place) or Marks()
    if marks.sent is not None and await _is_applied(stores, fields, marks.sent):
        marks.final = "applied"
    return _whole(fields, marks, await history(stores.blobs, place))


async def _find(blobs: LetterBlobs, place: str) -> Fields | None:
    home, _, number = place.partition("@")
    async with aclosing(holding(blobs, f"{home}/", int(number))) as names:
        async for name in names:
            for fields in decode_lines(await blobs.read(name)):
                if position(fields) == place:
                    return fields
    return None


async def _is_applied(stores: LetterReads, fields: Fields, sent: Mark) -> bool:
    """Whether what was sent again tells ingest nothing new."""
    hub = restore({"body": ""} | fields)
    if sent.body is not None:
        hub = replace(hub, body=sent.body, amqp=None)
    fates = await foresee([hub], stores.machines, stores.registers)
    return fates[hub.position] == "applied"


def _whole(fields: Fields, marks: Marks, acts: list[Mark]) -> WholeDeadLetter:
    body = body_of(fields)
    listed = structs.asdict(row(fields, subject_of(body), marks))
    told: dict[str, str | None] = {"body": None, "body64": None} | text_or_base64("body", body)
    cut = fields.get("oversize")
    return WholeDeadLetter(
        **listed | told,
        offset=fields["offset"],
        key=fields["key"],
        properties=fields["properties"],
        system=fields["system"],
        whole_detail=fields["detail"],
        oversize=None if cut is None else Oversize(cut["bytes"], cut["sha256"], cut["blob"]),
        amqp=fields.get("amqp"),
        acts=[LetterAct(mark.action, instant(millis(mark.at)), mark.note) for mark in acts],
    )
