"""docs/extending.md: who adds one more of something is told what is still missing, by the tests it names."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import checkout as checkouts
from tests.support.metadata import ROOT

PAGE = (ROOT / "docs" / "extending.md").read_text()
HOUSE = "tests/unit/house"
ROUTE = '''

@route(bp, "get_route_of_tomorrow", Route("GET", "api/v1/tomorrow", Role.READ))
async def get_route_of_tomorrow(req: func.HttpRequest) -> func.HttpResponse:
    """What nobody listed."""
    return func.HttpResponse()
'''
TIMER = '''

@bp.function_name("trigger_of_tomorrow")
@bp.timer_trigger(arg_name="timer", schedule="%TOMORROW_SCHEDULE%", use_monitor=False)
async def trigger_of_tomorrow(timer: func.TimerRequest) -> None:
    """What nobody scheduled."""
'''
QUEUE = '''

@bp.function_name("queue_of_tomorrow")
@bp.queue_trigger(arg_name="message", queue_name="tomorrow", connection="DATA")
async def queue_of_tomorrow(message: func.QueueMessage) -> None:
    """What nobody made a queue for."""
'''
FIELD = '    tomorrow: str = "yes"\n'
LAST = '    quick_decoding: str = "true"\n'


@dataclass(frozen=True)
class Added:
    """What somebody adds to a file (before ``before``, else at its end), and the words in which the tests
    that the page names ask for the rest."""

    file: str
    text: str
    asked: dict[str, str]
    before: str = ""


ADDED = {
    "route": Added(
        "blueprints/api.py",
        ROUTE,
        {
            f"{HOUSE}/test_import.py::test_exactly_the_expected_functions": "get_route_of_tomorrow",
            f"{HOUSE}/test_routes.py::test_every_route_stands_in_the_table": "/api/v1/tomorrow",
        },
    ),
    "trigger": Added(
        "blueprints/rollups.py",
        TIMER + QUEUE,
        {
            f"{HOUSE}/test_import.py::test_exactly_the_expected_functions": "trigger_of_tomorrow",
            f"{HOUSE}/test_consistency.py::test_every_setting_of_a_binding_is_in_local_settings": (
                "TOMORROW_SCHEDULE"
            ),
            f"{HOUSE}/test_consistency.py::"
            "test_containers_and_queues_of_the_triggers_are_provisioned": "'tomorrow'",
        },
    ),
    "setting": Added(
        "vending/settings.py",
        FIELD,
        {
            f"{HOUSE}/test_consistency.py::"
            "test_local_settings_hold_what_the_code_reads_and_nothing_else": "TOMORROW",
            f"{HOUSE}/test_connections.py::"
            "test_the_app_gets_every_setting_that_it_reads_and_no_other": "TOMORROW",
        },
        before=LAST,
    ),
}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this one."""
    folder = tmp_path_factory.mktemp("checkout") / "copy"
    checkouts.copy(folder)
    return folder


@pytest.fixture
def added(checkout: Path, request: pytest.FixtureRequest) -> Iterator[Added]:
    """The copy, with one more of something while a test runs."""
    more: Added = ADDED[request.param]
    file = checkout / more.file
    whole = file.read_text()
    file.write_text(
        whole.replace(more.before, more.text + more.before, 1) if more.before else whole + more.text
    )
    yield more
    file.write_text(whole)


@pytest.mark.parametrize("added", ADDED, indirect=True)
def test_what_one_more_of_it_still_lacks_is_asked_for_by_name(added: Added, checkout: Path) -> None:
    assert added.text in (checkout / added.file).read_text()
    passed, said = checkouts.passes(checkout, ["-vv", *added.asked])
    assert not passed
    for test, name in added.asked.items():
        report = re.search(
            rf"^_+ {test.rpartition('::')[2]}\b.*?(?=^_{{3}}|\Z)", said, re.MULTILINE | re.DOTALL
        )
        assert report, f"{test} notices nothing:\n{said}"
        assert name in report[0], f"{test} does not say what is missing:\n{report[0]}"


@pytest.mark.parametrize("test", sorted({test for more in ADDED.values() for test in more.asked}))
def test_the_page_names_it(test: str) -> None:
    assert test.rpartition("::")[2] in PAGE


def test_what_the_page_names_is_there() -> None:
    """Of the tests that it names with their file, each is in that file."""
    named = re.findall(r"`(?:tests/unit/([\w/]+\.py)|(test_consistency\.py))::(\w+)`", PAGE)
    assert len(named) > 8
    for path, beside, test in named:
        file = ROOT / "tests" / "unit" / (path or f"house/{beside}")
        assert f"def {test}(" in file.read_text(), f"{file.name} has no {test}"
