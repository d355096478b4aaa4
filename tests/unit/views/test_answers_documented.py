"""The examples in docs/api-sums.md and docs/api-operations.md are answers: every field, and no other."""

import json
import re
from typing import Any

import msgspec
import pytest

from tests.support.metadata import ROOT
from vending.views.account import Account
from vending.views.alert_list import AlertPage
from vending.views.archive_gaps import ArchiveGaps
from vending.views.days import DaySums
from vending.views.dead_letters import DeadLetterPage
from vending.views.lag import Lag
from vending.views.one_alert import WholeAlert
from vending.views.one_dead_letter import WholeDeadLetter


def examples(page: str) -> list[dict[str, Any]]:
    """The JSON of a page, in order."""
    text = (ROOT / "docs" / page).read_text()
    return [json.loads(found) for found in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]


ALERTS = json.loads(
    re.search(
        r"^`GET /api/v1/alerts`:[^#]*?```json\n(.*?)```",
        (ROOT / "docs/api.md").read_text(),
        re.MULTILINE | re.DOTALL,
    )[1]  # type: ignore[index]
)
SUMS, ACTS = examples("api-sums.md")
LETTERS, LETTER, ACCOUNT, LAG, GAPS = examples("api-operations.md")


@pytest.mark.parametrize(
    ("example", "kind"),
    [
        (SUMS, DaySums),
        (ALERTS, AlertPage),
        (ALERTS["alerts"][0] | ACTS, WholeAlert),
        (LETTERS, DeadLetterPage),
        (LETTERS["deadLetters"][0] | LETTER, WholeDeadLetter),
        (ACCOUNT, Account),
        (LAG, Lag),
        (GAPS, ArchiveGaps),
    ],
)
def test_an_example_is_an_answer(example: dict[str, Any], kind: type[msgspec.Struct]) -> None:
    """A field that is missing is refused, one that is unknown falls away."""
    assert msgspec.to_builtins(msgspec.convert(example, kind)) == example
