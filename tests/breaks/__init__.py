"""Breaks: each takes one clause of a promise out of the code while its test runs, and the test must notice.

A promise whose test passes with the promise broken is not tested. A break is a function that replaces
functions of the app by ones that do wrong; it survives their being moved, and fails loudly where what it
replaces is gone. ``python -m tests.breaks [PROMISE]`` tries them all.
"""

import pkgutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import pytest

APP = ("vending", "vendctl", "blueprints", "function_app")


class Swap:
    """Replaces objects of the app, wherever they are named."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch

    def __call__(self, original: Any, wrong: Any) -> None:
        """A function or constant, in each module that has imported it so far."""
        modules = [module for name, module in list(sys.modules.items()) if name.split(".")[0] in APP]
        named = [
            (module, name)
            for module in modules
            for name, held in list(vars(module).items())
            if held is original
        ]
        if not named:
            raise LookupError(f"{original!r} is named in no module of the app")
        for module, name in named:
            self._patch.setattr(module, name, wrong)

    def method(self, owner: type, name: str, wrong: Any) -> None:
        """A method of a class."""
        self._patch.setattr(owner, name, wrong)


@dataclass(frozen=True)
class Break:
    """One of them. ``test``: the node id of the test that must fail."""

    promise: str
    test: str
    apply: Callable[[Swap], None]

    @property
    def name(self) -> str:
        """What is broken."""
        return self.apply.__name__


BREAKS: dict[str, Break] = {}


def breaks(promise: str, test: str) -> Callable[[Callable[[Swap], None]], Callable[[Swap], None]]:
    """Register a break of a promise of docs/architecture.md."""

    def register(apply: Callable[[Swap], None]) -> Callable[[Swap], None]:
        BREAKS[apply.__name__] = Break(promise, test, apply)
        return apply

    return register


def load() -> dict[str, Break]:
    """All of them, by name: each module of this package registers its own."""
    for module in pkgutil.iter_modules(__path__):
        if module.name != "__main__":
            import_module(f"{__name__}.{module.name}")
    return BREAKS
