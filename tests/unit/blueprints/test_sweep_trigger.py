"""The sweep: a step that fails keeps none behind it, and the invocation fails in the end."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from blueprints import alerts as blueprint
from tests.support.alerts import find
from tests.support.fakes import FakeDocuments, FakeMailer, FakeQueue
from tests.support.metrics import FakeMetrics
from vending import wiring
from vending.alerts.raise_alerts import AlertStores, raise_as_found
from vending.alerts.transitions import Finding
from vending.alerts.watch_rollups import RollUpWatch
from vending.catalog.cache import CatalogCache
from vending.catalog.machines import CatalogMachines
from vending.catalog.recipients import CatalogRecipients
from vending.documents.alerts import NOTIFICATIONS
from vending.documents.base import Malformed
from vending.documents.post_window import WINDOW_ID
from vending.notifications.mailing import Mailing
from vending.notifications.outgoing import Outgoing
from vending.settings import Settings
from vending.state import conditions
from vending.time import millis
from vending.wiring import process


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> AlertStores:
    """A machine that is silent, and no other store that holds anything."""
    machines, fleet = FakeDocuments("machineId"), FakeDocuments("scope")
    stores = AlertStores(machines, FakeDocuments("id"), FakeDocuments("machineId"), FakeQueue())
    document = conditions.empty("0", 0)
    yesterday = millis(datetime.now(UTC) - timedelta(days=1))
    conditions.put_entry(document, "m1", {"seen": [1, 1, yesterday, "ntp"]})
    stores.conditions.put(document.dump())  # type: ignore[attr-defined]

    async def no_lag(*_: object) -> list[object]:
        return []

    given = {
        "alert_stores": stores,
        "commands": FakeDocuments("machineId"),
        "lag_stores": None,
        "fleet": fleet,
        "catalog_machines": CatalogMachines(FakeDocuments("kind")),
        "outgoing": Outgoing(stores.alerts, None),
        "poisoned": None,
        "roll_up_watch": RollUpWatch(machines, fleet, timedelta(minutes=15)),
    }
    for name, value in given.items():
        monkeypatch.setattr(wiring, name, lambda value=value: value)
    for module in (wiring, process):
        monkeypatch.setattr(module, "metrics", FakeMetrics)
        monkeypatch.setattr(module, "settings", lambda: Settings("telemetry", "vendstream"))
    monkeypatch.setattr("vending.alerts.watch_lag.watch_lag", no_lag)
    return stores


async def test_a_window_of_posts_that_cannot_be_read_stops_no_evaluation(held: AlertStores) -> None:
    window = {
        "id": WINDOW_ID,
        "machineId": NOTIFICATIONS,
        "type": "post-window",
        "schema": 1,
        "minute": "now",
    }
    held.alerts.put(window)  # type: ignore[attr-defined]
    with pytest.raises(Malformed):
        await blueprint.sweep.build().get_user_function()(SimpleNamespace(past_due=False))
    assert [x["rule"] for x in held.alerts.bodies("alert")] == ["silent"]  # type: ignore[attr-defined]


async def test_what_escalates_is_sent_by_the_same_sweep(held: AlertStores) -> None:
    """The step that escalates stands before the one that sends."""
    long_ago = datetime.now(UTC) - timedelta(days=1)
    warm = Finding("m2", "cold-chain", "main", (1,), True, millis(long_ago), {})
    await raise_as_found("m2", [warm], held, long_ago)
    held.notifications.messages.clear()  # type: ignore[attr-defined]
    await blueprint.sweep.build().get_user_function()(SimpleNamespace(past_due=False))
    keys = [message["idempotencyKey"] for message in held.notifications.messages]  # type: ignore[attr-defined]
    assert "m2/cold-chain/main/1/escalated-1" in keys


async def test_what_is_pending_is_mailed_by_the_sweep(
    held: AlertStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog, mailer = FakeDocuments("kind"), FakeMailer()
    cache, recipients = CatalogCache(catalog, "Etc/UTC"), CatalogRecipients(catalog)
    outgoing = Outgoing(held.alerts, None, mailing=Mailing(mailer, cache, recipients, ("ops@ops.example",)))
    monkeypatch.setattr(wiring, "outgoing", lambda: outgoing)
    at = millis(datetime.now(UTC) - timedelta(minutes=1))
    finding = Finding("m2", "sold-out", "21", (1,), True, at, {"onHand": 0})
    await find(held.alerts, finding, at)  # type: ignore[arg-type]
    await blueprint.sweep.build().get_user_function()(SimpleNamespace(past_due=False))
    [mail] = mailer.mails
    assert mail.to == "ops@ops.example"
    assert mail.subject.startswith("[warning] 2 notifications of 2 machines at unassigned: ")
