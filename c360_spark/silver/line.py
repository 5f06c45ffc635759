"""Lines of accepted records → rows of their own table."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark.tables import ORDER_LINE, PROVENANCE

FROM_ORDER = ("order_id", "ordered_at", "currency")


def order_lines(orders: DataFrame) -> DataFrame:
    """silver.order_line from accepted orders with `lines`. Identifiers stay with the order."""
    carried = [c.name for c in PROVENANCE if c.name not in ("identifiers", "identifier_set_id")]
    from_order = [name for name in FROM_ORDER if name in orders.columns]
    # A deleted order gets one line with number 0, so that its lines are deleted as well.
    none = F.from_json(F.lit('[{"line_no": 0}]'), orders.schema["lines"].dataType.simpleString())
    lines = F.when(F.col("is_deleted"), none).otherwise(F.col("lines"))
    exploded = orders.select(*carried, *from_order, F.explode(lines).alias("line"))
    own = exploded.select("line.*").columns
    if "currency" in own and "currency" in from_order:  # a line may have another currency than its order
        line = F.col("line").withField("currency", F.coalesce("line.currency", "currency"))
        exploded = exploded.withColumn("line", line)
    inner = exploded.select(*carried, *(name for name in from_order if name not in own), "line.*")
    if "amount_minor" not in inner.columns:  # null rather than wrong where it does not fit a long
        inner = inner.withColumn("amount_minor", F.try_multiply("quantity", "unit_price_minor"))
    return inner.select(*(c for c in ORDER_LINE.column_names if c in inner.columns))
