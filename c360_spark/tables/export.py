"""Export: the outboxes of pending changes for destinations (reverse ETL), and the outcome of each change."""

from pyspark.sql.types import ArrayType

from c360_spark.tables.model import INTEGER, LONG, STRING, STRING_MAP, TIMESTAMP, Column, Pii, Table, Write, key

REJECTED = Table(
    "export",
    "rejected",
    "one time a destination was not sent a member of its audience",
    ("destination", "person_id", "rejected_at"),
    Write.MERGE,
    (
        key("destination", STRING, "name of the destination"),
        key("person_id", STRING, "the person"),
        key("rejected_at", TIMESTAMP, "as-of time of the run that first rejected the person"),
        key("reasons", ArrayType(STRING), "every reason, as code:field"),
        Column("resolved_at", TIMESTAMP, "as-of time of the run that found no reason any more; null while rejected"),
        Column("resolution", STRING, "sent, or left: no longer a member"),
        key("run_id", STRING, "run that first rejected the person"),
    ),
)

ACK = Table(
    "export",
    "ack",
    "the answer to one change of an outbox",
    ("destination", "idempotency_key"),
    Write.MERGE,
    (
        key("destination", STRING, "name of the destination"),
        key("idempotency_key", STRING, "the change: its key in the outbox"),
        key("status", STRING, "delivered; rejected: refused for good; parked: still to be sent"),
        key("attempts", INTEGER, "how often it was tried, in all runs"),
        Column(
            "reason",
            STRING,
            "why it was rejected or parked: what the destination answered, as code or code:name; of a delivered one, "
            "known: it was there already, or superseded: something newer was",
        ),
        key("acked_at", TIMESTAMP, "as-of time of the run that had the answer"),
        key("run_id", STRING, "that run"),
    ),
    physical=True,
)


def outbox(destination: str) -> Table:
    """The outbox of a destination: a change log, dispatched in order of `sequence`."""
    return Table(
        "export",
        destination,
        "one change to send",
        ("idempotency_key",),
        Write.APPEND,
        (
            key(
                "idempotency_key", STRING, "hash of destination, person, sequence and payload: the receiver's dedup key"
            ),
            key("sequence", LONG, "1, 2, 3 … per person"),
            key("person_id", STRING, "the person"),
            key("operation", STRING, "add, update or remove"),
            key("cause", STRING, "why: entered, changed, retried, rejected, or why the person left the audience"),
            key("payload", STRING_MAP, "fields to send; on remove, those last sent", Pii.DIRECT),
            key("payload_hash", STRING, "hash of the payload", Pii.INDIRECT),
            key("run_id", STRING, "run that made the change"),
            key("created_at", TIMESTAMP, "as-of time of that run"),
        ),
    )


def event_outbox(destination: str) -> Table:
    """The event outbox of a destination, with each event once."""
    return Table(
        "export",
        f"{destination}_events",
        "one event to send",
        ("idempotency_key",),
        Write.APPEND,
        (
            key("idempotency_key", STRING, "hash of destination and event: the receiver's dedup key"),
            key("person_id", STRING, "the person"),
            key("operation", STRING, "track"),
            key("event_name", STRING, "what happened, as object_action"),
            key("occurred_at", TIMESTAMP, "when it happened, by the source's clock"),
            Column("channel", STRING, "web, mobile, email, store …"),
            Column("campaign", STRING, "campaign that it came by"),
            key("payload", STRING_MAP, "properties to send", Pii.DIRECT),
            key("run_id", STRING, "run that made the change"),
            key("created_at", TIMESTAMP, "as-of time of that run"),
        ),
    )
