"""Export: outboxes of changes for the systems we send to, and what each of them was last sent."""

from c360_spark.tables.model import LONG, STRING, STRING_MAP, TIMESTAMP, Pii, Table, Write, key


def outbox(destination: str) -> Table:
    """The outbox of a destination: a change log to be delivered in order of `sequence`."""
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
            key("cause", STRING, "why: entered, changed, disqualified, consent, person_retired"),
            key("payload", STRING_MAP, "fields to send; on remove, those last sent", Pii.DIRECT),
            key("payload_hash", STRING, "hash of the payload", Pii.INDIRECT),
            key("run_id", STRING, "run that made the change"),
            key("created_at", TIMESTAMP, "as-of time of that run"),
        ),
    )


STATE = Table(
    "export",
    "state",
    "what one destination was last sent of one person",
    ("destination", "person_id"),
    Write.MERGE,
    (
        key("destination", STRING, "the destination"),
        key("person_id", STRING, "the person"),
        key("sequence", LONG, "sequence of the last change"),
        key("operation", STRING, "add, update or remove: the last change"),
        key("payload", STRING_MAP, "fields last sent", Pii.DIRECT),
        key("payload_hash", STRING, "hash of the payload", Pii.INDIRECT),
    ),
)
