"""Validation: the whole catalogue is accepted, and everything else is refused with its place and reason."""

import base64
import gzip
import json
import zlib
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.events import body, hub_event, level, temperature, vend
from vending.errors import Rejected
from vending.events.bodies import look
from vending.events.event import MAX_BODY, Event, content_digest, parse
from vending.events.event_types import EVENT_TYPES
from vending.events.publishers import MAX_EPOCH, MAX_UNSIGNED_EPOCH, Publisher, build

ALWAYS = datetime.min.replace(tzinfo=UTC)
EXAMPLES = sorted((Path(__file__).parents[2] / "events").glob("*.json"))


def parsed(content: bytes, bound_from: datetime | None = None, **more: Any) -> Event:
    return parse(hub_event(1, content, **more), bound_from)


def refusal(content: bytes, **more: Any) -> Rejected:
    with pytest.raises(Rejected) as refused:
        parsed(content, **more)
    return refused.value


def nested(depth: int) -> bytes:
    return vend(1).replace(b'"data":{', b'"extra":' + b"[" * depth + b"]" * depth + b',"data":{')


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_are_valid(path: Path) -> None:
    event = parse(hub_event(1, path.read_bytes()))
    assert event.name == path.stem


@pytest.mark.parametrize(
    ("content", "looks"),
    [
        (b"", "is empty"),
        (b" \n", "is blank"),
        (gzip.compress(vend(1)), "looks like gzip: send the JSON itself"),
        (zlib.compress(vend(1)), "looks like zlib"),
        (zlib.compress(vend(1), 1), "looks like zlib"),
        (vend(1).decode().encode("utf-16"), "looks like UTF-16: send UTF-8"),
        (vend(1).decode().encode("utf-16-le"), "looks like UTF-16"),
        (vend(1).decode().encode("utf-16-be"), "looks like UTF-16"),
        (b"\xef\xbb\xbf" + vend(1), "looks like UTF-8 behind a byte order mark"),
        (b"\x28\xb5\x2f\xfd\x20\x00", "looks like zstd"),
        (b"PK\x03\x04\x14", "looks like a ZIP file"),
        (b"Obj\x01\x04\x14avro", "looks like an Avro file"),
        (b"<html>503</html>", "looks like XML or HTML"),
        (base64.b64encode(vend(1)), "looks like JSON in base64"),
        (str(json.loads(vend(1))).encode(), "looks like a Python dictionary"),
        (vend(1)[:-9], "looks cut off"),
        (vend(1) + b"\n" + vend(2), "looks like several events"),
        (vend(1).replace(b"150", b"NaN", 1), "holds NaN or Infinity"),
        (vend(1).replace(b'"A1"', rb'"\ud800"'), "may hold half of a surrogate pair"),
    ],
)
def test_a_body_that_is_no_json_is_told_by_what_it_looks_like(content: bytes, looks: str) -> None:
    """All of them were "invalid character (byte 0)" or "Input data was truncated"."""
    fault = refusal(content)
    assert fault.reason == "not-json"
    assert fault.detail.startswith(f"the body {looks}")


@pytest.mark.parametrize("content", [b"hello", b"\x00\x01", b"{,}", b"x"])
def test_of_another_body_only_the_place_is_told(content: bytes) -> None:
    assert refusal(content).detail.startswith("JSON is malformed: ")


@pytest.mark.parametrize(
    ("content", "looks"),
    [
        (b'  {"cut": "of', "looks cut off"),
        (b'{"celsius": NaN} \n', "holds NaN or Infinity, which JSON does not have"),
        (b"x", ""),
        (b"dD is text whose first two bytes zlib would take", ""),
    ],
)
def test_blanks_around_a_body_and_a_first_letter_deceive_nobody(content: bytes, looks: str) -> None:
    assert look(content) == looks


def test_every_type_has_an_example() -> None:
    assert {path.stem for path in EXAMPLES} == EVENT_TYPES.keys()


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (vend(1, data={"quantity": 0}), "at `$.quantity`"),
        (vend(1, data={"quantity": 101}), "at `$.quantity`"),
        (vend(1, data={"quantity": 1.0}), "at `$.quantity`"),
        (vend(1, data={"paidMinor": -1}), "at `$.paidMinor`"),
        (vend(1, data={"priceMinor": True}), "at `$.priceMinor`"),
        (vend(1, data={"currency": "eur"}), "at `$.currency`"),
        (vend(1, data={"currency": "EUR\n"}), "at `$.currency`"),
        (vend(1, data={"paymentMethod": "barter"}), "at `$.paymentMethod`"),
        (vend(1, "A1\n"), "at `$.selection`"),
        (vend(1, "A" * 17), "at `$.selection`"),
        (vend(1, data={"levelAfter": 251}), "at `$.levelAfter`"),
        (vend(1, data={"vendId": None}), "at `$.vendId`"),
        (level(1, 251), "at `$.selections[0].level`"),
        (temperature(1, 1e9), "at `$.celsius`"),
        (vend(1, specversion="0.3"), "at `$.specversion`"),
        (vend(1, id="1-1"), "at `$.id`"),
        (vend(1, machine="m1\n"), "at `$.subject`"),
        (vend(1, device="x/y"), "at `$.source`"),
        (vend(1, device="d" * 65), "at `$.source`"),
        (vend(1, epoch=-1), "at `$.deviceepoch`"),
        (vend(0), "at `$.sequence`"),
        (vend(1, ledger=0), "at `$.ledgersequence`"),
        (vend(1, ledgersequence=None), "vend.completed needs a ledgersequence"),
        (temperature(1, ledgersequence=1), "temperature must not have a ledgersequence"),
        (vend(1, time="2026-03-01T12:00:00"), "at `$.time`"),
        (vend(1, clocksync="gps"), "at `$.clocksync`"),
        (vend(1, clocksync="import", time=None), "an import needs a time"),
        (vend(1, clocksync="import", time="1999-12-31T23:00:00Z"), "year 1999"),
        (vend(1, clocksync="import", time="9999-12-31T23:00:00Z"), "year 9999"),
        (b"[]", "Expected `object`"),
        (b'{"specversion": "1.0"}', "missing required field"),
        (nested(32), "nested deeper than 32"),
        (nested(30_000), "nested"),
        (vend(1).replace(b'"data":{', b'"data":{"extra":' + b"9" * 9000 + b","), "out of range"),
    ],
)
def test_a_wrong_schema_is_refused_with_the_path_of_the_fault(content: bytes, detail: str) -> None:
    fault = refusal(content)
    assert fault.reason == "wrong-schema"
    assert detail in fault.detail


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"{", b"\xff\xfe", b"\xef\xbb\xbf{}", vend(1)[:-1], vend(1) + b"x",
     vend(1).replace(b'"EUR"', b"NaN"), vend(1).replace(b"v1", b"v\xff"),
     vend(1).replace(b'"data":{', b'"data":{"extra":"\xc3","x":"') + b'"'],
)  # fmt: skip
def test_what_is_no_json_is_refused_as_such(content: bytes) -> None:
    assert refusal(content).reason == "not-json"


@pytest.mark.parametrize("name", ["vend.refunded", "vend.completed.v2", "", "Vend.completed"])
def test_unknown_types_are_refused(name: str) -> None:
    fault = refusal(body(name, {}, 1))
    assert (fault.reason, f"io.vendstream.{name}.v1" in fault.detail) == ("unknown-type", True)


@pytest.mark.parametrize("kind", ["vend.completed", "io.vendstream.vend.completed.v2", "io.vendstream.v1"])
def test_types_of_others_and_of_later_versions_are_refused(kind: str) -> None:
    assert refusal(vend(1, type=kind)).reason == "unknown-type"


def test_unknown_fields_may_nest_a_little() -> None:
    assert parse(hub_event(1, nested(31))).name == "vend.completed"


def test_size_is_judged_before_content() -> None:
    padded = vend(1) + b" " * (MAX_BODY - len(vend(1)))
    assert parse(hub_event(1, padded)).name == "vend.completed"
    assert refusal(padded + b" ").reason == "oversize"


@pytest.mark.parametrize("key", ["x-opt-publisher", "iothub-connection-device-id"])
def test_a_publisher_speaks_for_itself_only(key: str) -> None:
    parse(hub_event(1, vend(1, device="dev-1"), system={key: "dev-1"}))
    assert refusal(vend(1, device="dev-1"), system={key: "dev-2"}).reason == "forged-identity"
    imported = vend(1, device="dev-1", clocksync="import")
    parse(hub_event(1, imported))
    assert refusal(imported, system={key: "dev-1"}).reason == "forged-identity"


BOTH = pytest.mark.parametrize("key", ["x-opt-publisher", "iothub-connection-device-id"])
BOUND = build(Publisher("dev-1", "m1", 3))


@BOTH
def test_a_credential_speaks_for_its_device_and_machine_alone(key: str) -> None:
    """A stolen token once sold on any machine, stated its levels and shut its own board out."""
    said: dict[str, Any] = {"system": {key: BOUND}, "bound_from": ALWAYS}
    assert parsed(vend(1, epoch=3), **said).machine == "m1"
    for content in (vend(1, epoch=3, machine="m2"), vend(1, epoch=3, device="dev-2")):
        fault = refusal(content, **said)
        assert fault.reason == "forged-identity"
        assert "is of device 'dev-1' in machine 'm1'; the event says" in fault.detail
    assert refusal(vend(1, epoch=3, clocksync="import"), **said).reason == "forged-identity"


@BOTH
def test_a_credential_has_the_epochs_up_to_its_own(key: str) -> None:
    """Epoch 2147483647 froze a machine's registers and slots for ever, and left none to provision."""
    said: dict[str, Any] = {"system": {key: BOUND}}
    for epoch in (0, 1, 3):
        assert parsed(temperature(1, epoch=epoch), **said).order == (epoch, 1)
    for epoch in (4, 2**31 - 1):
        fault = refusal(temperature(1, epoch=epoch), **said)
        assert fault.reason == "epoch-not-issued"
        assert "this credential has those up to 3: `vendctl device`" in fault.detail
    last = {key: build(Publisher("dev-1", "m1", MAX_EPOCH))}
    assert parsed(temperature(1, epoch=MAX_EPOCH), system=last).order == (MAX_EPOCH, 1)


@pytest.mark.parametrize("lower", ["x-opt-publisher", "iothub-connection-device-id"])
def test_of_two_credentials_the_lower_epoch_counts(lower: str) -> None:
    both = dict.fromkeys(("x-opt-publisher", "iothub-connection-device-id"), BOUND)
    both[lower] = build(Publisher("dev-1", "m1", 2))
    assert parsed(vend(1, epoch=2), system=both).order == (2, 1)
    assert refusal(vend(1, epoch=3), system=both).reason == "epoch-not-issued"


def test_two_identities_of_one_event_must_both_be_its_own() -> None:
    other = build(Publisher("dev-1", "m1", 2))
    both = dict.fromkeys(("x-opt-publisher", "iothub-connection-device-id"), BOUND)
    assert parsed(vend(1, epoch=3), system=both).device == "dev-1"
    both["iothub-connection-device-id"] = other
    assert refusal(vend(1, epoch=3), system=both).reason == "epoch-not-issued"
    both["iothub-connection-device-id"] = "dev-2"
    assert refusal(vend(1, epoch=2), system=both).reason == "forged-identity"


@pytest.mark.parametrize("system", [{}, {"x-opt-publisher": "dev-1"}])
def test_an_epoch_that_nobody_signed_leaves_room_for_those_that_are(system: dict[str, str]) -> None:
    """Whatever came, `vendctl device` can issue the next one, and ingest takes it."""
    assert parsed(vend(1, epoch=MAX_UNSIGNED_EPOCH), system=system).order == (MAX_UNSIGNED_EPOCH, 1)
    assert refusal(vend(1, epoch=MAX_UNSIGNED_EPOCH + 1), system=system).reason == "epoch-not-issued"
    following = MAX_UNSIGNED_EPOCH + 1
    signed = {"x-opt-publisher": build(Publisher("dev-1", "m1", following))}
    assert parsed(vend(1, epoch=following), system=signed).order == (following, 1)
    assert refusal(vend(1, epoch=2**31)).reason == "wrong-schema"


@BOTH
def test_a_publisher_that_says_no_machine_is_refused_from_a_moment_on(key: str) -> None:
    """By the hub's own time, so that a rebuild years later says the same."""
    own, moment = {key: "dev-1"}, hub_event(5, b"").enqueued
    for number, taken in ((4, True), (5, False), (6, False)):
        event = hub_event(number, vend(1), system=own)
        if taken:
            assert parse(event, moment).device == "dev-1"
            continue
        with pytest.raises(Rejected, match=r"^unbound-device: .*`vendctl device dev-1 --machine m1`"):
            parse(event, moment)
        assert parse(event).device == "dev-1"
    assert parse(hub_event(6, vend(1)), moment).device == "dev-1", "an operator's own credential says none"


def test_unknown_fields_are_taken_and_count_for_the_content() -> None:
    plain, more = vend(1), vend(1, data={"coffee": {"grams": 7}}, tenant="x", big=10**30)
    assert parse(hub_event(1, more)).data == parse(hub_event(1, plain)).data
    assert parse(hub_event(1, more)).digest != parse(hub_event(1, plain)).digest


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=8,
))  # fmt: skip
def test_the_digest_sees_content_not_layout(content: Any) -> None:
    plain = json.dumps(content).encode()
    other = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False).encode("utf-8", "surrogatepass")
    try:
        digest = content_digest(plain)
    except ValueError:  # half a surrogate, which validation refuses as not-json
        return
    assert digest == content_digest(other)


def test_a_digest_stays_what_ledger_lines_hold() -> None:
    """Another one would make a conflict of every event that comes again."""
    assert content_digest('{"b": 1, "a": [1.5, "é"]}'.encode()) == "9418f5031cfa1105"


@pytest.mark.parametrize(
    ("time", "taken"),
    [
        ("1999-12-31T23:59:59Z", False),
        ("2000-01-01T00:00:00Z", True),
        ("2099-12-31T23:59:59Z", True),
        ("2100-01-01T00:00:00Z", False),
    ],
)
def test_an_import_is_of_this_century(time: str, taken: bool) -> None:
    imported = vend(1, clocksync="import", time=time)
    if taken:
        assert parsed(imported).at.quality == "imported"
    else:
        assert "not 2000 to 2099 - at `$.time`" in refusal(imported).detail


mutations = st.lists(st.tuples(st.integers(0, 600), st.binary(max_size=3)), min_size=1, max_size=4)


@given(st.sampled_from([vend(7), level(7, 3), temperature(7)]), mutations)
def test_mangled_bodies_are_taken_or_refused_and_nothing_else(
    content: bytes, edits: list[tuple[int, bytes]]
) -> None:
    for at, new in edits:
        content = content[:at] + new + content[at + len(new) :]
    with suppress(Rejected):
        parse(hub_event(1, content))


@given(st.binary(max_size=200))
def test_any_bytes_are_taken_or_refused(content: bytes) -> None:
    refusal(content)
