"""Placeholder values in the columns of a profile record."""

from pyspark.sql import Column
from pyspark.sql import functions as F

from c360_spark.columns.pattern import fits
from c360_spark.config.rules.key_part import NOTHING, PLACEHOLDERS, KeyPart, Placeholders


def is_placeholder(column: str, text: Column, part: KeyPart | None = None) -> Column:
    """Whether a value of a column of silver.profile_record is a placeholder value. Never null.

    PLACEHOLDERS of config/rules/key_part.py decides, and what `part` blocks or allows in addition. `text` has been
    through `letters`.
    """
    known = PLACEHOLDERS.get(column, NOTHING)
    own = Placeholders(part.blocked_values, part.blocked_patterns) if part else NOTHING
    if not (known.values or known.patterns or own.values or own.patterns):
        return F.lit(False)
    allowed = [text.lower() for text in part.allowed_values] if part else []
    values = {text.lower() for text in (*known.values, *own.values)}.difference(allowed)
    trimmed = F.trim(F.translate(text, "\n", " "))  # a street may have two lines
    lower = F.lower(trimmed)
    matched: Column = lower.isin(*sorted(values))
    for pattern in (*known.patterns, *own.patterns):
        matched = matched | fits(trimmed, pattern)
    return F.coalesce(matched & ~lower.isin(*allowed) if allowed else matched, F.lit(False))
