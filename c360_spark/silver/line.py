"""Lines within accepted records → rows of their own table."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark.tables import ORDER_LINE, PROVENANCE

FROM_ORDER = ("order_id", "ordered_at")


def order_lines(orders: DataFrame) -> DataFrame:
    """silver.order_line of accepted orders with `lines`. Identifiers stay with the order."""
    carried = [c.name for c in PROVENANCE if c.name not in ("identifiers", "identifier_set_id")]
    # A deleted order gets one line of the number 0, so that its lines are deleted like it.
    none = F.from_json(F.lit('[{"line_no": 0}]'), orders.schema["lines"].dataType.simpleString())
    lines = F.when(F.col("is_deleted"), none).otherwise(F.col("lines"))
    exploded = orders.select(*carried, *FROM_ORDER, F.explode(lines).alias("line"))
    inner = exploded.select(*carried, *FROM_ORDER, "line.*")
    if "amount_cents" not in inner.columns:  # unknown rather than wrong where it is too great for a long
        inner = inner.withColumn("amount_cents", F.try_multiply("quantity", "unit_price_cents"))
    return inner.select(*(c for c in ORDER_LINE.column_names if c in inner.columns))
