"""Patterns of conf/, tried on values."""

from pyspark.sql import Column
from pyspark.sql import functions as F

from c360_spark.config.rules.pattern import MAX_TEXT, repeats_a_group


def fits(value: Column, pattern: str, *, any_case: bool = False) -> Column:
    """Whether a value has a part that fits; null where there is no value. One of more than MAX_TEXT characters fits no
    pattern that repeats a group.
    """
    found = value.rlike(f"(?i){pattern}" if any_case else pattern)
    return F.when(F.length(value) > MAX_TEXT, F.lit(False)).otherwise(found) if repeats_a_group(pattern) else found
