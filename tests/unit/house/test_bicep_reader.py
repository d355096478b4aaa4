"""The reader of Bicep files sees what the consistency tests ask it for, faults included."""

from pathlib import Path

import pytest

from tests.bicep import NO_DEFAULT, Code, File, read

GOOD = """
@minValue(1)
param count int
param name string = 'x'
var roles = { reader: 'r' }
var list = ['a', 'b']
resource old 'Microsoft.X/ys@2024-01-01' existing = { name: name }
resource each 'Microsoft.X/ys/zs@2024-01-01' = [
  for one in list: {
    parent: old
    name: one
    properties: { n: count, paths: map(list, each => { path: each }) }
  }
]
resource maybe 'Microsoft.X/ws@2024-01-01' = if (count > 1) {
  name: '${name}/x'
  properties: { on: true, deep: { n: 3 }, id: roles.reader }
}
module inner 'inner.bicep' = { name: 'i', params: { count: count } }
output address string = old.properties.address
"""


def reading(tmp_path: Path, text: str, name: str = "x.bicep") -> File:
    path = tmp_path / name
    path.write_text(text)
    return read(path)


def test_declarations_become_values(tmp_path: Path) -> None:
    found = reading(tmp_path, GOOD)
    assert (found.faults, found.unknown, found.idle) == ([], set(), set())
    assert found.params == {"count": NO_DEFAULT, "name": "x"}
    assert found.variables == {"roles": {"reader": "r"}, "list": ["a", "b"]}
    assert [x.symbol for x in found.resources if x.existing] == ["old"]
    assert found.named("each").loops_over == "list"
    maybe = found.named("maybe")
    assert (maybe.type, maybe.version, maybe.condition) == ("Microsoft.X/ws", "2024-01-01", "(count > 1)")
    assert maybe.body["name"] == "${name}/x"
    assert maybe.body["properties"] == {"on": True, "deep": {"n": 3}, "id": Code("roles.reader")}
    assert found.modules["inner"].params == {"count": Code("count")}
    assert found.outputs == {"address": Code("old.properties.address")}


@pytest.mark.parametrize(
    ("before", "after", "unknown"),
    [
        ("n: count", "n: counts", {"counts"}),
        ("path: each }", "path: eich }", {"eich"}),
        ("roles.reader", "rules.reader", {"rules"}),
        ("for one in list", "for one in lists", {"lists"}),
        ("'${name}/x'", "'${nam}/x'", {"nam"}),
        ("if (count > 1)", "if (cnt > 1)", {"cnt"}),
        ("parent: old", "parent: odl", {"odl"}),
    ],
)
def test_a_name_that_nothing_declares_is_found(
    tmp_path: Path, before: str, after: str, unknown: set[str]
) -> None:
    assert before in GOOD
    assert reading(tmp_path, GOOD.replace(before, after)).unknown == unknown


@pytest.mark.parametrize(
    ("before", "after", "idle"),
    [
        ("params: { count: count }", "params: {}", set()),
        ("for one in list: {", "for one in ['a']: {", set()),
        ("id: roles.reader", "id: 'r'", {"roles"}),
        ("name: name }", "name: 'x' }", set()),
    ],
)
def test_what_nothing_uses_is_found(tmp_path: Path, before: str, after: str, idle: set[str]) -> None:
    assert before in GOOD
    assert reading(tmp_path, GOOD.replace(before, after)).idle == idle


@pytest.mark.parametrize("cut", ["existing = {", "'r' }", "['a', 'b']"])
def test_what_does_not_parse_has_faults(tmp_path: Path, cut: str) -> None:
    assert cut in GOOD
    assert reading(tmp_path, GOOD.replace(cut, cut[:-1])).faults


def test_parameter_files_are_read_and_their_faults_found(tmp_path: Path) -> None:
    text = "using 'x.bicep'\n\nparam count = 3\nparam name = readEnvironmentVariable('NAME', 'y')\n"
    found = reading(tmp_path, text, "x.bicepparam")
    assert found.variables == {"count": 3, "name": Code("readEnvironmentVariable('NAME', 'y')")}
    assert reading(tmp_path, text.replace("'y')", "'y'"), "x.bicepparam").faults
