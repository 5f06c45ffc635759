"""Text → typed value by the contract. Nothing here throws in either ANSI mode: bad text becomes null."""

from collections.abc import Callable

from pyspark.sql import Column
from pyspark.sql import functions as F

from c360_spark.columns.once import once
from c360_spark.config import Field
from c360_spark.silver.amount import EXPONENT, in_minor_units, plain
from c360_spark.silver.parse import text
from c360_spark.silver.zone import at_zone, names_zone, zone_of

INTEGER = r"^[+-]?\d{1,18}$"
DAY = r"^\d{4}-\d{1,2}-\d{1,2}"  # Spark reads 10:30 as of today, and 20260101 as a year
EXACT = 2.0**53  # a float holds every whole number up to here exactly
NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$"

# Numbers counted since 1970, up to about the year 5000, and the function that makes a timestamp of them.
EPOCH: dict[str, tuple[str, Callable[[Column], Column]]] = {
    "epoch_s": (r"^\d{1,11}$", F.timestamp_seconds),
    "epoch_ms": (r"^\d{1,14}$", F.timestamp_millis),
    "epoch_us": (r"^\d{1,17}$", F.timestamp_micros),
    "epoch_ns": (
        r"^(\d{1,18}|[1-8]\d{18})$",
        lambda number: F.timestamp_micros((number.cast("decimal(20,0)") / 1000).cast("long")),
    ),
}


def meant(field: Field, root: Column | None = None, *, digits: Column | None = None) -> Column:
    """The typed value of a field, in a record or below `root` in it; see `typed`."""
    zone = zone_of(field, root) if field.is_local else None
    return typed(field, text(field, root), digits=digits, zone=zone)


def typed(field: Field, value: Column, *, digits: Column | None = None, zone: Column | None = None) -> Column:
    """`value` (text or null) in the field's logical type and unit; null when it does not fit.

    `digits` are the decimal digits of the currency, which convert an amount in its units to minor units; `zone` is the
    zone of times that name none.
    """
    kind = field.element.logical_type
    if field.settings.value_map:
        return _mapped(value, field.settings.value_map)
    if kind in ("integer", "number"):
        read = _whole if kind == "integer" else _number
        number = once(plain(value, field), read) if field.settings.locale else read(value)
        if field.in_major_units:
            return in_minor_units(number, F.col(EXPONENT) if digits is None else digits)
        return _scaled(number, field)
    if kind == "boolean":
        flag = F.lower(value)
        return F.when(flag.isin("true", "1", "yes"), F.lit(True)).when(flag.isin("false", "0", "no"), F.lit(False))
    if kind == "date":
        formats = field.settings.formats or ["yyyy-MM-dd"]
        return F.coalesce(*(F.try_to_timestamp(value, F.lit(f)).cast("date") for f in formats))
    if kind == "timestamp":
        return F.coalesce(*(moment(value, f, zone) for f in field.settings.formats or ["iso"]))
    return value


def _number(value: Column) -> Column:
    return F.when(value.rlike(NUMBER), value.cast("double"))


def _whole(value: Column) -> Column:
    """A whole number, also one written as a float: a column of whole numbers with gaps often arrives as floats."""
    number = _number(value)
    is_whole = (number == F.floor(number)) & (F.abs(number) <= F.lit(EXACT))
    return F.when(value.rlike(INTEGER), value.cast("long")).when(is_whole, number.cast("long"))


def _mapped(value: Column, names: dict[str, str]) -> Column:
    return F.create_map(*(F.lit(part) for pair in names.items() for part in pair))[value]


def _scaled(number: Column, field: Field) -> Column:
    """A number times `scale`, rounded half up on its decimal digits."""
    scale = field.settings.scale
    if scale == 1:
        return number
    exact = F.round(number.cast("decimal(30,10)") * F.lit(scale)).cast("long")
    return F.when(F.abs(number) < F.lit(1e18 / scale), exact)


def moment(value: Column, format: str, zone: Column | None) -> Column:
    """The timestamp of a text; `zone` applies where the text names none."""
    read = _instant(value, format)
    if zone is None or format in EPOCH:
        return read
    return F.when(names_zone(value, format), read).otherwise(at_zone(read, zone))


def _instant(value: Column, format: str) -> Column:
    """A timestamp; a text without a zone is read as UTC."""
    if format == "iso":
        return F.try_to_timestamp(F.when(value.rlike(DAY), value))
    if format in EPOCH:
        pattern, made = EPOCH[format]
        return made(F.when(value.rlike(pattern), value.cast("long")))
    return F.try_to_timestamp(value, F.lit(format))
