"""Batches as the .NET client sends them: HybridRow rows in a RecordIO stream, both little endian.

A row is a version byte, the id of its schema, a bit for each fixed and variable column that has a value, the
fixed columns, the variable ones (length, bytes) and sparse ones (type, path, value). A stream is a segment
row, and for each record a row with its length and CRC before it. Only the schemas of a batch are known here.
Sources: microsoft/HybridRow (``RowBuffer``, ``LayoutCode``, ``RecordIOFormatter``), and of
azure-cosmos-dotnet-v3 ``HybridRowBatchSchemas.json``.
"""

import struct
import zlib
from dataclasses import dataclass
from typing import Any, Final

import orjson

from devstack.cosmos.errors import Refusal, bad_request, unsupported

VERSION: Final = 0x81
SEGMENT, RECORD, OPERATION, RESULT = 0x7FFFD8F0, 0x7FFFD8F1, 0x7FE15470, 0x7FE15471
HEAD: Final = struct.Struct("<BI")  # version, schema
SEGMENT_LENGTH: Final = 10
KINDS: Final = {0: "Create", 1: "Patch", 2: "Read", 4: "Delete", 5: "Replace", 20: "Upsert"}
DOCUMENT: Final = 2
VARIABLE: Final = ("partitionKey", "effectivePartitionKey", "id", "binaryId", "resourceBody")
SPARSE: Final = {
    8: "indexingDirective", 9: "ifMatch", 10: "ifNoneMatch", 11: "timeToLiveInSeconds",
    12: "minimalReturnPreference",
}  # fmt: skip
SERVED: Final = {"partitionKey", "id", "resourceBody", "ifMatch", "ifNoneMatch", "minimalReturnPreference"}
FALSE, TRUE, INT32, UINT32, FLOAT64, UTF8 = 2, 3, 7, 11, 16, 20
REQUEST_CHARGE: Final = 6  # the place of the column among those of a result


def is_hybrid_row(body: bytes) -> bool:
    """Whether a batch's body is in this form and not in JSON."""
    return body[:1] == bytes([VERSION])


def read_operations(body: bytes) -> list[dict[str, Any]]:
    """The operations, each as the JSON form of a batch has it; 400 for what is malformed or not served."""
    stream = _Reader(body)
    try:
        stream.row(SEGMENT)
        stream.at = SEGMENT_LENGTH
        found: list[dict[str, Any]] = []
        while stream.at < len(body):
            stream.row(RECORD)
            length, crc = struct.unpack("<II", stream.take(8))
            record = stream.take(length)
            if zlib.crc32(record) != crc:
                raise _malformed(f"the checksum of operation {len(found)} is wrong")
            found.append(_operation(_Reader(record)))
    except (struct.error, UnicodeDecodeError) as error:
        raise _malformed(str(error)) from None
    return found


@dataclass
class _Reader:
    """Bytes and a place in them."""

    body: bytes
    at: int = 0

    def take(self, count: int) -> bytes:
        """The next bytes; 400 when there are not so many."""
        found = self.body[self.at : self.at + count]
        if len(found) < count:
            raise _malformed(f"it ends after {len(self.body)} bytes")
        self.at += count
        return found

    def row(self, schema: int) -> None:
        """The head of a row of this schema."""
        version, found = HEAD.unpack(self.take(HEAD.size))
        if (version, found) != (VERSION, schema):
            raise _malformed(f"a row of version {version:#x} and schema {found}, where {schema} belongs")

    def varint(self) -> int:
        """A whole number, seven bits a byte, the lowest first."""
        value = shift = 0
        while True:
            (byte,) = self.take(1)
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def counted(self) -> bytes:
        """Bytes behind their length."""
        return self.take(self.varint())


def _operation(row: _Reader) -> dict[str, Any]:
    row.row(OPERATION)
    (present,) = row.take(1)
    kind, resource = struct.unpack("<ii", row.take(8))
    if kind not in KINDS or resource != DOCUMENT:
        raise unsupported(f"The operation {kind} on resources of type {resource} in a HybridRow batch")
    values: dict[str, Any] = {
        name: row.counted() for bit, name in enumerate(VARIABLE, start=2) if present & 1 << bit
    }
    while row.at < len(row.body):
        name, value = _sparse(row)
        values[name] = value
    if unserved := values.keys() - SERVED:
        raise unsupported(f"{', '.join(sorted(unserved))} in a HybridRow batch")
    if "resourceBody" in values:
        values["resourceBody"] = _json(values["resourceBody"])
    decoded = {name: value.decode() if isinstance(value, bytes) else value for name, value in values.items()}
    return {"operationType": KINDS[kind], **decoded}


def _sparse(row: _Reader) -> tuple[str, Any]:
    (code,) = row.take(1)
    path = row.varint()
    if path not in SPARSE:
        raise _malformed(f"a sparse column with the path {path}")
    name = SPARSE[path]
    if code in (FALSE, TRUE):
        return name, code == TRUE
    if code == UTF8:
        return name, row.counted()
    if code == INT32:
        return name, struct.unpack("<i", row.take(4))[0]
    raise _malformed(f"the column {name} with the type {code}")


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _malformed(f"a resourceBody is no JSON: {error}") from None


def _malformed(what: str) -> Refusal:
    return bad_request(f"The HybridRow batch is malformed: {what}.")


def write_results(results: list[tuple[int, int, str, bytes, float]]) -> bytes:
    """The stream of (status, substatus, ETag, body, charge) of each operation; '' and b'' for none."""
    parts = [HEAD.pack(VERSION, SEGMENT), b"\x01", struct.pack("<i", SEGMENT_LENGTH)]
    for one in results:
        record = _result(*one)
        parts += [HEAD.pack(VERSION, RECORD), struct.pack("<II", len(record), zlib.crc32(record)), record]
    return b"".join(parts)


def _result(status: int, substatus: int, etag: str, body: bytes, charge: float) -> bytes:
    present = 0b11 | bool(etag) << 2 | bool(body) << 3
    fixed = HEAD.pack(VERSION, RESULT) + struct.pack("<Bii", present, status, substatus)
    variable = b"".join(_varint(len(one)) + one for one in (etag.encode(), body) if one)
    return fixed + variable + struct.pack("<BBd", FLOAT64, REQUEST_CHARGE, charge)


def _varint(value: int) -> bytes:
    found = bytearray()
    while value >= 0x80:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)
