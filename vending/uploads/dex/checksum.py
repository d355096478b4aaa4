"""G85: CRC-16/ARC (polynomial 0x8005 reflected, start 0) over an audit's lines, taken as they come."""

from vending.uploads.dex.audit import Checksum

_POLYNOMIAL = 0xA001


def _row(byte: int) -> int:
    for _ in range(8):
        byte = (byte >> 1) ^ (_POLYNOMIAL if byte & 1 else 0)
    return byte


_TABLE = tuple(map(_row, range(256)))


def crc16(data: bytes, start: int = 0) -> int:
    """CRC-16/ARC of the bytes, going on from another's."""
    crc = start
    for byte in data:
        crc = (crc >> 8) ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc


class Running:
    """The checksum of the lines so far, whatever their line ends: the standard takes them as CRLF."""

    def __init__(self) -> None:
        self._open = self._closed = 0

    def take(self, line: bytes) -> None:
        """One line without its end; trailing blanks count."""
        self._open = crc16(line, self._closed)
        self._closed = crc16(b"\r\n", self._open)

    def judge(self, sent: str) -> Checksum:
        """The verdict on what G85 says: up to four hexadecimal digits, in any case."""
        computed = self._closed
        said = _number(sent)
        swapped = (computed & 0xFF) << 8 | computed >> 8
        text = f"{computed:04X}"
        if said == computed:
            return Checksum("right", sent, text, "standard")
        if said == swapped:
            return Checksum("right", sent, text, "swapped")
        if said == self._open:
            return Checksum("right", sent, f"{self._open:04X}", "open-end")
        return Checksum("wrong", sent, text)


def _number(sent: str) -> int | None:
    """The digits as a number; None for anything else (``int`` would take signs, blanks and underscores)."""
    hexadecimal = 0 < len(sent) <= 4 and all(digit in "0123456789abcdefABCDEF" for digit in sent)
    return int(sent, 16) if hexadecimal else None
