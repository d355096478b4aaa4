"""``vendctl deadletters list|show|replay|discard``: events that were refused, and what to do with them.

A place is ``generation/partition@number``, as ``list`` shows it. ``replay`` sends the event again, as it was
or with a corrected body, and waits until ingest has applied it or refused it again; what would be refused
again is not sent, nor is what was applied or discarded.

Exit code of ``replay`` 0: all are applied. 1: one is refused again, or would be. 3: some are neither applied
nor refused yet; list them later. 2: it could not be done (no such letter, a store or the hub away).
"""

import argparse
import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vendctl import sent_again
from vendctl.environment import load
from vendctl.letters import about
from vendctl.sent_again import Desk, Sending
from vending import wiring
from vending.domain.records import text_or_base64
from vending.errors import Transient
from vending.ports import Blobs, Documents
from vending.usecases.dead_letter_marks import Mark, history
from vending.usecases.review_dead_letters import (
    TO_DO,
    DeadLetter,
    State,
    applied,
    dead_letters,
    discard,
    find,
    utc,
    whole_body,
)

SHOWN = 100
"""Characters of a line of ``list``."""


def row(letter: DeadLetter, state: State) -> str:
    """A line of the list."""
    detail = letter.detail.splitlines()[-1] if letter.detail else ""
    did = "" if state == "open" else f"{state}{' as ' if letter.again else ''}{', '.join(letter.again)} "
    return f"{letter.place:<24} {utc(letter.hub.enqueued)} {did}{letter.reason}: {detail}"[: SHOWN + 40]


def details(letter: DeadLetter, state: State | None = None) -> dict[str, Any]:
    """Everything that is known, as JSON."""
    hub, cut = letter.hub, letter.oversize
    return {
        "place": letter.place,
        "reason": letter.reason,
        "detail": letter.detail,
        "version": letter.version,
        "state": state or letter.state,
        "refusedAs": list(letter.again),
        "enqueued": utc(hub.enqueued),
        "offset": hub.offset,
        "key": hub.key,
        "properties": dict(hub.properties),
        "system": dict(hub.system),
        **text_or_base64("body" if cut is None else "head", hub.body),
        **({} if cut is None else {"oversize": {"bytes": cut.bytes, "sha256": cut.sha256, "blob": cut.blob}}),
        **({} if hub.amqp is None else {"amqp": dict(hub.amqp)}),
    }


async def listed(blobs: Blobs, asked: argparse.Namespace) -> int:
    """The list; 0 also when it is empty."""
    count = 0
    async for letter, state in _judged(blobs):
        if not (asked.settled or state in TO_DO):
            continue
        if asked.reason in (None, letter.reason) and about(letter.hub, asked.machine, asked.device):
            count += 1
            print(json.dumps(details(letter, state)) if asked.json else row(letter, state))
    if not asked.json:
        print(f"{count} dead letters{'' if asked.settled else ' to settle'}", file=sys.stderr)
    return 0


async def _judged(blobs: Blobs) -> AsyncIterator[tuple[DeadLetter, State]]:
    """Every dead letter with its state; of those that were sent again, whether they were applied."""
    sent = [letter async for letter in dead_letters(blobs) if letter.state == "sent"]
    done = await applied(sent, *_documents()) if sent else set()
    async for letter in dead_letters(blobs):
        yield letter, "applied" if letter.place in done else letter.state


def _documents() -> tuple[Documents, Documents]:
    return wiring.machines(), wiring.conditions()


async def shown(blobs: Blobs, asked: argparse.Namespace) -> int:
    """One dead letter; with ``--body`` its bytes into a file, whole, to be corrected."""
    letter = await find(blobs, asked.place)
    if asked.body:
        body = await whole_body(wiring.archive_blobs(), letter) if letter.oversize else letter.hub.body
        await asyncio.to_thread(Path(asked.body).write_bytes, body)
    done = await applied([letter], *_documents()) if letter.state == "sent" else set()
    marks = await history(blobs, letter.place)
    became = [{"action": mark.action, "at": utc(mark.at), "note": mark.note} for mark in marks]
    print(json.dumps(details(letter, "applied" if done else None) | {"became": became}, indent=2))
    return 0


async def replayed(desk: Desk, asked: argparse.Namespace, now: datetime) -> int:
    """Send again, and wait for what becomes of it."""
    letters = await chosen(desk.blobs, asked.places, asked.reason)
    letters = [letter for letter in letters if about(letter.hub, asked.machine, asked.device)]
    if not letters:
        reasons = Counter([letter.reason async for letter in dead_letters(desk.blobs)])
        if asked.reason not in reasons:
            there = ", ".join(sorted(reasons)) or "none at all"
            raise LookupError(f"no dead letter has the reason {asked.reason!r}; there are: {there}")
        print(f"all of {asked.reason} are settled already")
        return 0
    sending = Sending(letters, now, asked.corrected, asked.wait, resend=bool(asked.places))
    outcome = await sent_again.replay(desk, sending, print)
    print(outcome.summary(), file=sys.stderr)
    return outcome.code


async def discarded(blobs: Blobs, asked: argparse.Namespace, now: datetime) -> int:
    """Mark as of no use."""
    for letter in await chosen(blobs, asked.places, None):
        done = await discard(blobs, letter, Mark("discarded", now, asked.note))
        print(f"{letter.place}: {'discarded' if done else f'was {letter.state} before; nothing done'}")
    return 0


async def chosen(blobs: Blobs, places: Sequence[str], reason: str | None) -> list[DeadLetter]:
    """Those named, or of a reason all that are not done."""
    if places:
        return [await find(blobs, place) for place in places]
    return [
        letter async for letter in dead_letters(blobs) if letter.reason == reason and letter.state in TO_DO
    ]


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    main_parser = argparse.ArgumentParser(prog="vendctl deadletters", description=__doc__)
    main_parser.add_argument("--settings", help="a local.settings.json, for what the environment lacks")
    actions = main_parser.add_subparsers(dest="action", required=True)
    several = actions.add_parser("list", help="what was refused and is not settled yet")
    several.add_argument("--reason", help="only this reason")
    several.add_argument(
        "--settled", action="store_true", help="also what is applied, refused again, discarded"
    )
    several.add_argument("--json", action="store_true", help="one JSON object a line")
    one = actions.add_parser("show", help="one of them whole, as JSON")
    one.add_argument("place")
    one.add_argument(
        "--body", metavar="FILE", help="write the body's bytes to a file; large ones come from the archive"
    )
    again = actions.add_parser("replay", help="send again, and wait until it is applied")
    again.add_argument("places", nargs="*", metavar="place")
    again.add_argument("--reason", help="all open ones of this reason")
    again.add_argument("--body", metavar="FILE", help="a corrected body, for one place")
    again.add_argument("--wait", type=float, default=60, metavar="SECONDS", help="at most so long (60)")
    for each in (several, again):
        each.add_argument("--machine", help="only those about this machine")
        each.add_argument("--device", help="only those that name this device")
    away = actions.add_parser("discard", help="mark as of no use")
    away.add_argument("places", nargs="+", metavar="place")
    away.add_argument("--note", default="", help="why")
    return main_parser


async def run(asked: argparse.Namespace, now: datetime) -> int:
    """The action, on the deployment that the process's environment names."""
    try:
        blobs = wiring.deadletters()
        if asked.action == "list":
            return await listed(blobs, asked)
        if asked.action == "show":
            return await shown(blobs, asked)
        if asked.action == "discard":
            return await discarded(blobs, asked, now)
        return await replayed(Desk(blobs, wiring.hub_sender(), *_documents()), asked, now)
    finally:
        await wiring.close()


def main(argv: list[str]) -> int:
    """The command."""
    options = parser()
    asked = options.parse_args(argv)
    if asked.action == "replay" and bool(asked.places) == bool(asked.reason):
        options.error("replay needs places, or --reason")
    if asked.action == "replay" and asked.body and len(asked.places) != 1:
        options.error("--body corrects one place")
    os.environ.update(load(asked.settings, os.environ))
    try:
        asked.corrected = Path(asked.body).read_bytes() if asked.action == "replay" and asked.body else None
        return asyncio.run(run(asked, datetime.now(UTC)))
    except (LookupError, OSError, Transient) as fault:
        print(fault.args[0] if fault.args else fault, file=sys.stderr)
        return 2
