"""The Event Hubs trigger's batch decoded quickly, before the function is called.

azure-functions 2.3 tries up to sixteen time formats for each event, of which the one that the trigger writes
is among the last: over nine tenths of a batch's decoding. This converter gives what the library's own gives
wherever that succeeds, and hands everything unusual to it. App setting QUICK_DECODING=false hands it
everything.

The trigger sends ``Offset`` as a number, -1 where the hub's offset is none (a geo-replicated hub), and beside
it ``OffsetString``. Older extensions sent text, which fails the library's batch where it is no number.
Source: EventHubTriggerBindingStrategy.GetSystemPropertiesForBinding (azure-sdk-for-net), and a real batch.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import azure.functions as func
import msgspec
from azure.functions import meta
from azure.functions.eventhub import EventHubTriggerConverter

BINDING, IOT_HUB = "eventHubTrigger", "iothub-"
TIME = re.compile(r"(\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):\d\d:\d\d(?:\.\d{1,6})?)\d*(Z|[+-]00:00)?")
Row = dict[str, Any]


class QuickConverter(EventHubTriggerConverter, binding=None, trigger=True):
    """The library's converter, quick for batches of binary bodies."""

    wanted: Callable[[], bool] = staticmethod(lambda: True)
    """Asked at every batch, because settings are not read when the app is imported."""
    handed_over = 0
    """Batches of this process that the library decoded although this one was wanted."""

    @classmethod
    def decode(cls, data: Any, *, trigger_metadata: Mapping[str, Any]) -> Any:
        """As the library's, and total for offsets that are text."""
        wanted = cls.wanted()
        rows = _rows(data, trigger_metadata) if wanted else None
        if rows is None:
            QuickConverter.handed_over += wanted
            return super().decode(data, trigger_metadata=trigger_metadata)
        return [
            func.EventHubEvent(
                body=body,
                trigger_metadata=trigger_metadata,
                enqueued_time=cls._parse_datetime(row.get("EnqueuedTimeUtc")),
                partition_key=row.get("PartitionKey"),
                sequence_number=row["SequenceNumber"],
                offset=_offset(row["Offset"]),
                iothub_metadata={
                    name.removeprefix(IOT_HUB): row[name] for name in row if name.startswith(IOT_HUB)
                },
            )
            for body, row in zip(data.value.bytes, rows, strict=True)
        ]

    @classmethod
    def _parse_datetime(cls, text: str | None) -> datetime | None:
        found = TIME.fullmatch(text) if text else None
        try:
            moment = datetime.fromisoformat(found[1]) if found else None
        except ValueError:  # the 30th of February: let the library say so
            moment = None
        if found is None or moment is None:
            parsed: datetime | None = super()._parse_datetime(text)
            return parsed
        return moment.replace(tzinfo=UTC) if found[2] else moment


def install(wanted: Callable[[], bool]) -> bool:
    """Put the quick converter in the library's place; False, and nothing done, where that is not as expected.

    ``wanted`` is asked at every batch: False leaves the batch to the library's own.
    There is no public way: converters register themselves by name, once. A test tells when that changes.
    """
    bindings = _bindings()
    if bindings.get(BINDING) is not EventHubTriggerConverter:
        return False
    QuickConverter.wanted = staticmethod(wanted)
    bindings[BINDING] = QuickConverter
    return True


def slow() -> str | None:
    """Why batches of this process are decoded by the library, slowly; None while they are not.

    Asked for by the health answer and by each invocation: what :func:`install` would log as the app is
    imported, the host drops.
    """
    if _bindings().get(BINDING) is not QuickConverter:
        return "azure-functions keeps its converters elsewhere than this version of the app expects"
    if not QuickConverter.wanted():
        return "QUICK_DECODING is false"
    return "a batch was not as the trigger usually writes them" if QuickConverter.handed_over else None


def _bindings() -> dict[str, Any]:
    """The library's converters by the name of their binding; empty where they are kept elsewhere."""
    held = getattr(func.get_binding_registry(), "_bindings", None)
    return held if isinstance(held, dict) else {}


def _rows(data: meta.Datum, metadata: Mapping[str, meta.Datum]) -> Sequence[Row] | None:
    """The batch's system properties; None where anything about them is unusual."""
    system = metadata.get("SystemPropertiesArray")
    if data.type != "collection_bytes" or "SystemProperties" in metadata or system is None:
        return None
    try:
        rows = msgspec.json.decode(system.value)
    except (msgspec.DecodeError, TypeError, UnicodeDecodeError):
        return None
    if not isinstance(rows, list) or len(rows) != len(data.value.bytes):
        return None
    return rows if all(_usual(row) for row in rows) else None


def _usual(row: Any) -> bool:
    return (
        isinstance(row, dict)
        and type(row.get("SequenceNumber")) is int
        and type(row.get("Offset")) in (int, str)
        and isinstance(row.get("PartitionKey"), str | None)
        and isinstance(row.get("EnqueuedTimeUtc"), str | None)
    )


def _offset(given: int | str) -> Any:
    """A number as the library gives it, else the text."""
    try:
        return int(given)
    except ValueError:
        return given
