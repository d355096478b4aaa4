"""What a stack leaves when the process that started it was killed: nothing, also not what ignores SIGTERM."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

Process = subprocess.Popen[str]
WAITING = "print('up', flush=True); input()"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {WAITING}"


def started(*words: str) -> Process:
    return subprocess.Popen(
        [sys.executable, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )


@pytest.fixture
def guard() -> Iterator[Process]:
    with started("-m", "devstack.guard", "0.5") as process:
        yield process
        process.kill()


def noted(guard: Process, code: str) -> Process:
    """A process that listens, of which the guard knows."""
    process = started("-c", code)
    assert guard.stdin
    assert process.stdout
    assert process.stdout.readline() == "up\n"
    guard.stdin.write(f"+{process.pid}\n")
    return process


@pytest.mark.parametrize(("code", "ended_by"), [(WAITING, -15), (STUBBORN, -9)])
def test_what_is_noted_ends_with_its_starter(guard: Process, code: str, ended_by: int) -> None:
    with noted(guard, code) as process:
        assert guard.stdin
        guard.stdin.close()
        assert process.wait(60) == ended_by
        assert guard.wait(60) == 0


def test_what_is_forgotten_stays(guard: Process) -> None:
    with noted(guard, WAITING) as process:
        assert guard.stdin
        guard.stdin.write(f"-{process.pid}\n")
        guard.stdin.close()
        assert guard.wait(60) == 0
        assert process.poll() is None
        process.kill()
