"""What ``docs/alerts.md`` lists of the alert rules, from their files: ``python -m vendctl.alerts_page``."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from vending.alerts import rules
from vending.alerts.rules.base import Rule

PAGE = Path(__file__).parents[1] / "docs" / "alerts.md"
BEGIN, END = "<!-- generated: python -m vendctl.alerts_page -->", "<!-- end -->"
JsonSchema = dict[str, Any]


def page() -> str:
    """The page: its own prose, and between the marks what the rules say."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{generated()}\n{END}{after}"


def generated() -> str:
    """The rules, and the thresholds that a policy may change, each as a table."""
    lines = ["| rule | severity | component | opens | closes | evaluated by |", "|---|---|---|---|---|---|"]
    named = sorted(rules.every(), key=lambda rule: rule.name)
    lines += [_row(rule) for rule in named]
    lines += ["", "| threshold | default | takes |", "|---|---|---|"]
    lines += [row for rule in named for row in _thresholds(rule)]
    return "\n".join(lines) + "\n"


def _row(rule: Rule[Any]) -> str:
    by = f"`{rule.evidence.evaluated_by}`"
    if rule.closes == "time" and by != "`sweep`":
        by += "; `sweep` closes"
    cells = (f"`{rule.name}`", rule.severity, rule.component, rule.opens, rule.closes_when, by)
    return f"| {' | '.join(cells)} |"


def _thresholds(rule: Rule[Any]) -> Iterator[str]:
    """As operators write them in a policy."""
    _, parts = msgspec.json.schema_components([rule.thresholds])
    for name, schema in parts[rule.thresholds.__name__].get("properties", {}).items():
        default = schema["default"]
        said = f"`{default}`" if default is not None else ""
        yield f"| `{rule.name}` `{name}` | {said} | {_takes(schema)} |"


def _takes(schema: JsonSchema) -> str:
    """The values of a threshold, as words."""
    for one in schema.get("anyOf", [schema]):
        if "enum" in one:
            return ", ".join(f"`{value}`" for value in one["enum"])
        if one.get("format") == "date-time":
            return "a time with a zone"
        if one.get("type") == "string":
            return f"text of {one['minLength']} to {one['maxLength']} characters"
        if one.get("type") in ("integer", "number"):
            low = f"{one['minimum']:,}" if "minimum" in one else f"above {one['exclusiveMinimum']:,}"
            return f"{low} to {one['maximum']:,}"
    raise TypeError(f"nobody knows how to say what {schema} takes")


if __name__ == "__main__":
    PAGE.write_text(page())
