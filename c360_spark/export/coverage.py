"""Match key coverage: how well a destination can recognise the persons that it is sent. Pure functions."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark.config.activation.activation import Destination
from c360_spark.config.activation.destination_kinds import KINDS

ANY = "any"


def coverage(rows: DataFrame, destination: Destination) -> DataFrame:
    """`destination, match_key, persons`: how many sent persons have each match key of the kind.

    The match key `any` counts those with at least one. `rows` are those of `consented`.
    """
    keys = list(KINDS[destination.kind].match_keys)
    sent = rows.where(F.size("reasons") == 0)
    counts = [F.count(F.when(F.array_contains("match_keys", key), 1)).alias(key) for key in keys]
    figures = sent.agg(F.count(F.when(F.size("match_keys") > 0, 1)).alias(ANY), *counts)
    each = F.explode(
        F.array(*(F.struct(F.lit(key).alias("match_key"), F.col(key).alias("persons")) for key in (*keys, ANY)))
    )
    return figures.select(F.lit(destination.name).alias("destination"), each.alias("of")).select("destination", "of.*")


def left_out(rows: DataFrame) -> DataFrame:
    """`reason, persons`: how many persons are sent without a field because of a problem with it, as `code:field`."""
    reasons = rows.select(F.explode("left_out").alias("reason"))
    return reasons.groupBy("reason").agg(F.count(F.lit(1)).alias("persons"))
