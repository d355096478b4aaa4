"""Parquet, written row group by row group so that memory stays bounded whatever the hour's size.

A row group is sorted by machine and hub order, and holds :data:`GROUP_ROWS` rows or
:data:`GROUP_BYTES` of bodies and properties: a file of no more is sorted as a whole. Rows become Arrow memory
every :data:`SLICE` rows or :data:`SLICE_BYTES`. At its peak a writer holds one row group twice (as it came,
and sorted), its encoded form, and what was not fetched yet: some 300 MB for groups of 64 MiB, however many
groups follow.
"""

import io
from collections.abc import Sequence
from typing import Any

from vending.archive.columns import COLUMNS, Kind, Row

GROUP_ROWS = 131_072
GROUP_BYTES = 64 * 1024 * 1024
SLICE, SLICE_BYTES = 8_192, 8 * 1024 * 1024
COMPRESSION_LEVEL = 9
SORTED_BY = ("machine", "partition", "sequence")
BULKY = ("body", "properties", "system", "amqp")
"""Columns that the sender decides the size of."""
REPEATING: tuple[Kind, ...] = ("word", "int32", "double")
RISING: tuple[Kind, ...] = ("int64", "time")


def version() -> str:
    """What decides the bytes of a file besides the events."""
    pa, _ = _arrow()
    groups = f"groups of {GROUP_ROWS} rows or {GROUP_BYTES} bytes"
    return f"pyarrow {pa.__version__}, zstd {COMPRESSION_LEVEL}, {groups}, {len(COLUMNS)} columns"


class ParquetTable:
    """One file in the making. :meth:`take` gives the bytes that are ready, once."""

    def __init__(self, group_rows: int = GROUP_ROWS, group_bytes: int = GROUP_BYTES) -> None:
        pa, parquet = _arrow()
        self._schema = pa.schema([pa.field(name, _arrow_type(pa, kind)) for name, kind in COLUMNS.items()])
        self._limits = group_rows, group_bytes
        self._sink = _Sink()
        self._writer = parquet.ParquetWriter(
            pa.PythonFile(self._sink, mode="w"),
            self._schema,
            compression="zstd",
            compression_level=COMPRESSION_LEVEL,
            use_dictionary=[name for name, kind in COLUMNS.items() if kind in REPEATING],
            column_encoding={name: "DELTA_BINARY_PACKED" for name, kind in COLUMNS.items() if kind in RISING},
            write_page_index=True,
            store_schema=False,
        )
        self._rows: list[Row] = []
        self._batches: list[Any] = []
        self._held_rows = self._held_bytes = self._row_bytes = 0

    def add(self, rows: Sequence[Row]) -> None:
        """Take some rows; a full row group is written."""
        for row in rows:
            self._rows.append(row)
            size = sum(len(row.get(name) or "") for name in BULKY)
            self._held_rows += 1
            self._held_bytes += size
            self._row_bytes += size
            if len(self._rows) == SLICE or self._row_bytes >= SLICE_BYTES:
                self._flush()
            if self._held_rows >= self._limits[0] or self._held_bytes >= self._limits[1]:
                self._write_group()

    def take(self) -> bytes:
        """The bytes written since the last call."""
        return self._sink.take()

    def close(self) -> bytes:
        """Write what is left and the footer; the last bytes. What Arrow holds unused goes to the system."""
        pa, _ = _arrow()
        if self._held_rows:
            self._write_group()
        self._writer.close()
        pa.default_memory_pool().release_unused()
        return self.take()

    def _flush(self) -> None:
        pa, _ = _arrow()
        columns = {name: [row.get(name) for row in self._rows] for name in COLUMNS}
        self._batches.append(pa.RecordBatch.from_pydict(columns, schema=self._schema))
        self._rows.clear()
        self._row_bytes = 0

    def _write_group(self) -> None:
        pa, _ = _arrow()
        self._flush()
        table = pa.Table.from_batches(self._batches, self._schema)
        self._batches.clear()
        table = table.sort_by([(name, "ascending") for name in SORTED_BY])
        self._writer.write_table(table, row_group_size=table.num_rows)
        self._held_rows = self._held_bytes = 0


def _arrow() -> tuple[Any, Any]:
    """pyarrow, imported when a file is written and not before: it costs 80 ms and 30 MB."""
    import pyarrow  # type: ignore[import-untyped]
    from pyarrow import parquet

    return pyarrow, parquet


def _arrow_type(pa: Any, kind: Kind) -> Any:
    return {
        "int32": pa.int32(),
        "int64": pa.int64(),
        "double": pa.float64(),
        "time": pa.timestamp("us", tz="UTC"),
        "text": pa.string(),
        "word": pa.string(),
        "bytes": pa.binary(),
    }[kind]


class _Sink(io.RawIOBase):
    """A file that only grows, of which the beginning is given away as it comes."""

    def __init__(self) -> None:
        super().__init__()
        self._ready = bytearray()
        self._given = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._given + len(self._ready)

    def write(self, data: Any) -> int:
        self._ready += data
        return memoryview(data).nbytes

    def take(self) -> bytes:
        ready = bytes(self._ready)
        self._given += len(ready)
        self._ready.clear()
        return ready
