"""The command line, and the set-up and tear-down of its commands on a deployment."""

import functools
import os
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from devstack.commandline import MENDABLE, Answer, NotDone, Program, Told, version, with_options

ABOUT = """The operator's command line, the same against Azure and the local stack.

Settings come from the environment, else from --settings FILE, else from the local.settings.json of the
current folder. --settings and --json may stand before the command, too. Exit codes: 0 done and right, 1 done
and something is wrong, 2 not done, 3 not yet, 130 Ctrl-C."""
PROGRAM = Program(
    "vendctl",
    ABOUT,
    lambda: version("vendstream", Path(__file__).parents[2] / "pyproject.toml"),
    shared={"--settings": True},
    told=Told(mendable=MENDABLE | {"VendstreamError", "aiohttp"}),
)
Environment = dict[str, str]
"""The settings that were chosen for a command, the process's own environment among them."""
Work = Callable[..., Coroutine[Any, Any, Answer]]
Settings = Annotated[
    Path | None,
    typer.Option(
        "--settings",
        metavar="FILE",
        help="A local.settings.json, for what the environment lacks [default: that of the current folder, "
        "where the environment names no connection].",
    ),
]


def deployment(
    *needs: str, also: Callable[[Mapping[str, Any]], str] | None = None
) -> Callable[[Work], Callable[..., Answer]]:
    """For ``async def work(environment, …)``: with ``--settings``, on wired stores that are closed after it.

    ``needs``: the connections without which the command cannot do its work; ``also``: the one that it needs
    with these options.
    """

    def prepared(work: Work) -> Callable[..., Answer]:
        @functools.wraps(work)
        def called(*, settings: Path | None, **options: Any) -> Answer:
            chosen = chosen_settings(settings, (*needs, also(options)) if also else needs)
            with adopt(chosen):
                return wired(work(chosen, **options))

        return with_options(called, work, {"settings": (Settings, None)}, hidden={"environment"})

    return prepared


def chosen_settings(named: Path | None, needs: Sequence[str]) -> Environment:
    """The settings of a command; a line on stderr says where from, where that is not plain."""
    from vendctl.environment import choose

    try:
        chosen = choose(named, os.environ, needs, Path.cwd())
    except ValueError as fault:
        raise NotDone(str(fault)) from fault
    if chosen.told:
        print(f"vendctl: {chosen.told}", file=sys.stderr)
    return chosen.values


@contextmanager
def adopt(settings: Environment) -> Iterator[None]:
    """The settings are in the process's environment, where the wiring looks, while this is entered."""
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def wired[T](work: Awaitable[T]) -> T:
    """Do it in an event loop of its own, and close the stores that it opened."""
    from devstack.signals import run
    from vending import wiring

    async def closing() -> T:
        try:
            return await work
        finally:
            await wiring.close()

    return run(closing())
