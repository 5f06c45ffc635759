"""Parsed rows → rows of a canonical table."""

from collections.abc import Callable, Iterable

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.columns.country import country
from c360_spark.columns.keys import digest, joined
from c360_spark.columns.normalize import normalized
from c360_spark.config import Contract, Field
from c360_spark.config.contract.vocabulary import Taxonomy
from c360_spark.config.rules.identity import RuleSet
from c360_spark.silver.amount import exponent
from c360_spark.silver.identifiers import identifier_set_id, with_identifiers
from c360_spark.silver.parse import text
from c360_spark.silver.reasons import INVALID, line_currency, reasons, with_values
from c360_spark.silver.remarks import remarks
from c360_spark.silver.shape import ROWS
from c360_spark.silver.spelled import SPELLED, is_text, lines, normal, value_of, with_normal, with_phones, with_spelled
from c360_spark.silver.taxonomy import named
from c360_spark.silver.typed import meant
from c360_spark.tables import CANONICAL, PROVENANCE, Table
from c360_spark.tables.model import STRING_MAP

TABLES = {table.name: table for table in CANONICAL}
NOT_CONTENT = {column.name for column in PROVENANCE} - {"country", "identifiers", "updated_at"}


def canonical(rows: DataFrame, contract: Contract, rules: RuleSet, taxonomy: Taxonomy, *, secret: str) -> DataFrame:
    """Rows of `version.read` as rows of the contract's canonical table.

    Columns: provenance, the mapped columns of the table, `reasons` (empty for a valid record), `remarks`, and `lines`
    where the contract has lines: structs of `line_no` and the mapped columns of the line table.
    """
    valued = with_spelled(with_values(rows, contract), contract)
    found = F.concat(F.array_compact(F.array("refused")), reasons(contract)).alias("reasons")
    placed = valued.select("*", found, _country(contract).alias("country")).withColumn("region", _region(rules))
    normalised = with_normal(with_phones(placed, contract, rules), contract, rules)
    known = with_identifiers(normalised, contract, rules, secret=secret)
    own = _own(contract)
    if contract.table == "order_line":
        own["line_no"] = F.lit(1)
    if contract.lines:
        own["lines"] = _lines(contract)
    content = known.select(
        "bronze_id",
        "source",
        "dataset",
        source_key(contract).alias("source_key"),
        "contract_version",
        "region",
        "country",
        "received_at",
        "position",
        own.pop("updated_at", F.lit(None).cast("timestamp")).alias("updated_at"),
        F.lit(False).alias("is_deleted"),
        F.lit(None).cast("array<string>").alias("unsaid"),  # set later, from all records of a delivery
        _invalid(contract).alias("invalid"),
        "identifiers",
        identifier_set_id().alias("identifier_set_id"),
        *(value.alias(name) for name, value in own.items() if name != "country"),
        "reasons",
        remarks(contract, rules).alias("remarks"),
        *([ROWS] if ROWS in rows.columns else []),
    )
    if contract.table == "event":
        content = named(content, contract, taxonomy)
    said = [
        F.col(name).cast("string")
        for name in ["country", "identifiers", "updated_at", *sorted(own)]
        if name not in NOT_CONTENT
    ]
    return content.withColumn("record_hash", F.substring(digest(*said), 1, 32))


def _invalid(contract: Contract) -> Column:
    """Values that are taken as unknown, in rows of `with_values`."""
    if not any(field.is_nulled for field in contract.fields):
        return F.lit(None).cast("array<string>")
    return F.when(F.size(INVALID) > 0, F.col(INVALID))


def _own(contract: Contract) -> dict[str, Column]:
    """The columns of the contract's table, in rows of `with_normal`."""

    def value(field: Field) -> Column:
        rule = field.settings.normalize
        if rule:
            return normal(contract, field, rule)
        # In one spelling of letters here, so that identity need not repeat it for each match key and comparison.
        return lines(contract, field) if contract.table in SPELLED and is_text(field) else _meant(field)

    return mapped(TABLES[contract.table], contract.fields, contract.constants, value)


def source_key(contract: Contract) -> Column:
    """The source key: the primary key in the source, else the bronze_id.

    The bronze_id is used where the contract names no primary key, or the record lacks it.
    """
    parts = [text(field) for field in contract.primary_key]
    if not parts:
        return F.col("bronze_id")
    return F.coalesce(parts[0] if len(parts) == 1 else joined(*parts), F.col("bronze_id"))


def mapped(
    table: Table, fields: Iterable[Field], constants: dict[str, str], value: Callable[[Field], Column]
) -> dict[str, Column]:
    """The columns of `table`, in its types, to which properties or constants are mapped.

    `value` gives the value of a property.
    """
    values = {name: F.lit(value) for name, value in constants.items()}
    for field in fields:
        if field.settings.canonical:
            values[field.settings.canonical] = value(field)
    columns = {}
    for column in table.columns:
        if column.type == STRING_MAP:
            parts = {k.split(".", 1)[1]: v for k, v in values.items() if k.startswith(f"{column.name}.")}
            if parts:
                columns[column.name] = _map(parts)
        elif column.name in values:
            columns[column.name] = values[column.name].cast(column.type)
    return columns


def _meant(field: Field, root: Column | None = None, digits: Column | None = None) -> Column:
    """As `typed.meant`, with currency codes in upper case."""
    value = meant(field, root, digits=digits)
    return F.upper(F.trim(value)) if field.settings.canonical == "currency" else value


def _map(parts: dict[str, Column]) -> Column:
    """A map of the values that are not null, sorted by name."""
    full = F.create_map(*(c for name in sorted(parts) for c in (F.lit(name), parts[name].cast("string"))))
    return F.map_filter(full, lambda _, value: value.isNotNull())


def _country(contract: Contract) -> Column:
    """Country of the row, in rows of `with_spelled`. An unknown country text gives null, not the default country."""
    said = next((f for f in contract.fields if f.settings.canonical == "country"), None)
    default = F.lit(contract.constants.get("country") or contract.settings.default_country).cast("string")
    return (
        default if said is None else F.when(text(said).isNull(), default).otherwise(country(value_of(contract, said)))
    )


def _region(rules: RuleSet) -> Column:
    """The region whose law applies to a row with a `country`."""
    regions = [F.lit(part) for name, countries in rules.regions.items() for c in countries for part in (c, name)]
    return F.coalesce(F.create_map(*regions)[F.col("country")], F.lit(rules.default_region))


def _lines(contract: Contract) -> Column:
    lines = contract.lines
    assert lines is not None
    table, fields, constants = TABLES[lines.table], lines.fields, lines.constants

    def value(field: Field, item: Column, digits: Column | None) -> Column:
        found, rule = _meant(field, item, digits), field.settings.normalize
        return normalized(rule, found.cast("string"), F.col("country")) if rule else found

    def line(item: Column, index: Column) -> Column:
        code = line_currency(lines, item)
        digits = None if code is None else exponent(code)
        own = mapped(table, fields, constants, lambda field: value(field, item, digits))
        return F.struct((index + 1).cast("int").alias("line_no"), *(v.alias(name) for name, v in own.items()))

    return F.transform(F.col("fields." + ".".join(lines.path)), line)
