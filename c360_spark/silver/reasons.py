"""Rejection reasons of a record: an array of all stable codes `code:field` that apply, empty for a valid record.

Codes: `malformed` the payload is not a record of its format · `encoding` it is not UTF-8 · `missing` a required value
is absent · `type` a value does not fit its type, or is not among the mapped values · `enum` it is not among the allowed
values · `currency` the currency of an amount is not known, is not in ISO 4217, or differs from the sign beside the
amount · `zone` a time whose zone is not known · `reference` the value is not in the list that the property names ·
`pattern` · `range` · `rule` a rule of the contract does not hold; the rule's name takes the place of the field ·
`unsupported` the record claims a version of the contract that is not accepted. verdict.py gives `unique`, taxonomy.py
the codes of the taxonomy of events.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.columns.pattern import fits
from c360_spark.config import Contract, Field, Lines
from c360_spark.config.rules.expression import placed
from c360_spark.silver.amount import (
    CURRENCY,
    EXPONENT,
    exponent,
    gives_amounts,
    is_of_another_currency,
    is_unknown,
    with_currency,
)
from c360_spark.silver.parse import text
from c360_spark.silver.shape import at, is_garbled, quoted
from c360_spark.silver.typed import meant
from c360_spark.silver.zone import is_without_zone

VALUES, INVALID = "_values", "_invalid"
HELPERS = (VALUES, CURRENCY, EXPONENT, INVALID)  # columns of `with_values`


def reasons(contract: Contract) -> Column:
    """The rejection reasons of a record, in rows of `with_values`."""
    checks = [
        F.when(condition, F.lit(f"{code}:{field.name}"))
        for field in contract.fields
        if not field.is_nulled
        for code, condition in _conditions(field)
    ]
    if contract.lines:
        checks += _line_checks(contract.lines)
    checks += _rule_checks(contract)
    if contract.explode:
        item = at(contract.explode)
        checks.append(F.when(item.isNull(), F.lit(f"missing:{'.'.join(contract.explode)}")))
    found = F.array_compact(F.array(*checks)) if checks else F.array().cast("array<string>")
    broken = F.when(F.col("fields").isNull(), F.array(F.lit("malformed")))
    return F.when(is_garbled(), F.array(F.lit("encoding"))).otherwise(F.coalesce(broken, found))


def with_values(rows: DataFrame, contract: Contract) -> DataFrame:
    """Rows of `parsed` with helper columns for amounts and rules, and without values that are taken as unknown.

    These are the currency and its digits, `_values`, a struct of the typed properties by name, and `_invalid`, why
    values were taken as unknown: `code:field`, as in `reasons`.
    """
    if gives_amounts(contract):
        rows = with_currency(rows, currency(contract.fields, contract.constants))
    rows = _without_invalid(rows, contract)
    if not contract.rules:
        return rows
    return rows.withColumn(VALUES, F.struct(*(meant(field).alias(field.name) for field in contract.fields)))


def _without_invalid(rows: DataFrame, contract: Contract) -> DataFrame:
    nulled = [(field, [*_conditions(field)]) for field in contract.fields if field.is_nulled]
    if not nulled:
        return rows
    checks = [F.when(wrong, F.lit(f"{code}:{f.name}")) for f, conditions in nulled for code, wrong in conditions]
    found = rows.withColumn(INVALID, F.array_compact(F.array(*checks)).cast("array<string>"))
    fields = given = F.col("fields")
    for field, conditions in nulled:
        if conditions:
            is_wrong = F.arrays_overlap(INVALID, F.array(*(F.lit(f"{code}:{field.name}") for code, _ in conditions)))
            fields = fields.withField(quoted(field.path), F.when(~is_wrong, at(field.path)))
    return found.withColumn("fields", F.when(F.size(INVALID) > 0, fields).otherwise(given))


def currency(fields: Iterable[Field], constants: Mapping[str, str], root: Column | None = None) -> Column | None:
    """The currency of a record as delivered, or of a line below `root`; None where the contract gives none."""
    given = [meant(field, root) for field in fields if field.settings.canonical == "currency"]
    given += [F.lit(constants["currency"])] if "currency" in constants else []
    return F.coalesce(*given) if given else None


def _rule_checks(contract: Contract) -> Iterator[Column]:
    """Checks by the rules of the contract. As in SQL, a rule about a missing value holds."""
    names = [field.name for field in contract.fields]
    for rule in contract.rules:
        condition = F.expr(placed(rule.implementation or "", names, VALUES))
        yield F.when(~condition, F.lit(f"rule:{rule.name}"))


def _conditions(field: Field, root: Column | None = None, code: Column | None = None) -> Iterator[tuple[str, Column]]:
    """The checks of one field: code and condition, which is true for a wrong value, else false or null.

    `code` is the currency of a line, where it may have another than its record.
    """
    digits, value = None if code is None else exponent(code), text(field, root)
    result, limits = meant(field, root, digits=digits), field.element.logical_type_options
    if field.is_required:
        yield "missing", value.isNull()
    if field.element.logical_type != "string" or field.settings.value_map:
        wrong = value.isNotNull() & result.isNull()
        known = F.col(EXPONENT) if digits is None else digits
        if field.in_major_units:
            wrong &= known.isNotNull()
        yield "type", wrong & ~is_without_zone(field, value, root) if field.is_local else wrong
    if field.in_major_units:
        yield "currency", value.isNotNull() & known.isNull()
    if field.is_money and field.settings.locale:
        yield "currency", is_of_another_currency(value, field, F.col(CURRENCY) if code is None else code)
    if field.settings.canonical == "currency":
        yield "currency", is_unknown(result)
    if field.is_local:
        yield "zone", is_without_zone(field, value, root)
    if field.settings.enum:
        yield "enum", ~value.isin(field.settings.enum)
    if field.listed:
        yield "reference", ~value.isin(*field.listed)
    if limits.pattern is not None:
        yield "pattern", ~fits(value, limits.pattern)
    if limits.minimum is not None:
        yield "range", result < limits.minimum
    if limits.maximum is not None:
        yield "range", result > limits.maximum


def _line_checks(lines: Lines) -> Iterator[Column]:
    """The same checks for lines: a record is rejected when any of its lines is wrong."""
    path = ".".join(lines.path)
    for field in lines.fields:
        for number, (code, _) in enumerate(_conditions(field, F.lit(None))):
            wrong = F.exists(F.col(f"fields.{path}"), partial(_nth, field, number, lines))
            yield F.when(wrong, F.lit(f"{code}:{path}.{field.name}"))


def _nth(field: Field, number: int, lines: Lines, item: Column) -> Column:
    code = line_currency(lines, item) if field.is_money else None
    return F.coalesce(list(_conditions(field, item, code))[number][1], F.lit(False))


def line_currency(lines: Lines, item: Column) -> Column | None:
    """The currency of a line; None where the contract gives lines none of their own, so that the record's applies."""
    own = currency(lines.fields, lines.constants, item)
    return None if own is None else F.upper(F.trim(F.coalesce(own, F.col(CURRENCY))))
