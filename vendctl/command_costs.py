"""What it costs a month that devices ask for commands: in short polls, or waiting (infra/costs.toml).

An estimate, as :mod:`vendctl.costs`. What is free is left to the events, which use it up.
"""

from math import ceil, exp
from typing import Any, NamedTuple

from vendctl.costs import SECONDS, read

DEVICES = 5_000


class Way(NamedTuple):
    """How a fleet asks: its name, requests a second, those under way at a time, and reads a second."""

    name: str
    requests: float
    under_way: float
    reads: float


class AskingCosts(NamedTuple):
    """Of one way: requests a month, instances of the functions that answer, and dollars by service."""

    way: Way
    requests: float
    instances: int
    functions: float
    cosmos: float

    @property
    def together(self) -> float:
        """Dollars a month."""
        return self.functions + self.cosmos


def ways(asking: dict[str, float], devices: int = DEVICES) -> list[Way]:
    """Polls at the pace that is set, at a minute's, and all devices waiting all of the time."""
    polls = [
        Way(
            f"a poll every {pace:g} s",
            devices / pace,
            devices / pace * asking["request_seconds"],
            devices / pace,
        )
        for pace in (asking["poll_seconds"], 60.0)
    ]
    wait = asking["wait_seconds"]
    waiting = Way(f"`wait={wait:g}`, all the time", devices / wait, devices, devices / asking["look_seconds"])
    return [*polls, waiting]


def cost(figures: dict[str, Any], way: Way) -> AskingCosts:
    """Dollars a month. An instance is billed while anything runs on it, for a second at least."""
    price = {name: one["dollars"] for name, one in figures["prices"].items()}
    assumed, asking = figures["assumed"], figures["asking"]
    cores = way.requests * asking["request_cpu_ms"] / 1000 / assumed["busy"]
    instances = max(1, ceil(way.under_way / asking["places"]), ceil(cores))
    busy = 1 - exp(-way.requests * assumed["invocation_seconds"])
    requests = way.requests * SECONDS
    seconds = instances * busy * SECONDS * assumed["instance_gb"]
    functions = (
        requests / 1e6 * price["functions_million_executions"] + seconds * price["functions_gb_second"]
    )
    units = way.reads * asking["units_a_read"] * SECONDS
    return AskingCosts(
        way, requests, instances, functions, units / 1e6 * price["cosmos_serverless_million_units"]
    )


def computed() -> list[AskingCosts]:
    """Each way."""
    figures, _ = read()
    return [cost(figures, way) for way in ways(figures["asking"])]


def table() -> str:
    """All ways as a Markdown table."""
    found = computed()
    rows = {
        "requests, millions": [f"{one.requests / 1e6:,.0f}" for one in found],
        "instances": [f"{one.instances:,}" for one in found],
        "Functions, dollars": [f"{one.functions:,.0f}" for one in found],
        "Cosmos DB, dollars": [f"{one.cosmos:,.0f}" for one in found],
        "**together**": [f"**{one.together:,.0f}**" for one in found],
    }
    head = f"| a month, {DEVICES:,} devices | {' | '.join(one.way.name for one in found)} |"
    lines = [head, f"|---|{'---:|' * len(found)}"]
    lines += [f"| {name} | {' | '.join(cells)} |" for name, cells in rows.items()]
    return "\n".join(lines)


def shown() -> list[dict[str, Any]]:
    """For programs."""
    return [
        {"way": one.way.name, "requests": one.requests, "instances": one.instances}
        | {"dollars": {"Functions": one.functions, "Cosmos DB": one.cosmos}}
        for one in computed()
    ]
