"""Why a record is rejected: an array of stable codes `code:field`, all of them at once, empty when it is fine.

Codes: `malformed` the payload is not a record of its format · `missing` a required value is absent · `type` a value
does not fit its type, or is not among the mapped values · `pattern` · `range`.
"""

from collections.abc import Iterator
from functools import partial

from pyspark.sql import Column
from pyspark.sql import functions as F

from c360_spark.config import Contract, Field, Lines
from c360_spark.silver.parse import text
from c360_spark.silver.typed import typed


def reasons(contract: Contract) -> Column:
    """Over rows of `parsed`."""
    checks = [check for field in contract.fields for check in _checks(field)]
    if contract.lines:
        checks += _line_checks(contract.lines)
    found = F.array_compact(F.array(*checks)) if checks else F.array().cast("array<string>")
    return F.when(F.col("fields").isNull(), F.array(F.lit("malformed"))).otherwise(found)


def _checks(field: Field) -> Iterator[Column]:
    value, limits = text(field), field.element.logical_type_options
    result = typed(field, value)
    if field.element.required or field.element.primary_key:
        yield _code(value.isNull(), "missing", field.name)
    if field.element.logical_type != "string" or field.settings.value_map:
        yield _code(value.isNotNull() & result.isNull(), "type", field.name)
    if limits.pattern is not None:
        yield _code(~value.rlike(limits.pattern), "pattern", field.name)
    if limits.minimum is not None:
        yield _code(result < limits.minimum, "range", field.name)
    if limits.maximum is not None:
        yield _code(result > limits.maximum, "range", field.name)


def _line_checks(lines: Lines) -> Iterator[Column]:
    items = F.col("fields." + ".".join(lines.path))
    for field in lines.fields:
        name = f"{'.'.join(lines.path)}.{field.name}"
        if field.element.required:
            yield _code(F.exists(items, partial(_absent, field)), "missing", name)
        if field.element.logical_type != "string":
            yield _code(F.exists(items, partial(_wrong, field)), "type", name)


def _absent(field: Field, item: Column) -> Column:
    return text(field, item).isNull()


def _wrong(field: Field, item: Column) -> Column:
    value = text(field, item)
    return value.isNotNull() & typed(field, value).isNull()


def _code(condition: Column, code: str, name: str) -> Column:
    return F.when(condition, F.lit(f"{code}:{name}"))
