"""When an hour of a hub partition is closed: only what the archive holds for sure."""

from datetime import datetime, timedelta

import pytest

from tests.support.events import NOON
from vending.archive.closing import SCHEMA, Closing, Progress, Seen
from vending.errors import Transient

MINUTE = timedelta(minutes=1)


def stands(progress: Progress) -> tuple[datetime | None, datetime | None]:
    """Until when it is closed, and the reading that waits."""
    return progress.closed, progress.read


def test_a_reading_closes_the_time_before_it_once_the_archive_holds_its_number() -> None:
    progress = Progress()
    progress.reading(NOON, 7)
    progress.archived(6)
    assert stands(progress) == (None, NOON)
    progress.archived(7)
    assert stands(progress) == (NOON, None)


def test_what_the_archive_holds_already_closes_at_once() -> None:
    progress = Progress()
    progress.archived(9)
    progress.archived(3)
    assert progress.held == 9
    progress.reading(NOON, 9)
    assert progress.closed == NOON


def test_a_hub_without_events_is_closed_by_its_first_reading() -> None:
    progress = Progress()
    progress.reading(NOON, -1)
    assert progress.closed == NOON


def test_a_reading_waits_for_its_number_however_many_come_after_it() -> None:
    """Under live traffic a newer one would never be fulfilled either."""
    progress = Progress()
    progress.reading(NOON, 7)
    progress.reading(NOON + MINUTE, 99)
    progress.archived(8)
    assert progress.closed == NOON
    progress.reading(NOON + 2 * MINUTE, 99)
    progress.archived(98)
    assert progress.closed == NOON
    progress.archived(99)
    assert progress.closed == NOON + 2 * MINUTE


def test_an_hour_is_closed_when_its_grace_has_passed() -> None:
    closed = Progress(closed=NOON)
    assert closed.closes(NOON - 5 * MINUTE, 5 * MINUTE)
    assert not closed.closes(NOON - 4 * MINUTE, 5 * MINUTE)
    assert not Progress().closes(NOON, timedelta())


def test_what_compaction_remembers_is_read_back() -> None:
    closing = Closing(
        {"1/0": Progress(NOON, NOON + MINUTE, 7, 6), "1/1": Progress()},
        {"date=2026-03-01/hour=12/": Seen("ab", "cd")},
    )
    assert Closing.decode(closing.encode()) == closing
    assert Closing.decode(b"{}") == Closing()
    other = Closing(dict(reversed(closing.partitions.items())), closing.hours)
    assert other.encode() == closing.encode()
    assert closing.encode().startswith(b'{\n "partitions": {\n')
    assert closing.encode().endswith(b"\n}\n")


def test_what_newer_code_remembers_is_waited_for() -> None:
    newer = Closing(schema=SCHEMA + 1).encode()
    with pytest.raises(Transient, match="the closing state has schema 2, this version knows 1"):
        Closing.decode(newer)
