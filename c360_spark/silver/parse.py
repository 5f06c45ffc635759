"""Payload text → fields, all still text, so that a wrong type is reported and not silently nulled by a parser."""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, StringType, StructField, StructType

from c360_spark.config import Contract, Field
from c360_spark.silver.said import header_names, resolved
from c360_spark.silver.shape import quoted, shape_of, shaped, with_leaf

CORRUPT = "_malformed"
OPTIONS = {"mode": "PERMISSIVE", "columnNameOfCorruptRecord": CORRUPT}
CSV_OPTIONS = OPTIONS | {"escape": '"'}  # RFC 4180: a quote within quotes is doubled, a backslash is a backslash
LARGE_FLOAT = r'(?<!\\)"\s*:\s*(-?\d{8,}\.\d+)(?=\s*[,}])'  # the value of a property


def parsed(rows: DataFrame, contract: Contract, *, headers: Sequence[str] | None, separator: str = ",") -> DataFrame:
    """Bronze rows with `fields`: a struct of texts in the shape of the contract, null where the payload is malformed.

    `headers` are the header lines of the rows, with columns split at `separator`; None for JSON payloads.
    """
    if headers is None:
        return shaped(_with_aliases(rows.withColumn("fields", _json(contract)), contract), contract)
    return shaped(_delimited(rows, contract, headers, separator), contract)


def text(field: Field, root: Column | None = None) -> Column:
    """The delivered text of a field below `root` (default: the struct `fields`); null when empty.

    A date is followed by its time of day, where the contract names the property that has it.
    """
    value = text_at(field.path, root)
    if field.time_path is None:
        return value
    return F.when(value.isNotNull(), F.concat_ws(" ", value, text_at(field.time_path, root)))


def text_at(path: Sequence[str], root: Column | None = None) -> Column:
    """The delivered text at a path; null when empty."""
    value = F.col("fields") if root is None else root
    for name in path:
        value = value.getField(name)
    return F.nullif(F.trim(value), F.lit(""))


def _json(contract: Contract) -> Column:
    lines = contract.lines
    paths = [field.path for field in contract.fields]
    paths += [path for field in contract.fields for path in field.alias_paths]
    if lines and lines.rows_by:
        paths += [field.path for field in lines.fields]
    shape = shape_of(paths, contract)
    if lines and not lines.rows_by:
        item = StructType([])
        for field in lines.fields:
            item = with_leaf(item, field.path, StringType())
        shape = with_leaf(shape, lines.path, ArrayType(item))
    # In an array, because of several bare values Spark reads only the first, as after a lost line break.
    whole = StructType([StructField("records", ArrayType(shape)), StructField(CORRUPT, StringType())])
    # Spark would read 12345678.0 as 1.2345678E7: as a text it stays as it is written.
    payload = F.regexp_replace("payload", LARGE_FLOAT, '":"$1"')
    read = F.from_json(F.concat(F.lit('{"records":['), payload, F.lit("]}")), whole, OPTIONS)
    return F.when(read[CORRUPT].isNull() & (F.size(read.records) == 1), read.records[0])


def _with_aliases(rows: DataFrame, contract: Contract) -> DataFrame:
    """Moves values delivered under an alias to the contract's name, unless that has a value itself."""
    for field in contract.fields:
        if field.alias_paths:
            value = F.coalesce(*map(text_at, (field.path, *field.alias_paths)))
            rows = rows.withColumn("fields", F.col("fields").withField(quoted(field.path), value))
    return rows


def _delimited(rows: DataFrame, contract: Contract, headers: Sequence[str], separator: str) -> DataFrame:
    """Parses each row by the header of its own file: each header line has its own order of columns."""
    by_row = contract.lines.fields if contract.lines and contract.lines.rows_by else ()
    wanted = dict.fromkeys(field.path[0] for field in (*contract.fields, *by_row))
    record: Column = F.lit(None)
    options = CSV_OPTIONS | {"sep": separator, "multiLine": "true"}  # line breaks within quotes are kept
    for number, header in enumerate(headers):
        names = resolved(header_names(header, separator), contract)
        cells = StructType([StructField(f"c{i}", StringType()) for i in range(len(names))])
        ddl = ", ".join(f"{f.name} STRING" for f in [*cells, StructField(CORRUPT, StringType())])
        column = f"_cells_{number}"
        rows = rows.withColumn(column, F.when(F.col("header") == header, F.from_csv("payload", ddl, options)))
        fields = [_cell(name, names, column).alias(name) for name in wanted]
        found = F.col(column).isNotNull() & F.col(f"{column}.{CORRUPT}").isNull()
        record = F.when(found, F.struct(*fields)).otherwise(record) if number else F.when(found, F.struct(*fields))
    cells_columns = [f"_cells_{number}" for number in range(len(headers))]
    return rows.withColumn("fields", record).drop(*cells_columns)


def _cell(name: str, names: list[str], column: str) -> Column:
    return F.col(f"{column}.c{names.index(name)}") if name in names else F.lit(None).cast("string")
