"""What a receiver reads: one notification, or the digest of many."""

from datetime import timedelta

from tests.unit.notifications.test_notify import LIMIT, World
from vending.notifications.outgoing import Outgoing

SECOND = timedelta(seconds=1)
NOON = 1_772_366_400_000
"""Milliseconds: when a world begins."""


async def test_a_notification_says_what_happened_how_bad_it_is_and_how_to_tell_it_again() -> None:
    world = World()
    await world.find("m1")
    await world.find("m1", order=2, firing=False)
    await world.deliver()
    opened, closed = (message for _, message in world.webhook.posted)
    assert opened == {
        "idempotencyKey": "m1/silent/machine/1/opened",
        "machineId": "m1",
        "alertId": "current:silent:machine",
        "rule": "silent",
        "component": "machine",
        "change": "opened",
        "episode": 1,
        "at": NOON,
        "detail": {"lastSeen": 0},
        "queued": NOON,
        "severity": "warning",
        "text": "m1 is not heard from",
    }
    assert closed == opened | {
        "idempotencyKey": "m1/silent/machine/1/closed",
        "change": "closed",
        "text": "m1 is heard from again",
    }


async def full() -> World:
    """A world whose minute takes no more posts, and what happens in its next seconds."""
    world = World()
    await world.cut(LIMIT)
    await world.deliver()
    world.webhook.posted.clear()
    for machine, rule, order, firing in (
        ("warm", "cold-chain", 1, True),
        ("quiet", "silent", 1, True),
        ("quiet", "silent", 2, False),
        ("late", "silent", 1, True),
    ):
        world.now += SECOND
        await world.find(machine, rule, order, firing=firing)
    await world.deliver()
    return world


async def test_a_digest_counts_what_it_tells_and_the_first_are_what_opened() -> None:
    world = await full()
    await world.minute()
    [digest] = world.webhook.digests()
    first = digest.pop("first")
    assert len(digest.pop("idempotencyKey")) == len("digest/") + 32
    assert digest == {
        "machineId": "$notifications",
        "rule": "digest",
        "change": "digest",
        "severity": "critical",
        "count": 4,
        "machines": 3,
        "opened": {"cold-chain": 1, "silent": 2},
        "closed": {"silent": 1},
        "bySeverity": {"critical": 1, "warning": 3},
        "from": "2026-03-01T12:00:01.000Z",
        "to": "2026-03-01T12:00:04.000Z",
        "link": "https://app/dashboard",
        "text": "4 notifications of 3 machines at once: "
        "1 cold-chain opened, 2 silent opened, 1 silent closed; see https://app/dashboard",
    }
    assert [one["text"] for one in first] == [
        "warm: zone machine is too warm",
        "quiet is not heard from",
        "late is not heard from",
        "quiet is heard from again",
    ]
    assert first[0]["severity"] == "critical"


async def test_where_the_dashboard_is_not_known_a_digest_has_no_link() -> None:
    world = await full()
    world.processes = [Outgoing(world.alerts, world.webhook, LIMIT, "")]
    await world.minute()
    [digest] = world.webhook.digests()
    assert "link" not in digest
    assert digest["text"].endswith("1 silent closed")
