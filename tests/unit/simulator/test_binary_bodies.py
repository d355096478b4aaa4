"""Messages that stop a partition: sent only when they are named, and as what they are."""

import json
from pathlib import Path

import pytest
from azure.eventhub import EventData
from azure.eventhub.amqp import AmqpAnnotatedMessage, AmqpMessageBodyType

from simulator import scenario_file
from simulator.demand import DAY
from simulator.fleet import Fleet
from simulator.link import FAULTS, STOPPING, Delivery
from simulator.options import faults_of
from simulator.run import line
from simulator.sender import message
from simulator.state import State
from simulator.timeline import Timeline
from simulator.truth import Truth
from tests.unit.simulator.deliveries import START


def test_they_are_in_no_fleet_that_does_not_name_them(tmp_path: Path) -> None:
    """They hold up everybody else, so neither `all` nor a scenario without a list has them."""
    assert not FAULTS.keys() & STOPPING.keys()
    assert faults_of("all") == frozenset(FAULTS)
    assert faults_of("all,binary-bodies") == FAULTS.keys() | STOPPING.keys()
    assert faults_of("binary-bodies") == STOPPING.keys()
    file = tmp_path / "x.toml"
    file.write_text('name = "x"\nmachines = 1\nhours = 1\n')
    assert scenario_file.read(file).faults == frozenset(FAULTS)
    file.write_text('name = "x"\nmachines = 1\nhours = 1\nfaults = ["binary-bodies"]\n')
    assert scenario_file.read(file).faults == STOPPING.keys()


def sent(seed: int = 3) -> list[Delivery]:
    timeline = Timeline(Fleet(seed, 10), frozenset(STOPPING), START)
    return [delivery for _, delivery in timeline.until(START + 4 * DAY) if delivery.section]


def test_the_same_seed_sends_the_same() -> None:
    assert sent() == sent()
    assert len(sent()) > 3
    assert sent() != sent(4)


@pytest.mark.parametrize(
    ("section", "body", "kind", "expected"),
    [
        ("value", b"null", AmqpMessageBodyType.VALUE, None),
        ("value", b"7", AmqpMessageBodyType.VALUE, 7),
        ("value", b'{"a":1}', AmqpMessageBodyType.VALUE, {"a": 1}),
        ("sequence", b'[["a",1],[]]', AmqpMessageBodyType.SEQUENCE, [["a", 1], []]),
    ],
)
def test_they_go_out_as_values_and_sequences(
    section: str, body: bytes, kind: AmqpMessageBodyType, expected: object
) -> None:
    event = message(Delivery(0, "dev-1", body, "poison", "amqp-body", section=section))
    assert isinstance(event, AmqpAnnotatedMessage)
    assert event.body_type is kind
    assert (list(event.body) if section == "sequence" else event.body) == expected
    assert isinstance(message(Delivery(0, "dev-1", b"{}")), EventData)


def test_a_dry_run_and_a_state_file_tell_them(tmp_path: Path) -> None:
    delivery = sent()[0]
    told = line(START, delivery)
    assert (told["kind"], told["section"]) == ("amqp-body", delivery.section)
    json.loads(told["body"])
    timeline = Timeline(Fleet(3, 10), frozenset(STOPPING), START)
    with State(tmp_path) as state:
        state.save(timeline, Truth(), [delivery])
    again = Timeline(Fleet(3, 10), frozenset(STOPPING), START)
    with State(tmp_path) as state:
        assert state.load(again, Truth())
    assert [x for _, x in again.waiting() if x.section] == [delivery]
