"""What the platform keeps of the log: levels by category in host.json, as docs/operations.md names them.

Measured of the real host: with the default at Information 675 bytes an event, by category 62.
"""

import ast
import json
import re
from typing import Any

from tests.support.metadata import ROOT, functions

USER = re.compile(r"Function\.(\w+)\.User")
LOGGING: dict[str, Any] = json.loads((ROOT / "host.json").read_text())["logging"]
LEVELS: dict[str, str] = LOGGING["logLevel"]
BY_USE_CASE = {"notify"}
"""Functions whose line at Information is written by their use case, not by the trigger."""


def told() -> set[str]:
    """The categories of the table in docs/operations.md."""
    return set(re.findall(r"^\| `([\w.]+)` \|", section("What is told of each batch"), re.MULTILINE))


def section(title: str) -> str:
    """The text below a heading, up to the next one of its level, without the metrics' own table."""
    text = (ROOT / "docs" / "operations.md").read_text()
    return text.partition(f"## {title}\n")[2].partition("\nThe same as metrics")[0]


def speaking() -> set[str]:
    """The functions whose trigger writes a line at Information."""
    found = set()
    for path in (ROOT / "blueprints").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.AsyncFunctionDef) and "log.info(" in ast.unparse(node):
                found.add(node.name)
    return found


def test_only_what_is_named_is_kept_at_information() -> None:
    assert LEVELS["default"] == "Warning"
    assert {name for name, level in LEVELS.items() if level == "Information"} == LEVELS.keys() - {"default"}
    assert told() == LEVELS.keys() - {"default"}


def test_the_functions_named_are_the_apps_own_and_all_that_speak() -> None:
    named = {found[1] for name in LEVELS if (found := USER.fullmatch(name))}
    assert named <= {one.get_function_name() for one in functions()}
    assert named == speaking() | BY_USE_CASE
    assert len(named) + len({"default", "Host.Results", "Host.Aggregator"}) == len(LEVELS)


def test_sampling_drops_neither_lines_nor_exceptions() -> None:
    """Adaptive sampling keeps some twenty items a second of an instance, whatever they say."""
    sampling = LOGGING["applicationInsights"]["samplingSettings"]
    assert set(sampling["excludedTypes"].split(";")) == {"Exception", "Trace"}


def test_alarms_go_by_metrics_and_exceptions_of_the_apps_own_functions() -> None:
    """A batch that fails under its retry policy is no failed request: the host writes none."""
    text = (ROOT / "docs" / "operations.md").read_text()
    alarms = text.partition("### What to alarm on")[2].partition("### The switch")[0]
    rows = [line for line in alarms.splitlines() if line.startswith("| ")]
    assert not [row for row in rows if "failed request" in row]
    watched = set(re.findall(r"`(\w+) (?:Failures|Count)`", "\n".join(rows)))
    assert watched == {"ingest_telemetry", "archive_telemetry", "sweep"}
    assert watched <= {one.get_function_name() for one in functions()}
    assert LEVELS["Host.Aggregator"] == "Information"
