"""Parses numbers as people write them, and converts amounts of money to minor units of their currency.

Nothing here throws in either ANSI mode: bad text becomes null.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.columns.once import once
from c360_spark.config import Contract, Field
from c360_spark.config.contract.money import DIGITS, Writing, writing

CURRENCY, EXPONENT = "_currency", "_exponent"  # helper columns while a record is made
MARK = r"[\p{L}\p{Sc}]{1,5}\.?"
LARGEST = 1e18


def with_currency(rows: DataFrame, code: Column | None) -> DataFrame:
    """Rows with the ISO 4217 `code` of their amounts and its decimal digits.

    The code is null where none is given; the digits also where ISO 4217 has no such code.
    """
    said = F.lit(None).cast("string") if code is None else F.upper(F.trim(code))
    return rows.withColumn(CURRENCY, said).withColumn(EXPONENT, exponent(F.col(CURRENCY)))


def exponent(code: Column) -> Column:
    """Decimal digits of a currency; null where ISO 4217 has no such code."""
    found = F.lit(None).cast("int")
    for digits in sorted(set(DIGITS.values()), reverse=True):
        codes = F.lit(" ".join(sorted(each for each, n in DIGITS.items() if n == digits)))  # one literal is quick
        found = F.when(code.rlike("^[A-Z]{3}$") & codes.contains(code), digits).otherwise(found)
    return found


def is_unknown(code: Column) -> Column:
    """Whether a text is no code of ISO 4217."""
    return code.isNotNull() & exponent(F.upper(F.trim(code))).isNull()


def gives_amounts(contract: Contract) -> bool:
    """Whether any amount of the contract needs the currency of the row."""
    fields = (*contract.fields, *(contract.lines.fields if contract.lines else ()))
    return any(field.in_major_units or (field.is_amount and field.settings.locale) for field in fields)


def plain(value: Column, field: Field) -> Column:
    """A number in the field's locale as plain text, such as `-1203.50`; null where it is not written in that locale.

    An amount may have the sign or the code of a currency beside it. Brackets and a trailing minus mean minus. Without a
    locale the text stays as it is.
    """
    if field.settings.locale is None:
        return value
    written = writing(field.settings.locale)
    return once(_signed(value), lambda signed: _plain(signed, written, with_mark=field.is_money))


def _plain(signed: Column, written: Writing, *, with_mark: bool) -> Column:
    shape = _shape(written, with_mark=with_mark)
    digits = F.translate(F.regexp_extract(signed, shape, 4), written.groups, "")
    sign, mark = _parts(signed, shape, 1, 3, 6), _parts(signed, shape, 2, 5)
    found = F.concat(sign, F.replace(digits, F.lit(written.point), F.lit(".")))
    return F.when(signed.rlike(shape) & (F.length(sign) <= 1) & (F.length(mark) <= 6), found)


def _signed(value: Column) -> Column:
    return F.regexp_replace(F.regexp_replace(value, r"^\((.*)\)$", "-$1"), "\u2212", "-")


def _shape(written: Writing, *, with_mark: bool) -> str:
    """A pattern with six groups: sign, mark, sign, number, mark, sign."""
    mark = f"((?:{MARK})?)" if with_mark else "()"
    return rf"^([-+]?)\s*{mark}\s*([-+]?)\s*({written.number})\s*{mark}\s*(-?)$"


def _parts(value: Column, shape: str, *groups: int) -> Column:
    return F.concat(*(F.regexp_extract(value, shape, group) for group in groups))


def is_of_another_currency(value: Column, field: Field, code: Column) -> Column:
    """Whether an amount has the sign of a currency other than `code` beside it."""
    if field.settings.locale is None or not field.is_money:
        return F.lit(False)
    written = writing(field.settings.locale)
    signs = F.lit(" " + " ".join(f"{of}:{sign.upper()}" for of, sign in written.signs) + " ")
    mark = F.upper(_parts(_signed(value), _shape(written, with_mark=True), 2, 5))
    return (F.length(mark) > 0) & ~signs.contains(F.concat(F.lit(" "), code, F.lit(":"), mark, F.lit(" ")))


def in_minor_units(number: Column, digits: Column) -> Column:
    """An amount in units of its currency as whole minor units, rounded half up on its decimal digits."""
    unit = F.pow(F.lit(10), digits)
    exact = number.cast("decimal(30,10)") * unit.cast("decimal(5,0)")
    return F.when(F.abs(number) * unit < LARGEST, F.round(exact).cast("long"))
