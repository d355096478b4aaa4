"""A pytest plugin for ``python -m benchmarks.explore``: property tests at random, many times as long.

``pytest -p tests.exploring FILE``. ``make test`` draws the same examples each time (the
profile of the conftest files); here they differ, and what falsifies a property is kept in
``.hypothesis/explored``, tried first the next time, and written as an ``@example(…)`` line, which belongs
above the test. EXPLORE_TIMES says how many times a test's own number of examples it gets; EXPLORE_FOUND is a
file that takes a line of JSON for each finding, EXPLORE_COUNT one that takes the number of examples that ran
(of state machines none are counted).
"""

import ast
import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings
from hypothesis.database import DirectoryBasedExampleDatabase
from hypothesis.internal.conjecture import providers

TIMES, FOUND, COUNT = "EXPLORE_TIMES", "EXPLORE_FOUND", "EXPLORE_COUNT"
KEPT = Path(".hypothesis") / "explored"
_SETTINGS = "_hypothesis_internal_use_settings"
"""Where hypothesis and its own pytest plugin keep a test's settings."""
_constants = providers._get_local_constants
"""Taken from the sources under test; the conftest files do without them."""
_ran: Counter[str] = Counter()
"""Examples of this process."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Property tests only, each with its large budget."""
    providers._get_local_constants = _constants
    items[:] = [item for item in items if isinstance(item, pytest.Function) and is_hypothesis_test(item.obj)]
    for item in items:
        _enlarge(item)


def pytest_exception_interact(node: pytest.Item, call: pytest.CallInfo[Any]) -> None:
    """Write down what falsified a property."""
    path = os.environ.get(FOUND)
    if path is None or call.excinfo is None:
        return
    with Path(path).open("a", encoding="utf-8") as file:
        for fault in _single(call.excinfo.value):
            notes = getattr(fault, "__notes__", [])
            examples = [text for note in notes if (text := as_example(note)) is not None]
            said = str(fault).partition("\n")[0]
            finding = {"test": node.nodeid, "error": f"{type(fault).__name__}: {said}"[:200]}
            # What cannot be written as an example has its blob, and its steps.
            finding |= {"example": examples[0]} if examples else {"notes": "\n".join(notes)}
            file.write(json.dumps(finding, ensure_ascii=False) + "\n")


def pytest_sessionfinish() -> None:
    """Write down how many examples ran."""
    if path := os.environ.get(COUNT):
        Path(path).write_text(str(_ran.total()))


def as_example(note: str) -> str | None:
    """The decorator for what hypothesis says of a failing case; None where that is no Python."""
    found = re.match(
        r"(?:Failing test case|Falsifying example): (\w+\(\n.*?^\)$)", note, re.DOTALL | re.MULTILINE
    )
    if found is None:
        return None
    try:
        call = ast.parse(found[1], mode="eval").body
    except SyntaxError:
        return None
    if not isinstance(call, ast.Call):
        return None
    given = [f"{word.arg}={ast.unparse(word.value)}" for word in call.keywords if word.arg != "self"]
    return f"@example({', '.join(given)})"


def _enlarge(item: pytest.Item) -> None:
    assert isinstance(item, pytest.Function)
    function = getattr(item.obj, "__func__", item.obj)
    stateful = isinstance(getattr(item.cls, "settings", None), settings)
    own = item.cls.settings if stateful else getattr(function, _SETTINGS, None)
    if own is None:
        raise pytest.UsageError(f"{item.nodeid} has no settings: hypothesis keeps them elsewhere by now")
    larger = settings(
        own,
        max_examples=own.max_examples * int(os.environ.get(TIMES, "10")),
        derandomize=False,
        database=DirectoryBasedExampleDatabase(KEPT),
        print_blob=True,
        suppress_health_check=list(HealthCheck),
        deadline=None,
    )
    if stateful:
        item.cls.settings = larger
    else:
        setattr(function, _SETTINGS, larger)
        handle = item.obj.hypothesis
        handle.inner_test = _counted(handle.inner_test, item.nodeid)


def _counted[**P](test: Callable[P, None], name: str) -> Callable[P, None]:
    @wraps(test)
    def counted(*arguments: P.args, **named: P.kwargs) -> None:
        _ran[name] += 1
        test(*arguments, **named)

    return counted


def _single(fault: BaseException) -> Iterator[BaseException]:
    if isinstance(fault, BaseExceptionGroup):
        for part in fault.exceptions:
            yield from _single(part)
    else:
        yield fault
