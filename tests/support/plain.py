"""Views whose answers are as their JSON reads: maps and lists, by the names that clients see."""

import inspect
from collections.abc import Awaitable
from types import ModuleType
from typing import Any

from msgspec import to_builtins

from vending.views import alerts as _alerts
from vending.views import condition_view as _condition_view
from vending.views import fleet as _fleet
from vending.views import health as _health
from vending.views import machines as _machines
from vending.views import photos as _photos
from vending.views import stock_view as _stock_view


class Plain:
    """A module of views."""

    def __init__(self, views: ModuleType) -> None:
        self._views = views

    def __getattr__(self, name: str) -> Any:
        view = getattr(self._views, name)

        def plain(*arguments: Any, **named: Any) -> Any:
            found = view(*arguments, **named)
            return _awaited(found) if inspect.isawaitable(found) else _plain(found)

        return plain if inspect.isfunction(view) else view


async def _awaited(found: Awaitable[Any]) -> Any:
    return _plain(await found)


def _plain(found: Any) -> Any:
    return found if isinstance(found, bytes | tuple) else to_builtins(found)


alerts, fleet, machines, photos = Plain(_alerts), Plain(_fleet), Plain(_machines), Plain(_photos)
condition_view, stock_view, health = Plain(_condition_view), Plain(_stock_view), Plain(_health)
