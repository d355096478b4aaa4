"""The two readings of a file agree before anything is sent, and the ledger with the second one afterwards."""

from collections.abc import Iterable

from vendctl.replay.errors import ReplayError
from vendctl.replay.reconcile import Key, Sold, Sum, Totals, compare, file_sold
from vendctl.replay.sales import SalesFile
from vendctl.replay.second_reading import text_sums

ALL_DAYS = "all days"


def text_totals(file: SalesFile) -> Totals:
    """The second reading's sums of each machine and currency. Raises :class:`ReplayError` where the first one
    has others: one of the two is wrong then, and nothing may be sent.
    """
    try:
        sums = text_sums(file.path, file.mapping)
    except (ValueError, KeyError) as fault:
        raise ReplayError(f"{file.path} was read once, but not a second time: {fault!r}") from fault
    machines = {sale.name: sale.machine for sale in file.sales}
    found: Totals = {}
    for (name, currency), (paid, units) in sums.items():
        key = Key(machines.get(name, name), ALL_DAYS, currency)
        found[key] = found.get(key, Sum()) + Sum(paid, units)
    differing = compare("first reading", found, all_days(file_sold(file.sales)))
    if differing:
        told = "\n  ".join(str(one).replace("the file has", "its text has") for one in differing[:10])
        raise ReplayError(
            f"{file.path} was read twice, with different sums; nothing was sent. This is a fault of the "
            f"replay, please report it with the file's header and a row:\n  {told}"
        )
    return found


def all_days(sold: Iterable[Sold]) -> Totals:
    """Sums of each machine and currency over all days."""
    result: Totals = {}
    for one in sold:
        key = Key(one.machine, ALL_DAYS, one.currency)
        result[key] = result.get(key, Sum()) + one.sum
    return result
