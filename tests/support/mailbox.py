"""What the local stack's mail server keeps."""

import json
import urllib.request
from typing import Any

from devstack.stack import Stack


def mails(stack: Stack, about: str) -> list[str]:
    """Subject and text of the mails that name it, the oldest first."""
    url = f"{stack.mails_url}/mails"
    with urllib.request.urlopen(url) as answer:
        listed = [one["id"] for one in json.load(answer)["mails"]]
    texts = []
    for name in listed:
        with urllib.request.urlopen(f"{url}/{name}") as answer:
            mail: dict[str, Any] = json.load(answer)
        texts.append(f"{mail['subject']}\n{mail['text']}")
    return [text for text in reversed(texts) if about in text]
