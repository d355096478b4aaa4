"""What befalls the system. A fault begins, and gives what ends it."""

import signal
import time
from collections.abc import Callable
from typing import Any

from tests.chaos.world import World, signalled, workers

End = Callable[[], None]
Fault = Callable[[World], End]
FIRST = 2.0
"""Seconds in which a second host begins to share the partitions."""


def nothing() -> None:
    """The fault ends by itself."""


def worker_killed(world: World) -> End:
    """Every worker process, by SIGKILL."""
    signalled([pid for host in world.living() for pid in workers(host)], signal.SIGKILL)
    return nothing


def worker_stopped(world: World) -> End:
    """Workers that hang: SIGSTOP, then SIGCONT."""
    pids = [pid for host in world.living()[:1] for pid in workers(host)]
    signalled(pids, signal.SIGSTOP)
    return lambda: signalled(pids, signal.SIGCONT)


def host_killed(world: World) -> End:
    """The host, by SIGKILL."""
    world.end_host(world.living()[0], killed=True)
    return nothing


def host_ended(world: World) -> End:
    """The host, by SIGTERM: it lets invocations end."""
    world.end_host(world.living()[0], killed=False)
    return nothing


def zombie_owner(world: World) -> End:
    """A host is frozen with its workers while a second one takes its partitions; then both go on."""
    first = world.living()[0]
    second = world.start_host()
    time.sleep(FIRST)
    pids = [first.pid, *workers(first)]
    signalled(pids, signal.SIGSTOP)

    def end() -> None:
        signalled(pids, signal.SIGCONT)
        time.sleep(3 * FIRST)
        world.end_host(world.random.choice([first, second]), killed=True)

    return end


def two_hosts(world: World) -> End:
    """A second host shares the work; then one of them is killed."""
    world.start_host()
    return lambda: world.end_host(world.random.choice(world.living()), killed=True)


def part_killed(*names: str) -> Fault:
    """Event Hubs, Cosmos DB or both, by SIGKILL."""

    def begin(world: World) -> End:
        for name in names:
            world.kill_part(name)
        return nothing

    return begin


def storage_stopped(world: World) -> End:
    """Azurite hangs: SIGSTOP, then SIGCONT."""
    pids = [process.pid for process in world.stack.storage]
    signalled(pids, signal.SIGSTOP)
    return lambda: signalled(pids, signal.SIGCONT)


def storage_restarted(world: World) -> End:
    """Azurite, by SIGTERM: by SIGKILL it loses what it acknowledged."""
    world.stack.stop_storage()
    return world.stack.start_storage


def cosmos(*faults: dict[str, Any]) -> Fault:
    """Answers that the Cosmos DB server is told to give."""

    def begin(world: World) -> End:
        world.cosmos(faults=list(faults))
        return lambda: world.cosmos(faults=[])

    return begin


def cosmos_disk_full(world: World) -> End:
    """The Cosmos DB server's disk has no room."""
    world.cosmos(disk_full=True)
    return lambda: world.cosmos(disk_full=False)


def split(world: World) -> End:
    """A physical partition of some container splits: feed ranges and continuations change."""
    container = world.random.choice(["machines", "machines", "conditions", "alerts", "fleet"])
    database = world.environment["COSMOS_DATABASE"]
    for number in world.random.sample(range(6), 6):
        try:
            world.cosmos(split={"database": database, "container": container, "range": str(number)})
        except OSError:
            continue  # There is no such range any more; try another one.
        return nothing
    raise RuntimeError(f"no range of {container} could be split")


def eventhubs(place: str, **how: Any) -> Fault:
    """What the Event Hubs server is told to do wrong."""

    def begin(world: World) -> End:
        world.eventhubs(do="fault", place=place, **how)
        return lambda: world.eventhubs(do="clear")

    return begin


def disconnected(world: World) -> End:
    """All connections to Event Hubs are cut."""
    world.eventhubs(do="disconnect")
    return nothing


FAULTS: dict[str, Fault] = {
    "worker-killed": worker_killed,
    "worker-stopped": worker_stopped,
    "host-killed": host_killed,
    "host-ended": host_ended,
    "zombie-owner": zombie_owner,
    "two-hosts": two_hosts,
    "eventhubs-killed": part_killed("eventhubs"),
    "cosmos-killed": part_killed("cosmos"),
    "both-killed": part_killed("cosmos", "eventhubs"),
    "storage-stopped": storage_stopped,
    "storage-restarted": storage_restarted,
    "cosmos-429": cosmos({"status": 429, "retry_after_ms": 50, "times": 0}),
    "cosmos-503": cosmos({"status": 503, "times": 0}),
    "cosmos-some-429": cosmos(
        *({"status": 429, "retry_after_ms": 20, "after": 7 * n, "times": 2} for n in range(20))
    ),
    "cosmos-delayed": cosmos({"delay": 1.5, "times": 0}),
    "cosmos-cut-before": cosmos(
        *({"disconnect": "before", "verb": "POST", "after": 5 * n, "times": 1} for n in range(25))
    ),
    "cosmos-cut-after": cosmos(
        *({"disconnect": "after", "verb": "POST", "after": 5 * n, "times": 2} for n in range(25))
    ),
    "cosmos-412": cosmos(*({"status": 412, "verb": "POST", "after": 9 * n, "times": 3} for n in range(15))),
    "cosmos-410": cosmos(
        *({"status": 410, "substatus": 1002, "after": 9 * n, "times": 2} for n in range(15))
    ),
    "cosmos-disk-full": cosmos_disk_full,
    "cosmos-split": split,
    "eventhubs-send": eventhubs("send", count=20),
    "eventhubs-attach": eventhubs("attach", count=6),
    "eventhubs-delayed": eventhubs("delay", count=200, seconds=0.3),
    "eventhubs-disk-full": eventhubs("enospc", count=15),
    "eventhubs-cut": disconnected,
}
BESIDE = tuple(
    name
    for name in FAULTS
    if name.startswith(("cosmos-", "worker-", "eventhubs-")) and not name.endswith("killed")
)
"""What may befall it while something else does."""
