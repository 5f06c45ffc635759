"""Blocked values: test addresses, zeros, hashes of empty values. They identify no person."""

from collections.abc import Iterable

from pyspark.sql import Column
from pyspark.sql import functions as F

from c360_spark.columns.pattern import fits
from c360_spark.config.rules.identity import RuleSet


def is_blocked(namespace: Column, value: Column, rules: RuleSet) -> Column:
    """Whether the rule set blocks `value` in `namespace`. Never null for values that are not null."""
    text = F.lower(value)
    blocked = _matches(text, rules.blocked_values, rules.blocked_patterns)
    for name, space in rules.namespaces.items():
        if space.blocked_values or space.blocked_patterns:
            blocked = blocked | ((namespace == name) & _matches(text, space.blocked_values, space.blocked_patterns))
    return blocked


def _matches(text: Column, values: Iterable[str], patterns: Iterable[str]) -> Column:
    found: Column = text.isin(*(value.lower() for value in values))
    for pattern in patterns:
        found = found | fits(text, pattern, any_case=True)
    return found
