"""Bodies that no honest device sends: each with the reason for which a strict reader refuses it."""

import json
from typing import Any

from simulator.credentials import publisher
from simulator.device import LEDGER, encode
from simulator.dice import Dice

OVERSIZE = 65_536
"""A reader's bound on one event, in bytes."""


def poison(body: bytes, dice: Dice) -> tuple[bytes, str]:
    """A spoilt copy of an event, or a hostile body in its name, and the reason of its refusal."""
    spoil = dice.pick(SPOILERS)
    return spoil(body, dice)


def binary(body: bytes, dice: Dice) -> tuple[bytes, str]:
    """A message body that is no bytes: JSON of an AMQP value or of sequences, and which of the two."""
    section, content = dice.pick(
        (
            ("value", None),
            ("value", 7),
            ("value", body.decode()),
            ("value", {"event": body.decode()}),
            ("sequence", [["event", 1]]),
            ("sequence", [[body.decode()], []]),
        )
    )
    return json.dumps(content).encode(), section


def conflict(body: bytes) -> bytes:
    """The same event id with another content."""
    event = json.loads(body)
    data = event["data"]
    if "paidMinor" in data:
        data["paidMinor"] += 10
    else:
        data["note"] = "written again"
    return encode(event)


def forgery(body: bytes, dice: Dice) -> tuple[bytes, str, str]:
    """An event that a thief sends, the thief, and the publisher of its credential, of another machine.

    It speaks as the device itself, or under its own name about the device's machine.
    """
    event = json.loads(body)
    device, machine = _named(event)
    thief = f"{device}-thief"
    opened = publisher(thief, f"{machine}-thief", 9)
    return (body if dice.chance(0.5) else _with(body, source=f"/devices/{thief}")), thief, opened


def corrupt_epoch(body: bytes, dice: Dice) -> tuple[bytes, str]:
    """The event as a board with a broken memory numbers it, and the publisher of its own credential."""
    event = json.loads(body)
    issued = event["deviceepoch"]
    epoch = dice.pick((issued + 1, 2**31 - 1))
    change = {"deviceepoch": epoch, "id": f"{epoch}-{event['sequence']:012d}"}
    return _with(body, **change), publisher(*_named(event), issued)


def _named(event: dict[str, Any]) -> tuple[str, str]:
    return event["source"].removeprefix("/devices/"), event["subject"].removeprefix("machines/")


def rewritten(body: bytes) -> bytes:
    """The same content in other bytes: keys in another order, other spaces."""
    event = json.loads(body)
    return json.dumps(dict(reversed(event.items())), ensure_ascii=True, indent=1).encode()


def _cut(body: bytes, dice: Dice) -> tuple[bytes, str]:
    return body[: dice.between(1, len(body) - 2)], "not-json"


def _noise(_: bytes, dice: Dice) -> tuple[bytes, str]:
    return b"\xff\xfe" + bytes(dice.between(0, 255) for _ in range(40)), "not-json"


def _empty(_: bytes, __: Dice) -> tuple[bytes, str]:
    return b"", "not-json"


def _other_type(body: bytes, dice: Dice) -> tuple[bytes, str]:
    name = dice.pick(("vend.teleported.v1", "vend.completed.v9", "'; DROP TABLE vends; --", "__proto__"))
    return _with(body, type=f"io.vendstream.{name}"), "unknown-type"


def _oversize(body: bytes, _: Dice) -> tuple[bytes, str]:
    return _with(body, padding="x" * OVERSIZE), "oversize"


def _field(body: bytes, dice: Dice) -> tuple[bytes, str]:
    change: dict[str, Any] = dice.pick(
        (
            {"specversion": "0.3"},
            {"sequence": -1},
            {"sequence": 2**70},
            {"deviceepoch": "one"},
            {"subject": "machines/../../etc/passwd"},
            {"source": "/devices/<script>alert(1)</script>"},
            {"id": "0-000000000000"},
            {"time": "yesterday"},
            {"clocksync": "sundial"},
            {"data": None},
            {"data": [[[]]]},
        )
    )
    return _with(body, **change), "wrong-schema"


def _amount(body: bytes, dice: Dice) -> tuple[bytes, str]:
    event = json.loads(body)
    if event["type"] != "io.vendstream.vend.completed.v1":
        return _with(body, data={}, ledgersequence=None), "wrong-schema"
    event["data"] |= dice.pick(
        (
            {"paidMinor": -100},
            {"paidMinor": 1.5},
            {"quantity": 10**9},
            {"currency": "euros"},
            {"selection": "A1'; --"},
            {"priceMinor": "220"},
        )
    )
    return encode(event), "wrong-schema"


def _numbering(body: bytes, _: Dice) -> tuple[bytes, str]:
    event = json.loads(body)
    name = event["type"].removeprefix("io.vendstream.").removesuffix(".v1")
    if name in LEDGER:
        del event["ledgersequence"]
    else:
        event["ledgersequence"] = 1
    return encode(event), "wrong-schema"


def _deep(body: bytes, _: Dice) -> tuple[bytes, str]:
    at = body.index(b'"data":')
    return body[:at] + b'"data":' + b"[" * 20_000 + b"]" * 20_000 + b"}", "wrong-schema"


def _with(body: bytes, **change: Any) -> bytes:
    return encode(json.loads(body) | change)


SPOILERS = (_cut, _noise, _empty, _other_type, _oversize, _field, _amount, _numbering, _deep)
