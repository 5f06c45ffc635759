"""Bronze: delivered records, unchanged and append-only. One table per dataset, all with the same columns."""

from datetime import timedelta

from c360_spark.tables.model import DATE, LONG, STRING, TIMESTAMP, Column, Pii, Table, Write, key

RUN_SPAN = timedelta(seconds=1)  # all `received_at` of one run lie within this span: 1 µs per file


def bronze(source: str, dataset: str) -> Table:
    """The bronze table of a dataset. The payload is the delivered text; for Parquet, the row written as JSON."""
    return Table(
        "bronze",
        f"{source}_{dataset}",
        "one delivered record",
        ("bronze_id",),
        Write.APPEND,
        (
            key("bronze_id", STRING, "128-bit hash of source, dataset, delivery and position: equal at every landing"),
            key("source", STRING, "system the data comes from"),
            key("dataset", STRING, "dataset of the source"),
            key("delivery_id", STRING, "SHA-256 of the delivered file"),
            key("position", LONG, "0-based place of the record in its file"),
            key("payload", STRING, "the record's text, as delivered", Pii.DIRECT),
            key("payload_hash", STRING, "first 128 bits of the SHA-256 of the payload", Pii.INDIRECT),
            Column("header", STRING, "first line of the file, for delimited text", Pii.DIRECT),
            key(
                "received_at",
                TIMESTAMP,
                "as-of time of the run that landed it, plus a microsecond a file in the order of paths",
            ),
            key("received_date", DATE, "UTC date of received_at"),
        ),
    )
