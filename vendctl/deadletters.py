"""``vendctl deadletters list|show|replay|discard``: events that were refused, and what to do with them.

A place is ``generation/partition@number``, as ``list`` shows it. ``replay`` sends the event again, as it was
or with a corrected body, and marks it; a dead letter that is marked is not sent a second time.
"""

import argparse
import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vendctl.environment import load
from vending import wiring
from vending.domain.records import text_or_base64
from vending.errors import Rejected, Transient
from vending.ports import Blobs
from vending.usecases.review_dead_letters import (
    DeadLetter,
    Mark,
    Sender,
    dead_letters,
    find,
    mark_of,
    replay,
    settle,
    utc,
    whole_body,
)

SHOWN = 100
"""Characters of a line of ``list``."""


def row(letter: DeadLetter) -> str:
    """A line of the list."""
    detail = letter.detail.splitlines()[-1] if letter.detail else ""
    settled = "settled " if letter.settled else ""
    return f"{letter.place:<24} {utc(letter.hub.enqueued)} {settled}{letter.reason}: {detail}"[: SHOWN + 40]


def details(letter: DeadLetter, mark: Mark | None) -> dict[str, Any]:
    """Everything that is known, as JSON."""
    hub, cut = letter.hub, letter.oversize
    return {
        "place": letter.place,
        "reason": letter.reason,
        "detail": letter.detail,
        "version": letter.version,
        "enqueued": utc(hub.enqueued),
        "offset": hub.offset,
        "key": hub.key,
        "properties": dict(hub.properties),
        "system": dict(hub.system),
        **text_or_base64("body" if cut is None else "head", hub.body),
        **({} if cut is None else {"oversize": {"bytes": cut.bytes, "sha256": cut.sha256, "blob": cut.blob}}),
        **({} if hub.amqp is None else {"amqp": dict(hub.amqp)}),
        "became": {"action": mark.action, "at": utc(mark.at), "note": mark.note} if mark else None,
    }


async def listed(blobs: Blobs, asked: argparse.Namespace) -> int:
    """The list; 0 also when it is empty."""
    count = 0
    async for letter in dead_letters(blobs, settled=asked.settled):
        if asked.reason in (None, letter.reason):
            count += 1
            print(json.dumps(details(letter, None)) if asked.json else row(letter))
    if not asked.json:
        print(f"{count} dead letters{'' if asked.settled else ' to settle'}", file=sys.stderr)
    return 0


async def shown(blobs: Blobs, asked: argparse.Namespace) -> int:
    """One dead letter; with ``--body`` its bytes into a file, whole, to be corrected."""
    letter = await find(blobs, asked.place)
    if asked.body:
        body = await whole_body(wiring.archive_blobs(), letter) if letter.oversize else letter.hub.body
        await asyncio.to_thread(Path(asked.body).write_bytes, body)
    print(json.dumps(details(letter, await mark_of(blobs, letter.place)), indent=2))
    return 0


async def replayed(blobs: Blobs, sender: Sender, asked: argparse.Namespace, now: datetime) -> int:
    """Send again; 1 when one of them cannot be."""
    failed = 0
    letters = await chosen(blobs, asked.places, asked.reason)
    if not letters:
        reasons = Counter([letter.reason async for letter in dead_letters(blobs, settled=True)])
        if asked.reason not in reasons:
            there = ", ".join(sorted(reasons)) or "none at all"
            raise LookupError(f"no dead letter has the reason {asked.reason!r}; there are: {there}")
        print(f"all of {asked.reason} are settled already")
    for letter in letters:
        try:
            standing = await replay(blobs, sender, letter, now, asked.corrected)
        except Rejected as fault:
            failed += 1
            where = "; `show --body FILE` fetches it" if letter.oversize else ""
            advice = f"would be refused again, {fault}{where}; give a corrected --body"
            print(f"{letter.place}: {advice}", file=sys.stderr)
            continue
        print(f"{letter.place}: {told(standing) if standing else 'sent again'}")
    return 1 if failed else 0


async def discarded(blobs: Blobs, asked: argparse.Namespace, now: datetime) -> int:
    """Mark as of no use."""
    for letter in await chosen(blobs, asked.places, None):
        standing = await settle(blobs, letter.place, Mark("discarded", now, asked.note))
        print(f"{letter.place}: {told(standing) if standing else 'discarded'}")
    return 0


async def chosen(blobs: Blobs, places: Sequence[str], reason: str | None) -> list[DeadLetter]:
    """Those named, or all open ones of a reason."""
    if places:
        return [await find(blobs, place) for place in places]
    return [letter async for letter in dead_letters(blobs) if letter.reason == reason]


def told(mark: Mark) -> str:
    """A mark for people."""
    return f"was {mark.action} {mark.note + ' ' if mark.note else ''}at {utc(mark.at)}; nothing done"


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    main_parser = argparse.ArgumentParser(prog="vendctl deadletters", description=__doc__)
    main_parser.add_argument("--settings", help="a local.settings.json, for what the environment lacks")
    actions = main_parser.add_subparsers(dest="action", required=True)
    several = actions.add_parser("list", help="what was refused and is not settled yet")
    several.add_argument("--reason", help="only this reason")
    several.add_argument("--settled", action="store_true", help="also what was replayed or discarded")
    several.add_argument("--json", action="store_true", help="one JSON object a line")
    one = actions.add_parser("show", help="one of them whole, as JSON")
    one.add_argument("place")
    one.add_argument(
        "--body", metavar="FILE", help="write the body's bytes to a file; large ones come from the archive"
    )
    again = actions.add_parser("replay", help="send again")
    again.add_argument("places", nargs="*", metavar="place")
    again.add_argument("--reason", help="all open ones of this reason")
    again.add_argument("--body", metavar="FILE", help="a corrected body, for one place")
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
        return await replayed(blobs, wiring.hub_sender(), asked, now)
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
        return 1
