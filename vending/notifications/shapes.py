"""What a webhook is posted, as the service behind it wants it. Pure: a payload → JSON.

``standard`` is the payload itself (docs/alerts.md). ``slack``: Block Kit, a section of at most 3,000
characters (docs.slack.dev/reference/block-kit/blocks/section-block), with ``&``, ``<`` and ``>`` as entities
(docs.slack.dev/messaging/formatting-message-text); all blocks together fail from about 13,000 characters on
(github.com/slackapi/bolt-js/issues/2509). ``teams``: a message with an Adaptive Card, which is all that
Workflows take (learn.microsoft.com, microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using),
of at most 28 KB (learn.microsoft.com/connectors/teams); its texts are Markdown.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, cast

Shape = Literal["standard", "slack", "teams"]
Body = dict[str, Any]
HEADLINE, LINE = 1_500, 280
"""Characters after escaping: of the first text, and of each of the ten that a digest tells one by one. So a
section of lines stays below 3,000, and a card below 20 KB whatever it is written in."""
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|~>])")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_COLOURS = {"critical": "attention", "warning": "warning"}
Escape = Callable[[str], str]


def standard(message: Body) -> Body:
    """As it is."""
    return message


def slack(message: Body) -> Body:
    """Sections of ``mrkdwn``, and the plain text that a phone shows."""
    head = f"*{_level(message)}*  {_fitted(message['text'], HEADLINE, _entity)}"
    blocks = [_section(head)]
    if lines := _lines(message, _entity):
        blocks.append(_section("\n".join(f"• {line}" for line in lines)))
    if link := message.get("link"):
        blocks.append(_section(f"<{_fitted(link, HEADLINE, _entity)}|Dashboard>"))
    return {"text": _fitted(f"{_level(message)}: {message['text']}", HEADLINE, _entity), "blocks": blocks}


def teams(message: Body) -> Body:
    """A message with one card."""
    head = _fitted(f"{_level(message)}: {message['text']}", HEADLINE, _literal)
    body = [_block(head, weight="bolder", color=_COLOURS.get(message["severity"], "default"))]
    body += [_block(line) for line in _lines(message, _literal)]
    card: Body = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
    }
    if link := message.get("link"):
        card["actions"] = [{"type": "Action.OpenUrl", "title": "Dashboard", "url": link}]
    kind = "application/vnd.microsoft.card.adaptive"
    return {
        "type": "message",
        "attachments": [{"contentType": kind, "contentUrl": None, "content": card}],
    }


SHAPES: Mapping[Shape, Callable[[Body], Body]] = {"standard": standard, "slack": slack, "teams": teams}


def _level(message: Body) -> str:
    return str(message["severity"]).upper()


def _lines(message: Body, escape: Escape) -> list[str]:
    """What a digest tells one by one, and how many it does not."""
    first = cast("Sequence[Body]", message.get("first", ()))
    lines = [_fitted(f"{_level(one)}: {one['text']}", LINE, escape) for one in first]
    left = message.get("count", 0) - len(first)
    return [*lines, _fitted(f"and {left} more", LINE, escape)] if left > 0 else lines


def _fitted(text: str, most: int, escape: Escape) -> str:
    """One line, escaped, of at most so many characters; what is cut off ends with an ellipsis."""
    parts, length = [], 0
    for char in " ".join(text.split()):
        parts.append(escape(char))
        length += len(parts[-1])
        if length >= most:
            return "".join(parts[:-1]) + "…"
    return "".join(parts)


def _entity(char: str) -> str:
    return _ENTITIES.get(char, char)


def _literal(char: str) -> str:
    return _MARKDOWN.sub(r"\\\1", char)


def _section(text: str) -> Body:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _block(text: str, **how: str) -> Body:
    return {"type": "TextBlock", "text": text, "wrap": True} | how
