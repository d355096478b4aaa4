"""A write over HTTP: claimed by its key, planned on what is stored, recorded, carried out, answered.

An effect happens once, whoever crashes where:

- its plan looks whether the document that it changes names the request already (then only the answer is
  missing), and checks If-Match;
- the effect is a conditional write that puts the request's id into that document. Of two attempts at one
  request, the second finds the first one's id, or loses, and plans anew.

The audit record is written before the effect, and completed after it.
"""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vending.errors import Transient
from vending.ports import Documents
from vending.retry import retry_on_conflict
from vending.time import millis
from vending.writes.audit_trail import Trail
from vending.writes.claim import claim, release, remember
from vending.writes.request import Answer, Asked, Request


@dataclass(frozen=True, slots=True)
class Change:
    """What a write makes of its target."""

    before: Any
    after: Any
    commit: Callable[[], Awaitable[Answer]]
    """Does it, all or nothing. Raises Conflict where the target has moved since."""


Plan = Callable[[Request], Awaitable[Change | Answer]]
"""Reads, and raises what speaks against it; an answer where the request is done already."""


async def perform(asked: Asked, plan: Plan, writes: Documents, now: datetime) -> Answer:
    """Carry it out, or find the stored answer. Raises Refusal, Transient."""
    if asked.key is None:
        return await _carry_out(asked, Request(secrets.token_hex(12), asked.by, millis(now)), plan, writes)
    held = await claim(asked, asked.key, writes, now)
    if isinstance(held, Answer):
        return held
    try:
        answer = await _carry_out(asked, held.request, plan, writes)
    except Exception:
        await release(held, writes)
        raise
    await remember(held, answer, writes)
    return answer


async def _carry_out(asked: Asked, request: Request, plan: Plan, writes: Documents) -> Answer:
    trail = Trail(writes, asked, request)

    async def attempt() -> Answer:
        change = await plan(request)
        if isinstance(change, Answer):
            return change
        await trail.begin(change.before, change.after)
        return await change.commit()

    try:
        answer = await retry_on_conflict(asked.target, attempt)
    except Transient:
        raise  # It may be done: the record stays as it is.
    except Exception:
        if trail.begun:
            await trail.end("refused")
        raise
    if trail.begun or request.repeated:
        await trail.end("done")
    return answer
