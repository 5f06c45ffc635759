"""Local times of a source → instants, by their time zone.

Where clocks are put forward, an hour of local time is missing: 02:30 is read as 03:30, as long after the change as it
would have been. Where they are put back, an hour exists twice: the first one is taken, still in summer time. That is
the rule of java.time and of Spark's to_utc_timestamp. The record gets a remark whenever it applies.
"""

from pyspark.sql import Column
from pyspark.sql import functions as F

from c360_spark.config import Field
from c360_spark.config.contract.odcs import TIME_ZONES
from c360_spark.silver.parse import text_at

# 2026-01-01T10:00Z, +01, +0100, +01:00 and 10:00 Europe/Berlin have a zone of their own.
OFFSET = r"\d[Tt ]\s*\d{1,2}:.*?(Z|z|UTC|GMT|[+-]\d{1,2}(:?\d{2}){0,2}|[A-Za-z]{2,}[A-Za-z0-9_/+\-]*)$"
ZONE_LETTERS = frozenset("VzOXxZ")  # letters of a format pattern that stand for a zone


def names_zone(value: Column, format: str) -> Column:
    """Whether a text that is read by `format` names its own zone."""
    if format == "iso":
        return value.rlike(OFFSET)
    outside_quotes = "".join(format.split("'")[::2])
    return F.lit(bool(ZONE_LETTERS & set(outside_quotes)))


def zone_of(field: Field, root: Column | None = None) -> Column:
    """The IANA name of the time zone of a field's times; null where it is not known."""
    default = F.lit(field.settings.zone).cast("string")
    if field.zone_path is None:
        return default
    delivered = text_at(field.zone_path, root)
    named = F.lit(None).cast("string")
    if field.settings.zones:
        named = F.create_map(*(F.lit(part) for pair in field.settings.zones.items() for part in pair))[delivered]
    known = F.lit(f" {' '.join(sorted(TIME_ZONES))} ")  # one literal is quick to plan
    own = F.when(~delivered.contains(" ") & known.contains(F.concat(F.lit(" "), delivered, F.lit(" "))), delivered)
    return F.when(delivered.isNull(), default).otherwise(F.coalesce(named, own))


def at_zone(local: Column, zone: Column) -> Column:
    """The instant at which clocks of `zone` showed the time that clocks of UTC show at `local`."""
    return F.to_utc_timestamp(local, zone)


def is_without_zone(field: Field, value: Column, root: Column | None) -> Column:
    """Whether a value needs a time zone and nothing gives one."""
    told = F.lit(False)
    for format in local_formats(field):
        told |= names_zone(value, format)
    return value.isNotNull() & zone_of(field, root).isNull() & ~told


def local_formats(field: Field) -> list[str]:
    """The formats that read local times: all but those that count since 1970."""
    return [each for each in field.settings.formats or ["iso"] if not each.startswith("epoch_")]
