"""The pick list as people and spreadsheets get it: names in columns, a line a slot."""

import csv
import io
import json

import pytest

from vendctl import picklist
from vendctl.__main__ import main as vendctl
from vendctl.picklist import as_csv, explain
from vending.views.picklist import PickList, Stop
from vending.views.picks import Pick

FOUND = PickList(
    "r1",
    [
        Stop("vm-1", "s1", [Pick("vm-1", "A1", "cola-033", 18, 12, 20, 6.0)], ["A2"]),
        Stop("vm-2", "s1", [], []),
        Stop("vm-3", "s2", [Pick("vm-3", "B12", "=1+2", 6, 0, 6, 0.25)], []),
    ],
    {"site": {"s1": "Town Hall"}, "machine": {"vm-1": "Lobby, left"}, "product": {"cola-033": "Cola 0.33 l"}},
)


def test_people_read_names_in_columns() -> None:
    assert explain(FOUND).splitlines() == [
        "route r1: 3 machines, 24 units",
        "",
        "Town Hall: Lobby, left (vm-1)",
        "  slot  take  product      holds     sells",
        "  A1      18  Cola 0.33 l  12 of 20    6.0",
        "  never counted, or without par: A2",
        "",
        "Town Hall: vm-2",
        "  nothing to fill",
        "",
        "s2: vm-3",
        "  slot  take  product  holds   sells",
        "  B12      6  =1+2     0 of 6    0.2",
        "",
        "load",
        "  units  product      sku",
        "      6  =1+2         =1+2",
        "     18  Cola 0.33 l  cola-033",
    ]


def test_spreadsheets_get_a_line_a_slot_and_no_formula() -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(FOUND))))
    assert [(row["site"], row["machine"], row["selection"], row["take"]) for row in rows] == [
        ("Town Hall", "vm-1", "A1", "18"),
        ("s2", "vm-3", "B12", "6"),
    ]
    assert (rows[0]["product"], rows[1]["product"], rows[1]["sku"]) == ("Cola 0.33 l", "'=1+2", "'=1+2")


def test_the_command_has_one_form_at_a_time(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def found(*_: object) -> PickList:
        return FOUND

    monkeypatch.setenv("COSMOS", "here")
    monkeypatch.setattr(picklist, "run", found)
    assert vendctl(["picklist", "r1", "--csv"]) == 0
    assert capsys.readouterr().out == as_csv(FOUND) + "\n"
    assert vendctl(["picklist", "r1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["load"], told["names"]["site"]) == ({"=1+2": 6, "cola-033": 18}, {"s1": "Town Hall"})
    assert vendctl(["picklist", "r1", "--csv", "--json"]) == 2
    assert "--csv or --json, not both" in capsys.readouterr().err
