"""Alerts and what notifications keep, as they are stored and sent, whatever their fields are called here."""

from typing import Any

import pytest

from vending.documents.alerts import Alert, Episode, Notification, UndeliveredNotification
from vending.documents.base import Document, Malformed, load, shaped
from vending.documents.post_window import PostWindow

OPENED: dict[str, Any] = {
    "idempotencyKey": "m1/sold-out/21/1/opened", "machineId": "m1", "alertId": "current:sold-out:21",
    "rule": "sold-out", "component": "21", "change": "opened", "episode": 1, "at": 50,
    "detail": {"onHand": 0}, "owed": 99, "queued": 300100, "times": 2,
}  # fmt: skip
CLOSED: dict[str, Any] = {
    "idempotencyKey": "m1/sold-out/21/1/closed", "machineId": "m1", "alertId": "current:sold-out:21",
    "rule": "sold-out", "component": "21", "change": "closed", "episode": 1, "at": 70,
    "detail": {"onHand": 3, "by": {"nested": [1, None]}}, "owed": 0, "queued": 0,
}  # fmt: skip
REFUSED = {"idempotencyKey": "m1/sold-out/21/0/closed", "reason": "webhook: status 410", "at": 5}
ALERT: dict[str, Any] = {
    "id": "current:sold-out:21", "machineId": "m1", "type": "alert", "schema": 1, "rule": "sold-out",
    "component": "21", "episode": 1, "outbox": [OPENED, CLOSED], "state": "closed", "since": 70,
    "judged": [7, 2], "detail": {"onHand": 3}, "pending": True, "undelivered": [REFUSED],
}  # fmt: skip
EPISODE: dict[str, Any] = {
    "id": "episode:sold-out:21:1", "machineId": "m1", "type": "alert-episode", "schema": 1,
    "rule": "sold-out", "component": "21", "episode": 1, "opened": 50, "closed": 70, "detail": {"onHand": 0},
}  # fmt: skip
UNDELIVERED: dict[str, Any] = {
    "id": "undelivered:sold-out:21:1:opened", "machineId": "m1", "type": "undelivered", "schema": 1,
    "state": "open", "idempotencyKey": "m1/sold-out/21/1/opened", "reason": "webhook: status 410", "at": 5,
}  # fmt: skip
WINDOW: dict[str, Any] = {
    "id": "window", "machineId": "$notifications", "type": "post-window", "schema": 1, "minute": 29539440,
    "posts": 1, "digest": 29539440, "until": 1772366430500, "held": None,
}  # fmt: skip
FAILING = {"channel": "mail:anna", "since": 5, "tries": 2, "tried": 9, "why": "a newer version's"}
KINDS: list[tuple[type[Document], dict[str, Any]]] = [
    (Alert, ALERT),
    (Alert, {name: value for name, value in ALERT.items() if name != "undelivered"} | {"outbox": []}),
    (Episode, EPISODE),
    (UndeliveredNotification, UNDELIVERED),
    (PostWindow, WINDOW),
    (PostWindow, WINDOW | {"held": 29539439}),
    (PostWindow, WINDOW | {"mails": 29539440, "failing": [FAILING, FAILING | {"channel": "webhook"}]}),
    (UndeliveredNotification, UNDELIVERED | {"channel": "mail:anna"}),
]
NEWER = {"snoozedUntil": 9, "rest": "a name like any other"}


@pytest.mark.parametrize(("kind", "body"), KINDS, ids=lambda one: getattr(one, "__name__", ""))
def test_a_document_goes_out_as_it_came(kind: type[Document], body: dict[str, Any]) -> None:
    found = load(body, kind)
    assert (found.rest, found.dump()) == ({}, body)
    found = load(body | NEWER | {"_etag": '"7"'}, kind)
    assert (found.rest, found.dump()) == (NEWER, body | NEWER)


@pytest.mark.parametrize("body", [OPENED, CLOSED, OPENED | {"done": ["mail:anna", "webhook"]}])
def test_a_message_goes_out_as_it_came(body: dict[str, Any]) -> None:
    message = shaped(body, Notification, "a message")
    assert (message.rest, list(message.dump().items())) == ({}, list(body.items()))
    assert shaped(body | NEWER, Notification, "a message").dump() == body | NEWER


def test_what_newer_code_added_to_an_entry_of_the_outbox_survives() -> None:
    newer = ALERT | {"outbox": [OPENED | NEWER, CLOSED], "undelivered": [REFUSED | NEWER]}
    alert = load(newer, Alert)
    assert [entry.rest for entry in [*alert.outbox, *(alert.undelivered or [])]] == [NEWER, {}, NEWER]
    assert (alert.rest, alert.dump()) == ({}, newer)


def test_an_entry_of_an_older_version_is_not_filled_up() -> None:
    older = {name: value for name, value in OPENED.items() if name not in ("owed", "times")}
    assert load(ALERT | {"outbox": [older]}, Alert).dump()["outbox"] == [older]


@pytest.mark.parametrize(
    ("outbox", "said"),
    [
        ([OPENED, CLOSED | {"queued": "0"}], r"Expected `int`, got `str` - at `\$.outbox\[1\].queued`"),
        ([{"idempotencyKey": "x"}], r"missing required field `machineId` - at `\$.outbox\[0\]`"),
        (["x"], r"Expected `object`, got `str` - at `\$.outbox\[0\]`"),
        ("x", r"Expected `array`, got `str` - at `\$.outbox`"),
    ],
)
def test_a_malformed_entry_is_named_with_its_path(outbox: Any, said: str) -> None:
    with pytest.raises(Malformed, match=f"alert m1/current:sold-out:21: .*{said}"):
        load(ALERT | {"outbox": outbox}, Alert)


def test_a_message_that_is_none_is_named() -> None:
    with pytest.raises(Malformed, match="a message of the queue: Object missing required field"):
        shaped({"machineId": "m1"}, Notification, "a message of the queue")


def test_an_alert_is_pending_while_its_outbox_holds_anything() -> None:
    alert = load(ALERT | NEWER, Alert)
    emptied = alert.with_outbox([])
    assert emptied.dump() == ALERT | NEWER | {"outbox": [], "pending": False}
    assert emptied.with_outbox(alert.outbox).dump() == alert.dump() == ALERT | NEWER
