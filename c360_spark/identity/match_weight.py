"""Match weight of any two records by the match model, in plain Python: the levels and sums of Splink.

Splink scores the pairs that blocking keys bring together. Whether two groups of records belong together also depends on
pairs that no blocking key brings together: these are few, and scored here.
"""

from collections.abc import Callable, Sequence, Set
from functools import partial
from math import log2

from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

from c360_spark.config.rules.probabilistic import OTHER, Agreement, Probabilistic, value_columns

Values = tuple[str | None, ...]  # of one record: its prepared `compared_columns`
Weigh = Callable[[Values, Values], float]


def compared_columns(rules: Probabilistic) -> list[str]:
    """The columns of `probabilistic.prepared` that comparisons read, in the order of `Values`."""
    return [column for name, c in sorted(rules.comparisons.items()) for column in value_columns(name, c)]


def weigher(rules: Probabilistic) -> Weigh:
    """A function from the values of two records to their match weight, for rules that have a match model."""
    model = rules.model
    assert model is not None
    prior, parts, start = log2(model.prior / (1 - model.prior)), [], 0
    for name, comparison in sorted(rules.comparisons.items()):
        width = len(value_columns(name, comparison))
        weights = {level: log2(known.m / known.u) for level, known in model.comparisons[name].items()}
        level_of = partial(_level, [*comparison.levels.items()], frozenset(model.common.get(name, ())))
        parts.append((level_of, slice(start, start + width), weights))
        start += width

    def weigh(one: Values, other: Values) -> float:
        one, other = sorted((one, other), key=_present)  # the similarity of two names may depend on their order
        levels = ((weights, level_of(one[place], other[place])) for level_of, place, weights in parts)
        return sum((weights[level] for weights, level in levels if level is not None), prior)

    return weigh


def _present(values: Values) -> list[str]:
    return [value or "" for value in values]


def probability_of(weight: float) -> float:
    """The probability that a match weight stands for."""
    odds: float = 2.0 ** -abs(weight)
    return 1 / (1 + odds) if weight >= 0 else odds / (1 + odds)


def weight_of(probability: float) -> float:
    """The match weight that stands for a probability, infinite for 0 and 1."""
    if probability in (0, 1):
        return float("inf") if probability else float("-inf")
    return log2(probability / (1 - probability))


def _level(
    levels: Sequence[tuple[str, tuple[Agreement, ...]]], common: Set[str], one: Values, other: Values
) -> str | None:
    """The level of the values of two records; None where no value is present in both, as in `scoring`."""
    if all(a is None or b is None for a, b in zip(one, other, strict=True)):
        return None
    found = (level for level, all_of in levels if all(_holds(a, one, other, common) for a in all_of))
    return next(found, OTHER)


def _holds(agreement: Agreement, one: Values, other: Values, common: Set[str]) -> bool:
    a, b = one[agreement.value], other[agreement.value]
    if a is None or b is None:
        return False
    if agreement.measure == "equal":
        return a == b
    if agreement.measure == "common":
        return a in common
    if agreement.measure == "similar":
        return JaroWinkler.similarity(a, b) >= agreement.limit
    return DamerauLevenshtein.distance(a, b) <= agreement.limit
