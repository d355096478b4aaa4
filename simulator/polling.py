"""Devices ask an application what they are to do, each at the pace that the answers set."""

import heapq
import json
import logging
import queue
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.request import Request, urlopen

log = logging.getLogger(__name__)

FIRST_WITHIN = 5.0
"""Seconds over which the first polls of a fleet are spread."""
PATIENCE = 30.0
"""Seconds for an answer; and until the next poll where none came before."""
AT_ONCE = 4


class Answer(NamedTuple):
    """What came of one poll: the commands, oldest first, and after how many seconds to ask again."""

    machine: int
    commands: list[dict[str, Any]]
    retry_after: float


class Asked(NamedTuple):
    """Whom a device speaks for, and with what."""

    machine_id: str
    token: str


class Polls:
    """The polls of a fleet: due by its numbers, done by a few threads. Used by one thread."""

    def __init__(
        self, url: str, machines: int, now: float, fetch: Callable[..., Answer] | None = None
    ) -> None:
        self._url = url.rstrip("/")
        self._fetch = fetch or fetch_due
        spread = FIRST_WITHIN / machines
        self._due = [(now + number * spread, number) for number in range(machines)]
        self._pace: dict[int, float] = {}
        self._answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="polls")

    def ask(self, now: float, who: Callable[[int], Asked | None]) -> None:
        """Begin the polls that are due; ``who`` is None for a device that is offline, and asked later."""
        while self._due and self._due[0][0] <= now:
            _, number = heapq.heappop(self._due)
            asked = who(number)
            if asked is None:
                heapq.heappush(self._due, (now + PATIENCE, number))
            else:
                self._threads.submit(self._poll, number, asked)

    def answered(self, now: float) -> list[Answer]:
        """What came since; each device asks again when its answer says."""
        found = []
        while not self._answers.empty():
            answer = self._answers.get()
            self._pace[answer.machine] = answer.retry_after
            heapq.heappush(self._due, (now + answer.retry_after, answer.machine))
            found.append(answer)
        return found

    def close(self) -> None:
        """Let go of what is under way."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _poll(self, number: int, asked: Asked) -> None:
        try:
            answer = self._fetch(self._url, number, asked)
        except (OSError, HTTPException, ValueError) as fault:
            log.warning("no commands for %s: %s", asked.machine_id, fault)
            answer = Answer(number, [], self._pace.get(number, PATIENCE))
        self._answers.put(answer)


def fetch_due(url: str, number: int, asked: Asked) -> Answer:
    """One poll. Raises OSError, HTTPException or ValueError where no answer comes that says anything."""
    request = Request(  # noqa: S310 - the operator's own address
        f"{url}/api/v1/machines/{asked.machine_id}/due-commands", headers={"Authorization": asked.token}
    )
    try:
        with urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
            body, pace = answer.read(), answer.headers["Retry-After"]
    except HTTPError as refusal:
        with refusal:
            pace = refusal.headers["Retry-After"]
        if pace is None:
            raise
        body = b""
    commands = json.loads(body)["commands"] if body else []
    return Answer(number, commands, float(pace or PATIENCE))
