"""``exact-change``: a coin tube runs out, so that the machine soon takes exact money only."""

from typing import Annotated

from msgspec import Meta

from vending.alerts.policy import Thresholds
from vending.alerts.rules.base import Facts
from vending.alerts.rules.evidence import Registers
from vending.alerts.rules.register_rule import RegisterRule, order_of
from vending.alerts.transitions import Finding
from vending.documents.conditions import Register


class ExactChangeThresholds(Thresholds, frozen=True):
    """Of each coin that the machine gives out; tubes of the same coin count together."""

    few_coins: Annotated[int, Meta(ge=0, le=1000)] = 5
    """Fewer open the alert."""
    enough_coins: Annotated[int, Meta(ge=0, le=1000)] = 10
    """As many of every coin close it."""


class ExactChange(RegisterRule):
    """One of a machine, however many of its tubes are low. Without tubes it gives no change ever."""

    name = "exact-change"
    family = "cash"
    closes = "evidence"
    severity = "warning"
    thresholds = ExactChangeThresholds
    title = "Coins for change run out"
    component = "`machine`"
    opens = "fewer than 5 of a coin in the tubes"
    closes_when = "10 or more of each"

    def evaluate(self, component: str, register: Register, evidence: Registers) -> Finding:
        """By the coin that is rarest in the tubes."""
        said = evidence.policy.of(self.name, ExactChangeThresholds)
        coins: dict[int, int] = {}
        for coin, count, _ in register[3]:
            coins[coin] = coins.get(coin, 0) + count
        rarest = min(coins, key=lambda coin: (coins[coin], coin), default=None)
        firing: bool | None = False
        if rarest is not None and coins[rarest] < max(said.few_coins, said.enough_coins):
            firing = True if coins[rarest] < said.few_coins else None
        return Finding(
            machine=evidence.machine,
            rule=self.name,
            component=component,
            order=order_of(evidence, register),
            firing=firing,
            at=register[2],
            detail={} if rarest is None else {"coinMinor": rarest, "coins": coins[rarest]},
        )

    def opened(self, facts: Facts) -> str:
        coins, coin = facts.detail["coins"], facts.detail["coinMinor"]
        return f"{facts.machine}: coins for change run out ({coins} left of {coin} minor units)"

    def closed(self, facts: Facts) -> str:
        return f"{facts.machine}: there are coins for change again"
