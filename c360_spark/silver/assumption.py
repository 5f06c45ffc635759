"""What had to be assumed of a record that is taken: counted and told, so that nothing is guessed in silence.

Codes, as `code:field`: `gap` a time that the clocks of its zone never showed · `overlap` one that they showed twice ·
`differs` rows that are one record do not agree, and the first that says something counts.
"""

from collections.abc import Iterator

from pyspark.sql import Column
from pyspark.sql import functions as F

from c360_spark.config import Contract, Field
from c360_spark.silver.parse import text
from c360_spark.silver.shape import CONFLICTS
from c360_spark.silver.typed import moment
from c360_spark.silver.zone import at_zone, local_formats, names_zone, zone_of

ASSUMED = "assumed"  # a column of candidates, where their contract leaves something to be assumed
CHANGES = ("30 MINUTES", "1 HOUR", "2 HOURS")  # by so much clocks are put back: Lord Howe, the world, Troll


def assumed(contract: Contract) -> Column | None:
    """The codes of a record; None where the contract leaves nothing to be assumed."""
    codes = [each for field in contract.fields if field.is_local for each in _times(field)]
    found = F.array_compact(F.array(*codes)) if codes else F.array().cast("array<string>")
    if contract.lines and contract.lines.rows_by:
        differ = F.transform(CONFLICTS, lambda name: F.concat(F.lit("differs:"), name))
        return F.concat(found, differ)
    return found if codes else None


def _times(field: Field) -> Iterator[Column]:
    value, zone = text(field), zone_of(field)
    read = (F.when(~names_zone(value, each), moment(value, each, None)) for each in local_formats(field))
    local = F.coalesce(F.lit(None).cast("timestamp"), *read)
    at = at_zone(local, zone)
    yield F.when(F.from_utc_timestamp(at, zone) != local, F.lit(f"gap:{field.name}"))
    again = F.lit(False)
    for change in CHANGES:
        again |= F.from_utc_timestamp(at + F.expr(f"INTERVAL {change}"), zone) == local
    yield F.when(again, F.lit(f"overlap:{field.name}"))
