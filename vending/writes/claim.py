"""Idempotency keys: who asks first claims the key, who asks again has the stored answer.

The claim decides what is answered, not whether an effect happens twice: that an effect recognises by itself
(:mod:`vending.writes.perform`). So a claim may be taken over when its time is over, whether its owner died or
is only slow.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec import to_builtins
from msgspec.structs import replace

from vending.documents.base import load
from vending.documents.writes import StoredAnswer, WriteRequest
from vending.errors import Conflict, Transient
from vending.ports import Documents, Put
from vending.retry import retry_on_conflict
from vending.time import millis
from vending.writes.refusals import ReusedKey, StillRunning
from vending.writes.request import Answer, Asked, Request, digest

log = logging.getLogger(__name__)
RUNS_FOR = timedelta(seconds=30)
"""Longer than a request may take; then a repetition carries it out again."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A key that is ours for now."""

    held: WriteRequest
    etag: str
    request: Request


async def claim(asked: Asked, key: str, writes: Documents, now: datetime) -> Claim | Answer:
    """The key, or the answer that was given under it. Raises ReusedKey, StillRunning, Transient."""
    name, until = digest(asked.by, key), millis(now + RUNS_FOR)
    what = digest(asked.what, asked.target, asked.digest)
    fresh = WriteRequest(id=name, scope=name, digest=what, at=millis(now), running_until=until)

    async def attempt() -> Claim | Answer:
        stored = await writes.read(name, name)
        if stored is None:
            [etag] = await writes.write(name, [Put(fresh.dump())])
            return Claim(fresh, etag, _request(asked, key, fresh, repeated=False))
        held = load(stored.body, WriteRequest)
        if held.digest != what:
            raise ReusedKey("This Idempotency-Key was used for another request: take a new one.")
        if held.answer is not None:
            return Answer(held.answer.status, held.answer.body, held.answer.etag)
        if held.running_until > millis(now):
            raise StillRunning("The same request is being carried out: ask again in a few seconds.")
        taken = replace(held, running_until=until)
        [etag] = await writes.write(name, [Put(taken.dump(), stored.etag)])
        return Claim(taken, etag, _request(asked, key, taken, repeated=True))

    return await retry_on_conflict(f"idempotency key of {asked.target}", attempt)


async def remember(held: Claim, answer: Answer, writes: Documents) -> None:
    """Store the answer. Who took the claim over meanwhile stores the same one, of the same effect."""
    stored = StoredAnswer(answer.status, to_builtins(answer.body), answer.version)
    await _replace(held, replace(held.held, answer=stored), writes)


async def release(held: Claim, writes: Documents) -> None:
    """Whoever repeats the request need not wait: nobody is at it any more."""
    try:
        await _replace(held, replace(held.held, running_until=0), writes)
    except Transient as fault:
        log.warning("an idempotency key stays claimed for %s s: %s", RUNS_FOR.seconds, fault)


async def _replace(held: Claim, changed: WriteRequest, writes: Documents) -> None:
    try:
        await writes.write(changed.scope, [Put(changed.dump(), held.etag)])
    except Conflict:
        log.info("an idempotency key was taken over: its request took over %s s", RUNS_FOR.seconds)


def _request(asked: Asked, key: str, held: WriteRequest, *, repeated: bool) -> Request:
    """With its time in the id: a key that is used again when it is forgotten is another request."""
    return Request(digest(asked.by, key, str(held.at))[:24], asked.by, held.at, repeated)
