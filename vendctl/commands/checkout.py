"""``vendctl package | costs | schemas | reference``: what is made of this checkout."""

from pathlib import Path
from typing import Annotated

import typer

from devstack.commandline import Answer, Exit, Program
from vendctl.commands.program import PROGRAM

Check = Annotated[
    bool, typer.Option("--check", help="Write nothing; exit code 1 when a file is not what the code says.")
]


@PROGRAM.command("package")
def package(
    *,
    target: Annotated[
        Path, typer.Argument(metavar="TARGET", help="A .zip, or a folder that does not exist.")
    ] = Path("dist/vendstream.zip"),
    telemetry: Annotated[
        bool,
        typer.Option("--telemetry", help="With Azure's OpenTelemetry distribution (docs/operations.md)."),
    ] = False,
    version: Annotated[
        str,
        typer.Option(
            metavar="VERSION",
            help="Such as a commit: /api/health and dead letters say it.",
            show_default=False,
        ),
    ] = "",
) -> Answer:
    """Write what is deployed, as a zip or a folder.

    It is what .funcignore leaves of the checkout: the files that `func azure functionapp publish` and the
    GitHub action take. They are imported in a clean interpreter first, and refused where that fails or a
    function of this checkout is not in them.
    """
    from vendctl.package import ROOT, build, tried

    held = tried(ROOT, telemetry=telemetry)
    files = build(ROOT, target, telemetry=telemetry, version=version)
    found = {"target": str(target), "files": len(files), "functions": sorted(held)}
    return Answer(found, f"{target}: {len(files)} files, {len(held)} functions")


@PROGRAM.command("costs")
def costs(
    *,
    commands: Annotated[
        bool, typer.Option("--commands", help="What it adds that devices ask for commands.")
    ] = False,
) -> Answer:
    """Estimate what a fleet costs a month, in dollars.

    From measured figures and dated prices (infra/costs.toml), each part by itself; nothing of it was ever
    compared with an Azure bill.
    """
    from vendctl import command_costs
    from vendctl.costs import computed, table

    if commands:
        return Answer(command_costs.shown(), command_costs.table())
    return Answer([{"machines": fleet.machines, "dollars": parts} for fleet, parts in computed()], table())


@PROGRAM.command("schemas")
def schemas(*, check: Check = False) -> Answer:
    """Write the event catalogue in docs/events, from the code."""
    from vendctl.schemas import stale, write

    old, strays = stale()
    if not check:
        write(old, strays)
    return made([path for path, _ in old] + strays, "vendctl schemas", check)


@PROGRAM.command("reference")
def reference(*, check: Check = False) -> Answer:
    """Write docs/commands.md from the code: all commands."""
    from vendctl.reference import PAGE, page

    current = page(programs(PROGRAM))
    old = [] if PAGE.exists() and PAGE.read_text() == current else [PAGE]
    if not check:
        PAGE.write_text(current)
    return made(old, "vendctl reference", check)


def programs(own: Program) -> dict[str, typer.Typer]:
    """All three, by their names; ``own`` is this one, with its commands."""
    from devstack.__main__ import PROGRAM as DEVSTACK
    from simulator.__main__ import PROGRAM as SIMULATOR

    return {program.name: program.app for program in (own, SIMULATOR, DEVSTACK)}


def made(files: list[Path], command: str, check: bool) -> Answer:
    """What to say of generated files that were not current."""
    from vendctl.schemas import ROOT

    names = [str(path.relative_to(ROOT)) for path in files]
    if check and names:
        wrong = "\n".join(f"{name} is not what the code says; run: {command}" for name in names)
        return Answer({"stale": names}, code=Exit.WRONG, wrong=wrong)
    return Answer({"written": names}, "\n".join(f"{name}: written" for name in names))
