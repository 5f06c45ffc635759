"""Text → typed value by the contract. Nothing here can throw in either ANSI mode: bad text becomes null."""

from pyspark.sql import Column
from pyspark.sql import functions as F

from c360_spark.config import Field

INTEGER = r"^[+-]?\d{1,18}$"
DAY = r"^\d{4}-\d{1,2}-\d{1,2}"  # Spark reads 10:30 as of today, and 20260101 as a year
NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$"


def typed(field: Field, value: Column) -> Column:
    """`value` (text or null) in the field's logical type and unit; null when it does not fit."""
    kind = field.element.logical_type
    if field.settings.value_map:
        return _mapped(value, field.settings.value_map)
    if kind == "integer":
        return _scaled(F.when(value.rlike(INTEGER), value.cast("long")), field)
    if kind == "number":
        return _scaled(F.when(value.rlike(NUMBER), value.cast("double")), field)
    if kind == "boolean":
        flag = F.lower(value)
        return F.when(flag.isin("true", "1", "yes"), F.lit(True)).when(flag.isin("false", "0", "no"), F.lit(False))
    if kind == "date":
        formats = field.settings.formats or ["yyyy-MM-dd"]
        return F.coalesce(*(F.try_to_timestamp(value, F.lit(f)).cast("date") for f in formats))
    if kind == "timestamp":
        return F.coalesce(*(_instant(value, f) for f in field.settings.formats or ["iso"]))
    return value


def _mapped(value: Column, names: dict[str, str]) -> Column:
    return F.create_map(*(F.lit(part) for pair in names.items() for part in pair))[value]


def _scaled(number: Column, field: Field) -> Column:
    """A price in units becomes cents with scale 100, rounded half up on its decimal digits."""
    scale = field.settings.scale
    if scale == 1:
        return number
    exact = F.round(number.cast("decimal(30,10)") * F.lit(scale)).cast("long")
    return F.when(F.abs(number) < F.lit(1e18 / scale), exact)


def _instant(value: Column, format: str) -> Column:
    if format == "iso":
        return F.try_to_timestamp(F.when(value.rlike(DAY), value))
    if format == "epoch_ms":
        return F.timestamp_millis(F.when(value.rlike(r"^\d{1,14}$"), value.cast("long")))
    return F.try_to_timestamp(value, F.lit(format))
