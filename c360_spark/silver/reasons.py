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
    checks = [
        F.when(condition, F.lit(f"{code}:{field.name}"))
        for field in contract.fields
        for code, condition in _conditions(field, text(field))
    ]
    if contract.lines:
        checks += _line_checks(contract.lines)
    found = F.array_compact(F.array(*checks)) if checks else F.array().cast("array<string>")
    return F.when(F.col("fields").isNull(), F.array(F.lit("malformed"))).otherwise(found)


def _conditions(field: Field, value: Column) -> Iterator[tuple[str, Column]]:
    """What can be wrong with a value, by code; each condition is true or not (false or null)."""
    result, limits = typed(field, value), field.element.logical_type_options
    if field.element.required or field.element.primary_key:
        yield "missing", value.isNull()
    if field.element.logical_type != "string" or field.settings.value_map:
        yield "type", value.isNotNull() & result.isNull()
    if limits.pattern is not None:
        yield "pattern", ~value.rlike(limits.pattern)
    if limits.minimum is not None:
        yield "range", result < limits.minimum
    if limits.maximum is not None:
        yield "range", result > limits.maximum


def _line_checks(lines: Lines) -> Iterator[Column]:
    """The same for lines: a record is rejected when any of its lines is wrong."""
    path = ".".join(lines.path)
    for field in lines.fields:
        for number, (code, _) in enumerate(_conditions(field, F.lit(None).cast("string"))):
            wrong = F.exists(F.col(f"fields.{path}"), partial(_nth, field, number))
            yield F.when(wrong, F.lit(f"{code}:{path}.{field.name}"))


def _nth(field: Field, number: int, item: Column) -> Column:
    return F.coalesce(list(_conditions(field, text(field, item)))[number][1], F.lit(False))
