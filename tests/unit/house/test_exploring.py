"""`make test` decides and chance does not; `make soak` explores, and what it finds is an example to keep."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import settings

from benchmarks.explore import RESULTS, TIMES, USUAL, properties
from tests.exploring import as_example

ROOT = Path(__file__).parents[3]
FALSE = dedent("""
    from hypothesis import given, settings, strategies as st

    @given(st.integers(0, 10**6), st.text("ab"))
    @settings(max_examples=3)
    def test_small(number, text):
        assert number < 1000 or not text, "too large"

    def test_no_property():
        assert False
""")


DRAWN = dedent("""
    import os
    if "MORE" in os.environ:
        import more
    from hypothesis import given, strategies as st
    from devstack.tests.examples import same_each_time
    same_each_time()
    drawn = []

    @given(st.integers(), st.text())
    def test_draws(number, text):
        drawn.append((number, text))

    def test_show():
        print(hash(tuple(drawn)), len(drawn))
""")


def test_every_run_draws_the_same_examples(tmp_path: Path) -> None:
    """Without a memory of earlier runs, and whatever modules are loaded."""
    drawn = settings()
    assert (drawn.derandomize, drawn.database) == (True, None)
    for folder in ("tests", "devstack/tests"):
        assert "\nsame_each_time()\n" in (ROOT / folder / "conftest.py").read_text()
    (tmp_path / "test_drawn.py").write_text(DRAWN)
    (tmp_path / "more.py").write_text("\n".join(f"N{n} = {n * 999_983}; T{n} = 't{n}'" for n in range(99)))
    words = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}", "PYTHONHASHSEED": "1"}
    said = [
        subprocess.run(
            words, cwd=tmp_path, env=environment | more, capture_output=True, text=True, check=True
        )
        for more in ({}, {"MORE": "1"})
    ]
    first, second = (re.findall(r"-?\d+ 100$", one.stdout, re.MULTILINE) for one in said)
    assert first
    assert first == second


def test_every_file_with_properties_is_explored() -> None:
    """They are found by how they are written; whoever imports hypothesis' words has to be among them."""
    words = re.compile(
        r"^from hypothesis(?:\.stateful)? import .*\b(?:given|RuleBasedStateMachine)\b", re.MULTILINE
    )
    importing = {
        path.relative_to(ROOT).as_posix()
        for folder in ("tests", "devstack/tests")
        for path in (ROOT / folder).rglob("test_*.py")
        if words.search(path.read_text(encoding="utf-8"))
    }
    found = properties()
    assert importing == found.keys()
    assert len(found) > 30
    assert found["tests/unit/state/test_slots.py"] > found["tests/unit/archive/test_append.py"] == USUAL
    assert all(any(file.startswith(place) for file in found) for place in TIMES)


def test_the_results_name_files_that_have_properties() -> None:
    """A visit counts for the file that was visited: whoever moves one writes its new name here."""
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    named = {*results["explored"], *(finding["test"].partition("::")[0] for finding in results["found"])}
    assert named - properties().keys() == set()


def test_what_falsifies_a_property_becomes_an_example(tmp_path: Path) -> None:
    (tmp_path / "test_false.py").write_text(FALSE)
    found = tmp_path / "found.jsonl"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "tests.exploring",
         f"--rootdir={tmp_path}", str(tmp_path)],
        cwd=tmp_path,
        env=os.environ
        | {"EXPLORE_TIMES": "200", "EXPLORE_FOUND": str(found), "EXPLORE_COUNT": str(tmp_path / "count")}
        | {"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout
    (line,) = found.read_text().splitlines()
    finding = json.loads(line)
    assert finding["test"].endswith("test_false.py::test_small")
    assert finding["example"] == "@example(number=1000, text='a')"
    assert "too large" in finding["error"]
    assert list((tmp_path / ".hypothesis" / "explored").iterdir())
    assert int((tmp_path / "count").read_text()) > 1


@pytest.mark.parametrize(
    ("note", "example"),
    [
        ("test_x(\n    a=[(1, 2)],  # or any other\n    b='x',\n)", "@example(a=[(1, 2)], b='x')"),
        ("test_x(\n    self=<TestX object at 0x1>,\n    a=1,\n)", None),
        ("test_x(\n    a=1,\n)\n\nYou can reproduce this test case by …(b')')", "@example(a=1)"),
    ],
)  # fmt: skip
def test_only_what_is_python_becomes_an_example(note: str, example: str | None) -> None:
    assert as_example(f"Failing test case: {note}") == example
    assert as_example("You can reproduce this test case by …") is None
