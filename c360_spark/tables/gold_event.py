"""Gold: events attributed to persons, sessions, and devices."""

from pyspark.sql.types import ArrayType

from c360_spark.tables.gold import OF_PERSON, PERSON_ID
from c360_spark.tables.model import LONG, STRING, TIMESTAMP, Column, Pii, Table, Write, key

EVENT_KEY = (
    key("source", STRING, "system the event comes from"),
    key("dataset", STRING, "dataset of the source"),
    key("source_key", STRING, "primary key in the source", Pii.INDIRECT),
)

GOLD_EVENT = Table(
    "gold",
    "event",
    "one event and whose it is: as known when it came, and as known now",
    ("source", "dataset", "source_key"),
    Write.SYNC,
    (
        *EVENT_KEY,
        Column("person_id", STRING, "whose it is as known now, within `reattribute_days`; null if nobody's"),
        Column("person_id_then", STRING, "whose it was as known at attributed_at"),
        key(
            "attributed_at", TIMESTAMP, "as-of time it was received, or later that of the first run that knew a person"
        ),
        key("occurred_at", TIMESTAMP, "when it happened, by the source's clock"),
        key("event_name", STRING, "what happened, as object_action"),
        Column("channel", STRING, "web, mobile, email, store …"),
        Column("campaign", STRING, "campaign that it came by"),
        key("region", STRING, "region of the event"),
        Column("device_id", LONG, "identifier of the cookie or device it happened on"),
    ),
    references={
        **OF_PERSON,
        "person_id_then": OF_PERSON["person_id"],
        "device_id": "gold.device.device_id",
    },
)

EVENT_REATTRIBUTION = Table(
    "gold",
    "event_reattribution",
    "one event that went from one person to another",
    ("source", "dataset", "source_key", "reattributed_at"),
    Write.SYNC,
    (
        *EVENT_KEY,
        key("reattributed_at", TIMESTAMP, "as-of time of the run"),
        Column("from_person_id", STRING, "whose it was; null if nobody's"),
        Column("to_person_id", STRING, "whose it is since; null if nobody's"),
        key("run_id", STRING, "the run that changed it"),
        Column(
            "kind", STRING, "what became of the persons: merged, split or moved; null where identity.change is silent"
        ),
        Column("cause", STRING, "why, as in identity.change"),
    ),
    references={"from_person_id": OF_PERSON["person_id"], "to_person_id": OF_PERSON["person_id"]},
)

SESSION = Table(
    "gold",
    "session",
    "one span of what one person did, on all devices",
    ("session_id",),
    Write.SYNC,
    (
        key("session_id", STRING, "keyed hash of the person and the first event"),
        PERSON_ID,
        key("started_at", TIMESTAMP, "when its first event happened"),
        key("ended_at", TIMESTAMP, "when its last event happened"),
        key("event_count", LONG, "events in it"),
        key("channels", ArrayType(STRING), "their channels, sorted"),
        key("device_count", LONG, "cookies and devices"),
        Column("campaign", STRING, "the first campaign in it"),
        key("entry_event", STRING, "event_name of the first event"),
    ),
    references=OF_PERSON,
)

ORDER_SESSION = Table(
    "gold",
    "order_session",
    "one current order and the session it was placed in",
    ("source", "dataset", "source_key"),
    Write.SYNC,
    (
        key("source", STRING, "system the order comes from"),
        key("dataset", STRING, "dataset of the source"),
        key("source_key", STRING, "primary key in the source", Pii.INDIRECT),
        key("order_id", STRING, "order number in the source"),
        Column("person_id", STRING, "whose the order is, by its own identifiers"),
        Column("session_id", STRING, "the session of the first event that names the order"),
        Column("event_source", STRING, "source of that event; null where no event names the order"),
        Column("event_dataset", STRING, "its dataset"),
        Column("event_key", STRING, "its primary key in the source", Pii.INDIRECT),
        Column("event_person_id", STRING, "whose it is"),
        Column("device_id", LONG, "identifier of the cookie or device it happened on"),
        Column("campaign", STRING, "campaign that it came by"),
    ),
    references={
        **OF_PERSON,
        "event_person_id": OF_PERSON["person_id"],
        "session_id": "gold.session.session_id",
        "device_id": "gold.device.device_id",
    },
)

DEVICE = Table(
    "gold",
    "device",
    "one cookie or device",
    ("device_id",),
    Write.SYNC,
    (
        key("device_id", LONG, "its identifier"),
        key("namespace", STRING, "what kind of cookie or device it is"),
        key("region", STRING, "region that it was seen in; seen in another, it is another"),
        Column("person_id", STRING, "whose it is as known now; null if nobody's: blocked, or used by many"),
        key("first_seen_at", TIMESTAMP, "when it was first seen, by the source's clock"),
        key("last_seen_at", TIMESTAMP, "when it was last seen"),
        key("event_count", LONG, "events that carry it"),
    ),
    references={**OF_PERSON, "device_id": "identity.identifier.identifier_id"},
)
