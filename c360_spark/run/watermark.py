"""Watermarks: how far each consumer has read each table.

They are recorded after the consumer's writes, so a killed stage reads the same changes again.
"""

from collections.abc import Mapping

from c360_spark import tables
from c360_spark.run.context import Run

Marks = Mapping[str, int]  # versions by full table name, or numbers by label


def watermarks(run: Run, *consumers: str) -> list[Marks]:
    """The last version that each of `consumers` has processed, by table; a table never read is absent."""
    newest: dict[str, dict[str, int]] = {consumer: {} for consumer in consumers}
    for row in run.store.rows(tables.WATERMARK, "consumer", "table", "version"):
        if row["consumer"] in newest:
            marks = newest[row["consumer"]]
            marks[row["table"]] = max(marks.get(row["table"], -1), row["version"])
    return [newest[consumer] for consumer in consumers]


def advance(run: Run, versions: Mapping[str, Marks], *, known: Mapping[str, Marks]) -> None:
    """Record in one commit that each consumer has processed the tables up to these `versions`.

    Versions that are in `known`, the watermarks so far, are not written again.
    """
    rows = [
        (consumer, table, version)
        for consumer, marks in versions.items()
        for table, version in marks.items()
        if known[consumer].get(table) != version
    ]
    if rows:
        run.store.append_rows(tables.WATERMARK, rows)
