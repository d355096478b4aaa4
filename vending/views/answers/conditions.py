"""How a machine is, as an answer. Each register that is shown is a field, which its event type describes."""

import re
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, defstruct, structs

from vending.answer import Answer, Celsius, Instant
from vending.events.base import Reading, Register
from vending.events.event_types import EVENT_TYPES, REGISTERS

State = Literal["online", "silent", "imported", "never"]
"""Imported: only somebody's imports are known of it, which say nothing about whether it lives. Never: no
event of it has come."""
ATTRIBUTES = {name: re.sub(r"\W", "_", name) for name, register in REGISTERS.items() if register.shown}
"""Register → the attribute that holds it."""


WarmFor = Annotated[
    int,
    Meta(ge=0, description="Seconds that a zone is too warm: from its newest good reading to this one."),
]


class Temperature(Answer, frozen=True):
    """The newest reading of a zone."""

    zone: str
    celsius: Celsius
    at: Instant
    warm_for_s: WarmFor | UnsetType = UNSET


class Fault(Answer, frozen=True):
    """A fault that is active."""

    component: str
    code: str
    at: Instant


class Condition(Answer, frozen=True, kw_only=True):
    """All that is known of a machine's condition; what was never reported is left out."""

    state: State
    last_seen: Instant | UnsetType = UNSET
    clock: Annotated[str, Meta(description="How the device's clock was set.")] | UnsetType = UNSET
    temperatures: list[Temperature]
    faults: list[Fault]


def _register(register: Register) -> type[Struct]:
    """The answer of a register: when, and its values by their names. The first is always there."""
    first, *others = register.shown
    fields: list[Any] = [("at", Instant), (first, _type(register, first))]
    fields += [(name, _type(register, name) | UnsetType, UNSET) for name in others]
    title = "".join(word.title() for word in re.split(r"\W", register.name))
    return defstruct(f"{title}Reading", fields, bases=(Answer,), module=__name__, frozen=True, rename=None)


def _type(register: Register, name: str) -> Any:
    """As the reading that writes the register has it on the wire; anything where it has no such field."""
    writers = (x for x in EVENT_TYPES.values() if issubclass(x, Reading) and register in x.writes)
    return {field.encode_name: field.type for x in writers for field in structs.fields(x)}.get(name, Any)


READINGS = {name: _register(register) for name, register in REGISTERS.items() if register.shown}
"""Register → its answer."""
MachineCondition: Any = defstruct(
    "MachineCondition",
    [(ATTRIBUTES[name], reading | UnsetType, UNSET) for name, reading in READINGS.items()],
    bases=(Condition,),
    module=__name__,
    namespace={"__doc__": Condition.__doc__},
    frozen=True,
    kw_only=True,
    rename={attribute: name for name, attribute in ATTRIBUTES.items()},
)
"""A condition with its readings; made here, because a new event type brings its own registers."""
