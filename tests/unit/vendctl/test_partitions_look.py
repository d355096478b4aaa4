"""``vendctl partitions``: what each function stands before, and with which exit code it is told."""

import json
from datetime import timedelta

import pytest

from devstack.eventhubs.wire import encode as e
from tests.unit.vendctl.amqp_bytes import AT, data, message, value
from tests.unit.vendctl.partition_world import FakeHost, FakeReader
from vendctl.partitions.checkpoints import Checkpoint
from vendctl.partitions.clearing import Bounds
from vendctl.partitions.command import Clearing, Output, cleared, listed
from vendctl.partitions.looking import NEXT, Bad, advice, look, table, whose
from vendctl.progress import Progress

LIMIT = timedelta(minutes=2)
LATER = AT + timedelta(hours=1)


def events(count: int, *bad: int) -> list[bytes]:
    publisher = {"x-opt-publisher": e.string("dev-7")}
    return [
        message(number, value(b"\x40") if number in bad else data(b"{}"), key="dev-1", annotations=publisher)
        for number in range(count)
    ]


async def states(hub: FakeReader, host: FakeHost, **later: float) -> dict[str, str]:
    """``function partition`` → state, so long after the events were enqueued."""
    rows = await look(hub, host, AT + timedelta(**later), LIMIT)
    return {f"{row.function.partition('_')[0]} {row.partition}": row.state for row in rows}


async def test_idle_moving_standing_and_blocked_partitions() -> None:
    hub = FakeReader(p0=events(5), p1=events(5), p2=events(900, 300), p10=[])
    host = FakeHost(
        Checkpoint("$default", "0", 4, "400", AT),
        Checkpoint("archive", "0", 2, "200", AT + timedelta(minutes=59)),
        Checkpoint("$default", "1", 2, "200", AT),
        Checkpoint("$default", "2", 299, "29900", AT),
        Checkpoint("archive", "2", 300, "30000", AT),
    )
    assert await states(hub, host, hours=1) == {
        "ingest 0": "idle", "archive 0": "moves", "ingest 1": "stands", "archive 1": "stands",
        "ingest 2": "blocked", "archive 2": "stands", "ingest 10": "idle", "archive 10": "idle",
    }  # fmt: skip
    assert (await states(hub, host, seconds=100))["ingest 1"] == "moves"


async def test_what_comes_after_the_next_batch_blocks_nothing_yet() -> None:
    hub, host = FakeReader(p0=events(NEXT + 2, NEXT)), FakeHost()
    assert await states(hub, host, seconds=1) == {"ingest 0": "moves", "archive 0": "moves"}
    host = FakeHost(Checkpoint("archive", "0", 0, "0"))
    assert await states(hub, host, seconds=1) == {"ingest 0": "moves", "archive 0": "blocked"}


async def test_it_is_told_what_stands_there_and_whose_it_is_and_what_to_do() -> None:
    hub = FakeReader(p0=events(9, 4))
    host = FakeHost(Checkpoint("$default", "0", 2, "200", AT), Checkpoint("archive", "0", 8, "800", AT))
    host.instances["$default", "0"] = "instance-1"
    rows = await look(hub, host, LATER, LIMIT)
    row = rows[0]
    assert row.bad is not None
    assert (row.bad.sequence, row.bad.kind, row.bad.publisher, row.bad.key) == (4, "value", "dev-7", "dev-1")
    assert (row.checkpoint, row.last, row.behind, row.next, row.owner) == (2, 8, 6, 3, "instance-1")
    assert advice(rows) == {"0": "vendctl partitions clear 0"}
    shown = table(rows, LATER).splitlines()[1]
    for word in ("ingest_telemetry", "3,600 s", "blocked", "number 4 cannot be bound", "credential of dev-7"):
        assert word in shown
    # Both groups at one place are read once.
    hub.reads.clear()
    await look(hub, FakeHost(), LATER, LIMIT)
    assert len(hub.reads) == 1


@pytest.mark.parametrize(
    ("publisher", "said"),
    [
        ("dev-7", "the credential of dev-7, which `vendctl device dev-7 --revoke` ends"),
        ("1_._dev-7_.vm-7_.3", "of Dev-7 in machine vm-7, which `vendctl device Dev-7 --revoke` ends"),
    ],
)
def test_whose_credential_it_was_is_told_by_its_device(publisher: str, said: str) -> None:
    assert said in whose(Bad(4, "400", AT, "value", "", publisher, publisher))


async def test_numbers_that_retention_took_are_told() -> None:
    hub = FakeReader(6, p0=events(9))
    (row, _) = await look(hub, FakeHost(Checkpoint("$default", "0", 2, "200")), LATER, LIMIT)
    assert (row.next, row.lost) == (6, 3)
    assert "3 numbers are gone from the hub; number 6 can be bound" in table([row], LATER)


@pytest.mark.parametrize(("bad", "done", "code"), [([], 8, 0), ([4], 2, 1), ([], 2, 1), ([4], 8, 0)])
async def test_the_exit_code_says_whether_everything_moves(bad: list[int], done: int, code: int) -> None:
    held = [Checkpoint(group, "0", done, str(done * 100), AT) for group in ("$default", "archive")]
    hub, host = FakeReader(p0=events(9, *bad)), FakeHost(*held)
    answer = await listed(hub, host, timedelta(seconds=120))
    assert answer.code == code
    assert ("vendctl partitions clear 0" in answer.text) is (bad == [4] and code == 1)
    rows = json.loads(json.dumps(answer.data))
    assert {row["group"] for row in rows} == {"$default", "archive"}
    assert (rows[0]["bad"] is None) is (code == 0 or bad == [])


async def test_a_dry_run_says_what_would_be_done_and_does_nothing() -> None:
    hub, host, said = FakeReader(p0=events(9, 4, 6)), FakeHost(), list[str]()
    done = await cleared(hub, host, Clearing("0", dry_run=True), Output(said.append, Progress()))
    assert [one.state for one in done] == ["left", "left"]
    assert [one.told()["bad"] for one in done] == [[4, 6], [4, 6]]
    assert "\n".join(said).count("cannot be bound: its AMQP body is a value, not data") == 4
    assert "functionapp restart" not in "\n".join(said)
    assert host.held == {}


async def test_nothing_to_clear_is_no_fault_and_an_unknown_partition_is() -> None:
    hub, said = FakeReader(p0=events(9)), list[str]()
    done = await cleared(hub, FakeHost(), Clearing("0"), Output(said.append, Progress()))
    assert [one.state for one in done] == ["clear", "clear"]
    assert "nothing to clear" in said[0]
    done = await cleared(
        hub, FakeHost(), Clearing("0", bounds=Bounds(events=3)), Output(said.append, Progress())
    )
    assert [one.state for one in done] == ["left", "left"]
    with pytest.raises(ValueError, match="no partition '7'; it has 0"):
        await cleared(hub, FakeHost(), Clearing("7"), Output(said.append, Progress()))
