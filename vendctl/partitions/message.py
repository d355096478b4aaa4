"""A message as the hub delivers it: its sections, its annotations, and whether a trigger can bind it."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Literal, Self

from vendctl.partitions import dotnet
from vendctl.partitions.amqp import Malformed, Typed, after, decode, form
from vending.time import EPOCH

HEADER, DELIVERY, ANNOTATIONS, PROPERTIES, APPLICATION, DATA, SEQUENCE, VALUE, FOOTER = range(0x70, 0x79)
"""Descriptors of the sections (part 3 of the standard)."""
NUMBER, OFFSET, TIME = "x-opt-sequence-number", "x-opt-offset", "x-opt-enqueued-time"
SHOWN = 65_536
"""Bytes of a message of which the values are written out in its AMQP form; the message itself always is."""
Kind = Literal["data", "sequence", "value", "none"]


@dataclass(frozen=True, slots=True)
class Told:
    """Body, properties and system properties as a trigger hands them over; or the fault that prevents it."""

    body: bytes
    properties: dict[str, Any]
    system: dict[str, Any]
    fault: str = ""


@dataclass(frozen=True)
class Message:
    """One message. ``sections``: descriptor and encoded value, in their order."""

    raw: bytes
    sections: tuple[tuple[int, bytes], ...]

    @classmethod
    def read(cls, raw: bytes) -> Self:
        """Take it apart. Raises Malformed."""
        found, position = [], 0
        while position < len(raw):
            if raw[position] != 0:
                raise Malformed(f"no section begins at byte {position}")
            descriptor, start = decode(raw, position + 1)
            if not isinstance(descriptor.value, int):
                raise Malformed(f"a section is called {descriptor.value!r}")
            position = after(raw, start)
            found.append((descriptor.value, raw[start:position]))
        return cls(raw, tuple(found))

    @cached_property
    def annotations(self) -> Mapping[str, Typed]:
        """The service's own, and what the sender or IoT Hub added."""
        return self.entries(ANNOTATIONS)

    def entries(self, section: int) -> dict[str, Typed]:
        """A map section by its keys. Raises Malformed."""
        found: dict[str, Typed] = {}
        for code, encoded in self.sections:
            if code == section:
                typed, _ = decode(encoded)
                if typed.type != "map":
                    raise Malformed(f"section 0x{section:02x} is a {typed.type}")
                found |= {str(key.value): value for key, value in typed.value}
        return found

    @property
    def sequence(self) -> int:
        """The hub's number. Raises KeyError for a message that is no event."""
        return int(self.annotations[NUMBER].value)

    @property
    def offset(self) -> str:
        """The hub's place, a text."""
        return str(self.annotations[OFFSET].value)

    @property
    def enqueued(self) -> datetime:
        """When the hub took it."""
        return EPOCH + timedelta(milliseconds=self.annotations[TIME].value)

    @property
    def kind(self) -> Kind:
        """What the body is. ``none``: there is no section of it; so the Python SDK writes a null value."""
        kinds: dict[int, Kind] = {DATA: "data", SEQUENCE: "sequence", VALUE: "value"}
        return next((kinds[code] for code, _ in self.sections if code in kinds), "none")

    @cached_property
    def told(self) -> Told:
        """What a trigger would tell of it; nothing but the fault where that cannot be made out."""
        try:
            parts = [decode(encoded)[0] for code, encoded in self.sections if code == DATA]
            system = dotnet.listed(self._listed()) | dotnet.kept(self.annotations)
            return Told(
                b"".join(part.value for part in parts), dotnet.kept(self.entries(APPLICATION)), system
            )
        except (TypeError, ValueError, ArithmeticError) as fault:
            return Told(b"", {}, {}, str(fault) or repr(fault))

    @cached_property
    def unbindable(self) -> str:
        """Why no trigger of the platform can bind it; empty where one can.

        The extension reads data only, and the .NET client refuses properties and annotations of some types:
        either fails the whole batch before any function is called (AmqpAnnotatedMessageConverter).
        """
        if self.kind != "data":
            return "it has no body" if self.kind == "none" else f"its AMQP body is a {self.kind}, not data"
        if self.told.fault:
            return f"its properties cannot be read: {self.told.fault}"
        try:
            said = map(self._refused, (APPLICATION, ANNOTATIONS, DELIVERY, FOOTER))
            return next(filter(None, said), "")
        except Malformed as fault:
            return f"its properties cannot be read: {fault}"

    def _listed(self) -> list[Typed]:
        for code, encoded in self.sections:
            if code == PROPERTIES:
                typed, _ = decode(encoded)
                if typed.type != "list":
                    raise Malformed(f"the properties are a {typed.type}")
                return list(typed.value)
        return []

    def _refused(self, section: int) -> str:
        for name, value in self.entries(section).items():
            described = value.type == "described" and value.value[0].type != "symbol"
            if described or value.type == "map":
                return f"its property {name} is a {value.type}"
        return ""

    def form(self) -> dict[str, Any]:
        """Its AMQP form: the message byte for byte, and of a small one the body's values with their types."""
        told: dict[str, Any] = {"kind": self.kind, "fault": self.unbindable}
        bodies = [encoded for code, encoded in self.sections if code in (SEQUENCE, VALUE)]
        if len(self.raw) <= SHOWN and bodies:
            try:
                values = [form(decode(encoded)[0]) for encoded in bodies]
            except Malformed as fault:
                told["unread"] = str(fault)
            else:
                told["body"] = values if self.kind == "sequence" else values[0]
        return told | {"message64": b64encode(self.raw).decode()}
