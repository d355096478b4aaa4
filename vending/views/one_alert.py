"""The read model of one alert: all that is known of it, what people did with it, and its episodes."""

from datetime import datetime
from typing import Annotated, NamedTuple

from msgspec import Meta, Struct

from vending.alerts.held import Held, newest_episodes, read
from vending.answer import Answer
from vending.business_day import instant
from vending.documents.alerts import Act, Alert, Episode, What
from vending.views import alert_rows
from vending.views.alert_rows import CURRENT, AlertRow, Ended, Time
from vending.views.alert_view import stamp
from vending.views.answers.alerts import Stamp
from vending.views.stores import ViewStores
from vending.views.whereabouts import places

EPISODES = 10
"""Of an alert, the newest that are over."""
EPISODE = "episode:"


class AlertAct(Answer, frozen=True):
    """What a person did with it."""

    what: What
    by: str
    at: Time
    text: Annotated[str | None, Meta(description="The note, the owner, or until when it is snoozed.")]


class Resolved(Answer, frozen=True):
    """That a person closed it though its rule may still fire."""

    by: str
    at: Time
    reason: str


class PastEpisode(Answer, frozen=True):
    """From opening to closing."""

    alert_id: str
    episode: int
    since: Time
    closed_at: Time
    ended: Ended | None
    acknowledged: Stamp | None
    owner: str | None
    level: int
    acts: list[AlertAct]


class WholeAlert(AlertRow, frozen=True, kw_only=True):
    """One alert. Its ETag is the version of its document: what If-Match takes."""

    acts: Annotated[list[AlertAct], Meta(description="In this episode, the newest fifty, oldest first.")]
    resolved: Resolved | None
    episodes: Annotated[
        list[PastEpisode], Meta(description="Those that are over, newest first; ten at most.")
    ]


class Versioned[Answer: Struct](NamedTuple):
    """An answer about one document, and the document's version."""

    answer: Answer
    version: str


async def alert(stores: ViewStores, machine: str, name: str, now: datetime) -> Versioned[WholeAlert] | None:
    """An alert by its id, with or without ``current:``, or one of its episodes; None for one that is not
    there. Raises Transient, and Malformed."""
    if name.startswith(EPISODE):
        past = await read(stores.alerts, Episode, machine, name)
        return await _episode(stores, past, now) if past else None
    held = await read(stores.alerts, Alert, machine, CURRENT + name.removeprefix(CURRENT))
    return await _alert(stores, held, now) if held else None


async def _alert(stores: ViewStores, held: Held[Alert], now: datetime) -> Versioned[WholeAlert]:
    found, where = held.document, (await places(stores, now)).of(held.document.machine_id)
    episodes = await newest_episodes(stores.alerts, found, EPISODES)
    facts = alert_rows.facts_of_open(found, where)
    if found.state == "closed" and episodes and episodes[0].episode == found.episode:
        facts |= {"since": instant(episodes[0].opened)}
    closing = found.resolved
    whole = WholeAlert(
        **facts,
        acts=_acts(found.history),
        resolved=Resolved(closing.by, instant(closing.at), closing.reason) if closing else None,
        episodes=list(map(_past, episodes)),
    )
    return Versioned(whole, held.etag)


async def _episode(stores: ViewStores, held: Held[Episode], now: datetime) -> Versioned[WholeAlert]:
    found, where = held.document, (await places(stores, now)).of(held.document.machine_id)
    facts = alert_rows.facts_of_episode(found, where)
    whole = WholeAlert(**facts, acts=_acts(found.history), resolved=None, episodes=[])
    return Versioned(whole, held.etag)


def _past(episode: Episode) -> PastEpisode:
    return PastEpisode(
        alert_id=episode.id,
        episode=episode.episode,
        since=instant(episode.opened),
        closed_at=instant(episode.closed),
        ended=alert_rows.ending(episode.ended),
        acknowledged=stamp(episode.acknowledged),
        owner=episode.owner,
        level=episode.level or 0,
        acts=_acts(episode.history),
    )


def _acts(history: list[Act] | None) -> list[AlertAct]:
    return [AlertAct(act.what, act.by, instant(act.at), act.text) for act in history or ()]
