"""``vendctl machine``: quarantine, release, forget: a machine that shows what it never did.

``quarantine M`` keeps what is sent for M from a moment on as dead letters. ``forget M`` mends M: what was
sent before (by one device, or from an epoch on) is as if it had never been, in all figures and in every
rebuild. ``release M`` lets it in again. Exit codes: 0 done, 2 it could not be done, 3 not yet (ask again).
"""

import argparse
import asyncio
import json
import os
import sys

from vendctl.device import NAME
from vendctl.environment import load
from vendctl.machines.acts import Asked, date, forget_many, forget_one, let_in, listed, shut_out
from vending import wiring
from vending.errors import VendstreamError
from vending.usecases.exclude import NotYet, Who

NOT_YET = 3


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    found = argparse.ArgumentParser(
        prog="vendctl machine", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    found.add_argument("--settings", help="a local.settings.json, for what the environment lacks")
    found.add_argument("--json", action="store_true", help="one JSON object on the last line")
    actions = found.add_subparsers(dest="action", required=True)
    shut = actions.add_parser("quarantine", help="keep its events as dead letters, from half a minute on")
    let = actions.add_parser("release", help="let it in again, from half a minute on")
    away = actions.add_parser("forget", help="as if what it sent before had never been sent")
    rows = actions.add_parser("list", help="what is in quarantine")
    for one in (shut, let, away):
        one.add_argument("machine", nargs="?" if one is away else None)
        one.add_argument("--device", default="", help="only what this device sent")
    for one in (shut, away):
        one.add_argument(
            "--epoch-from", type=int, default=0, metavar="N", help="only this epoch and later ones"
        )
        one.add_argument("--reason", default="", help="for the record, and the dead letters")
    away.add_argument(
        "--unassigned", action="store_true", help="all machines that the catalog does not place"
    )
    away.add_argument(
        "--before", type=date, metavar="DATE", help="with --unassigned: not heard of since (UTC)"
    )
    away.add_argument("--with-sales", action="store_true", help="with --unassigned: also those that sold")
    away.add_argument("--dry-run", action="store_true", help="say what would change, change nothing")
    away.add_argument(
        "--wait", type=float, default=120, metavar="SECONDS",
        help="how long to wait for the quarantine and for the functions; default %(default)s",
    )  # fmt: skip
    rows.add_argument("--all", action="store_true", help="also what was ended and finished")
    return found


def checked(options: argparse.ArgumentParser, asked: argparse.Namespace) -> argparse.Namespace:
    """Ends the process with 2 for arguments that do not go together."""
    if asked.action == "forget":
        if asked.unassigned == bool(asked.machine):
            options.error("forget: name a machine, or say --unassigned --before DATE")
        if asked.unassigned and (asked.before is None or asked.device or asked.epoch_from):
            options.error(
                "forget --unassigned needs --before DATE, and takes no --device and no --epoch-from"
            )
    named = [name for name in (getattr(asked, "machine", None), getattr(asked, "device", "")) if name]
    if wrong := [name for name in named if not NAME.fullmatch(name)]:
        options.error(f"{wrong[0]!r} is no name of a machine or device")
    if getattr(asked, "epoch_from", 0) < 0:
        options.error("--epoch-from is 0 or more")
    return asked


async def run(asked: argparse.Namespace) -> tuple[object, str]:
    """The action, on the deployment that the process's environment names."""
    who = Who(os.environ.get("USER", ""), getattr(asked, "reason", ""))
    try:
        if asked.action == "list":
            return await listed(asked.all)
        if asked.action == "forget" and asked.unassigned:
            return await forget_many(asked.before, who, asked.wait, asked.with_sales, asked.dry_run)
        whose = Asked(asked.machine, asked.device, getattr(asked, "epoch_from", 0))
        if asked.action == "quarantine":
            return await shut_out(whose, who)
        if asked.action == "release":
            return await let_in(whose)
        return await forget_one(whose, who, asked.wait, asked.dry_run)
    finally:
        await wiring.close()


def main(argv: list[str]) -> int:
    """The command."""
    options = parser()
    asked = checked(options, options.parse_args(argv))
    try:
        os.environ.update(load(asked.settings, os.environ))
        found, text = asyncio.run(run(asked))
    except NotYet as fault:
        print(f"vendctl machine: {fault}", file=sys.stderr)
        return NOT_YET
    except (VendstreamError, ValueError, OSError) as fault:
        print(f"vendctl machine: {fault}", file=sys.stderr)
        return 2
    print(json.dumps(found) if asked.json else text)
    return 0
