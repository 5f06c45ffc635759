"""Metrics of persons: facts → one column per metric → rows of gold.metric, totals, the lifecycle; and back."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.config.rules.metrics import LIFECYCLE, Fact, Kind, Metric, MetricRules

CASTS: Mapping[Kind, str] = {"number": "BIGINT", "text": "STRING", "moment": "TIMESTAMP"}
LARGEST = 2**63 - 1


def measured(facts: DataFrame, fact: Fact, metrics: Mapping[str, Metric], *, as_of: datetime) -> DataFrame:
    """The metrics of one kind of fact in one pass: `person_id` and a column for each metric.

    `facts` are rows of the table of that kind, with a `person_id`. Facts after `as_of` never count.
    """
    known = facts.where(F.col("person_id").isNotNull() & (F.col(fact.at) <= F.lit(as_of)))
    taken = [_taken(metric, fact, as_of=as_of).alias(name) for name, metric in metrics.items()]
    frequent = {name: _most_frequent(F.col(name)) for name, metric in metrics.items() if metric.take == "most"}
    return known.groupBy("person_id").agg(*taken).withColumns(frequent)


def passed(fact: Fact, metrics: Mapping[str, Metric], *, since: datetime, as_of: datetime) -> Column:
    """Condition over facts: whether the time from `since` to `as_of` alone can change one of their metrics.

    It holds for facts that came to pass, left a window, or grew older by a whole day.
    """
    at, ages = F.col(fact.at), (metric.days for metric in metrics.values() if metric.days)
    edges = (timedelta(days=days) for days in {0, *ages})
    found = reduce(or_, ((at > F.lit(since - age)) & (at <= F.lit(as_of - age)) for age in edges))
    if any(metric.take == "days_since" for metric in metrics.values()):
        found |= _days_since(at, since) != _days_since(at, as_of)
    return found if since < as_of else F.lit(False)


def _days_since(at: Column, as_of: datetime) -> Column:
    """Whole days from `at` to `as_of`."""
    passed = F.unix_micros(F.lit(as_of).cast("timestamp")) - F.unix_micros(at)
    return F.floor(passed / F.lit(86_400_000_000)).cast("long")


def _taken(metric: Metric, fact: Fact, *, as_of: datetime) -> Column:
    """The aggregate of a metric over its facts."""
    concerned = F.coalesce(F.expr(metric.where), F.lit(False)) if metric.where else F.lit(True)
    if metric.currency:
        concerned &= F.col("currency").eqNullSafe(metric.currency)
    if metric.days:
        concerned &= F.col(fact.at) > F.lit(as_of - timedelta(days=metric.days))
    if metric.take == "count":
        return F.count(F.when(concerned, 1))
    if metric.take == "days_since":
        return _days_since(F.max(F.when(concerned, F.col(fact.at))), as_of)
    assert metric.column is not None
    value = F.when(concerned, F.col(metric.column))
    # The key orders facts of equal times, so that the result does not depend on the order in which they are read.
    place = F.when(value.isNotNull(), F.struct(fact.at, *fact.key))
    aggregates = {"min": F.min, "max": F.max, "most": F.collect_list}
    if metric.take == "sum":
        return F.coalesce(exact_sum(value), F.lit(0))
    if metric.take in aggregates:
        return aggregates[metric.take](value)
    return F.min_by(value, place) if metric.take == "first" else F.max_by(value, place)


def exact_sum(value: Column) -> Column:
    """An exact sum that never overflows: beyond the range of a long it stays at the limit."""
    whole = F.sum(value.cast("decimal(19,0)"))
    end = F.when(whole > LARGEST, LARGEST).when(whole < -LARGEST, -LARGEST)
    return F.coalesce(end, whole.cast("long"))


def _most_frequent(values: Column) -> Column:
    """The most frequent text of a list; on a tie the one that sorts first. Null where the list is empty."""
    times = F.transform(
        F.array_distinct(values),
        lambda one: F.struct((-F.size(F.filter(values, lambda each: each == one))).alias("n"), one.alias("text")),
    )
    return F.array_min(times).getField("text")


def person_metrics(
    profiles: DataFrame, found: Sequence[DataFrame], rules: MetricRules, *, as_of: datetime
) -> DataFrame:
    """`person_id, region` and a column for each metric, for every row of gold.profile.

    `found` are results of `measured`.
    """
    rows = profiles.withColumn("as_of", F.lit(as_of))
    for part in found:
        rows = rows.join(part, "person_id", "left")
    rows = _with_zeros(rows, rules, rules.metrics)
    for name in rules.ordered():
        derived = rules.expressions[name]
        rows = rows.withColumn(name, F.expr(f"TRY_CAST(({derived.expression}) AS {CASTS[derived.kind]})"))
    return rows.select("person_id", "region", *rules.all)


def metric_values(people: DataFrame, rules: MetricRules) -> DataFrame:
    """`person_id, region, metric, number, text, moment`: a row for each value in `person_metrics`, zeros included."""
    entries = [
        F.struct(
            F.lit(name).alias("metric"),
            *(
                (F.col(name) if kind == metric.kind else F.lit(None)).cast(type).alias(kind)
                for kind, type in CASTS.items()
            ),
        )
        for name, metric in rules.all.items()
    ]
    values = people.select("person_id", "region", F.inline(F.array(*entries)))
    return values.where(F.coalesce(F.col("number").cast("string"), "text", F.col("moment").cast("string")).isNotNull())


def metric_rows(values: DataFrame, rules: MetricRules) -> DataFrame:
    """gold.metric: the values without the zeros that a reader infers from a missing row."""
    zeros = [name for name, metric in rules.all.items() if metric.has_zero]
    return values.where(~(F.col("metric").isin(*zeros) & (F.col("number") == 0))).drop("region")


def metric_totals(values: DataFrame) -> DataFrame:
    """gold.metric_total of `metric_values`."""
    return values.groupBy("metric", "region", F.coalesce("text", F.lit("")).alias("text")).agg(
        F.count(F.lit(1)).alias("person_count"),
        exact_sum(F.col("number")).alias("total"),
        F.min("number").alias("smallest"),
        F.max("number").alias("greatest"),
    )


def with_metrics(people: DataFrame, rows: DataFrame, rules: MetricRules, names: Collection[str]) -> DataFrame:
    """`people` with a column for each metric of `names`, from rows of gold.metric; a missing row gives 0 or null."""
    if not names:
        return people
    wanted = {name: rules.all[name] for name in sorted(names)}
    held = rows.where(F.col("metric").isin(*wanted)).groupBy("person_id")
    values = [F.max(F.when(F.col("metric") == name, F.col(each.kind))).alias(name) for name, each in wanted.items()]
    return _with_zeros(people.join(held.agg(*values), "person_id", "left"), rules, wanted)


def _with_zeros(rows: DataFrame, rules: MetricRules, names: Collection[str]) -> DataFrame:
    zeros = [name for name in names if rules.all[name].has_zero]
    return rows.fillna(0, subset=zeros) if zeros else rows


def transitions(people: DataFrame, recorded: DataFrame, *, as_of: datetime) -> DataFrame:
    """gold.lifecycle_transition at `as_of`: persons whose state differs from the last one recorded before.

    `people` is `person_metrics`; a person who is no longer in it ends in no state (null).
    """
    earlier = recorded.where(F.col("transitioned_at") < F.lit(as_of))
    last = earlier.groupBy("person_id").agg(F.max_by("to_state", "transitioned_at").alias("from_state"))
    now = people.select("person_id", F.col(LIFECYCLE).alias("to_state"))
    return (
        now.join(last, "person_id", "full")
        .where("NOT (from_state <=> to_state)")
        .select("person_id", F.lit(as_of).alias("transitioned_at"), "from_state", "to_state")
    )
