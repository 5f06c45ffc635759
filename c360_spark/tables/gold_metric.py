"""Gold: metrics of persons, as declared in metrics.yml."""

from c360_spark.tables.gold import OF_PERSON, PERSON_ID
from c360_spark.tables.model import LONG, STRING, TIMESTAMP, Column, Pii, Table, Write, key

NAME = key("metric", STRING, "name of the metric")

METRIC = Table(
    "gold",
    "metric",
    "one metric of one person that has a value; a count or sum of 0 has no row",
    ("person_id", "metric"),
    Write.SYNC,
    (
        PERSON_ID,
        NAME,
        Column("number", LONG, "the value of a metric that is a number, in its unit"),
        Column("text", STRING, "that of one that is a text", Pii.INDIRECT),
        Column("moment", TIMESTAMP, "that of one that is a time"),
    ),
    references=OF_PERSON,
)

METRIC_TOTAL = Table(
    "gold",
    "metric_total",
    "one metric over the persons of one region; of a text metric those of one text",
    ("metric", "region", "text"),
    Write.SYNC,
    (
        NAME,
        key("region", STRING, "region of the persons"),
        Column(
            "text", STRING, "the value they share; empty for metrics that are no text", Pii.INDIRECT, nullable=False
        ),
        key("person_count", LONG, "persons with a value, a 0 included"),
        Column("total", LONG, "sum of their numbers"),
        Column("smallest", LONG, "smallest of their numbers"),
        Column("greatest", LONG, "greatest of their numbers"),
    ),
)

LIFECYCLE_TRANSITION = Table(
    "gold",
    "lifecycle_transition",
    "one change of the lifecycle state of one person",
    ("person_id", "transitioned_at"),
    Write.SYNC,
    (
        PERSON_ID,
        key("transitioned_at", TIMESTAMP, "as-of time of the run that found it"),
        Column("from_state", STRING, "state before; null at the first"),
        Column("to_state", STRING, "state since; null where none holds, or the person was merged away or is gone"),
    ),
    references=OF_PERSON,
)
