"""Turns rows into deliveries of a source: late, duplicated, out of order; as JSON or CSV lines, some malformed.

A delivered frame has `day` (of delivery), the order in its file (`arrives_at`, `key`, `duplicates`), `value` for text
files, and one flag for each kind of noise that it can carry.
"""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.synth import chance
from c360_spark.synth.world import DAY_SECONDS, World

ORDER = ("day", "arrives_at", "key", "duplicates")
DISORDER_SECONDS = 6 * 3600
NEXT_DAY_SHARE = 0.4  # share of duplicates delivered one day later
KEY_LENGTH = 50  # a truncated line keeps its first field, so that tests can tell which record was lost
FEW, MANY, WRONG_DATE = range(3)  # kinds of malformed CSV records
BAD_DATES = ("0000-00-00", "31.02.1985", "1990-13-45", "n/a")


def sent(rows: DataFrame, world: World, dataset: str, *batch: str) -> DataFrame:
    """Rows (`key`, `day`, `moment` of the event) as deliveries; leaves out rows that would arrive after the last day.

    batch: the key of rows that are delivered together, so that all or none are late. Adds late, out_of_order,
    duplicates, arrives_at.
    """
    noise, seed = world.noise, world.seed
    twice = chance.hit(seed, f"duplicates {dataset}", noise.duplicates, "key")
    drawn = rows.select("*", twice.alias("twice")).select(
        "*",
        is_late(world, dataset, *batch).alias("late"),
        chance.hit(seed, f"out_of_order {dataset}", noise.out_of_order, "key").alias("out_of_order"),
        F.expr("explode(if(twice, array(false, true), array(false)))").alias("duplicates"),
    )
    next_day = F.col("duplicates") & (chance.uniform(seed, f"copy next day {dataset}", "key") < NEXT_DAY_SHARE)
    wait = F.col("late").cast("int") + next_day.cast("int")
    shift = chance.whole(seed, f"disorder {dataset}", -DISORDER_SECONDS, DISORDER_SECONDS, "key", "duplicates")
    arrives_at = F.col("moment") + wait * DAY_SECONDS + F.when(F.col("out_of_order"), shift).otherwise(0)
    moved = drawn.withColumns({"day": F.col("day") + wait, "arrives_at": arrives_at})
    return moved.where(F.col("day") <= world.days)


def is_late(world: World, dataset: str, *batch: str) -> Column:
    """Whether a batch is delivered one day late."""
    return chance.hit(world.seed, f"late {dataset}", world.noise.late, *batch)


def json_lines(rows: DataFrame, world: World, dataset: str, *fields: Column) -> DataFrame:
    """Adds `value`, one JSON object without nulls, and `malformed`: whether the line is truncated."""
    noise, seed = world.noise, world.seed
    entity = ("key", "duplicates")
    flagged = rows.select(
        "*",
        F.to_json(F.struct(*fields)).alias("line"),
        chance.hit(seed, f"malformed {dataset}", noise.malformed, *entity).alias("malformed"),
    )
    room = F.length("line") - KEY_LENGTH - 1
    length = F.lit(KEY_LENGTH) + F.floor(chance.uniform(seed, f"cut {dataset}", *entity) * room).cast("int")
    cut = F.col("line").substr(F.lit(1), length)
    return flagged.withColumn("value", F.when(F.col("malformed"), cut).otherwise(F.col("line")))


def csv_lines(rows: DataFrame, world: World, dataset: str, header: Sequence[str]) -> DataFrame:
    """Adds `value`, one CSV record, and `malformed` to the rows (`key`, `day` and the columns of the header).

    A record with too few or too many cells is malformed on one day only; an impossible birth date recurs every day.
    """
    noise, seed = world.noise, world.seed
    accident = rows.select("*", chance.whole(seed, f"accident {dataset}", FEW, WRONG_DATE, "key").alias("accident"))
    when = f"if(accident = {WRONG_DATE}, 0, day)"
    drawn = accident.select(
        "*",
        chance.hit(seed, f"malformed {dataset}", noise.malformed, "key", when).alias("malformed"),
        chance.whole(seed, f"cut {dataset}", 2, len(header) - 1, "key", "day").alias("kept"),
    )
    bad_date = chance.pick(BAD_DATES, seed, f"bad date {dataset}", "key")
    wrong = F.expr(f"malformed AND accident = {WRONG_DATE}")
    dated = drawn.withColumn("birth_date", F.when(wrong, bad_date).otherwise(F.col("birth_date")))
    listed = dated.withColumn("fields", F.array(*[_escaped(name) for name in header]))
    many = f"concat(slice(fields, 1, kept), array(''), slice(fields, kept + 1, {len(header)}))"
    few = "slice(fields, 1, kept)"
    broken = f"CASE accident WHEN {FEW} THEN {few} WHEN {MANY} THEN {many} ELSE fields END"
    return listed.select(
        "*",
        F.expr(f"concat_ws(',', if(malformed, {broken}, fields))").alias("value"),
        F.lit(0).cast("long").alias("arrives_at"),
        F.lit(False).alias("duplicates"),
    )


def _escaped(name: str) -> Column:
    text = f"coalesce(CAST({name} AS STRING), '')"
    return F.expr(f"""if({text} RLIKE '[",\\r\\n]', concat('"', replace({text}, '"', '""'), '"'), {text})""")
