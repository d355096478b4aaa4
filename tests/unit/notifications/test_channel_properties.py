"""Whatever fails, in whatever order: each channel tells each notification, once unless a write was lost."""

import asyncio
from collections import Counter
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.mailed_world import MailedWorld, recipient
from vending.errors import Transient

PEOPLE = ("anna", "bo")
CHANNELS = ("webhook", *PEOPLE)
ACTIONS = st.lists(
    st.sampled_from(["find", "minute", "minute", "lose writes", "keep writes"])
    | st.tuples(st.sampled_from(["down", "up"]), st.sampled_from(CHANNELS)),
    max_size=30,
)


class Storm:
    """A world in which channels go down and writes are lost."""

    def __init__(self) -> None:
        self.world = MailedWorld()
        self.world.recipients(*map(recipient, PEOPLE))
        self.world.webhook.fault = self.world.mailer.fault = self._fails
        self.world.alerts.fault = self._loses
        self.down: set[str] = set()
        self.loses = self.lost = False
        self.found = 0

    def _fails(self, operation: str, key: str) -> None:
        if ("webhook" if operation == "post" else key.partition("@")[0]) in self.down:
            raise Transient("down")

    def _loses(self, operation: str, key: str) -> None:
        if self.loses and operation == "write" and key.startswith("vm-"):
            self.lost = True
            raise Transient("lost")

    async def do(self, action: Any) -> None:
        match action:
            case "find":
                self.loses = False
                await self.world.find(f"vm-{self.found}.")
                self.found += 1
            case "minute":
                await self.minute()
            case "lose writes" | "keep writes":
                self.loses = action == "lose writes"
            case "down", channel:
                self.down.add(channel)
            case _, channel:
                self.down.discard(channel)

    async def minute(self) -> None:
        with suppress(Transient):
            await self.world.minute()

    async def calm(self) -> None:
        self.down, self.loses = set(), False
        for _ in range(90):
            await self.minute()

    def told(self) -> dict[str, Counter[str]]:
        """How often each channel told each machine's notification."""
        posts = [message for _, message in self.world.webhook.posted]
        singles = [one for post in posts for one in post.get("first", [post])]
        found = {"webhook": Counter(one["machineId"] for one in singles if one["machineId"][0] != "$")}
        for name in PEOPLE:
            texts = "".join(mail.text for mail in self.world.mailer.mails if mail.to.startswith(name))
            found[name] = Counter(
                {
                    f"vm-{number}.": texts.count(f"vm-{number}. is not heard from")
                    for number in range(self.found)
                }
            )
        return found


async def run(actions: list[Any]) -> None:
    storm = Storm()
    for action in actions:
        await storm.do(action)
    await storm.calm()
    assert [entry for entry in storm.world.pending() if entry["machineId"] != "$notifications"] == []
    for channel, counted in storm.told().items():
        expected = {f"vm-{number}." for number in range(storm.found)}
        assert set(+counted) == expected, channel
        if not storm.lost:
            assert set(counted.values()) <= {1}, channel


@given(ACTIONS)
@settings(max_examples=60, deadline=None)
def test_every_channel_tells_everything(actions: list[Any]) -> None:
    asyncio.run(run(actions))


def test_while_all_is_well_everything_is_told_once() -> None:
    asyncio.run(run(["find", "minute", "find", "find", "minute"]))
