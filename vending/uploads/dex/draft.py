"""An audit while it is read: what its segments said so far."""

from msgspec.structs import replace

from vending.uploads.dex.audit import (
    Audit,
    Cash,
    CashFlow,
    DeviceSales,
    Event,
    EventCount,
    Identity,
    Meter,
    Money,
    Reading,
    Selection,
    Tube,
    Vends,
)

Numbers = dict[str, int | None]
PAYMENTS = {"CA2": "cash", "DA2": "cashless1", "DB2": "cashless2"}
DEVICES = {"CA1": "coins", "BA1": "bills", "DA1": "cashless1", "DB1": "cashless2"}


class Draft:
    """Each attribute is filled by the reader of a segment (:mod:`vending.uploads.dex.readers`)."""

    def __init__(self) -> None:
        self.communication = self.version = ""
        self.identities: dict[str, Identity] = {}
        self.meters: dict[str, Meter] = {}
        self.cumulative: Numbers = {}
        self.interval: Numbers = {}
        self.money = Money()
        self.clock: str | None = None
        self.reading = Reading()
        self.outages = EventCount("EA7")
        self.tube_value: int | None = None
        self.tubes: list[Tube] = []
        self.events: list[Event] = []
        self.event_counts: list[EventCount] = []
        self.selection: str | None = None
        """The PA1 that the next PA2 to PA5 belong to."""
        self.selections: dict[str, Selection] = {}
        self.product_meters: dict[str, dict[str, Meter]] = {}
        """Selection → PA2, PA3, PA4."""
        self.sold_out: dict[str, tuple[str | None, int | None]] = {}
        self.sales: dict[str, dict[tuple[str, str], DeviceSales]] = {}

    def audit(self) -> Audit:
        """What was said, as far as segments said it; checksum, tolerances and what is unread come to it."""
        nothing, meter = Identity(), Meter()
        identity, total = self.identities.get, self.meters.get
        return Audit(
            communication=self.communication,
            version=self.version,
            machine=identity("ID1", nothing),
            board=identity("CB1", nothing),
            devices={
                kind: self.identities[name] for name, kind in DEVICES.items() if name in self.identities
            },
            money=self.money,
            clock=self.clock,
            reading=self.reading,
            vends=Vends(total("VA1", meter), total("VA2", meter), total("VA3", meter)),
            payments={kind: self.meters[name] for name, kind in PAYMENTS.items() if name in self.meters},
            cash=Cash(CashFlow(**self.cumulative), CashFlow(**self.interval)),
            tube_value=self.tube_value,
            tubes=tuple(self.tubes),
            selections={name: self._whole(name) for name in self.selections},
            events=tuple(self.events),
            event_counts=tuple(self.event_counts),
            outages=self.outages,
        )

    def _whole(self, name: str) -> Selection:
        meters, nothing = self.product_meters.get(name, {}), Meter()
        at, presses = self.sold_out.get(name, (None, None))
        return replace(
            self.selections[name],
            sold_out_at=at,
            sold_out_presses=presses,
            paid=meters.get("PA2", nothing),
            test=meters.get("PA3", nothing),
            free=meters.get("PA4", nothing),
            sales=tuple(self.sales.get(name, {}).values()),
        )
