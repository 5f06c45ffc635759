"""Reshapes delivered records: one that holds many, many that are one, and pairs of key and value.

It works on parsed rows, before anything is typed; `order_lines` works on accepted orders.
"""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, StringType, StructField, StructType

from c360_spark.config import Contract
from c360_spark.config.contract.contract import Entries, Path
from c360_spark.tables import ORDER_LINE, PROVENANCE

ROWS = "row_count"  # number of delivered rows of a record, where it can have several
ITEMS = 1 << 20  # more items than a record has
CONFLICTS = "conflicts"  # properties in which these rows differ
BRONZE = ("bronze_id", "source", "dataset", "payload", "payload_hash", "header", "received_at", "received_date")


def shape_of(paths: list[Path], contract: Contract) -> StructType:
    """The schema of a JSON record with texts at `paths`; an array of the record is an array here."""
    arrays = {each.path: _of([each.key, *each.values]) for each in contract.entries}
    if contract.explode:
        within = len(contract.explode)
        items = [path[within:] for path in paths if path[:within] == contract.explode]
        arrays[contract.explode] = _of(items)
    single = [path for path in paths if not any(path[: len(array)] == array for array in arrays)]
    shape = _of(single)
    for path, items_shape in arrays.items():
        shape = with_leaf(shape, path, ArrayType(items_shape))
    return shape


def _of(paths: list[Path]) -> StructType:
    shape = StructType([])
    for path in paths:
        shape = with_leaf(shape, path, StringType())
    return shape


def with_leaf(shape: StructType, path: Path, leaf: StringType | ArrayType) -> StructType:
    """`shape` with one more leaf, and with the structs on its path."""
    name, rest = path[0], path[1:]
    inner = next((f.dataType for f in shape if f.name == name), StructType([]))
    added = with_leaf(inner if isinstance(inner, StructType) else StructType([]), rest, leaf) if rest else leaf
    return StructType([*(f for f in shape if f.name != name), StructField(name, added)])


def at(path: Path, root: Column | None = None) -> Column:
    """The value at a path below `root` (default: the struct `fields`)."""
    value = F.col("fields") if root is None else root
    for name in path:
        value = value.getField(name)
    return value


def shaped(rows: DataFrame, contract: Contract) -> DataFrame:
    """Parsed rows reshaped into the records that the contract defines."""
    for entries in contract.entries:
        rows = rows.withColumn("fields", F.col("fields").withField(quoted(entries.path), _by_key(entries, contract)))
    if contract.explode:
        rows = _exploded(rows, contract.explode)
    if contract.lines and contract.lines.rows_by:
        rows = _grouped(rows, contract, contract.lines.rows_by)
    return rows


def quoted(path: Path) -> str:
    """A path in the syntax of `withField`."""
    return ".".join(f"`{name}`" for name in path)


def _by_key(entries: Entries, contract: Contract) -> Column:
    """An array of pairs as a struct with a value for each key that the contract names; the first pair of a key wins."""
    within = len(entries.path)
    names = {field.path[within] for field in contract.fields if field.path[:within] == entries.path}

    def value(name: str) -> Column:
        pair = F.get(F.filter(at(entries.path), lambda each: at(entries.key, each) == name), F.lit(0))
        return F.coalesce(*(F.nullif(F.trim(at(path, pair)), F.lit("")) for path in entries.values))

    return F.struct(*(value(name).alias(name) for name in sorted(names)))


def _exploded(rows: DataFrame, path: Path) -> DataFrame:
    """One row for each item of the array, with the item in place of the array; without items, one row with null there.

    Items after the first get -2, -3, … after the bronze_id. `position` is that of the record times ITEMS, plus that of
    the item.
    """
    found = rows.select("*", F.posexplode_outer(at(path)).alias("_item_no", "_item"))
    later = F.concat("bronze_id", F.lit("-"), F.col("_item_no") + 1)
    return found.withColumns(
        {
            "fields": F.col("fields").withField(quoted(path), F.col("_item")),
            "position": F.col("position") * ITEMS + F.coalesce("_item_no", F.lit(0)),
            "bronze_id": F.when(F.col("_item_no") > 0, later).otherwise(F.col("bronze_id")),
        }
    ).drop("_item_no", "_item")


def _text(name: str) -> Column:
    return F.nullif(F.trim(F.col("fields").getField(name)), F.lit(""))


def _grouped(rows: DataFrame, contract: Contract, key: str) -> DataFrame:
    """Rows of a file with the same key as one record, which has the provenance of the first row.

    Each property takes the first value that is given; the properties of lines become an array. A row without a key that
    has only a line belongs to the record above it. Rows that cannot be read stay separate.
    """
    lines = contract.lines
    assert lines is not None
    own, inner = [field.path[0] for field in contract.fields], [field.path[0] for field in lines.fields]
    line = F.struct(*(F.col("fields").getField(name).alias(name) for name in inner))
    has_line = F.coalesce(*(_text(name) for name in inner)).isNotNull()
    is_more = has_line & F.coalesce(*(_text(name) for name in own)).isNull()
    until = Window.partitionBy("delivery_id").orderBy("position").rowsBetween(Window.unboundedPreceding, 0)
    above = F.max(F.when(_text(key).isNotNull(), F.struct("position", _text(key).alias("key")))).over(until)["key"]
    readable = F.col("fields").isNotNull() & ~is_garbled()
    record = F.when(readable, F.coalesce(_text(key), F.when(is_more, above)))
    keyed = rows.withColumn("_record", F.coalesce(record, F.concat(F.lit("\u0000"), "bronze_id")))
    first = {name: F.min(F.when(_text(name).isNotNull(), F.struct("position", _text(name).alias("v")))) for name in own}
    items = F.sort_array(F.collect_list(F.when(has_line, F.struct("position", line.alias("line")))))
    differ = [F.when(F.size(F.collect_set(_text(name))) > 1, F.lit(name)) for name in own]
    bronze = [name for name in BRONZE if name in rows.columns]
    made = keyed.groupBy("delivery_id", "_record").agg(
        F.min(F.struct("position", *bronze)).alias("_bronze"),
        F.count_if(F.col("fields").isNotNull()).alias("_parsed"),
        F.count(F.lit(1)).alias(ROWS),
        items.alias("_lines"),
        F.array_compact(F.array(*differ)).alias(CONFLICTS),
        *(value.alias(f"_own_{place}") for place, value in enumerate(first.values())),
    )
    fields = [F.col(f"_own_{place}")["v"].alias(name) for place, name in enumerate(first)]
    array = F.transform("_lines", lambda each: each["line"]).alias(lines.path[0])
    return made.select(
        "delivery_id",
        "_bronze.*",
        F.when(F.col("_parsed") > 0, F.struct(*fields, array)).alias("fields"),
        ROWS,
        CONFLICTS,
    )


def is_garbled() -> Column:
    """Whether the delivered bytes are not valid text.

    Decoding replaces invalid bytes, so that encoding does not give them back. Where the reader of the change feed has
    replaced them already, the hash of the delivered bytes tells this from a replacement character in the source.
    """
    payload = F.col("payload")
    hashed = F.substring(F.sha2(payload, 256), 1, 32)
    replaced = payload.contains("\ufffd") & (F.col("payload_hash") != hashed)
    return replaced | (F.encode(payload, "UTF-8") != payload.cast("binary"))


FROM_ORDER = ("order_id", "ordered_at", "currency")


def order_lines(orders: DataFrame) -> DataFrame:
    """silver.order_line from accepted orders with `lines`. Identifiers stay with the order."""
    carried = [c.name for c in PROVENANCE if c.name not in ("identifiers", "identifier_set_id")]
    from_order = [name for name in FROM_ORDER if name in orders.columns]
    # A deleted order gets one line with number 0, so that its lines are deleted as well.
    none = F.from_json(F.lit('[{"line_no": 0}]'), orders.schema["lines"].dataType.simpleString())
    lines = F.when(F.col("is_deleted"), none).otherwise(F.col("lines"))
    exploded = orders.select(*carried, *from_order, F.explode(lines).alias("line"))
    own = exploded.select("line.*").columns
    if "currency" in own and "currency" in from_order:  # a line may have another currency than its order
        line = F.col("line").withField("currency", F.coalesce("line.currency", "currency"))
        exploded = exploded.withColumn("line", line)
    inner = exploded.select(*carried, *(name for name in from_order if name not in own), "line.*")
    if "amount_minor" not in inner.columns:  # null rather than wrong where it does not fit a long
        inner = inner.withColumn("amount_minor", F.try_multiply("quantity", "unit_price_minor"))
    return inner.select(*(c for c in ORDER_LINE.column_names if c in inner.columns))
