"""The declaration of a table, from which DDL, merge keys, statistics, the data dictionary and test rows are derived."""

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
    """The PII class of a value. Values of any class but NONE are kept out of statistics, logs and reports."""

    NONE = "none"
    INDIRECT = "indirect"  # a pseudonym or quasi-identifier: cookie, postcode, birth date
    DIRECT = "direct"  # identifies a person by itself: e-mail, phone, name, raw payload


class Write(StrEnum):
    """The write mode of a table, in order of increasing power. `Store` refuses a write that exceeds it."""

    APPEND = "append"  # append-only: rows are added and never change
    MERGE = "merge"  # upsert by key: rows are added and changed; none is removed
    SYNC = "sync"  # full sync: rows are added, changed and removed until the table equals the computed rows

    def allows(self, verb: "Write") -> bool:
        """Whether a table with this write mode may be written with `verb`."""
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
    """One Delta table `<layer>.<name>`. `key` is its unique key; `grain` describes what one row is.

    `references` are its foreign keys: column → `<layer>.<name>.<column>`. They are not enforced: a value may be null,
    history rows may refer to removed rows, and order lines to an order that their source does not deliver.
    """

    layer: str
    name: str
    grain: str
    key: tuple[str, ...]
    write: Write
    columns: tuple[Column, ...]
    physical: bool = False  # holds clock times, Delta versions or answers of other systems, so a replay may differ
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
        """Columns for Delta's min/max statistics: ordered, flat and without PII, as statistics outlive deleted rows."""
        flat = (c for c in self.columns if not isinstance(c.type, ArrayType | MapType | StructType | BooleanType))
        return [c.name for c in flat if c.pii is Pii.NONE]


def key(name: str, type: DataType, meaning: str, pii: Pii = Pii.NONE) -> Column:
    """A column that is not nullable."""
    return Column(name, type, meaning, pii, nullable=False)
