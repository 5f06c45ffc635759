"""Frequent values of match key parts: too many records share them to tell one person from another."""

from collections.abc import Collection

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from c360_spark.columns.placeholder import is_placeholder
from c360_spark.config.rules.identity import RuleSet
from c360_spark.config.rules.key_part import KeyPart

BIRTH_DATE = "birth_date"
# Systems that require a birth date are given 1 January. Where a year has too many, the date is a placeholder value.
LEAST_RECORDS = 20
TIMES_EXPECTED = 10  # times the share of an average day of the year


def first_days(records: DataFrame) -> DataFrame:
    """Placeholder birth dates: `birth_date, records` of each 1 January that too many records have.

    `records` are rows of silver.profile_record. The 1 January counts each record once; the total of the year, which it
    is compared with, counts every version of a record.
    """
    born = records.where(F.col(BIRTH_DATE).isNotNull()).groupBy(F.year(BIRTH_DATE).alias("year"))
    is_first = (F.month(BIRTH_DATE) == 1) & (F.dayofmonth(BIRTH_DATE) == 1)
    record = F.when(is_first, F.struct("source", "dataset", "source_key"))
    years = born.agg(F.count_distinct(record).alias("records"), F.count(F.lit(1)).alias("born"))
    often = (F.col("records") >= LEAST_RECORDS) & (F.col("records") * 365 > F.col("born") * TIMES_EXPECTED)
    return years.where(often).select(F.make_date("year", F.lit(1), F.lit(1)).alias(BIRTH_DATE), "records")


def uses_birth_date(rules: RuleSet) -> bool:
    parts = [part for key in rules.match_keys.values() for part in key.parts]
    return any(part.column == BIRTH_DATE for part in (*parts, *_described(rules)))


def _described(rules: RuleSet) -> tuple[KeyPart, ...]:
    return tuple(rules.contradictions.parts.values()) if rules.contradictions else ()


def without_dates(rules: RuleSet, dates: Collection[str]) -> RuleSet:
    """The rule set with `dates` added to the blocked values of each part that is a birth date."""

    def blocked(part: KeyPart) -> KeyPart:
        added = {"blocked_values": (*part.blocked_values, *sorted(dates))}
        return part.model_copy(update=added) if part.column == BIRTH_DATE else part

    keys = {
        name: key.model_copy(update={"parts": tuple(map(blocked, key.parts))}) for name, key in rules.match_keys.items()
    }
    update: dict[str, object] = {"match_keys": keys}
    if rules.contradictions:
        parts = {name: blocked(part) for name, part in rules.contradictions.parts.items()}
        update["contradictions"] = rules.contradictions.model_copy(update=parts)
    return rules.model_copy(update=update) if dates else rules


def frequent_values(records: DataFrame, rules: RuleSet, *, most: int) -> DataFrame:
    """The most frequent values of each match key part: `part, value, records, share, blocked`.

    Returns up to `most` values per part, only those that more than one record has.
    """
    parts = {part.column: part for key in rules.match_keys.values() for part in key.parts}
    told = [
        F.struct(
            F.lit(name).alias("part"),
            F.trim(F.col(name).cast("string")).alias("value"),
            is_placeholder(name, F.col(name).cast("string"), part).alias("blocked"),
        )
        for name, part in parts.items()
    ]
    values = records.select(F.explode(F.array(*told)).alias("told")).select("told.*").where("value <> ''")
    counted = values.groupBy("part", "value", "blocked").agg(F.count(F.lit(1)).alias("records"))
    whole, order = Window.partitionBy("part"), Window.partitionBy("part").orderBy(F.desc("records"), "value")
    shared = counted.withColumns(
        {"share": F.col("records") / F.sum("records").over(whole), "place": F.row_number().over(order)}
    )
    return shared.where((F.col("place") <= most) & (F.col("records") > 1)).drop("place")
