"""What an operator may write into the catalog: the shapes of a file, and what is wrong in one.

A file is ``{"sites": [...], "machines": [...], "products": [...], "planograms": [...],
"recipients": [...], "policies": [...]}``, no part is needed.
Entries add to the catalog or change it; what a file does not mention stays. ``since`` dates a move or a
planogram: a local day ``YYYY-MM-DD``, for planograms also ``YYYY-MM-DDTHH:MM``; ``"always"`` replaces the
whole history (a correction), and nothing is needed for a machine's first one.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType, field

from vending import business_day
from vending.errors import Rejected
from vending.events import envelope
from vending.events.fields import END, Code, Currency, Level, Minor, Selection
from vending.notifications.addresses import is_address
from vending.writes.entry import Entry, Identifier, Name
from vending.writes.policy_entries import PolicyEntry, check_policy

ALWAYS = "always"
Route = Annotated[str, Meta(pattern=rf"^({envelope.Identifier})?{END}")]
"""An identifier, or ``""`` to take a site off its route."""
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9]"
Day = Annotated[str, Meta(pattern=rf"^(always|{_DAY}){END}")]
Moment = Annotated[str, Meta(pattern=rf"^(always|{_DAY}(T[0-9]{{2}}:[0-9]{{2}})?){END}")]
Hours = Annotated[str, Meta(pattern=rf"^{_CLOCK}-({_CLOCK}|24:00){END}")]
Spans = Annotated[list[Hours], Meta(max_length=8)]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
Limits = Annotated[list[Identifier], Meta(max_length=1_000)]
"""Sites or routes; an empty list is no limit."""
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class SiteEntry(Entry, frozen=True):
    """A site. Opening hours are local, ``{"mon": ["06:00-22:00"], ...}``; a weekday left out is closed.
    Coordinates are degrees (WGS 84), both or neither."""

    id: Identifier
    time_zone: Name
    name: Name | UnsetType = UNSET
    route: Route | UnsetType = UNSET
    opening_hours: dict[Weekday, Spans] | UnsetType = UNSET
    latitude: Latitude | UnsetType = UNSET
    longitude: Longitude | UnsetType = UNSET


class MachineEntry(Entry, frozen=True):
    """A machine and where it stands (from a day on), and whose word its sales are (from a moment on)."""

    id: Identifier
    site: Identifier
    name: Name | UnsetType = UNSET
    device: Identifier | UnsetType = UNSET
    since: Day | UnsetType = UNSET
    sales: Literal["device", "audit"] | UnsetType = UNSET
    sales_since: Moment | UnsetType = UNSET


class ProductEntry(Entry, frozen=True):
    """A product. The tax rate is in basis points: 1900 is 19 %."""

    sku: Code
    name: Name | UnsetType = UNSET
    category: Name | UnsetType = UNSET
    cost_minor: Minor | UnsetType = UNSET
    currency: Currency | UnsetType = UNSET
    tax_basis_points: Annotated[int, Meta(ge=0, le=10_000)] | UnsetType = UNSET
    case_size: Annotated[int, Meta(ge=1, le=1_000)] | UnsetType = UNSET


class SlotEntry(Entry, frozen=True):
    """What one selection holds. ``par`` is the level that a visit fills up to."""

    sku: Code
    capacity: Level | UnsetType = UNSET
    par: Level | UnsetType = UNSET
    price_minor: Minor | UnsetType = UNSET
    currency: Currency | UnsetType = UNSET


class PlanogramEntry(Entry, frozen=True):
    """What a machine's selections hold (from a local moment on)."""

    machine: Identifier
    slots: Annotated[dict[Selection, SlotEntry], Meta(min_length=1, max_length=120)]
    since: Moment | UnsetType = UNSET


class RecipientEntry(Entry, frozen=True):
    """Who gets mails about alerts. Hours are those of the site; ``22:00-06:00`` goes on into the next day."""

    id: Identifier
    address: str
    name: Name | UnsetType = UNSET
    severity: Literal["critical", "warning", "info", "none"] | UnsetType = UNSET
    sites: Limits | UnsetType = UNSET
    routes: Limits | UnsetType = UNSET
    hours: dict[Weekday, Spans] | UnsetType = UNSET
    critical_always: bool | UnsetType = UNSET
    daily_report: bool | UnsetType = UNSET


Checked = SiteEntry | MachineEntry | ProductEntry | PlanogramEntry | RecipientEntry | PolicyEntry


class CatalogFile(Entry, frozen=True):
    """A whole file."""

    sites: list[SiteEntry] = field(default_factory=list)
    machines: list[MachineEntry] = field(default_factory=list)
    products: list[ProductEntry] = field(default_factory=list)
    planograms: list[PlanogramEntry] = field(default_factory=list)
    recipients: list[RecipientEntry] = field(default_factory=list)
    policies: list[PolicyEntry] = field(default_factory=list)

    def entries(self) -> list[tuple[str, str, Entry]]:
        """(kind, id, entry) of everything; Rejected, with the place, for a wrong zone, date or repetition."""
        found: list[tuple[str, str, Entry]] = [("site", x.id, x) for x in self.sites]
        found += [("machine", x.id, x) for x in self.machines]
        found += [("product", x.sku, x) for x in self.products]
        found += [("planogram", x.machine, x) for x in self.planograms]
        found += [("recipient", x.id, x) for x in self.recipients]
        found += [("policy", x.id, x) for x in self.policies]
        _check(self)
        return found


def _check(file: CatalogFile) -> None:
    seen: set[tuple[str, str, str]] = set()
    for kind in ("sites", "products", "machines", "planograms", "recipients", "policies"):
        entries: list[Checked] = getattr(file, kind)
        for number, entry in enumerate(entries):
            place = f"$.{kind}[{number}]"
            try:
                _check_entry(kind, entry, seen)
            except ValueError as fault:
                raise Rejected("wrong-catalog", f"{fault} - at `{place}`") from fault
            if isinstance(entry, PolicyEntry):
                check_policy(entry, place)


def _check_entry(kind: str, entry: Checked, seen: set[tuple[str, str, str]]) -> None:
    """Raises ValueError, also for an entry that ``seen`` holds; else it holds it then."""
    since = entry.since if isinstance(entry, MachineEntry | PlanogramEntry) else UNSET
    row = kind, _owner(entry), str(since)
    if row in seen:
        raise ValueError(f"{row[1]} stands in the file twice; keep one of the two")
    seen.add(row)
    if isinstance(entry, SiteEntry):
        _check_site(entry)
    if isinstance(entry, RecipientEntry) and not is_address(entry.address):
        raise ValueError(f"address of {entry.id} is none: write name@host")
    dates = [since, entry.sales_since if isinstance(entry, MachineEntry) else UNSET]
    for date in dates:
        if isinstance(date, str) and date != ALWAYS:
            business_day.checked(date)
    if isinstance(entry, MachineEntry) and entry.sales is UNSET and entry.sales_since is not UNSET:
        raise ValueError(f"salesSince of {entry.id} says since when, and no sales whose")


def _check_site(site: SiteEntry) -> None:
    """Raises ValueError for a zone that means something else on another computer, for half a place, and for
    odd hours."""
    business_day.named(site.time_zone)
    if (site.latitude is UNSET) != (site.longitude is UNSET):
        raise ValueError(f"{site.id} has one of latitude and longitude; give both or neither")
    hours = {} if isinstance(site.opening_hours, UnsetType) else site.opening_hours
    for weekday, spans in hours.items():
        ends = [clock for span in sorted(spans) for clock in span.split("-")]
        if ends != sorted(set(ends)):
            raise ValueError(
                f"openingHours {weekday} of {site.id} overlap, touch or end before they begin: hours past "
                "midnight end at 24:00 and go on at 00:00 of the next weekday"
            )


def _owner(entry: Checked) -> str:
    match entry:
        case ProductEntry():
            return entry.sku
        case PlanogramEntry():
            return entry.machine
    return entry.id
