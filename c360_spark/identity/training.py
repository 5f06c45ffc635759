"""Trains a match model from records, without knowing which of them belong to one person.

u comes from random pairs, minus the few of them that belong to one person. m comes from expectation maximisation
(Splink) among the pairs of each blocking key, where enough belong to one person, for the comparisons that do not depend
on the key; the median over the keys is taken. One thread and a fixed order of rows: equal input gives equal figures, to
the last digit.
"""

from math import log2
from typing import Any

import numpy as np
import pyarrow as pa

from c360_spark.config.rules.probabilistic import Level, MatchModel, Probabilistic, value_columns
from c360_spark.errors import InputError
from c360_spark.identity.scoring import (
    block_column,
    duckdb_linker,
    require_splink,
    same_block,
    settings,
    weighed,
)

MIN_RECORDS = 100
RANDOM_PAIRS = 5_000_000
# A level that was never seen is rare, not impossible: less than one in a thousand pairs of one person, and one in a
# million pairs of two.
UNSEEN = (0.001, 0.000001)
START = 0.0001  # first value of the prior
COMMON = 10  # records that have a common value, at least
Shares = dict[str, tuple[float, float]]  # level → m and u


def estimated(prepared: pa.Table, rules: Probabilistic) -> MatchModel:
    """A match model from the columns of `probabilistic.prepared`, in any order of rows. It has no version of its own.

    Raises SetupError C102 without the extra, InputError C306 when there are too few records, a blocking key has no
    pairs or leaves less than two comparisons free, or no key leaves one free.
    """
    require_splink()
    records = prepared.sort_by("record_id")
    _require_enough(records, rules)
    common = common_values(records, rules)
    linker = duckdb_linker(records, settings(rules, None, common=common))
    training = linker.training
    # Chunks would end the sampling early, level by level.
    training.estimate_u_using_random_sampling(
        max_pairs=RANDOM_PAIRS, seed=rules.seed, min_count_per_level=None, num_chunks=1
    )
    for name in _keys(rules):
        training.estimate_parameters_using_expectation_maximisation(_training_rule(name, rules))
    found = {c.output_column_name: _shares(c) for c in linker._settings_obj.comparisons}
    first = _model({name: _levels(shares) for name, shares in found.items()}, common)
    prior = _prior(records, rules, first)
    without = {name: _levels(_without_matches(levels, prior)) for name, levels in first.comparisons.items()}
    model = _model(without, common)
    return model.model_copy(update={"prior": _prior(records, rules, model)})


def _shares(comparison: Any) -> Shares:
    return {
        level.label_for_charts: (
            float(level.m_probability) if level._has_estimated_m_values else 0.0,
            float(level.u_probability) if level._has_estimated_u_values else 0.0,
        )
        for level in comparison._comparison_levels_excluding_null
    }


def common_values(records: pa.Table, rules: Probabilistic) -> dict[str, tuple[str, ...]]:
    """The values that at least the share `common_from` of the records with a value has, sorted, by comparison.

    A value of less than COMMON records is in no list: the file tells nothing about few people.
    """
    found = {}
    for name, comparison in sorted(rules.comparisons.items()):
        if comparison.common_from:
            counts = records.column(value_columns(name, comparison)[0]).drop_null().value_counts().to_pylist()
            least = max(comparison.common_from * sum(row["counts"] for row in counts), COMMON)
            found[name] = tuple(sorted(row["values"] for row in counts if row["counts"] >= least))
    return found


def _model(comparisons: dict[str, dict[str, Level]], common: dict[str, tuple[str, ...]]) -> MatchModel:
    return MatchModel(version="0.0.0", prior=START, comparisons=comparisons, common=common)


def _require_enough(records: pa.Table, rules: Probabilistic) -> None:
    complaints = []
    if records.num_rows < MIN_RECORDS:
        complaints.append(f"{records.num_rows:,} records, at least {MIN_RECORDS:,} are needed")
    for name in _keys(rules):
        if len(rules.comparisons) - len(_used(name, rules)) < 2:
            # With one comparison, any share of one-person pairs among the key's pairs would fit.
            complaints.append(f"the blocking key {name} leaves less than two comparisons that it is not about")
        columns = [block_column(name), *(v for values in _used(name, rules).values() for v in values)]
        keys = records.select(columns).drop_null()
        if keys.num_rows == keys.group_by(columns).aggregate([]).num_rows:
            complaints.append(f"no two records agree on the blocking key {name} to the letter")
    for name in sorted(rules.comparisons):
        if all(name in _used(key, rules) for key in _keys(rules)):
            complaints.append(f"every blocking key trained on is about {name}: none tells how often it agrees")
    if complaints:
        hint = "take more records, or change `blocking` in identity.yml"
        raise InputError("C306", "; ".join(complaints), hint=hint)


def _keys(rules: Probabilistic) -> list[str]:
    return sorted(rules.train_on or rules.blocking)


def _used(key: str, rules: Probabilistic) -> dict[str, list[str]]:
    """The comparisons that depend on a blocking key, each with those of its columns that the key uses."""
    of = {part.column for part in rules.blocking[key]}
    found = {
        name: [v for v, column in zip(value_columns(name, c), c.of(name), strict=False) if column in of]
        for name, c in rules.comparisons.items()
    }
    return {name: values for name, values in found.items() if values}


def _training_rule(key: str, rules: Probabilistic) -> str:
    """SQL condition: pairs that agree on the key and on all columns it uses.

    Splink leaves out comparisons whose columns the condition names.
    """
    equal = [f"l.{value} = r.{value}" for values in _used(key, rules).values() for value in values]
    return " AND ".join([same_block(key), *equal])


def _levels(shares: Shares) -> dict[str, Level]:
    """The levels of a comparison: none is zero, and all add up to 1. A level that was never seen lowers the others."""
    least = {level: (max(m, UNSEEN[0]), max(u, UNSEEN[1])) for level, (m, u) in shares.items()}
    all_m, all_u = (sum(both) for both in zip(*least.values(), strict=True))
    return {level: Level(m=_figure(m / all_m), u=_figure(u / all_u)) for level, (m, u) in least.items()}


def _figure(share: float) -> float:
    """Six significant digits."""
    return float(f"{share:.6g}")


def _without_matches(levels: dict[str, Level], prior: float) -> Shares:
    """Shares without the random pairs that belong to one person.

    In a small data set with many of those, agreement by chance would seem far more common than it is.
    """
    return {level: (f.m, (f.u - prior * f.m) / (1 - prior)) for level, f in levels.items()}


def _prior(records: pa.Table, rules: Probabilistic, model: MatchModel) -> float:
    """The prior: the share of all pairs that the model, with this share as its prior, expects to be of one person."""
    found = weighed(duckdb_linker(records, settings(rules, model)), None).as_pyarrow_table()
    evidence = np.sort(found["match_weight"].to_numpy()) - log2(START / (1 - START))
    every, prior = records.num_rows * (records.num_rows - 1) / 2, START
    for _ in range(100):
        expected = float(np.sum(1 / (1 + np.exp2(-(evidence + log2(prior / (1 - prior)))))))
        prior = min(max(expected / every, 1e-9), 0.5)
    return _figure(prior)
