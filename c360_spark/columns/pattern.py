"""Matches values against the patterns (regular expressions) of conf/."""

from pyspark.sql import Column
from pyspark.sql import functions as F

from c360_spark.config.rules.pattern import MAX_TEXT, repeats_a_group


def fits(value: Column, pattern: str, *, any_case: bool = False) -> Column:
    """Whether a part of the value matches the pattern; null where there is no value.

    A value of more than MAX_TEXT characters matches no pattern that repeats a group: Java could overflow its stack.
    """
    found = value.rlike(f"(?i){pattern}" if any_case else pattern)
    return F.when(F.length(value) > MAX_TEXT, F.lit(False)).otherwise(found) if repeats_a_group(pattern) else found
