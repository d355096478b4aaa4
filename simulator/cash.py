"""The coin mechanism, the bill validator and the cash box of a machine."""

from typing import Any

from simulator.dice import Dice

COINS = {"EUR": (10, 20, 50, 100, 200), "GBP": (10, 20, 50, 100, 200), "USD": (5, 10, 25, 100)}
BILLS = {"EUR": (500, 1000), "GBP": (500, 1000), "USD": (100, 500)}
TUBE = 80
"""Coins that a tube holds; further ones fall into the box."""
FLOAT = 30
"""Coins that a visit leaves in a tube at the least, so that change can be given."""


class Cash:
    """Tubes (coin → count), coins in the box and bills, in minor units of one currency."""

    def __init__(
        self, currency: str, tubes: dict[int, int], box: int = 0, bills: int = 0, notes: int = 0
    ) -> None:
        self.currency = currency
        self.tubes = tubes
        self.box = box
        self.bills = bills
        self.notes = notes

    @classmethod
    def filled(cls, currency: str, dice: Dice) -> "Cash":
        """As a visit leaves it."""
        return cls(currency, {coin: dice.between(20, 50) for coin in COINS[currency]})

    @property
    def held(self) -> int:
        """Everything in the machine, in minor units."""
        return self.box + self.bills + sum(coin * count for coin, count in self.tubes.items())

    def pay(self, amount: int, dice: Dice) -> bool:
        """Take the amount in coins or a bill; False, and nothing changed, when change cannot be given."""
        bill = next((x for x in BILLS[self.currency] if x >= amount), None)
        if bill is None or dice.chance(0.6):
            self._coins(amount)
            return True
        change = self._change(bill - amount)
        if change is None:
            return False
        for coin, count in change.items():
            self.tubes[coin] -= count
        self.bills += bill
        self.notes += 1
        return True

    def collect(self) -> tuple[int, int]:
        """Empty box and bills: what was in them."""
        found = (self.box, self.bills)
        self.box = self.bills = self.notes = 0
        return found

    def top_up(self) -> int:
        """Fill the tubes that run low: how much was put in."""
        before = self.held
        self.tubes = {coin: max(count, FLOAT) for coin, count in self.tubes.items()}
        return self.held - before

    def level(self) -> dict[str, Any]:
        """The data of a ``cash.level`` event."""
        tubes = [
            {"coinMinor": coin, "count": count, "full": count >= TUBE} for coin, count in self.tubes.items()
        ]
        return {"tubes": tubes, "billCount": self.notes, "boxMinor": self.box}

    def dump(self) -> list[Any]:
        """For a state file; the arguments of the constructor."""
        return [self.currency, list(self.tubes.items()), self.box, self.bills, self.notes]

    @classmethod
    def load(cls, raw: list[Any]) -> "Cash":
        """The inverse of :meth:`dump`."""
        currency, tubes, *rest = raw
        return cls(currency, {int(coin): count for coin, count in tubes}, *rest)

    def _coins(self, amount: int) -> None:
        for coin in reversed(COINS[self.currency]):
            count, amount = divmod(amount, coin)
            kept = min(count, TUBE - self.tubes[coin])
            self.tubes[coin] += kept
            self.box += (count - kept) * coin
        self.box += amount

    def _change(self, amount: int) -> dict[int, int] | None:
        given: dict[int, int] = {}
        for coin in reversed(COINS[self.currency]):
            given[coin] = min(amount // coin, self.tubes[coin])
            amount -= given[coin] * coin
        return given if amount == 0 else None
