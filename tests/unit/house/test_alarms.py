"""The alert rules read what is there: lines that the code writes, metrics that exist. None ever ran on Azure.

A query cannot be run here; what it looks for is taken out of it and compared with what the code writes.
"""

import ast
import json
import logging
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.support.events import NOON, delivered, vend
from tests.support.infra import COSMOS, NAMESPACE, Deployment
from tests.support.metadata import ROOT, functions
from tests.support.metrics import FakeMetrics
from tests.unit.alerts.test_watch_lag import World
from vending import batch_report
from vending.adapters.telemetry import INSTRUMENTS
from vending.errors import Rejected
from vending.ingest.dead_letters import defect
from vending.ingest.ingest import Outcome, _log_refusals

ON_LOGS = "Microsoft.Insights/scheduledQueryRules"
ON_METRICS = "Microsoft.Insights/metricAlerts"
PROD = Deployment("prod")
METRICS = {
    COSMOS: {"TotalRequests": {"StatusCode"}},
    NAMESPACE: {"ThrottledRequests": set[str]()},
}
"""learn.microsoft.com/azure/azure-monitor/reference/supported-metrics, by type of resource: name → the
dimensions that a rule here uses."""


def queries(deployment: Deployment = PROD) -> dict[str, str]:
    """Rule → query."""
    found = {}
    for each in deployment.of_type(ON_LOGS):
        (criterion,) = each["properties"]["criteria"]["allOf"]
        found[each["properties"]["displayName"]] = criterion["query"]
    return found


def texts(query: str) -> list[str]:
    """The literals of a query."""
    return re.findall(r'"([^"]*)"', query)


def test_without_an_address_no_rule_is_made() -> None:
    dev = Deployment("dev")
    assert not [
        x["type"] for x in dev.resources if re.search("[aA]lert|QueryRules|actionGroups|webtests", x["type"])
    ]


def test_every_rule_tells_the_people_that_were_named() -> None:
    group = PROD.one("Microsoft.Insights/actionGroups")
    (mail,) = group["properties"]["emailReceivers"]
    assert mail["emailAddress"] == "on-call@vendstream.example"
    rules = [
        each
        for each in PROD.resources
        if each["type"] in (ON_LOGS, ON_METRICS, "Microsoft.Insights/activityLogAlerts")
    ]
    assert len(rules) == 12
    for rule in rules:
        assert json.dumps(rule["properties"]["actions"]).count(group["id"]) == 1, rule["name"]
        assert rule["properties"]["enabled"] is True
        assert rule["properties"]["description"].endswith((".", ": vendctl partitions.", "."))


def test_a_query_gives_one_number_and_tells_above_zero() -> None:
    for each in PROD.of_type(ON_LOGS):
        rule = each["properties"]
        (criterion,) = rule["criteria"]["allOf"]
        assert re.search(r"(project|summarize) Value = [^|]+$", criterion["query"]), each["name"]
        assert (criterion["metricMeasureColumn"], criterion["operator"], criterion["threshold"]) == (
            "Value",
            "GreaterThan",
            0,
        )
        # A window is at least as long as the pace, so that nothing falls between two looks.
        assert minutes(rule["windowSize"]) >= minutes(rule["evaluationFrequency"])
        assert rule["scopes"] == [PROD.one("Microsoft.OperationalInsights/workspaces")["id"]]


def minutes(duration: str) -> int:
    (found,) = re.findall(r"^PT(\d+)M$", duration)
    return int(found)


def test_the_sweep_s_line_is_the_one_that_is_missed() -> None:
    """It is the function's last act, kept at Information, and comes each minute."""
    (begins,) = texts(queries()["no-sweep"])
    tree = ast.parse((ROOT / "blueprints" / "alerts.py").read_text())
    (sweep,) = [x for x in tree.body if isinstance(x, ast.AsyncFunctionDef) and x.name == "sweep"]
    last = sweep.body[-1]
    assert isinstance(last, ast.Expr)
    assert ast.unparse(last).startswith(f"log.info('{begins}")
    levels = json.loads((ROOT / "host.json").read_text())["logging"]["logLevel"]
    assert levels["Function.sweep.User"] == "Information"
    assert PROD.settings["SWEEP_SCHEDULE"] == "30 * * * * *"


async def test_the_lines_of_lag_and_of_what_stands_are_found(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    world.done(ingest=100, archive=100)
    for hours, last in ((0, 100), (1, 200), (13.1, 200)):
        world.hub.last = {"0": last, "1": last}
        await world.sweep(hours)
    # Severity 3 of Application Insights is Error.
    assert "SeverityLevel >= 3" in queries()["events-wait"]
    errors = [one.getMessage() for one in caplog.records if one.levelno == logging.ERROR]
    wanted = texts(queries()["events-wait"])
    assert len(wanted) == 2
    for text in wanted:
        assert [line for line in errors if text in line], f"no line holds {text!r}: {errors}"


def test_a_notification_that_is_given_up_is_told_by_another_way() -> None:
    """Every error of the notifying use cases is of that kind."""
    errors = [
        ast.literal_eval(node.args[0])
        for path in (
            ROOT / "vending" / "notifications" / f"{name}.py"
            for name in ("notify", "notify_digest", "send_mails")
        )
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "log.error"
    ]
    wanted = texts(queries()["undelivered"])
    assert len(wanted) == 2
    assert errors
    for line in errors:
        assert all(text in line for text in wanted), line


def test_refused_events_are_counted_from_the_line_of_a_batch() -> None:
    batch = delivered([vend(1), vend(2)])
    outcome = Outcome(2)
    outcome.refusals.add([(replace(batch[1], sequence=n), Rejected("not-json", "x")) for n in range(12)])
    line = batch_report.ingested(FakeMetrics(), batch, outcome, NOON + timedelta(minutes=30))
    begins, pattern = texts(queries()["dead-letters"])
    assert line.startswith(begins)
    found = re.search(pattern, line)
    assert found
    assert found[1] == "12"


def test_a_serious_refusal_is_found_by_its_reason_and_a_harmless_one_is_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Also a defect, of whose traceback the log has the last line."""
    (first, *_), outcome = delivered([vend(1)]), Outcome(3)
    with pytest.raises(ZeroDivisionError) as caught:
        _ = 1 / 0
    bug = defect(caught.value)
    for fault in (
        Rejected("forged-identity", "x"),
        bug,
        Rejected("conflict", ""),
        Rejected("not-json", "defect"),
    ):
        outcome.refusals.add([(replace(first, sequence=len(outcome.refusals)), fault)])
    with caplog.at_level(logging.WARNING):
        _log_refusals(outcome)
    begins, pattern = texts(queries()["serious-dead-letters"])
    lines = [each.getMessage() for each in caplog.records]
    assert len(lines) == 4
    assert all(line.startswith(begins) for line in lines)
    found = [re.match(pattern, line) for line in lines]
    assert [each and each[1] for each in found] == ["forged-identity", "defect", "conflict", None], lines
    assert lines[1].endswith("ZeroDivisionError: division by zero")
    assert set(pattern.partition("(")[2].partition(")")[0].split("|")) <= documented()


def documented() -> set[str]:
    """The reasons that docs/operations.md tells what to do about."""
    text = (ROOT / "docs" / "operations.md").read_text()
    return set(re.findall(r"^\*\*`([a-z-]+)`\.\*\*", text, re.MULTILINE))


def test_metrics_are_ones_that_somebody_writes() -> None:
    """The host's were seen (docs/operations.md). The app's come by OpenTelemetry, and so does their rule."""
    (end,) = texts(queries()["function-failures"])
    assert end == " Failures"
    names = {one.get_function_name() for one in functions()}
    assert f"ingest_telemetry{end}".removesuffix(end) in names
    (name,) = texts(queries()["lag"])
    assert name.removeprefix("vendstream.") in INSTRUMENTS
    assert PROD.settings["PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY"] == "true"


@pytest.mark.parametrize("kind", [COSMOS, NAMESPACE])
def test_platform_metrics_exist_for_their_resource(kind: str) -> None:
    (scope,) = [each["id"] for each in PROD.of_type(kind)]
    found = [each for each in PROD.of_type(ON_METRICS) if each["properties"]["scopes"] == [scope]]
    assert found
    for each in found:
        for criterion in each["properties"]["criteria"]["allOf"]:
            assert criterion["metricNamespace"] == kind
            dimensions = {one["name"] for one in criterion.get("dimensions", [])}
            assert dimensions == METRICS[kind][criterion["metricName"]]


def test_health_is_asked_without_a_key_and_from_more_than_one_place() -> None:
    (test,) = PROD.of_type("Microsoft.Insights/webtests")
    asked: Mapping[str, Any] = test["properties"]
    assert asked["Request"]["RequestUrl"].startswith("[format('{0}/api/health', ")
    assert asked["ValidationRules"]["ExpectedHttpStatusCode"] == 200
    (alert,) = [
        each["properties"]
        for each in PROD.of_type(ON_METRICS)
        if "webTestId" in each["properties"]["criteria"]
    ]
    assert alert["criteria"]["webTestId"] == test["id"]
    assert alert["criteria"]["failedLocationCount"] == len(asked["Locations"]) == 2
    assert minutes(alert["windowSize"]) * 60 >= 2 * asked["Frequency"]


def test_whoever_reads_the_namespace_s_own_keys_is_told_of() -> None:
    rule = PROD.one("Microsoft.Insights/activityLogAlerts")["properties"]
    assert rule["scopes"] == [PROD.leads("EVENTHUB")]
    operation = {one["field"]: one["equals"] for one in rule["condition"]["allOf"]}
    assert operation["operationName"].casefold() == (
        "Microsoft.EventHub/namespaces/authorizationRules/listKeys/action".casefold()
    )


def test_each_rule_has_its_row_in_the_documents_and_each_row_its_rule() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    alarms = text.partition("### What to alarm on")[2].partition("### The switch")[0]
    told = set(re.findall(r"^\| `([a-z-]+)` \|", alarms, re.MULTILINE))
    suffix = f"-{PROD.one('Microsoft.Web/sites')['name']}"
    made = {
        each["name"].removesuffix(suffix)
        for each in PROD.resources
        if each["type"] in (ON_LOGS, ON_METRICS, "Microsoft.Insights/activityLogAlerts")
    }
    assert told == made
    without = set(queries()) - {"lag"}
    assert set(re.findall(r"^\| `([a-z-]+)` \|[^\n]*needs `--telemetry`", alarms, re.MULTILINE)) == (
        set(queries()) - without
    )
