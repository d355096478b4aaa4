"""``vendctl dex show | diff | reconcile``."""

from pathlib import Path
from typing import Annotated

import typer

from devstack.commandline import Answer, Exit
from vendctl.commands.program import PROGRAM, Environment, deployment

DEX = PROGRAM.group("dex", "Read a machine's audits (EVA-DTS), and compare two.")


@PROGRAM.command("show", DEX)
def show(
    *,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="An audit, as the machine or a gateway sent it.")
    ],
) -> Answer:
    """Show what an audit says, and what had to be tolerated.

    Exit code 1 where its checksum (G85) is wrong: what it says is shown all the same. A file that is no audit
    ends with 2.
    """
    from vendctl.dex import explain, figures, read

    audits = read(file)
    wrong = [f"{file}: G85 is wrong" for one in audits if one.checksum.verdict == "wrong"]
    code = Exit.WRONG if wrong else Exit.DONE
    text = "\n\n".join(map(explain, audits))
    return Answer({"audits": [figures(one) for one in audits]}, text, code, wrong="\n".join(wrong))


@PROGRAM.command("diff", DEX)
def diff(
    *,
    before: Annotated[Path, typer.Argument(metavar="BEFORE", help="The earlier audit.")],
    after: Annotated[Path, typer.Argument(metavar="AFTER", help="The later one, of the same machine.")],
    ledger: Annotated[
        Path | None,
        typer.Option(metavar="COUNTS", help="JSON: what the ledger holds of that interval (docs/dex.md)."),
    ] = None,
) -> Answer:
    """Say what a machine sold between two audits.

    From its cumulative counters. With --ledger also what the ledger lacks, by selection and way of payment.
    Exit code 1 where the two cannot be compared (another machine or board, a cleared memory, the wrong
    order), or where ledger and machine differ.
    """
    from vendctl.dex import compared, counts, explain_interval, explain_reconciled, one
    from vending.uploads.dex.reconcile import reconcile

    found = compared(one(before), one(after))
    if ledger is None:
        code = Exit.WRONG if found.delta.baseline else Exit.DONE
        return Answer(found.figures(), explain_interval(found), code)
    beside = reconcile(found.delta, counts(ledger))
    text = f"{explain_interval(found)}\n\n{explain_reconciled(found, beside)}"
    return Answer(found.figures(beside), text, Exit.DONE if beside.agrees else Exit.WRONG)


@PROGRAM.command("reconcile", DEX)
@deployment("COSMOS")
async def reconcile(
    environment: Environment,  # noqa: ARG001 - of the wiring
    *,
    machine: Annotated[str, typer.Argument(metavar="MACHINE", help="The machine, by its id.")],
    audit: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="NUMBER",
            help="Number of an uploaded audit [default: the newest that claims sales].",
        ),
    ] = None,
    before: Annotated[
        Path | None, typer.Option(metavar="FILE", help="With --after: files instead of uploaded audits.")
    ] = None,
    after: Annotated[Path | None, typer.Option(metavar="FILE", help="The later one.")] = None,
) -> Answer:
    """Compare what a machine counted between two audits with its ledger as it is now.

    The record of an uploaded audit says how the ledger was when it came; events that came later are counted
    here. Of files the machine's clock is taken to be that of its site. Exit code 1 where the two cannot be
    compared, or where ledger and machine differ; 2 where there are no two audits.
    """
    from vendctl.dex_reconcile import Asked, run

    return await run(Asked(machine, audit, before, after))
