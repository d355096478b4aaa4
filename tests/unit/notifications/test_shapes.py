"""What Slack and Teams are posted: escaped, and never longer than they take."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from vending.notifications.shapes import slack, standard, teams

SINGLE = {
    "idempotencyKey": "k",
    "severity": "critical",
    "text": "vm_1: zone *main* is at 9.5 °C <!channel> & rising",
}
DIGEST = {
    "idempotencyKey": "digest/1", "severity": "warning", "count": 12,
    "text": "12 notifications of 12 machines",
    "first": [{"severity": "warning", "text": f"vm-{n} is not heard from"} for n in range(10)],
    "link": "https://app/dashboard?a=1&b=2",
}  # fmt: skip


def test_the_standard_is_the_payload() -> None:
    assert standard(SINGLE) is SINGLE


def test_slack_gets_sections_in_which_nothing_is_a_command() -> None:
    found = slack(SINGLE)
    [section] = found["blocks"]
    assert section["text"] == {
        "type": "mrkdwn",
        "text": "*CRITICAL*  vm_1: zone *main* is at 9.5 °C &lt;!channel&gt; &amp; rising",
    }
    assert found["text"] == "CRITICAL: vm_1: zone *main* is at 9.5 °C &lt;!channel&gt; &amp; rising"


def test_slack_gets_a_digest_line_by_line() -> None:
    head, lines, link = [block["text"]["text"] for block in slack(DIGEST)["blocks"]]
    assert head == "*WARNING*  12 notifications of 12 machines"
    assert lines.split("\n")[0] == "• WARNING: vm-0 is not heard from"
    assert lines.split("\n")[-1] == "• and 2 more"
    assert link == "<https://app/dashboard?a=1&amp;b=2|Dashboard>"


def test_teams_gets_one_card() -> None:
    [attachment] = teams(DIGEST)["attachments"]
    card = attachment["content"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert (card["type"], card["version"], len(card["body"])) == ("AdaptiveCard", "1.4", 12)
    assert card["body"][0]["color"] == "warning"
    assert card["actions"][0]["url"] == DIGEST["link"]
    [attachment] = teams(SINGLE)["attachments"]
    [block] = attachment["content"]["body"]
    assert block["text"] == r"CRITICAL: vm\_1: zone \*main\* is at 9\.5 °C <\!channel\> & rising"
    assert "actions" not in attachment["content"]


TEXTS = st.text(max_size=4_000) | st.sampled_from(["&<>" * 2_000, "*_[](x)" * 1_000, "🧊" * 5_000])


@given(TEXTS, st.lists(TEXTS, max_size=10))
def test_no_text_makes_a_message_that_is_refused(text: str, first: list[str]) -> None:
    message: dict[str, Any] = DIGEST | {
        "text": text, "count": 5_000, "first": [{"severity": "info", "text": one} for one in first],
    }  # fmt: skip
    blocks = [block["text"]["text"] for block in slack(message)["blocks"]]
    assert all(0 < len(block) <= 3_000 for block in blocks)
    assert sum(map(len, blocks)) < 13_000
    assert len(json.dumps(teams(message), ensure_ascii=False).encode("utf-8", "replace")) < 28_000
