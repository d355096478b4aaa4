"""Deliveries to a hub: each device's order, what a hub refuses, and what is left when a run stops."""

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from azure.eventhub import EventData
from azure.eventhub.exceptions import EventHubError

from simulator import live, sender
from simulator.fleet import Fleet
from simulator.link import Delivery
from simulator.live import Files, Live, Pace
from simulator.report import Report
from simulator.run import Hub
from simulator.sender import TRIES, Sender
from tests.support.waiting import until
from tests.unit.simulator.deliveries import START


class Batch(list[EventData]):
    """What the SDK makes for a partition key."""

    def add(self, event: EventData) -> None:
        self.append(event)


class FakeProducer:
    """The SDK's client, and who makes it; ``takes`` is asked before each batch and may wait or raise."""

    def __init__(self, takes: Callable[[], object]) -> None:
        self.takes = takes
        self.bodies: list[bytes] = []

    def __call__(self, *_: str) -> "FakeProducer":
        return self

    def __enter__(self) -> "FakeProducer":
        return self

    def __exit__(self, *_: object) -> None:
        """The SDK closes its connection here."""

    def create_batch(self, **_: str) -> Batch:
        return Batch()

    def send_batch(self, batch: list[EventData]) -> None:
        self.takes()
        self.bodies += [b"".join(event.body) for event in batch]  # type: ignore[arg-type]


Serve = Callable[[Callable[[], object]], FakeProducer]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Serve:
    def instead(takes: Callable[[], object]) -> FakeProducer:
        hub = FakeProducer(takes)
        monkeypatch.setattr(sender, "producer", hub)
        return hub

    return instead


def delivery(device: str, number: int, publisher: str = "") -> Delivery:
    return Delivery(0, device, f"{device} {number}".encode(), publisher=publisher)


def refuses(times: int) -> Callable[[], None]:
    """So many batches are refused, those after them are taken."""
    answers = iter([True] * times)

    def takes() -> None:
        if next(answers, False):
            raise EventHubError("throttled")

    return takes


def acknowledged(sending: Sender) -> list[bytes]:
    found: list[bytes] = []
    while not sending.acknowledged.empty():
        found += [one.body for one in sending.acknowledged.get()]
    return found


def of(device: str, bodies: list[bytes]) -> list[bytes]:
    return [body for body in bodies if body.startswith(f"{device} ".encode())]


def test_a_device_keeps_its_order_and_what_waits_is_sent_before_a_close_returns(serve: Serve) -> None:
    opened = threading.Event()
    hub = serve(opened.wait)
    sending = Sender("", "telemetry")
    every = [delivery(device, number) for number in range(50) for device in ("a", "b", "c")]
    sending.submit(every)
    assert sending.pending == len(every)
    opened.set()
    assert sending.close(60) == []
    assert sending.pending == 0
    told = acknowledged(sending)
    for device in ("a", "b", "c"):
        wanted = [one.body for one in every if one.key == device]
        assert of(device, hub.bodies) == of(device, told) == wanted


def test_what_a_close_gave_up_is_doubtful_and_no_later_acknowledgement_counts(serve: Serve) -> None:
    """The one on its way may be in the hub; those behind it are not."""
    arrived, opened = threading.Event(), threading.Event()

    def takes() -> None:
        arrived.set()
        opened.wait()

    hub = serve(takes)
    sending = Sender("", "telemetry", connections=1)
    sending.submit([delivery("a", 0)])
    assert arrived.wait(60)
    sending.submit([delivery("a", 1)])
    assert [(one.body, one.doubtful) for one in sending.close(0)] == [(b"a 0", 1), (b"a 1", 0)]
    opened.set()
    until(lambda: not any(lane.thread.is_alive() for lane in sending._lanes), "the thread ends")
    assert hub.bodies == [b"a 0"]
    assert acknowledged(sending) == []


def test_a_hub_that_refuses_ends_a_close_before_its_time(serve: Serve) -> None:
    serve(refuses(100))  # who never gives up is served in the end, and nothing is left
    sending = Sender("", "telemetry", connections=1)
    sending.submit([delivery("a", 0), delivery("b", 0)])
    left = sending.close(60)
    assert not any(lane.thread.is_alive() for lane in sending._lanes)
    assert sorted(one.body for one in left) == [b"a 0", b"b 0"]
    assert max(one.doubtful for one in left) >= 1
    assert acknowledged(sending) == []


def test_a_refused_batch_is_sent_again_before_what_follows_it(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "PATIENCE", 0.01)
    hub = serve(refuses(2))
    sending = Sender("", "telemetry", connections=1)
    every = [delivery("a", number) for number in range(3)]
    sending.submit(every)
    until(lambda: not sending.pending, "they are acknowledged")
    assert sending.close(60) == []
    assert hub.bodies == [one.body for one in every]
    assert every[0].doubtful == 2


def test_a_forgery_that_a_hub_never_takes_is_given_up(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not every hub has publishers; the devices behind it must not wait for that."""
    monkeypatch.setattr(sender, "PATIENCE", 0.01)
    hub = serve(refuses(TRIES))
    sending = Sender("", "telemetry", connections=1)
    sending.submit([delivery("a", 0, publisher="impostor"), delivery("b", 0)])
    until(lambda: not sending.pending, "one is sent and one given up")
    assert sending.close(60) == []
    assert sending.undeliverable == 1
    assert hub.bodies == acknowledged(sending) == [b"b 0"]


def test_a_thread_that_died_is_told_to_who_sends_more(serve: Serve) -> None:
    def breaks() -> None:
        raise TypeError("no such thing")

    serve(breaks)
    sending = Sender("", "telemetry", connections=1)
    sending.submit([delivery("a", 0)])
    until(lambda: sending.failure, "the thread died")
    with pytest.raises(RuntimeError, match="sending stopped: TypeError"):
        sending.submit([delivery("a", 1)])
    assert [one.body for one in sending.close(60)] == [b"a 0"]


def test_a_run_that_stops_has_time_for_what_waits(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The hub took nothing so far, and takes all in the seconds that a busy machine needs for it."""
    needed = 5.0
    opened = threading.Event()

    class Closing(Sender):
        def close(self, seconds: float) -> list[Delivery]:
            if seconds >= needed:
                opened.set()
            return super().close(seconds)

    hub = serve(opened.wait)
    monkeypatch.setattr(live, "Sender", Closing)
    pace = Pace(100_000, "model", START, duration=0.5)
    truth = tmp_path / "truth.json"
    run = Live(Fleet(1, 20), frozenset(), pace, Hub("x", "telemetry"), Files(truth=truth))
    try:
        figures = run.run(Report(lines=True)).data
    finally:
        opened.set()
    assert figures["unsent"] == figures["waiting"] == 0
    assert figures["sent"] == len(hub.bodies) > 100
    assert json.loads(truth.read_text())["exact"] is True
