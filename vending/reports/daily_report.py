"""The daily report in words: facts → heading, tables, subject. Pure.

Money is told in each currency by itself; what is not known is not there, or said to be unknown.
"""

from datetime import date

from vending import business_day
from vending.money import amount, amounts
from vending.reports.facts import LISTED, Facts, OpenAlert, Ranking, Scope
from vending.reports.layout import Report, Table

COUNTS = {"vends": "sales", "units": "units", "failures": "failed vends", "free": "free", "test": "test"}
STATES = {"online": "online", "silent": "silent", "imported": "imported only", "never": "never heard of"}


def report(facts: Facts, link: str = "") -> Report:
    """What the mail says."""
    tables = [_sales(facts), _cash(facts), _machines(facts)]
    tables += [_critical(facts), _silent(facts), _sold_out(facts)]
    tables += [_ranking(facts, "Sold most", facts.best)]
    tables += [_ranking(facts, "Sold less than a week before", facts.worst)]
    heading = f"{_date(facts.day)}: {scope_name(facts.scope)}"
    return Report(heading, _remarks(facts), [table for table in tables if table is not None], link)


def subject(facts: Facts) -> str:
    """The line in a list of mails: what was taken, and what is wrong."""
    wrong = {"critical": len(facts.critical()), "silent": len(facts.silent()), "sold out": _selections(facts)}
    said = ", ".join(f"{count:,} {name}" for name, count in wrong.items() if count) or "all well"
    where = "" if facts.scope.whole else f" ({scope_name(facts.scope)})"
    taken = facts.sold.get("revenue")
    return f"{_date(facts.day)}{where}: {amounts(taken) if taken else 'no sales'}; {said}"


def scope_name(scope: Scope) -> str:
    """What it is about, in words."""
    kinds = {"route": scope.routes, "site": scope.sites}
    said = [
        f"{kind}{'s' if len(names) > 1 else ''} {', '.join(names)}" for kind, names in kinds.items() if names
    ]
    return " and ".join(said) or "all machines"


def change(now: int, before: int) -> str:
    """By how many per cent it changed; "" where there was nothing before."""
    if before <= 0:
        return ""
    percent = round(100 * (now - before) / before)
    return f"{percent:+d} %" if percent else "0 %"


def _sales(facts: Facts) -> Table:
    revenue, earlier = facts.sold.get("revenue", {}), facts.before.get("revenue", {})
    rows = [
        (f"revenue, {code}", *(amount(money.get(code, 0), code) for money in (revenue, earlier)),
         change(revenue.get(code, 0), earlier.get(code, 0)))
        for code in sorted({*revenue, *earlier})
    ]  # fmt: skip
    rows += [
        (name, f"{now:,}", f"{then:,}", change(now, then))
        for counter, name in COUNTS.items()
        for now, then in [(facts.sold.get(counter, 0), facts.before.get(counter, 0))]
        if now or then or counter in ("vends", "units")
    ]
    return Table("Sales", rows, ("", _date(facts.day), "a week before", ""))


def _cash(facts: Facts) -> Table | None:
    """What is known of cash: what was paid in, and what the coin tubes hold."""
    paid, rows = facts.cash(), []
    if paid:
        rows.append(("paid in", amounts(paid.get("revenue", {})), f"{paid.get('vends', 0):,} sales"))
    code = facts.currency()
    if facts.tubes.machines and code:
        held = f"{amount(facts.tubes.minor, code)} {code}"
        rows.append(
            (
                "in coin tubes",
                held,
                f"stated by {facts.tubes.machines:,} of {sum(facts.states.values()):,} machines",
            )
        )
    return Table("Cash", rows) if rows else None


def _machines(facts: Facts) -> Table:
    rows = [("all", f"{sum(facts.states.values()):,}")]
    rows += [(name, f"{facts.states[key]:,}") for key, name in STATES.items() if facts.states.get(key)]
    return Table("Machines", rows)


def _critical(facts: Facts) -> Table:
    alerts = facts.critical()
    rows = [(_called(facts, one.machine), _since(one, facts.zone), one.title) for one in alerts[:LISTED]]
    return Table(f"Critical alerts: {len(alerts):,}", rows, note=_more(len(alerts)))


def _silent(facts: Facts) -> Table | None:
    alerts = facts.silent()
    rows = [(_called(facts, one.machine), _since(one, facts.zone)) for one in alerts[:LISTED]]
    return Table(f"Silent machines: {len(alerts):,}", rows, note=_more(len(alerts))) if alerts else None


def _sold_out(facts: Facts) -> Table:
    found = facts.sold_out()
    rows = [
        (_called(facts, machine), f"{len(selections):,}", ", ".join(selections[:LISTED]))
        for machine, selections in list(found.items())[:LISTED]
    ]
    title = f"Sold out: {_selections(facts):,} selections of {len(found):,} machines"
    return Table(title, rows, note=_more(len(found)))


def _ranking(facts: Facts, title: str, ranking: Ranking) -> Table | None:
    if not ranking.machines:
        return None
    rows = [
        (_called(facts, one.machine), f"{one.units:,}", f"{one.before:,}", amounts(one.revenue))
        for one in ranking.machines
    ]
    note = "" if ranking.whole else "Of the sites that sold most: not all were looked at."
    return Table(title, rows, ("", "units", "a week before", "revenue"), note)


def _remarks(facts: Facts) -> list[str]:
    said = []
    if facts.behind:
        said.append("Sales wait to be counted: the figures will grow.")
    if facts.unfinished:
        said.append(f"The day is not over in {', '.join(facts.unfinished)}.")
    return said


def _selections(facts: Facts) -> int:
    return sum(map(len, facts.sold_out().values()))


def _called(facts: Facts, machine: str) -> str:
    name = facts.names.get(machine, machine)
    return name if name.startswith(machine) else f"{machine} ({name})"


def _more(count: int) -> str:
    return f"and {count - LISTED:,} more" if count > LISTED else ""


def _date(day: str) -> str:
    return f"{date.fromisoformat(day):%a} {date.fromisoformat(day).day} {date.fromisoformat(day):%b %Y}"


def _since(alert: OpenAlert, zone: str) -> str:
    moment = business_day.local(alert.since, zone)
    return f"since {moment.day} {moment:%b %H:%M}"
