"""The quick converter gives what the library's own gives, wherever that succeeds."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import azure.functions as func
import pytest
from azure.functions.eventhub import EventHubTriggerConverter
from azure.functions.meta import Datum
from hypothesis import given
from hypothesis import strategies as st

from tests.support.external_data import beside
from tests.support.trigger_batch import Collection, as_datums, bodies, metadata, system_row
from vending.adapters.decoding import BINDING, QuickConverter, slow
from vending.adapters.eventhubs import decode

ROOT = Path(__file__).parents[3]
BATCH = Path(__file__).parent / "trigger_batch.json"


def asked(converter: Any, found: Sequence[bytes], rows: object, kind: str = "collection_bytes") -> Any:
    known = metadata([], [{}] * len(found)) | {"SystemPropertiesArray": Datum(json.dumps(rows), "json")}
    try:
        return converter.decode(Datum(Collection(found), kind), trigger_metadata=known)
    except Exception as fault:  # noqa: BLE001 - the kind of failure is compared
        return type(fault)


def seen(event: Any) -> list[Any]:
    fields = [event.get_body(), event.enqueued_time, event.partition_key, event.sequence_number]
    return [*fields, event.offset, event.iothub_metadata, event.metadata]


days = st.dates().map(str)
clocks = st.from_regex(r"([01]\d|2[0-4]):[0-6]\d:[0-6]\d(\.\d{1,8})?", fullmatch=True)
zones = st.sampled_from(["", "Z", "+00:00", "-00:00", "+01:00", "z", " "])
times = st.one_of(
    st.builds(lambda day, clock, zone: f"{day}T{clock}{zone}", days, clocks, zones),
    st.sampled_from(
        ["", "2026-02-30T10:00:00", "11/24/2026 10:00:00Z", "11/24/2026T10:00:00.5", "noon", None]
    ),
    st.sampled_from(["2026-11-24T10:00:00.", "2026-11-24T10:00:00.1234567Z", "2026-11-24 10:00:00"]),
)
rows = st.fixed_dictionaries(
    {
        "SequenceNumber": st.one_of(st.integers(0, 2**63), st.sampled_from([None, "7", True, 1.5])),
        "Offset": st.one_of(
            st.integers(-1, 10**12),
            st.integers(0, 10**12).map(str),
            st.sampled_from([None, True, 7.5, " 8 ", "1_0", "-1", ""]),
        ),
        "EnqueuedTimeUtc": times,
    },
    optional={
        "OffsetString": st.text(max_size=5),
        "PartitionKey": st.one_of(st.none(), st.text(max_size=5), st.integers()),
        "iothub-connection-device-id": st.one_of(st.text(max_size=5), st.integers()),
        "x-opt-other": st.none(),
    },
)


@given(st.lists(rows, min_size=1, max_size=3), st.integers(-1, 1))
def test_equal_wherever_the_library_succeeds(found: list[dict[str, Any]], more: int) -> None:
    sent = [bytes([number]) for number in range(len(found) + more)]
    slow, quick = (asked(converter, sent, found) for converter in (EventHubTriggerConverter, QuickConverter))
    if isinstance(slow, type):
        assert quick == slow or any(row["Offset"] == "" for row in found)
    else:
        assert [seen(event) for event in quick] == [seen(event) for event in slow]


def quickly(found: Sequence[bytes], known: dict[str, Datum], monkeypatch: pytest.MonkeyPatch) -> Any:
    """The batch, where nothing of it may go to the library's decoder."""

    def handed_over(*_: object, **__: object) -> None:
        pytest.fail("the batch was handed to the library's decoder")

    with monkeypatch.context() as patched:
        patched.setattr(EventHubTriggerConverter, "decode", handed_over)
        patched.setattr(EventHubTriggerConverter, "_parse_datetime", handed_over)
        return QuickConverter.decode(bodies(found), trigger_metadata=known)


def compared(batch: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    known = as_datums(batch)
    sent = [b"%d" % number for number, _ in enumerate(batch["SystemPropertiesArray"])]
    quick = quickly(sent, known, monkeypatch)
    slow: Any = EventHubTriggerConverter.decode(bodies(sent), trigger_metadata=known)
    assert [seen(event) for event in quick] == [seen(event) for event in slow]
    events = decode(quick, "1")
    assert [event.offset for event in events] == batch["OffsetStringArray"]
    assert [event.sequence for event in events] == batch["SequenceNumberArray"]
    assert [event.key for event in events] == batch["PartitionKeyArray"]
    assert [event.properties for event in events] == batch["PropertiesArray"]
    assert {event.partition for event in events} == {batch["PartitionContext"]["PartitionId"]}
    assert not any("OffsetString" in event.system for event in events)


def test_a_real_batch_is_decoded_quickly_and_as_the_library_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """``Offset`` is a number there: a decoder that wants text hands every batch to the library."""
    compared(json.loads(beside("data/platform/eventhub-trigger-batch.json").read_text()), monkeypatch)


def test_a_batch_of_all_shapes_is_decoded_quickly_and_as_the_library_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Our own batch in the platform's form, with an event of a geo-replicated hub (``Offset`` is -1)."""
    compared(json.loads(BATCH.read_text()), monkeypatch)


def test_the_batches_of_the_tests_are_decoded_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [system_row(number, key) for number, key in ((7, "dev-1"), (8, None))]
    assert len(quickly([b"", b"x"], metadata(rows), monkeypatch)) == 2


@pytest.mark.parametrize("offset", ["1:2:3", "geo-7"])
def test_offsets_of_a_replicated_hub_stay_text(offset: str) -> None:
    """Extensions before ``OffsetString`` sent the text as ``Offset``."""
    row = {"SequenceNumber": 7, "Offset": offset, "EnqueuedTimeUtc": "2026-11-24T10:00:00"}
    assert asked(EventHubTriggerConverter, [b"x"], [row]) is ValueError
    (event,) = asked(QuickConverter, [b"x"], [row])
    assert event.offset == offset
    assert decode([event], "1")[0].offset == offset


@pytest.mark.parametrize("found", [{}, "x", [7], None])
def test_what_is_no_list_of_properties_is_the_librarys_to_refuse(found: object) -> None:
    assert asked(QuickConverter, [b"x"], found) is asked(EventHubTriggerConverter, [b"x"], found)


def test_texts_are_the_librarys_to_decode() -> None:
    row = {"SequenceNumber": 7, "Offset": "7", "EnqueuedTimeUtc": None}
    slow, quick = (asked(x, [b"x"], [row], "json") for x in (EventHubTriggerConverter, QuickConverter))
    assert quick is slow
    assert isinstance(slow, type)


@pytest.mark.parametrize(("setting", "quick"), [(None, "True"), ("true", "True"), ("false", "False")])
def test_the_app_decodes_quickly_unless_a_setting_says_no(setting: str | None, quick: str) -> None:
    """The library still keeps its converters where they can be replaced, and importing the app does so."""
    program = (
        "import function_app, azure.functions as func;"
        "found = func.get_binding_registry().get('eventHubTrigger'); print(found.__name__, found.wanted())"
    )
    needed = {"TELEMETRY_HUB": "telemetry", "COSMOS_DATABASE": "vendstream"}
    environment = os.environ | needed | ({"QUICK_DECODING": setting} if setting else {})
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["QuickConverter", quick]


@pytest.mark.parametrize("wrong", [{"TELEMETRY_HUB": ""}, {"QUICK_DECODING": "perhaps"}])
def test_settings_that_are_wrong_stop_neither_the_import_nor_a_batch(wrong: dict[str, str]) -> None:
    """The function that the batch is for says in words what is wrong; a fault of the binding would not."""
    program = (
        "import function_app, azure.functions as func; from vending import wiring;"
        "found = func.get_binding_registry().get('eventHubTrigger');"
        "print(found.wanted(), wiring.decoder(), wiring.settings_fault())"
    )
    environment = os.environ | {"TELEMETRY_HUB": "telemetry", "COSMOS_DATABASE": "vendstream"} | wrong
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"True quick app setting {next(iter(wrong))} is ")


def test_what_is_switched_off_is_the_librarys_to_decode(monkeypatch: pytest.MonkeyPatch) -> None:
    row = {"SequenceNumber": 7, "Offset": "1:2:3", "EnqueuedTimeUtc": "2026-11-24T10:00:00"}
    monkeypatch.setattr(QuickConverter, "wanted", staticmethod(lambda: False))
    assert asked(QuickConverter, [b"x"], [row]) is ValueError


def test_what_is_decoded_slowly_is_told_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    registry: Any = func.get_binding_registry()
    monkeypatch.setattr(QuickConverter, "handed_over", 0)
    monkeypatch.setattr(registry, "_bindings", {})
    assert "keeps its converters elsewhere" in (slow() or "")
    monkeypatch.setattr(registry, "_bindings", {BINDING: QuickConverter})
    assert slow() is None
    row = {"SequenceNumber": 7, "Offset": 7, "EnqueuedTimeUtc": "2026-11-24T10:00:00"}
    asked(QuickConverter, [b"x"], [row])
    assert slow() is None
    asked(QuickConverter, [b"x"], [row | {"SequenceNumber": "7"}])
    assert slow() == "a batch was not as the trigger usually writes them"
    monkeypatch.setattr(QuickConverter, "wanted", staticmethod(lambda: False))
    assert slow() == "QUICK_DECODING is false"
