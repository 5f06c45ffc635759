"""Match quality of identity resolution where the truth is known: pairwise precision, recall and F1."""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F


def pairwise(rows: DataFrame) -> DataFrame:
    """One row `true_pairs, found_pairs, right_pairs, precision, recall, f1`, from rows `truth, found`.

    Each row is a record with its true and its found person. A record with a null `found` is paired with no other. Pairs
    are counted from group sizes, so a million records cost one aggregation, not 10^12 comparisons.
    """
    right = _pairs(rows.where("found IS NOT NULL"), ["truth", "found"], "right_pairs")
    true = _pairs(rows, ["truth"], "true_pairs")
    found = _pairs(rows.where("found IS NOT NULL"), ["found"], "found_pairs")
    counted = true.crossJoin(found).crossJoin(right)
    precision, recall = _ratio("right_pairs", "found_pairs"), _ratio("right_pairs", "true_pairs")
    scored = counted.withColumn("precision", precision).withColumn("recall", recall)
    f1 = F.when(F.expr("precision + recall > 0"), F.expr("2 * precision * recall / (precision + recall)"))
    return scored.withColumn("f1", F.coalesce(f1, F.lit(0.0)))


def _pairs(rows: DataFrame, by: Sequence[str], name: str) -> DataFrame:
    sizes = rows.groupBy(*by).agg(F.count(F.lit(1)).alias("n"))
    return sizes.agg(F.coalesce(F.sum(F.expr("n * (n - 1) div 2")), F.lit(0)).alias(name))


def _ratio(part: str, whole: str) -> Column:
    """A ratio, which is 1 where nothing was found or there is nothing to find: that is no mistake."""
    return F.when(F.col(whole) == 0, F.lit(1.0)).otherwise(F.col(part) / F.col(whole))
