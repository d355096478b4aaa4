"""P8 on Cosmos DB itself: many evaluations at once, while the machine changes."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from azure.cosmos import PartitionKey
from azure.cosmos.aio import CosmosClient

from tests.contract.conftest import DATABASE, NAMES
from tests.support.fakes import FakeDocuments, FakeQueue, FakeWebhook
from vending.adapters.cosmos import CosmosDocuments
from vending.alerts.attend import AlertName, Attendant
from vending.alerts.escalate import escalate
from vending.alerts.raise_alerts import AlertStores, raise_alerts, raise_as_found
from vending.alerts.transitions import Finding
from vending.alerts.watch_machines import evaluate_stock
from vending.errors import Transient
from vending.notifications.notify import notify
from vending.notifications.notify_digest import ASK_FOR_DIGEST, notify_digest
from vending.notifications.outgoing import Outgoing
from vending.notifications.resend import resend
from vending.ports import Put

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LIMIT = 5


async def documents(client: CosmosClient) -> CosmosDocuments:
    database = client.get_database_client(DATABASE)
    container = await database.create_container(f"c{next(NAMES)}", PartitionKey("/machineId"))
    return CosmosDocuments(container, "machineId")


async def change(machines: CosmosDocuments, rev: int, units: int) -> dict[str, Any]:
    """The machine's stock at a revision."""
    held = await machines.read("m1", "stock")
    slots = {"21": [[1, rev, units], None, []], "22": [[1, 1, 5], None, []]}
    body = {"id": "stock", "machineId": "m1", "type": "stock", "schema": 1, "rev": rev, "slots": slots}
    body["last"] = {"vend": [1, rev, rev * 1_000]}
    await machines.write("m1", [Put(body, held.etag if held else None)])
    return body


async def evaluate(stock: dict[str, Any], stores: AlertStores) -> None:
    """As the change feed does: again, while it must wait."""
    while True:
        try:
            await evaluate_stock(stock, stores, NOW)
        except Transient:
            continue
        return


async def test_many_evaluations_raise_one_alert(client: CosmosClient) -> None:
    machines, alerts, queue = await documents(client), await documents(client), FakeQueue()
    stores = AlertStores(machines, FakeDocuments("id"), alerts, queue)
    evaluations: list[asyncio.Task[None]] = []
    for rev, units in enumerate((0, 3, 0, 0, 4, 0), 1):
        stock = await change(machines, rev, units)
        evaluations += [asyncio.create_task(evaluate(stock, stores)) for _ in range(3)]
    await asyncio.gather(*evaluations)
    (alert,) = [stored.body async for stored in alerts.select("m1", ("type", "=", "alert"))]
    episodes = [stored.body async for stored in alerts.select("m1", ("type", "=", "alert-episode"))]
    assert alert["state"] == "open"  # a refill that nobody looked at in time is no episode
    assert len(episodes) == alert["episode"] - 1
    words = ("opened", "closed")
    turns = [f"m1/sold-out/21/{n // 2 + 1}/{words[n % 2]}" for n in range(2 * len(episodes) + 1)]
    assert {message["idempotencyKey"] for message in queue.messages} == set(turns)
    assert [entry["idempotencyKey"] for entry in alert["outbox"]] == turns
    outgoing = Outgoing(alerts, FakeWebhook(), posts_per_minute=100)
    await asyncio.gather(*(notify(message, outgoing, NOW) for message in queue.messages))
    settled = await alerts.read("m1", alert["id"])
    assert settled is not None
    assert (settled.body["outbox"], settled.body["pending"]) == ([], False)


async def told(message: dict[str, Any], outgoing: Outgoing, now: datetime) -> None:
    """As the queue does: again, while it must wait."""
    while True:
        try:
            await notify(message, outgoing, now)
        except Transient:
            continue
        return


async def test_processes_side_by_side_keep_the_minutes_bound_and_the_digest_tells_the_rest(
    client: CosmosClient,
) -> None:
    """The window is written If-Match: the bound holds however many instances post."""
    alerts, queue, webhook = await documents(client), FakeQueue(), FakeWebhook()
    stores = AlertStores(alerts, FakeDocuments("id"), alerts, queue, LIMIT)
    for number in range(30):
        finding = Finding(f"m{number}", "silent", "machine", (1,), True, 0, {})

        async def newest(found: Finding = finding) -> list[Finding]:
            return [found]

        await raise_alerts(finding.machine, [finding], newest, stores, NOW)
    processes = [Outgoing(alerts, webhook, LIMIT) for _ in range(4)]
    messages, queue.messages = queue.messages, []
    await asyncio.gather(
        *(told(message, processes[place % 4], NOW) for place, message in enumerate(messages * 2))
    )
    assert len(webhook.posted) == LIMIT
    later = NOW + timedelta(minutes=1)
    assert await resend(stores, later) == 1
    assert queue.messages == [ASK_FOR_DIGEST]
    await asyncio.gather(*(notify_digest(outgoing, later) for outgoing in processes))
    assert [message.get("count") for _, message in webhook.posted[LIMIT:]] == [30 - LIMIT]
    assert not [
        stored async for stored in alerts.select(None, ("type", "=", "alert"), ("pending", "=", True))
    ]
    await notify_digest(processes[0], later + timedelta(minutes=1))
    assert len(webhook.posted) == LIMIT + 1
    assert await resend(stores, later + timedelta(minutes=1)) == 0


async def test_people_and_sweeps_at_once_lose_nothing_and_each_level_goes_out_once(
    client: CosmosClient,
) -> None:
    """Acts and escalations are conditional on what they read; what is due is found by one query."""
    alerts, queue = await documents(client), FakeQueue()
    stores = AlertStores(alerts, FakeDocuments("id"), alerts, queue)
    for number in range(3):
        finding = Finding(f"m{number}", "cold-chain", "main", (1,), True, 0, {})
        await raise_as_found(finding.machine, [finding], stores, NOW)
    known, quiet, left = (AlertName(f"m{number}", "cold-chain", "main") for number in range(3))
    await Attendant(alerts, "ada", NOW).acknowledge(known)
    await Attendant(alerts, "ada", NOW).snooze(quiet, NOW + timedelta(minutes=30))
    later = NOW + timedelta(minutes=15)
    names = [f"person {number}" for number in range(4)]
    await asyncio.gather(
        *(escalate(stores, later) for _ in range(3)),
        *(Attendant(alerts, name, later).note(known, "seen") for name in names),
    )
    assert await escalate(stores, later) == 0
    assert await escalate(stores, NOW + timedelta(minutes=30)) == 1
    found = [await alerts.read(name.machine, name.id) for name in (known, quiet, left)]
    bodies = [stored.body for stored in found if stored]
    outboxes = [[x["idempotencyKey"].rpartition("/")[2] for x in body["outbox"]] for body in bodies]
    assert outboxes == [["opened"], ["reminded-1772368200000"], ["opened", "escalated-1"]]
    assert sorted(act["by"] for act in bodies[0]["history"]) == ["ada", *names]
