"""Parquet files as sources write them and as they should not: like `tests.malformed`, of typed columns."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.malformed import BAD, OK, Outcome

AT = datetime(2026, 1, 1, 10, tzinfo=UTC)
LINE = pa.struct(
    [("line_no", pa.int32()), ("sku", pa.string()), ("quantity", pa.int64()), ("unit_price_cents", pa.int64())]
)
TYPES: dict[str, pa.DataType] = {
    "order_id": pa.string(),
    "account_id": pa.string(),
    "email": pa.string(),
    "ordered_at": pa.timestamp("us", tz="UTC"),
    "country": pa.string(),
    "total_cents": pa.int64(),
    "lines": pa.list_(LINE),
}


@dataclass(frozen=True)
class Orders:
    """A file of three orders. `odd` changes the second, `every` all of them; `types` are of the file's columns."""

    name: str
    expected: Outcome
    odd: dict[str, Any] = field(default_factory=dict, compare=False)
    every: dict[str, Any] = field(default_factory=dict, compare=False)
    types: dict[str, pa.DataType | None] = field(default_factory=dict, compare=False)
    rows: int = 3
    compression: str = "snappy"
    whole: Callable[[bytes], bytes] = field(default=bytes, compare=False)

    def file(self, number: int) -> bytes:
        """`number` keeps the keys of the kinds apart. A type that is None takes its column away."""
        types = {name: type for name, type in (TYPES | self.types).items() if type is not None}
        rows = [_order(f"{number}{i}") | self.every | (self.odd if i == 1 else {}) for i in range(self.rows)]
        columns = [pa.array([row.get(name) for row in rows], type) for name, type in types.items()]
        sink = pa.BufferOutputStream()
        pq.write_table(pa.Table.from_arrays(columns, list(types)), sink, compression=self.compression)
        return self.whole(sink.getvalue().to_pybytes())


def _order(key: str) -> dict[str, Any]:
    line = {"line_no": 1, "sku": "S1", "quantity": 2, "unit_price_cents": 500}
    return {"order_id": f"O{key}", "ordered_at": AT, "total_cents": 1000, "country": "DE", "lines": [line]}


def _odd(name: str, reason: str = OK, types: dict[str, pa.DataType | None] | None = None, **changed: Any) -> Orders:
    return Orders(name, (OK, reason, OK), odd=changed, types=types or {})


def _all(name: str, reason: str, types: dict[str, pa.DataType | None], **changed: Any) -> Orders:
    return Orders(name, (reason,) * 3, every=changed, types=types)


def _line(**changed: Any) -> list[dict[str, Any]]:
    return [{"line_no": 1, "sku": "S1", "quantity": 2, "unit_price_cents": 500} | changed]


NUMBER = {"total_cents": pa.float64()}
ORDERS = (
    _odd("a required value null", "missing:total_cents", total_cents=None),
    _odd("a key null", "missing:order_id", order_id=None),
    _odd("a number below its range", "range:total_cents", total_cents=-1),
    _odd("a number at its limit", total_cents=2**53),
    _odd("not a number", "type:total_cents", NUMBER, total_cents=float("nan")),
    _odd("infinity", "type:total_cents", NUMBER, total_cents=float("inf")),
    _odd("part of a cent", "type:total_cents", NUMBER, total_cents=12.5),
    _odd("a float that was a whole number with gaps", OK, NUMBER, total_cents=123_456_789.0),
    _all("a number as decimal", OK, {"total_cents": pa.decimal128(12, 2)}, total_cents=12),
    _all("a number as text", OK, {"total_cents": pa.string()}, total_cents="1000"),
    _all("words in place of a number", "type:total_cents", {"total_cents": pa.string()}, total_cents="a thousand"),
    _all("a truth in place of a number", "type:total_cents", {"total_cents": pa.bool_()}, total_cents=True),
    _all("bytes in place of a number", "type:total_cents", {"total_cents": pa.binary()}, total_cents=b"\x00\xff"),
    _all("a day in place of a time", OK, {"ordered_at": pa.date32()}, ordered_at=date(2026, 1, 1)),
    _all("a time without its zone", OK, {"ordered_at": pa.timestamp("us")}, ordered_at=AT.replace(tzinfo=None)),
    _all("a time in nanoseconds", "type:ordered_at", {"ordered_at": pa.timestamp("ns", tz="UTC")}),
    _all("a number in place of a time", "type:ordered_at", {"ordered_at": pa.int64()}, ordered_at=1767261600000),
    _all("a required column missing", "missing:ordered_at", {"ordered_at": None}),
    _all("an optional column missing", OK, {"email": None, "account_id": None}),
    _all("a column nobody promised", OK, {"a.b c": pa.list_(pa.int8()), "é": pa.string()}),
    _all("a column of nothing", OK, {"email": pa.null()}),
    _all("a map in place of a text", OK, {"email": pa.map_(pa.string(), pa.string())}, email=[("a", "b")]),
    _all("names in other letters", "missing:total_cents", {"total_cents": None, "TOTAL_CENTS": pa.int64()}),
    _odd("no lines at all", lines=None),
    _odd("an empty list of lines", lines=[]),
    _odd("a line that is null", "missing:lines.line_no,missing:lines.sku,missing:lines.quantity", lines=[None]),
    _odd("a line without its article", "missing:lines.sku", lines=_line(sku=None)),
    _all("lines as text", BAD, {"lines": pa.string()}, lines="1 x S1"),
    _all("a line in place of a list", BAD, {"lines": LINE}, lines=_line()[0]),
    Orders("no row", (), rows=0),
    Orders("zero bytes", (), whole=lambda _: b""),
    Orders("cut in the middle", (), whole=lambda file: file[: len(file) // 2]),
    Orders("text in a file of this name", (), whole=lambda _: b"order_id,total_cents\n1,2\n"),
    Orders("another compression", (OK, OK, OK), compression="zstd"),
)
