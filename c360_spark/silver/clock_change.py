"""Daylight saving changes: local times that the clocks never showed, or showed twice."""

from pyspark.sql import Column
from pyspark.sql import functions as F

from c360_spark.columns.once import once
from c360_spark.config import Field
from c360_spark.silver.parse import text
from c360_spark.silver.typed import moment
from c360_spark.silver.zone import at_zone, local_formats, names_zone, zone_of

CHANGES = ("30 MINUTES", "1 HOUR", "2 HOURS")  # how far clocks are put back: Lord Howe, elsewhere, Troll


def clock_change(field: Field) -> Column:
    """`gap` where the clocks of the field's zone never showed its local time, `overlap` where they showed it twice."""
    value, zone = text(field), zone_of(field)
    read = (F.when(~names_zone(value, each), moment(value, each, None)) for each in local_formats(field))
    local = F.coalesce(F.lit(None).cast("timestamp"), *read)
    return once(local, lambda local: once(at_zone(local, zone), lambda at: _change(local, at, zone)))


def _change(local: Column, at: Column, zone: Column) -> Column:
    again = F.lit(False)
    for change in CHANGES:
        again |= F.from_utc_timestamp(at + F.expr(f"INTERVAL {change}"), zone) == local
    gap = F.from_utc_timestamp(at, zone) != local
    return F.when(gap, F.lit("gap")).when(again, F.lit("overlap"))
