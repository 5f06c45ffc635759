"""Checks contracts that reshape delivered records for silver: explode, entries, rowsBy and aliases."""

from collections.abc import Iterator

from c360_spark.config.contract.contract import Contract
from c360_spark.config.contract.sources import Source
from c360_spark.config.yaml.document import Problem


def check_shapes(contract: Contract, arrival: Source | None) -> Iterator[Problem]:
    """Yields every problem of explode, entries, rowsBy and aliases."""
    yield from _aliases(contract)
    document, lines, record = contract.document, contract.lines, ("schema", 0)
    rows_by = lines.rows_by if lines else None
    if not (contract.explode or contract.entries or rows_by):
        return
    if arrival and arrival.format == "csv" and (contract.explode or contract.entries):
        yield document.problem(record, "a row of csv holds no arrays: explode and entries are for json")
    if (contract.explode or rows_by) and (contract.settings.version_from or contract.upcasts):
        yield document.problem(record, "explode and rowsBy go with no versionFrom and no upcasts")
    if contract.explode:
        within = len(contract.explode)
        if not any(field.path[:within] == contract.explode for field in contract.primary_key):
            message = f"the primaryKey needs a property of {'.'.join(contract.explode)}: its items would share one key"
            yield document.problem(record, message)
        if lines:
            yield document.problem(lines.loc, "a record that is exploded can have no lines")
    if lines and rows_by:
        names = [field.path[0] for field in contract.fields if len(field.path) == 1]
        yield from document.unknown(lines.loc, rows_by, names, "property for rowsBy")
        nested = [field for field in (*contract.fields, *lines.fields) if len(field.path) > 1]
        if nested or len(lines.path) > 1 or contract.entries:
            yield document.problem(lines.loc, "rowsBy is for flat rows: no property may stand within another")


def _aliases(contract: Contract) -> Iterator[Problem]:
    """Reports aliases that would never be read, or that are names of other properties."""
    document, paths = contract.document, {field.path for field in contract.fields}
    arrays = [*(each.path for each in contract.entries), *([contract.explode] if contract.explode else [])]
    within = contract.lines.fields if contract.lines else ()
    for field in (*contract.fields, *within):
        place = field.place("aliases")
        if field.alias_paths and (field in within or any(field.path[: len(array)] == array for array in arrays)):
            yield document.problem(place, "aliases are for properties of the record, not for those of an array")
        for path in field.alias_paths:
            if field not in within and path in paths:
                yield document.problem(place, f"'{path[-1]}' is a property by itself")
