"""Schema drift: properties that deliveries lack or have beyond their contracts, recorded in ops.delivery_property."""

from collections import Counter
from collections.abc import Iterator, Sequence

from pyspark.sql import DataFrame, Row

from c360_spark import tables
from c360_spark.columns.record import current
from c360_spark.config import Field
from c360_spark.config.contract.sources import Routed
from c360_spark.run.context import Run
from c360_spark.silver.said import Delivered, header_names, mapped_fields, resolved, shapes, silent, unsaid
from c360_spark.stages.bronze.bronze_input import Input
from c360_spark.tables import Table

MISSING, UNKNOWN = "missing", "unknown"
Finding = tuple[str, str, str | None]  # property, status, silver column


def with_unsaid(run: Run, inputs: Sequence[Input], found: DataFrame) -> DataFrame:
    """Candidates with `unsaid`: the columns that their delivery does not have, where null carries no information.

    Properties that a delivery lacks, and properties that no contract names, are recorded in ops.delivery_property and
    reported.
    """
    columns = sorted({name for each in inputs for name in mapped_fields(each.contract)})
    empty: dict[Delivered, set[str]] = {}
    for row in silent(found, columns).collect() if columns else ():
        names = {name for i, name in enumerate(columns) if row[f"c{i}"]}
        empty[row.source, row.dataset, row.received_at] = names
    rows: list[tuple[object, ...]] = []
    lacking: dict[Delivered, list[str]] = {}
    for each in inputs:
        fields = mapped_fields(each.contract)
        maybe = {name for at, names in empty.items() if at[:2] == each.name for name in names & fields.keys()}
        wanted = set().union(*(_names(fields[name]) for name in maybe)) if each.arrival.format != "csv" else set()
        for shape in shapes(each.rows, wanted).collect():
            at = (*each.name, shape.received_at)
            findings = list(_findings(each, shape, empty.get(at, set()), route=run.conf.routed.get(each.name)))
            lacking[at] = [column for _, status, column in findings if status == MISSING and column]
            rows += [(*each.name, shape.delivery_id, *one, run.as_of) for one in findings]
    _note(run, rows)
    return found.withColumn("unsaid", unsaid(lacking))


def _findings(each: Input, shape: Row, empty: set[str], *, route: Routed | None) -> Iterator[Finding]:
    """Properties of the contract that a delivery lacks, and properties that it has beyond the contract.

    A column that an older version of the contract calls by another name is not missing: it has values.
    """
    contract, separator = each.contract, each.arrival.separator
    names = header_names(shape.header, separator) if shape.header else list(shape["keys"] or ())
    given = resolved(names, contract)
    for column, field in mapped_fields(contract).items():
        told = field.path[0] in given if shape.header else not _names(field).isdisjoint(shape.named)
        if column in empty and not told:
            yield field.name, MISSING, column
    lines = contract.lines
    by_row = lines.fields if lines and lines.rows_by else ()
    for field in by_row:
        if field.settings.canonical and field.path[0] not in given:
            yield field.name, MISSING, None
    own = {field.path[0] for field in (*contract.fields, *by_row)} | ({lines.path[0]} if lines else set())
    own |= {route.field.split(".")[0]} if route else set()
    for name in dict.fromkeys(given):
        if name not in own:
            yield name, UNKNOWN, None


def _names(field: Field) -> set[str]:
    """Names that the property may have in JSON."""
    return {field.path[-1], *field.settings.aliases}


def _note(run: Run, rows: Sequence[tuple[object, ...]]) -> None:
    """Write new findings and report them; of findings reported for earlier deliveries, report only the number."""
    if not rows:
        return
    names = tables.DELIVERY_PROPERTY.key
    known = {tuple(row[name] for name in names) for row in run.store.rows(tables.DELIVERY_PROPERTY, *names)}
    before = {(source, dataset, name) for source, dataset, _, name in known}
    fresh = [row for row in rows if row[:4] not in known]
    run.store.append_rows(tables.DELIVERY_PROPERTY, fresh)
    old = 0
    told = Counter((*row[:2], *row[3:5], row[5] is not None) for row in fresh)
    for (source, dataset, name, status, is_kept), count in sorted(told.items()):
        if (source, dataset, name) in before:
            old += 1
        elif status == MISSING:
            stays = "; what was known of it stays" if is_kept else ""
            run.say(f"{source}.{dataset}: no property '{name}' in {count:,} deliveries{stays}")
        else:
            run.say(f"{source}.{dataset}: no contract names the property '{name}'; it stays in bronze")
    if old:
        run.say(f"{old:,} more properties are missing or unknown as they were before (ops.delivery_property)")


def current_rows(run: Run, table: Table, rows: DataFrame) -> DataFrame:
    """The current version of each record among rows of a versioned silver table.

    Properties that a delivery did not have keep their earlier values.
    """
    named = {tuple(name): run.conf.contracts[name].table for name in run.conf.contracts}
    said = run.store.rows(tables.DELIVERY_PROPERTY, "source", "dataset", "column_name")
    patchy = {row["column_name"] for row in said if named.get((row["source"], row["dataset"])) == table.name}
    return current(rows, patchy=sorted(patchy & set(table.column_names)))
