"""Two names of a file that would become one thing, and more of something than a machine takes.

Nothing is merged because it looks alike: whoever knows that two names mean one thing says so in the mapping.
"""

from collections.abc import Callable, Sequence

from vendctl.replay.faults import Fault
from vendctl.replay.sale import Sale
from vending.state.stock import MAX_CURRENCIES, MAX_SLOTS

Names = dict[str, dict[str, str]]


def contradictions(sales: Sequence[Sale], given: Names) -> list[Fault]:
    """A fault for each further name of a machine, product or slot, and for each machine that has too many.

    ``given``: per table of the mapping the names that it has an answer for; two of them may be the same.
    """
    return [
        *_merged(sales, "machines", given, lambda sale: (sale.machine, sale.machine, sale.name)),
        *_merged(sales, "products", given, lambda sale: (sale.product, sale.product, sale.product_name)),
        *_merged(
            sales,
            "products" if any(sale.selection_name is None for sale in sales) else "selections",
            given,
            lambda sale: (
                (sale.machine, sale.selection),
                sale.selection,
                sale.selection_name if sale.selection_name is not None else sale.product_name,
            ),
        ),
        *_too_many(sales, "selections", MAX_SLOTS, lambda sale: sale.selection),
        *_too_many(sales, "currencies", MAX_CURRENCIES, lambda sale: sale.currency),
    ]


def _merged(
    sales: Sequence[Sale],
    table: str,
    given: Names,
    names: Callable[[Sale], tuple[object, str | None, str | None]],
) -> list[Fault]:
    known: dict[object, str] = {}
    faults: dict[tuple[object, str], Fault] = {}
    for sale in sales:
        thing, said, name = names(sale)
        if said is None or name is None:
            continue
        first = known.setdefault(thing, name)
        stated = given.get(table, {})
        if first != name and not (first in stated and name in stated):
            text = (
                f"{table} {first!r} and {name!r} would both be {said!r}: say under [{table}] in the mapping "
                f'what each is, as in {name!r} = "{said[:12]}-2", or the same for both'
            )
            faults.setdefault((thing, name), Fault(sale.line, text, f"{table} that look alike"))
    return list(faults.values())


def _too_many(sales: Sequence[Sale], what: str, most: int, of: Callable[[Sale], str]) -> list[Fault]:
    held: dict[str, set[str]] = {}
    lines: dict[str, int] = {}
    for sale in sales:
        held.setdefault(sale.machine, set()).add(of(sale))
        lines[sale.machine] = sale.line
    return [
        Fault(
            lines[name], f"{name} has {len(all_)} {what}, a machine holds {most} at most", f"too many {what}"
        )
        for name, all_ in held.items()
        if len(all_) > most
    ]
