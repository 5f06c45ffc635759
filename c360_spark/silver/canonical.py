"""Parsed rows → rows of a canonical table."""

from collections.abc import Iterable

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.columns.keys import digest, joined
from c360_spark.columns.normalize import normalized
from c360_spark.config import Contract, Field
from c360_spark.config.identity import RuleSet
from c360_spark.config.vocabulary import Taxonomy
from c360_spark.silver.amount import exponent
from c360_spark.silver.assumption import ASSUMED, assumed
from c360_spark.silver.identifiers import identifier_set_id, with_identifiers
from c360_spark.silver.parse import text
from c360_spark.silver.reasons import line_currency, reasons, with_values
from c360_spark.silver.shape import ROWS
from c360_spark.silver.taxonomy import named
from c360_spark.silver.typed import meant
from c360_spark.tables import CANONICAL, PROVENANCE, Table
from c360_spark.tables.model import STRING_MAP

TABLES = {table.name: table for table in CANONICAL}
NOT_CONTENT = {ASSUMED} | {column.name for column in PROVENANCE} - {"country", "identifiers"} | {"updated_at"}


def canonical(rows: DataFrame, contract: Contract, rules: RuleSet, taxonomy: Taxonomy, *, secret: str) -> DataFrame:
    """Rows of `version.read` as rows of the contract's table.

    Columns: provenance, the mapped columns of the table, `reasons` (empty when fine), and `lines` where the contract
    has some: structs of `line_no` and the mapped columns of the line table; ASSUMED where something had to be.
    """
    country, region = _place(contract, rules)
    valued = with_values(rows, contract)
    found = F.concat(F.array_compact(F.array("refused")), reasons(contract))
    placed = valued.select("*", found.alias("reasons"), country.alias("country"), region.alias("region"))
    known = with_identifiers(placed, contract, rules, secret=secret)
    own = mapped(TABLES[contract.table], contract.fields, contract.constants)
    if contract.table == "order_line":
        own["line_no"] = F.lit(1)
    if contract.lines:
        own["lines"] = _lines(contract)
    if (codes := assumed(contract)) is not None:
        own[ASSUMED] = codes
    content = known.select(
        "bronze_id",
        "source",
        "dataset",
        source_key(contract).alias("source_key"),
        "contract_version",
        "region",
        "country",
        "received_at",
        "identifiers",
        identifier_set_id().alias("identifier_set_id"),
        *(value.alias(name) for name, value in own.items() if name != "country"),
        "reasons",
        *([ROWS] if ROWS in rows.columns else []),
    )
    if contract.table == "event":
        content = named(content, contract, taxonomy)
    said = [F.col(name).cast("string") for name in ["country", "identifiers", *sorted(own)] if name not in NOT_CONTENT]
    return content.withColumn("record_hash", F.substring(digest(*said), 1, 32))


def source_key(contract: Contract) -> Column:
    """The primary key in the source; the bronze_id where the contract names none, or the record lacks it."""
    parts = [text(field) for field in contract.primary_key]
    if not parts:
        return F.col("bronze_id")
    return F.coalesce(parts[0] if len(parts) == 1 else joined(*parts), F.col("bronze_id"))


def mapped(
    table: Table,
    fields: Iterable[Field],
    constants: dict[str, str],
    root: Column | None = None,
    *,
    digits: Column | None = None,
) -> dict[str, Column]:
    """The columns of `table` that properties or constants are mapped to: typed, normalised, in the table's types.
    `digits` are those of the currency, where it is not that of the record.
    """
    values = {name: F.lit(value) for name, value in constants.items()}
    for field in fields:
        if field.settings.canonical:
            values[field.settings.canonical] = _value(field, root, digits)
    found = {}
    for column in table.columns:
        if column.type == STRING_MAP:
            parts = {k.split(".", 1)[1]: v for k, v in values.items() if k.startswith(f"{column.name}.")}
            if parts:
                found[column.name] = _map(parts)
        elif column.name in values:
            found[column.name] = values[column.name].cast(column.type)
    return found


def _value(field: Field, root: Column | None, digits: Column | None) -> Column:
    value = meant(field, root, digits=digits)
    if field.settings.canonical == "currency":
        return F.upper(F.trim(value))
    rule = field.settings.normalize
    return normalized(rule, value, F.col("country")) if rule else value


def _map(parts: dict[str, Column]) -> Column:
    """Values by name, in the order of their names, without nulls."""
    full = F.create_map(*(c for name in sorted(parts) for c in (F.lit(name), parts[name].cast("string"))))
    return F.map_filter(full, lambda _, value: value.isNotNull())


def _place(contract: Contract, rules: RuleSet) -> tuple[Column, Column]:
    """Country of the row, and the region whose law it falls under."""
    given = [text(f) for f in contract.fields if f.settings.canonical == "country"]
    given += [F.lit(contract.constants["country"])] if "country" in contract.constants else []
    country = F.upper(F.coalesce(*given)) if given else F.lit(None).cast("string")
    regions = [F.lit(part) for name, countries in rules.regions.items() for c in countries for part in (c, name)]
    return country, F.coalesce(F.create_map(*regions)[country], F.lit(rules.default_region))


def _lines(contract: Contract) -> Column:
    lines = contract.lines
    assert lines is not None
    table, fields, constants = TABLES[lines.table], lines.fields, lines.constants

    def line(item: Column, index: Column) -> Column:
        code = line_currency(lines, item)
        own = mapped(table, fields, constants, item, digits=None if code is None else exponent(code))
        return F.struct((index + 1).cast("int").alias("line_no"), *(v.alias(name) for name, v in own.items()))

    return F.transform(F.col("fields." + ".".join(lines.path)), line)
