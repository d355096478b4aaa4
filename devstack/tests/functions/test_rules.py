"""Rules that need no process: schedules, retry delays, routes, batching, configuration."""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from azure.eventhub import EventData
from azure.eventhub._pyamqp.message import Message

from devstack.__main__ import main as devstack
from devstack.functions import timespan, wire
from devstack.functions.config import Configuration
from devstack.functions.errors import ConfigurationError
from devstack.functions.invoker import Call, Invoker, Outcome, delay_before
from devstack.functions.listeners import event_hub_settings, event_metadata
from devstack.functions.listeners.partition import Partition
from devstack.functions.listeners.schedule import Schedule
from devstack.functions.model import Function, RetryPolicy
from devstack.functions.routes import compile_route, decoded
from devstack.tests.functions.hosting import SAMPLE
from devstack.tests.functions.messages import placed, received


def _next(expression: str, year: int, month: int, day: int) -> str:
    moment = datetime(year, month, day, tzinfo=UTC)
    return Schedule(expression, "here").next_after(moment).strftime("%Y-%m-%d %H:%M:%S")


def test_ncrontab_seconds_first_and_both_days_must_match() -> None:
    """NCrontab: six fields, or five without seconds; day of month AND day of week (cron would say OR)."""
    assert _next("30 */5 * * * *", 2026, 1, 1) == "2026-01-01 00:00:30"
    assert _next("*/5 * * * *", 2026, 1, 1) == "2026-01-01 00:05:00"
    assert _next("0 0 0 13 * FRI", 2026, 1, 1) == "2026-02-13 00:00:00"
    assert Schedule("*/10 * * * * *", "here").sub_minute(datetime(2026, 1, 1, tzinfo=UTC))
    assert not Schedule("0 * * * * *", "here").sub_minute(datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    "text", ["", "* * * *", "0 0 0 L * *", "0 61 * * * *", "@daily", "0 0 0 * * nope", "H H * * *"]
)
def test_ncrontab_refuses_what_it_is_not(text: str) -> None:
    with pytest.raises(ConfigurationError):
        Schedule(text, "here")


def test_retry_delays() -> None:
    """RandomizedExponentialBackoffStrategy: the minimum first, then growth with jitter up to the maximum."""
    fixed = RetryPolicy("fixed_delay", 3, delay=5)
    assert [delay_before(fixed, n) for n in (1, 2, 9)] == [5, 5, 5]
    growing = RetryPolicy("exponential_backoff", -1, minimum=2, maximum=60)
    assert delay_before(growing, 1) == 2
    assert 2 + 2 * 2 * 0.8 <= delay_before(growing, 2) <= 2 + 2 * 2 * 1.2
    assert delay_before(growing, 2000) == 60


def test_time_spans() -> None:
    """System.TimeSpan texts."""
    assert timespan.seconds("00:00:00.500", "x") == 0.5
    assert timespan.seconds("1.02:03:04", "x") == 93784
    for wrong in ("5", "", None, 5, "1:2:3:4"):
        with pytest.raises(ConfigurationError):
            timespan.seconds(wrong, "x")


def test_routes_and_their_constraints() -> None:
    """ASP.NET route templates: literals in any letter case, constraints, a slash at the end."""
    one = compile_route("api/items/{id:int:min(2)}", "x")
    assert one.match("API/Items/12") == one.match("api/items/12/") == {"id": "12"}
    assert one.match("api/items/1") is None
    assert one.match("api/items/a") is None
    assert one.match("/api/items/12") is None
    optional = compile_route("api/items/{id?}", "x")
    assert optional.match("api/items") == {}
    assert optional.match("api/items/7") == {"id": "7"}
    # The way to serve the root, where the route prefix is empty.
    root = compile_route("{ignored:maxlength(0)?}", "x")
    assert root.match("") == {}
    assert root.match("items") is None


def test_a_catch_all_takes_nothing_and_a_trailing_slash() -> None:
    """Measured: ``{*rest}`` matches empty and keeps a trailing slash."""
    rest = compile_route("api/{*path}", "x")
    assert rest.match("api") == rest.match("api/") == {"path": ""}
    assert rest.match("api/a/b/") == {"path": "a/b/"}
    assert rest.match("apis") is None


def test_defaults_and_regular_expressions_in_routes() -> None:
    """``{n=x}`` and ``regex()``, whose braces are written twice."""
    assert compile_route("a/{n=x}", "x").match("a") == {"n": "x"}
    assert compile_route("a/{n=x}", "x").match("a/b") == {"n": "b"}
    one = compile_route(r"a/{n:regex(^\d{{3}}(-x)?$)}", "x")
    assert one.match("a/123-x") == {"n": "123-x"}
    assert one.match("a/12") is None
    for wrong in ("a/{n:odd}", "a/{n", "a/n}", "a/{n:regex([)}", "a/{}"):
        with pytest.raises(ConfigurationError, match="is not understood"):
            compile_route(wrong, "x")


def test_a_path_is_decoded_except_for_its_slashes() -> None:
    """Measured: ``%2F`` stays in route values, ``%2B`` does not; ``/x/../y`` is ``/y``."""
    assert decoded("/a%2Fb/c%2bd%C3%A4/%252F") == "/a%2Fb/c+dä/%2F"
    assert decoded("/x/../y/./z") == "/y/z"
    assert decoded("/../x/..") == "/"
    assert decoded("//dashboard") == "//dashboard"


def _configuration(**host: Any) -> Configuration:
    return Configuration(
        Path(), {"extensions": {"EventHubs": host}}, {}, {"NAME": "value", "E__accountName": "a"}
    )


def test_settings_and_connections() -> None:
    """%NAME% in bindings; letter case of host.json keys does not matter; identities are refused with a
    reason.
    """
    configuration = _configuration(maxEventBatchSize=7)
    assert configuration.resolve("a-%name%-b", "x") == "a-value-b"
    assert event_hub_settings.read(configuration).max_batch == 7
    with pytest.raises(ConfigurationError, match="identity"):
        configuration.connection("E", "x")
    for wrong in (
        {"minEventBatchSize": 101},
        {"maxWaitTime": "00:11:00"},
        {"initialOffsetOptions": {"type": "x"}},
    ):
        with pytest.raises(ConfigurationError):
            event_hub_settings.read(_configuration(**wrong))


def test_frames_survive_the_pipe() -> None:
    """One frame after another, bytes as they are; the end is an EOFError."""
    value = {"a": [b"\x00\xff", "é", None, 1.5, ("x", {"y": True})]}

    async def read() -> list[Any]:
        reader = asyncio.StreamReader()
        reader.feed_data(bytes(wire.encode(value)) * 2)
        reader.feed_eof()
        found = [await wire.read(reader), await wire.read(reader)]
        with pytest.raises(EOFError):
            await wire.read(reader)
        return found

    assert asyncio.run(read()) == [value, value]


def test_dotnet_times_have_no_zone_and_no_trailing_zeros() -> None:
    """Newtonsoft writes DateTimeKind.Unspecified so; azure.functions then decodes a naive time."""
    assert event_metadata.dotnet_time(datetime(2026, 1, 2, 3, 4, 5, 120000, UTC)) == "2026-01-02T03:04:05.12"
    assert event_metadata.dotnet_time(datetime(2026, 1, 2, 3, 4, 50, tzinfo=UTC)) == "2026-01-02T03:04:50"


class _Recorder:
    """Stands in for the invoker: keeps the batches, takes a turn of the loop for each."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.running = 0

    async def run(self, function: Function, call: Call, stop: asyncio.Event) -> Outcome:
        self.running += 1
        assert self.running == 1, "one batch of a partition at a time"
        await asyncio.sleep(0)
        assert call.fault is None
        self.batches.append(len(call.payload[1]))
        self.running -= 1
        return Outcome("id", ok=True)


class _Context:
    """Stands in for the SDK's partition context."""

    fully_qualified_namespace, eventhub_name, consumer_group, partition_id = "localhost", "hub", "group", "0"

    def __init__(self) -> None:
        self.checkpoints: list[int] = []
        self.written = asyncio.Semaphore(0)

    async def update_checkpoint(self, event: Any) -> None:
        self.checkpoints.append(event.sequence_number)
        self.written.release()


def _event(number: int) -> EventData:
    return received(Message(message_annotations=placed(number), data=[b"x"]))


def _partition(written: datetime | None = None, **host: Any) -> tuple[Partition, _Recorder, _Context]:
    trigger = {"type": "eventHubTrigger", "name": "e", "cardinality": "MANY", "dataType": "BINARY"}
    function = Function("id", "f", True, trigger, (trigger,), None)
    recorder, context = _Recorder(), _Context()
    settings = event_hub_settings.read(_configuration(**host))
    partition = Partition(function, cast(Invoker, recorder), settings, cast(Any, context), written)
    return partition, recorder, context


async def test_a_minimum_batch_waits_for_more_or_for_the_time() -> None:
    """PartitionProcessor with minEventBatchSize: dispatch at the minimum, a part of it after maxWaitTime."""
    partition, recorder, context = _partition(
        datetime.now(UTC), minEventBatchSize=3, maxEventBatchSize=4, maxWaitTime="00:00:00.100"
    )
    await partition.take([_event(0), _event(1)])
    assert recorder.batches == []
    await partition.take([_event(2), _event(3), _event(4)])
    assert recorder.batches == [4]
    async with asyncio.timeout(60):
        await context.written.acquire()
        await context.written.acquire()
    assert (recorder.batches, context.checkpoints) == ([4, 1], [3, 4])


@pytest.mark.parametrize("written", [None, datetime(2026, 1, 1, tzinfo=UTC)])
async def test_the_first_batch_waits_for_what_is_left_of_the_time(written: datetime | None) -> None:
    """GetAdjustedMaxWaitTime: at once without a checkpoint, or when the wait since it is over; measured."""
    partition, recorder, context = _partition(written, minEventBatchSize=3, maxWaitTime="00:10:00")
    await partition.take([_event(0)])
    async with asyncio.timeout(60):
        await context.written.acquire()
    assert (recorder.batches, context.checkpoints) == ([1], [0])
    await partition.take([_event(1)])
    assert recorder.batches == [1], "the next one waits for the whole time"
    partition.close()


async def test_a_closed_partition_drops_its_cache_and_writes_no_checkpoint() -> None:
    """PartitionProcessor: cached events are not checkpointed on close, so they are delivered again."""
    partition, recorder, context = _partition(minEventBatchSize=3)
    await partition.take([_event(0)])
    partition.close()
    await partition.take([_event(n) for n in range(5)])
    assert (recorder.batches, context.checkpoints) == ([], [])


async def test_checkpoint_frequency_counts_batches() -> None:
    """batchCheckpointFrequency: every so many batches."""
    partition, recorder, context = _partition(batchCheckpointFrequency=2, maxEventBatchSize=1)
    await partition.take([_event(n) for n in range(5)])
    assert (recorder.batches, context.checkpoints) == ([1] * 5, [1, 3])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--python", "/nowhere/python"], "--python /nowhere/python: there is no such file"),
        (["--python", sys.executable, "--instances", "f=2"], "--python and --instances do not go together"),
    ],
)
def test_an_environment_of_its_own_is_there_and_is_the_hosts_only_one(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert devstack(["functions", str(SAMPLE), "--port", "0", *words]) == 2
    assert said in capsys.readouterr().err
