"""The thresholds of all the rules: a policy that says what cannot be is refused."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from vending.alerts import rules
from vending.alerts.policy import DEFAULTS, Policy
from vending.alerts.rules.base import Rule


def each() -> Iterator[Any]:
    for rule in rules.every():
        _, parts = msgspec.json.schema_components([rule.thresholds])
        for name, schema in parts[rule.thresholds.__name__].get("properties", {}).items():
            yield pytest.param(rule, name, schema, id=f"{rule.name}-{name}")


def refused(rule: Rule[Any], name: str, value: object) -> bool:
    try:
        Policy({rule.name: {name: value}}).of(rule.name, rule.thresholds)
    except msgspec.ValidationError:
        return True
    return False


@pytest.mark.parametrize(("rule", "name", "schema"), list(each()))
def test_values_of_another_type_and_out_of_bounds_are_refused(
    rule: Rule[Any], name: str, schema: dict[str, Any]
) -> None:
    for value in ({}, [], True, -1, 10**12, "", "x" * 65, float("nan"), float("inf")):
        assert refused(rule, name, value), f"{name} may be {value!r}"
    number = next((one for one in schema.get("anyOf", [schema]) if "maximum" in one), None)
    if number is not None:
        assert not refused(rule, name, number["maximum"])
        assert refused(rule, name, number["maximum"] + 1)
    default = DEFAULTS.of(rule.name, rule.thresholds)
    assert not refused(rule, name, msgspec.to_builtins(default)[name])
