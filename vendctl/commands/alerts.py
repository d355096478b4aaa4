"""``vendctl alerts list | show | acknowledge | unacknowledge | snooze | assign | note | resolve``."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from devstack.commandline import Answer, NotDone
from vendctl.commands.options import at
from vendctl.commands.program import PROGRAM, Environment, deployment

if TYPE_CHECKING:
    from vending.alerts.attend import AlertName, Attendant
    from vending.documents.alerts import Alert

ALERTS = PROGRAM.group(
    "alerts",
    "List alerts, and attend to them. One is named by its MACHINE, RULE and COMPONENT, as list shows them. "
    "Others are notified by the next sweep of what closes.",
)
Machine = Annotated[str, typer.Argument(metavar="MACHINE", help="As list shows it.")]
RuleName = Annotated[str, typer.Argument(metavar="RULE", help="As list shows it.")]
Component = Annotated[str, typer.Argument(metavar="COMPONENT", help="As list shows it.")]
By = Annotated[
    str, typer.Option("--by", metavar="NAME", help="Who does it [default: USER].", show_default=False)
]


@PROGRAM.command("list", ALERTS)
@deployment("COSMOS")
async def listed(
    environment: Environment,  # noqa: ARG001 - of the wiring
    *,
    machine: Annotated[
        str | None, typer.Option(metavar="MACHINE", help="Only those of this machine.")
    ] = None,
    rule: Annotated[str | None, typer.Option(metavar="RULE", help="Only those of this rule.")] = None,
    unattended: Annotated[
        bool, typer.Option("--unattended", help="Only what nobody has acknowledged or snoozed.")
    ] = False,
) -> Answer:
    """List what is open: severity, name, since when, and who attends."""
    from vendctl import alerts
    from vending import wiring

    found = await alerts.listed(wiring.alerts(), alerts.Wanted(machine, rule, unattended))
    return Answer(list(map(alerts.figures, found)), alerts.table(found))


@PROGRAM.command("show", ALERTS)
@deployment("COSMOS")
async def shown(
    environment: Environment,  # noqa: ARG001 - of the wiring
    *,
    machine: Machine,
    rule: RuleName,
    component: Component,
) -> Answer:
    """Show one alert whole, and its last ten episodes."""
    from vendctl import alerts
    from vending import wiring
    from vending.alerts.attend import AlertName, UnknownAlert

    try:
        found = await alerts.shown(wiring.alerts(), AlertName(machine, rule, component))
    except UnknownAlert as fault:
        raise NotDone(str(fault)) from fault
    return Answer(alerts.figures_of(found), alerts.explain(found))


@PROGRAM.command("acknowledge", ALERTS)
@deployment("COSMOS")
async def acknowledged(
    environment: Environment, *, machine: Machine, rule: RuleName, component: Component, by: By = ""
) -> Answer:
    """Say that somebody knows of it: it escalates no more."""
    return await attended(
        environment, by, (machine, rule, component), lambda who, name: who.acknowledge(name)
    )


@PROGRAM.command("unacknowledge", ALERTS)
@deployment("COSMOS")
async def unacknowledged(
    environment: Environment, *, machine: Machine, rule: RuleName, component: Component, by: By = ""
) -> Answer:
    """Say that nobody is at it any more: it escalates again."""
    return await attended(
        environment, by, (machine, rule, component), lambda who, name: who.unacknowledge(name)
    )


@PROGRAM.command("snooze", ALERTS)
@deployment("COSMOS")
async def snoozed(
    environment: Environment, *, machine: Machine, rule: RuleName, component: Component,
    until: Annotated[datetime | None, at("--until", "Until then, at most for 30 days")] = None,
    hours: Annotated[float | None, typer.Option(min=0, metavar="N", help="For so many hours.")] = None,
    end: Annotated[bool, typer.Option("--end", help="End a snooze now.")] = False,
    by: By = "",
) -> Answer:  # fmt: skip
    """Let nobody be notified of it for a while.

    Nothing is told of what closes, opens again or would escalate meanwhile; when the time is over, and it is
    open, one reminder goes out.
    """
    from vendctl.alerts import snooze_end

    async def snooze(who: "Attendant", name: "AlertName") -> "Alert":
        return await who.snooze(name, snooze_end(who.now, until, hours, end))

    return await attended(environment, by, (machine, rule, component), snooze)


@PROGRAM.command("assign", ALERTS)
@deployment("COSMOS")
async def assigned(
    environment: Environment, *, machine: Machine, rule: RuleName, component: Component,
    owner: Annotated[str, typer.Argument(metavar="OWNER", help="Whose it is; '' for nobody's.")],
    by: By = "",
) -> Answer:  # fmt: skip
    """Say whose it is, till it closes."""
    return await attended(
        environment, by, (machine, rule, component), lambda who, name: who.assign(name, owner)
    )


@PROGRAM.command("note", ALERTS)
@deployment("COSMOS")
async def noted(
    environment: Environment, *, machine: Machine, rule: RuleName, component: Component,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="At most 1,000 characters.")],
    by: By = "",
) -> Answer:  # fmt: skip
    """Add a note, which its episode keeps."""
    return await attended(environment, by, (machine, rule, component), lambda who, name: who.note(name, text))


@PROGRAM.command("resolve", ALERTS)
@deployment("COSMOS")
async def resolved(
    environment: Environment, *, machine: Machine, rule: RuleName, component: Component,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why, for the record and the others.")],
    by: By = "",
) -> Answer:  # fmt: skip
    """Close it by hand, though its rule may still fire.

    It opens again when its rule was clear once, or fires on newer evidence a day later.
    """
    return await attended(
        environment, by, (machine, rule, component), lambda who, name: who.resolve(name, reason)
    )


async def attended(
    environment: Environment,
    by: str,
    named: tuple[str, str, str],
    act: "Callable[[Attendant, AlertName], Awaitable[Alert]]",
) -> Answer:
    """What the alert is after the act; one that cannot be done is told in a line."""
    from vendctl.alerts import figures, state
    from vending import wiring
    from vending.alerts.attend import AlertName, Attendant, UnknownAlert

    name = AlertName(*named)
    who = Attendant(wiring.alerts(), by or environment.get("USER", ""), datetime.now(UTC))
    try:
        alert = await act(who, name)
    except (UnknownAlert, ValueError) as fault:
        raise NotDone(str(fault)) from fault
    return Answer(figures(alert), f"{name}: {state(alert)}")
