"""What a table is: the one declaration that DDL, merge keys, statistics, the dictionary and test rows derive from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pyspark.sql.types import (
    ArrayType,
    BooleanType,
    DataType,
    DateType,
    DoubleType,
    IntegerType,
    LongType,
    MapType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)

STRING, LONG, INTEGER, DOUBLE, BOOLEAN = StringType(), LongType(), IntegerType(), DoubleType(), BooleanType()
DATE, TIMESTAMP = DateType(), TimestampType()
STRING_MAP = MapType(STRING, STRING)
LONG_MAP = MapType(STRING, LONG)


class Pii(StrEnum):
    """How closely a value points at a person. Anything but NONE stays out of statistics, logs and reports."""

    NONE = "none"
    INDIRECT = "indirect"  # a pseudonymous or quasi identifier: cookie, postcode, birth date
    DIRECT = "direct"  # names a person by itself: e-mail, phone, name, raw payload


class Write(StrEnum):
    """The most that may happen to the rows of a table, in rising order. `Store` refuses whatever would do more."""

    APPEND = "append"  # rows are added and never change
    MERGE = "merge"  # rows are added, and changed by key; none is removed
    SYNC = "sync"  # rows are added, changed and removed, so that the table equals what was computed

    def allows(self, verb: "Write") -> bool:
        """Whether a table declared so may be written by `verb`."""
        rising = list(Write)
        return rising.index(verb) <= rising.index(self)


@dataclass(frozen=True)
class Column:
    """One column: its Spark type, its meaning with unit, and its PII class."""

    name: str
    type: DataType
    meaning: str
    pii: Pii = Pii.NONE
    nullable: bool = True


@dataclass(frozen=True)
class Table:
    """One Delta table `<layer>.<name>`. `key` is unique; `grain` says in words what a row is.

    `references` says of a column which `<layer>.<name>.<column>` it points at. It may be null, rows of history may
    point at what is gone, and lines at an order that their source does not deliver.
    """

    layer: str
    name: str
    grain: str
    key: tuple[str, ...]
    write: Write
    columns: tuple[Column, ...]
    physical: bool = False  # holds clock times, Delta versions or answers of others: a replay need not give equal rows
    references: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        missing = set(self.key) - set(self.column_names)
        assert not missing, f"{self.full_name}: key columns {missing} are not declared"
        # Delta 3.3 cannot merge into a table with deletion vectors that has a column of this name.
        assert self.write is Write.APPEND or "path" not in self.column_names, f"{self.full_name}: 'path' is reserved"
        assert set(self.references) <= set(self.column_names), f"{self.full_name}: {self.references} of no column"

    @property
    def full_name(self) -> str:
        return f"{self.layer}.{self.name}"

    @property
    def column_names(self) -> list[str]:
        return [column.name for column in self.columns]

    @property
    def schema(self) -> StructType:
        return StructType([StructField(c.name, c.type, c.nullable) for c in self.columns])

    @property
    def statistics_columns(self) -> list[str]:
        """Columns Delta may keep min/max of: ordered, flat and free of PII, as statistics outlive a deleted row."""
        flat = (c for c in self.columns if not isinstance(c.type, ArrayType | MapType | StructType | BooleanType))
        return [c.name for c in flat if c.pii is Pii.NONE]


def key(name: str, type: DataType, meaning: str, pii: Pii = Pii.NONE) -> Column:
    """A column that is never null."""
    return Column(name, type, meaning, pii, nullable=False)
