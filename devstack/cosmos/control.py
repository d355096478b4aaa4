"""The control API, for tests only: a virtual clock, faults, splits, a full disk, a reset.

``POST /_control`` with one JSON object, no authentication; it exists only when the server was started with
``--control``, and no web page from elsewhere is let in. Actions, several of which may stand in one object:

- ``{"advance": seconds}`` moves the clock forward (TTL, ``_ts``, request units).
- ``{"stand": true}`` makes the clock stand still, so that only ``advance`` moves it; false lets it go on.
- ``{"faults": [{"status": 503, "substatus": 0, "retry_after_ms": 5, "delay": 0.1, "disconnect": "before",
  "verb": "POST", "path": "/colls/orders/docs", "times": 3,
  "after": 10}]}`` replaces the list of faults. A fault
  meets the requests whose verb equals and whose path contains the given texts, lets the first ``after`` of
  them through and then hits ``times`` of them (0: all). ``disconnect`` is "before" (nothing was done) or
  "after" (done, but the answer is lost).
- ``{"split": {"database": "d", "container": "c", "range": "0"}}`` cuts a range in half.
- ``{"disk_full": true}`` lets the file grow no more; false ends that.
- ``{"reset": true}`` drops all databases and faults.

The answer tells ``{"faults": what is left of each, "advanced": seconds, "requests": served so far}``.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from devstack.cosmos.account import Account
from devstack.cosmos.errors import Refusal, bad_request
from devstack.cosmos.wire import Call, Reply

PATH = "/_control"
NO_LIMIT = 1073741823
LOOPBACK = re.compile(r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?")


@dataclass(slots=True)
class Fault:
    """See the module's text; ``status`` 0 answers normally (a mere delay or a lost answer)."""

    status: int = 0
    substatus: int = 0
    retry_after_ms: int | None = None
    delay: float = 0.0
    disconnect: str = ""
    verb: str = ""
    path: str = ""
    times: int = 1
    after: int = 0
    hits: int = 0

    def meets(self, call: Call) -> bool:
        """Whether the fault hits this request; counts it."""
        if self.times and self.hits >= self.times:
            return False
        if (self.verb and self.verb != call.verb) or self.path not in call.path:
            return False
        if self.after:
            self.after -= 1
            return False
        self.hits += 1
        return True

    def refusal(self) -> Refusal | None:
        """What the request is answered with."""
        if not self.status:
            return None
        headers = {} if self.retry_after_ms is None else {"x-ms-retry-after-ms": str(self.retry_after_ms)}
        return Refusal(self.status, "A fault that a test asked for.", self.substatus, headers)


KINDS: dict[str, Any] = {
    one.name: int | float if one.type is float else one.type for one in fields(Fault) if one.name != "hits"
}
"""The types of a fault's fields, as JSON has them."""


def from_here(origin: str) -> bool:
    """Whether a request comes from this machine: a browser names the page's origin, others name none."""
    return not origin or LOOPBACK.fullmatch(origin) is not None


class Control:
    """The state behind the control API."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._base = account.clock
        self._advanced = 0.0
        self._stood: float | None = None
        """Since when by the clock below the clock stands still."""
        self._faults: list[Fault] = []
        self.requests: Counter[str] = Counter()
        account.clock = self._clock

    def _clock(self) -> float:
        return (self._base() if self._stood is None else self._stood) + self._advanced

    def fault_for(self, call: Call) -> Fault | None:
        """The first fault that hits this request."""
        self.requests[f"{call.verb} {'/'.join(call.parts[0::2])}"] += 1
        return next((one for one in self._faults if one.meets(call)), None)

    def handle(self, call: Call) -> Reply:
        """One control request. Raises Refusal."""
        if not from_here(call.header("Origin")):
            raise Refusal(403, "A web page of another origin may not control this server.")
        actions: dict[str, Callable[[Any], None]] = {
            "advance": self._advance, "stand": self._stand, "faults": self._set_faults,
            "split": self._split, "disk_full": self._disk_full, "reset": self._reset,
        }  # fmt: skip
        for name, value in call.mapping().items():
            if name not in actions:
                raise bad_request(f"'{name}' is no control action; there are {', '.join(actions)}.")
            try:
                actions[name](value)
            except (KeyError, TypeError, ValueError) as fault:
                raise bad_request(f"The action '{name}' cannot take {value!r}: {fault!r}.") from fault
        left = [one.times - one.hits if one.times else -1 for one in self._faults]
        return Reply.of({"faults": left, "advanced": self._advanced, "requests": dict(self.requests)})

    def _advance(self, seconds: Any) -> None:
        self._advanced += float(seconds)

    def _stand(self, still: Any) -> None:
        if not isinstance(still, bool):
            raise TypeError("stand is true or false")
        self._stood = self._base() if still else None

    def _set_faults(self, faults: Any) -> None:
        for one in faults:
            if unknown := set(one) - KINDS.keys():
                raise bad_request(f"A fault has the fields {sorted(KINDS)}, not {sorted(unknown)}.")
            for name, value in one.items():
                if not isinstance(value, KINDS[name]):
                    raise TypeError(f"{name} is {value!r}")
        self._faults = [Fault(**one) for one in faults]

    def _split(self, target: Any) -> None:
        container = self._account.catalog.owner(target["database"], target["container"])
        with self._account.store.transaction():
            self._account.catalog.split(container, container.range_named(str(target["range"])))

    def _disk_full(self, full: Any) -> None:
        execute = self._account.store.execute
        pages = execute("PRAGMA page_count").fetchone()[0] if full else NO_LIMIT
        execute(f"PRAGMA max_page_count = {pages}")

    def _reset(self, _: Any) -> None:
        catalog = self._account.catalog
        with self._account.store.transaction():
            for name in list(catalog.databases):
                catalog.remove_database(name)
        self._faults = []
