"""Whether the stores answer: what a load balancer and a person at night ask."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from vending.alerts import rules
from vending.errors import Transient
from vending.ports import Documents, Filter
from vending.views import alert_view
from vending.views.answers.health import Health

log = logging.getLogger(__name__)
PATIENCE = 5.0
"""Seconds a store may take to answer."""
ALERTS = "cosmos/alerts"
Probe = Callable[[], Awaitable[object]]
Troubles = Callable[[], Awaitable[list[str]]]


@dataclass(frozen=True)
class About:
    """What a process says of itself."""

    version: str
    decoder: str
    """``quick``, or why batches are decoded slowly: told, and no fault; slow ones are applied too."""
    fault: str | None = None
    """What is wrong with its settings."""


async def health(
    probes: Mapping[str, Probe], troubles: Troubles, about: About, patience: float = PATIENCE
) -> Health:
    """Every store is asked at once.

    Anybody may ask, so the answer names the store and the kind of failure; the log has the rest. ``status``
    is ``unavailable`` where a store does not answer or a setting is wrong, ``degraded`` where the app's own
    alerts are open (a partition stands still), else ``ok``.
    """
    told: list[str] = []

    async def own_alerts() -> None:
        told.extend(await troubles())

    asked = dict(probes) | {ALERTS: own_alerts}
    said = await asyncio.gather(*(_probe(name, probe, patience) for name, probe in asked.items()))
    stores = dict(zip(asked, said, strict=True))
    fine = about.fault is None and all(word == "ok" for word in said)
    return Health(
        status="unavailable" if not fine else "degraded" if told else "ok",
        version=about.version,
        decoder=about.decoder,
        settings=about.fault or "ok",
        stores=stores,
        troubles=told,
    )


async def troubles(documents: Documents) -> list[str]:
    """The app's own open alerts as sentences: a partition that stands still, events that wait, notifications
    that were given up. A query of one partition key for each of their subjects."""
    where: tuple[Filter, ...] = (("type", "=", "alert"), ("state", "=", "open"))
    return sorted(
        [
            alert_view.title(stored.body["rule"], stored.body["component"])
            for subject in sorted(rules.subjects())
            async for stored in documents.select(subject, *where)
        ]
    )


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
