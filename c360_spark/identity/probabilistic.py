"""Probabilistic record linkage: pairs of profile records that probably belong to one person.

The block `probabilistic` of a rule set configures it. A pair's score depends on its two records and the match model
alone, never on other records in the lake. Other records only decide, through `max_block_pairs`, whether the pair is
compared at all. So term frequency does not count: a rare surname weighs as much as a common one.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from math import log2

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DoubleType, StructField, StructType

from c360_spark.columns.keys import joined
from c360_spark.columns.normalize import OF_LETTERS, key_part
from c360_spark.columns.placeholder import is_placeholder
from c360_spark.config.rules.probabilistic import SHAPES, Comparison, Engine, Probabilistic, value_columns
from c360_spark.errors import ConfigError
from c360_spark.identity.scoring import (
    WEIGHED,
    block_column,
    duckdb_linker,
    require_splink,
    settings,
    spark_weighed,
    weighed,
)

DIGITS = 6  # of probabilities and weights


def prepared(records: DataFrame, rules: Probabilistic) -> DataFrame:
    """Records prepared for comparison: `record_id, compare_…, block_…`, one row for each record in a region that takes
    part.

    `records` has `record_id` (unique, a long or a string), `region`, `country`, and the columns of
    silver.profile_record that the rules name. A value that a record lacks is null. Where a region needs a purpose, the
    caller has already left out the persons who have not granted it.
    """
    values = [
        value.alias(column)
        for name, comparison in rules.comparisons.items()
        for column, value in zip(value_columns(name, comparison), _values(name, comparison), strict=True)
    ]
    blocks = []
    for name, parts in rules.blocking.items():
        found = [key_part(part, F.col("country")) for part in parts]
        complete = F.forall(F.array(*found), lambda part: part.isNotNull())
        # A hash collision only costs needless comparisons. The region is part of the key: pairs never cross regions.
        blocks.append(F.when(complete, F.xxhash64(joined(F.col("region"), *found))).alias(block_column(name)))
    return records.where(F.col("region").isin(*rules.regions)).select("record_id", *values, *blocks)


def _values(name: str, comparison: Comparison) -> list[Column]:
    normalizers = SHAPES[comparison.kind].normalizers
    columns = zip(normalizers, comparison.of(name), strict=True)
    values = [_value(normalizer, column) for normalizer, column in columns]
    return [*values, F.substring_index(values[0], "@", 1)] if comparison.kind == "email" else values


def _value(normalizer: str, column: str) -> Column:
    """A column of a record, normalised; null for a placeholder value."""

    text = F.col(column).cast("string")
    return F.when(~is_placeholder(column, text), OF_LETTERS[normalizer](text))


def crowded_blocks(prepared: DataFrame, rules: Probabilistic) -> DataFrame:
    """Blocking keys with crowded values: `blocking, blocks, records`.

    `blocks` counts the values that would make more than `max_block_pairs` pairs, `records` the records that have them.
    Such values make no pairs. A blocking key without such a value has no row.
    """
    return (
        _crowded(prepared, rules)
        .groupBy("blocking")
        .agg(F.count(F.lit(1)).alias("blocks"), F.sum("records").alias("records"))
    )


def _crowded(prepared: DataFrame, rules: Probabilistic) -> DataFrame:
    """Crowded values of blocking keys: `blocking, block, records`."""
    keys = [F.struct(F.lit(n).alias("blocking"), F.col(block_column(n)).alias("block")) for n in rules.blocking]
    blocks = prepared.select(F.inline(F.array(*keys))).where("block IS NOT NULL")
    sizes = blocks.groupBy("blocking", "block").agg(F.count(F.lit(1)).alias("records"))
    return sizes.where(F.expr("records * (records - 1) / 2") > rules.max_block_pairs)


def uncrowded(prepared: DataFrame, rules: Probabilistic) -> DataFrame:
    """The prepared records, with null in place of crowded values of blocking keys."""
    crowded = _crowded(prepared, rules)
    rows = prepared
    for name in rules.blocking:
        # Small enough to broadcast: a crowded value has many records, so there are few such values.
        here = F.broadcast(crowded.where(F.col("blocking") == name).select(F.col("block").alias("crowded")))
        column = F.col(block_column(name))
        rows = rows.join(here, column == F.col("crowded"), "left")
        rows = rows.withColumn(block_column(name), F.when(F.col("crowded").isNull(), column)).drop("crowded")
    return rows


def pairs(prepared: DataFrame, rules: Probabilistic, *, engine: Engine) -> DataFrame:
    """Pairs that are probably one person: `left_id, right_id, probability, match_weight`.

    Returns each pair with a probability of at least `review_at` once, with left_id < right_id. Both numbers are rounded
    to six digits and are equal on either engine.

    Write `prepared` to storage and read it back before you pass it in: Spark reads it once per blocking key. `duckdb`
    is one Arrow task, fastest while records and pairs fit the memory of one worker.

    Raises SetupError C102 without the extra, ConfigError C202 when the rules have no match model.
    """
    require_splink()
    if rules.model is None:
        hint = "make one with `c360 model train`, and name it as `model`"
        raise ConfigError("C202", "probabilistic in identity.yml names no match model", hint=hint)
    least = _least_weight(rules.review_at)
    told, rows = settings(rules, rules.model), uncrowded(prepared, rules)
    found = _duckdb(rows, told, least) if engine == "duckdb" else spark_weighed(rows, told, least)
    left, right, weight = (F.col(name) for name in WEIGHED)
    # Both engines add the same weights in the same order. The power is computed here, so that its last digit is equal.
    odds = F.pow(F.lit(2.0), -F.abs(weight))
    probability = F.when(weight >= 0, 1 / (1 + odds)).otherwise(odds / (1 + odds))
    named = found.select(
        F.least(left, right).alias("left_id"),
        F.greatest(left, right).alias("right_id"),
        F.round(probability, DIGITS).alias("probability"),
        F.round(weight, DIGITS).alias("match_weight"),
    )
    return named.where(F.col("probability") >= rules.review_at).sortWithinPartitions("left_id", "right_id")


def _least_weight(probability: float) -> float | None:
    """The least match weight of a pair whose rounded probability is at least `probability`; None for no limit."""
    least = probability - 10**-DIGITS
    return log2(least / (1 - least)) if least > 0 else None


def _duckdb(rows: DataFrame, told: dict[str, object], least: float | None) -> DataFrame:
    key = rows.schema["record_id"].dataType
    types = [key, key, DoubleType()]
    schema = StructType([StructField(name, type) for name, type in zip(WEIGHED, types, strict=True)])
    # A shuffle into one task, so that many tasks still prepare the values before it.
    return rows.repartition(1).mapInArrow(_scorer(told, least), schema)


def _scorer(
    told: dict[str, object], least: float | None
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    return partial(_score, told=told, least=least)


def _score(
    batches: Iterable[pa.RecordBatch], *, told: dict[str, object], least: float | None
) -> Iterator[pa.RecordBatch]:
    rows = list(batches)
    if rows:
        found = weighed(duckdb_linker(pa.Table.from_batches(rows), told), least)
        yield from found.as_pyarrow_table().select(WEIGHED).to_batches()
