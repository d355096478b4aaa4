"""Audits of a machine that does not exist, written by the grammar."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples" / "dex"
MONDAY = (EXAMPLES / "monday.dex").read_bytes()


def reflected_crc(data: bytes) -> int:
    """CRC-16/ARC bit by bit, written from its parameters: an oracle for the table-driven one."""
    crc = 0
    for byte in data:
        for bit in range(8):
            mixed = (crc ^ (byte >> bit)) & 1
            crc = (crc >> 1) ^ (0xA001 if mixed else 0)
    return crc


def framed(segments: Iterable[str], end: str = "\r\n") -> bytes:
    """A whole report around these segments, its checksum and count right."""
    lines = ["ST*001*0001", *segments]
    checksum = reflected_crc("".join(f"{line}\r\n" for line in lines).encode())
    whole = [
        "DXS*VST0000123*VA*V0/6*1",
        *lines,
        f"G85*{checksum:04X}",
        f"SE*{len(lines) + 2}*0001",
        "DXE*1*1",
    ]
    return "".join(f"{line}{end}" for line in whole).encode()


def whole(*segments: str) -> bytes:
    """A report that says 3.00 of three vends; its other segments begin in line 4."""
    return framed(["VA1*300*3*0*0", *segments])


@dataclass(frozen=True)
class Meters:
    """What a machine's counters stand at: (value, count) pairs."""

    read: int = 1
    at: str = "20261123*080500"
    paid: tuple[int, int] = (0, 0)
    cash: tuple[int, int] = (0, 0)
    cashless: tuple[int, int] = (0, 0)
    selections: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    more: Sequence[str] = ()
    serial: str = "VST20260017"

    def written(self) -> bytes:
        """As an audit."""
        lines = [f"ID1*{self.serial}*SNACK 40*0107", "ID4*2*1978*EUR", f"EA3**{self.at}******{self.read}"]
        for name, (value, count) in (("VA1", self.paid), ("CA2", self.cash), ("DA2", self.cashless)):
            lines.append(f"{name}*{value}*{count}*0*0")
        for name, (value, count) in self.selections.items():
            lines += [f"PA1*{name}*100", f"PA2*{count}*{value}*0*0"]
        return framed([*lines, *self.more])
