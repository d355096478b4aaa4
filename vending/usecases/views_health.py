"""Whether the stores answer: what a load balancer and a person at night ask."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from vending.errors import Transient

log = logging.getLogger(__name__)
PATIENCE = 5.0
"""Seconds a store may take to answer."""
Probe = Callable[[], Awaitable[object]]


async def health(
    probes: Mapping[str, Probe], version: str, decoder: str, patience: float = PATIENCE
) -> dict[str, Any]:
    """``{"status": "ok" | "unavailable", "version", "decoder", "stores": {name: "ok" or what is wrong}}``.

    Anybody may ask, so the answer names the store and the kind of failure; the log has the rest. ``decoder``
    (see wiring) is told and judges nothing: slow batches are applied too.
    """
    said = await asyncio.gather(*(_probe(name, probe, patience) for name, probe in probes.items()))
    stores = dict(zip(probes, said, strict=True))
    fine = all(word == "ok" for word in said)
    status = "ok" if fine else "unavailable"
    return {"status": status, "version": version, "decoder": decoder, "stores": stores}


async def _probe(name: str, probe: Probe, patience: float) -> str:
    try:
        async with asyncio.timeout(patience):
            await probe()
    except TimeoutError:
        return f"no answer within {patience:g} s"
    except Transient as fault:
        log.warning("health: %s: %s", name, fault)
        return "does not answer, or refuses this app's access"
    except Exception:
        # A probe that trips a bug of ours is bad health too, and must not hide what the others say.
        log.exception("health: %s", name)
        return "failed in a way this app does not know"
    return "ok"
