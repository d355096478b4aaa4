"""A mail about one alert, or about many at once, as text and as HTML. Pure: what is told → a mail."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from vending.alerts import rules
from vending.documents.alerts import Notification
from vending.mail import Mail
from vending.notifications.recipients import Place
from vending.notifications.texts import digest_key, rank, summary, text

SHOWN = 50
"""Notifications that a mail tells one by one, the most severe first."""
_STYLE = "font-family:sans-serif;font-size:14px"
_CELL = "padding:2px 12px 2px 0;vertical-align:top"


@dataclass(frozen=True, slots=True)
class Told:
    """A notification, where its machine stands, and the wall clock there when it came about."""

    entry: Notification
    place: Place | None
    at: datetime

    @property
    def where(self) -> str:
        """The site's name; of the app itself its own."""
        return self.place.name if self.place else "Vendstream"

    @property
    def clock(self) -> str:
        """Date, time and zone."""
        return f"{self.at:%Y-%m-%d %H:%M %Z}"


def mail(told: Sequence[Told], to: str, link: str) -> Mail:
    """One mail of all that is told, at least one; ``link`` is the dashboard's address, or empty."""
    ranked = sorted(told, key=lambda one: rank(one.entry))
    if len(ranked) == 1:
        return _single(ranked[0], to, link)
    entries = [one.entry for one in ranked]
    headline = f"{_count(ranked)}: {summary(entries)}"
    more = f"and {len(ranked) - SHOWN} more" if len(ranked) > SHOWN else ""
    rows = [(rules.severity_of(x.entry), x.clock, x.where, text(x.entry)) for x in ranked[:SHOWN]]
    lines = [headline, "", *("  ".join(row) for row in rows), more, "", link]
    cells = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return Mail(
        to=to,
        subject=f"[{rules.severity_of(entries[0])}] {headline}",
        text=_text(lines),
        html=_html(headline, f"<table>{cells}</table>", more, link),
        key=digest_key(entry.idempotency_key for entry in entries),
    )


def _single(told: Told, to: str, link: str) -> Mail:
    """One is told as one."""
    entry = told.entry
    state = rules.severity_of(entry) + ("" if entry.change != "closed" else ", over")
    machine = [("Machine", entry.machine_id)] if told.place else []
    facts = [("Site", told.where), *machine, ("Since", told.clock), ("Rule", entry.rule)]
    lines = [text(entry), "", *(f"{name}: {value}" for name, value in facts), "", link]
    cells = "".join(f"<tr>{_cell(name)}{_cell(value)}</tr>" for name, value in facts)
    return Mail(
        to=to,
        subject=f"[{state}] {told.where}: {text(entry)}",
        text=_text(lines),
        html=_html(text(entry), f"<table>{cells}</table>", "", link),
        key=entry.idempotency_key,
    )


def _count(told: Sequence[Told]) -> str:
    """How many of how many machines, and where."""
    machines = Counter(one.entry.machine_id for one in told if one.place)
    names = list({one.where for one in told if one.place})  # all that are not assigned have one name
    where = names[0] if len(names) == 1 else f"{len(names)} sites"
    of = f" of {len(machines)} machine{'s' if len(machines) > 1 else ''} at {where}" if names else ""
    return f"{len(told)} notifications{of}"


def _text(lines: Sequence[str]) -> str:
    """Without blank lines in a row."""
    kept = [line for number, line in enumerate(lines) if line or (number and lines[number - 1])]
    return "\n".join(kept).rstrip() + "\n"


def _cell(value: str) -> str:
    return f'<td style="{_CELL}">{escape(value)}</td>'


def _html(headline: str, body: str, more: str, link: str) -> str:
    """A whole document; ``body`` is HTML, the others are texts."""
    button = f'<p><a href="{escape(link)}">Dashboard</a></p>' if link else ""
    after = f"<p>{escape(more)}</p>" if more else ""
    head = f"<p><strong>{escape(headline)}</strong></p>"
    return f'<!doctype html><html><body style="{_STYLE}">{head}{body}{after}{button}</body></html>'
