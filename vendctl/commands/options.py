"""Kinds of option that several commands have."""

from datetime import UTC, datetime
from typing import Annotated

import typer


def moment(text: str) -> datetime:
    """A time in ISO 8601; UTC where it names no zone."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no time like 2026-11-24T00:00") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def at(name: str, what: str) -> typer.models.OptionInfo:
    """An option that is a time."""
    told = f"{what} (ISO 8601, UTC)."
    option: typer.models.OptionInfo = typer.Option(name, parser=moment, metavar="TIME", help=told)
    return option


Machines = Annotated[int, typer.Option(min=1, metavar="N", help="How many machines the simulated fleet has.")]
