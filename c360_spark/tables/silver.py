"""Silver: canonical records, checked against their contract.

Normal runs only append. Reprocessing a dataset also changes and removes rows, so that silver equals the result of a
full refresh into an empty lake. A *versioned* table gets a new row when the content of a source key changes;
`columns/record.py` selects the current version. An *immutable* table keeps the first row of a source key; later rows
are duplicates.
"""

from pyspark.sql.types import ArrayType, StructField, StructType

from c360_spark.tables.model import (
    BOOLEAN,
    DATE,
    INTEGER,
    LONG,
    STRING,
    STRING_MAP,
    TIMESTAMP,
    Column,
    Pii,
    Table,
    Write,
    key,
)

MEMBER = StructType(
    [
        StructField("identifier_id", LONG),
        StructField("namespace", STRING),
        StructField("region", STRING),
        StructField("value", STRING),
        StructField("verified", BOOLEAN),
    ]
)
MEMBERS = ArrayType(MEMBER)

PROVENANCE = (
    key("bronze_id", STRING, "the delivered record this row comes from; of its further items with -2, -3, … behind it"),
    key("source", STRING, "system the data comes from"),
    key("dataset", STRING, "dataset of the source"),
    key("source_key", STRING, "primary key in the source; the bronze_id where the contract names none", Pii.INDIRECT),
    key("contract_version", STRING, "version of the contract that typed the row"),
    key("region", STRING, "legal region of the record; identifiers live in it"),
    Column("country", STRING, "ISO 3166-1 alpha-2"),
    key("received_at", TIMESTAMP, "as-of time of the run that landed the record, plus a microsecond a file"),
    key("position", LONG, "0-based place of the record in its file; of exploded ones times 2^20, and that of the item"),
    Column("updated_at", TIMESTAMP, "when the source says it last changed the record"),
    key("is_deleted", BOOLEAN, "whether this version says that a full delivery lacked the record; it has no content"),
    Column("unsaid", ArrayType(STRING), "columns that the delivery does not have; null there says nothing"),
    Column(
        "invalid", ArrayType(STRING), "values that did not fit and are taken as unknown: code:property; null if none"
    ),
    Column(
        "record_hash", STRING, "hash of the canonical content, to tell a new version from a re-sent one", Pii.INDIRECT
    ),
    Column("identifiers", MEMBERS, "normalised identifiers seen together in the record", Pii.DIRECT),
    Column("identifier_set_id", STRING, "hash of the identifiers and their dataset: key of silver.identifier_set"),
)

OF_RECORD = {"identifier_set_id": "silver.identifier_set.identifier_set_id"}

OF_CUSTOMER = (
    Column("given_name", STRING, "given name", Pii.DIRECT),
    Column("family_name", STRING, "family name", Pii.DIRECT),
    Column("birth_date", DATE, "date of birth", Pii.INDIRECT),
    Column("email", STRING, "normalised e-mail address", Pii.DIRECT),
    Column("phone", STRING, "phone number, E.164", Pii.DIRECT),
    Column("street", STRING, "street and house number", Pii.DIRECT),
    Column("city", STRING, "city", Pii.INDIRECT),
    Column("postcode", STRING, "postcode, upper case without blanks", Pii.INDIRECT),
    Column("loyalty_tier", STRING, "tier in the loyalty programme"),
    Column("loyalty_points", LONG, "points in the loyalty programme"),
    Column("attributes", STRING_MAP, "further attributes by name", Pii.INDIRECT),
    Column("created_at", TIMESTAMP, "when the source says it created the record"),
)

PROFILE_RECORD = Table(
    "silver",
    "profile_record",
    "one version of one source's customer record",
    ("bronze_id",),
    Write.SYNC,
    (
        *PROVENANCE,
        *OF_CUSTOMER,
    ),
    references=OF_RECORD,
)

EVENT = Table(
    "silver",
    "event",
    "one canonical event",
    ("source", "dataset", "source_key"),
    Write.SYNC,
    (
        *PROVENANCE,
        key("event_name", STRING, "what happened, as object_action"),
        key("occurred_at", TIMESTAMP, "when it happened, by the source's clock"),
        Column("channel", STRING, "web, mobile, email, store …"),
        Column("properties", STRING_MAP, "further properties by name", Pii.INDIRECT),
    ),
    references=OF_RECORD,
)

ORDER = Table(
    "silver",
    "order",
    "one version of one order",
    ("bronze_id",),
    Write.SYNC,
    (
        *PROVENANCE,
        key("order_id", STRING, "order number in the source"),
        key("ordered_at", TIMESTAMP, "when the order was placed"),
        Column("status", STRING, "state of the order"),
        Column("channel", STRING, "web, mobile, store …"),
        Column("currency", STRING, "ISO 4217"),
        Column("total_minor", LONG, "order total in minor units of the currency: cents of EUR, yen of JPY"),
        Column("attributes", STRING_MAP, "further attributes by name", Pii.INDIRECT),
    ),
    references=OF_RECORD,
)

ORDER_LINE = Table(
    "silver",
    "order_line",
    "one line of one version of an order",
    ("bronze_id", "line_no"),
    Write.SYNC,
    (
        *PROVENANCE,
        key("order_id", STRING, "order number in the source"),
        key("line_no", INTEGER, "number of the line within its delivered record, from 1"),
        Column("sku", STRING, "article"),
        Column("quantity", LONG, "pieces"),
        Column("currency", STRING, "ISO 4217; that of the order, where the line has none of its own"),
        Column("unit_price_minor", LONG, "price of one piece in minor units of the currency"),
        Column("amount_minor", LONG, "price of the line in minor units of the currency"),
        Column("ordered_at", TIMESTAMP, "when the order was placed"),
        Column("attributes", STRING_MAP, "further attributes by name", Pii.INDIRECT),
    ),
    references={**OF_RECORD, "order_id": "silver.order.order_id"},
)

SUPPORT_CASE = Table(
    "silver",
    "support_case",
    "one version of one support case",
    ("bronze_id",),
    Write.SYNC,
    (
        *PROVENANCE,
        key("opened_at", TIMESTAMP, "when the case was opened"),
        Column("channel", STRING, "phone, email, chat"),
        Column("subject", STRING, "what it is about", Pii.INDIRECT),
        Column("priority", STRING, "priority in the source"),
        Column("status", STRING, "state of the case"),
    ),
    references=OF_RECORD,
)

CONSENT = Table(
    "silver",
    "consent",
    "one consent statement about one purpose",
    ("source", "dataset", "source_key"),
    Write.SYNC,
    (
        *PROVENANCE,
        key("purpose", STRING, "what the consent is for"),
        key("status", STRING, "granted, denied or withdrawn"),
        Column("jurisdiction", STRING, "whose law the statement was made under"),
        Column("collection_source", STRING, "form, call, preference centre …"),
        key("effective_from", TIMESTAMP, "when the statement starts to hold"),
    ),
    references=OF_RECORD,
)

CDP_PROFILE = Table(
    "silver",
    "cdp_profile",
    "one version of one profile, or of one identity of a profile, as a CDP has it: never evidence of who is who",
    ("bronze_id",),
    Write.SYNC,
    (
        # No identifier set: a CDP's profiles are built from our own data and would return to us as evidence.
        *(column for column in PROVENANCE if column.name != "identifier_set_id"),
        key("profile_id", STRING, "the profile in the CDP", Pii.INDIRECT),
        Column("status", STRING, "active, merged or deleted; of what is merged or deleted nothing counts"),
        *OF_CUSTOMER,
    ),
)

IDENTIFIER_SET = Table(
    "silver",
    "identifier_set",
    "one distinct set of identifiers seen together in a dataset",
    ("identifier_set_id",),
    Write.SYNC,
    (
        key("identifier_set_id", STRING, "hash of dataset and members"),
        key("source", STRING, "system the data comes from"),
        key("dataset", STRING, "dataset of the source"),
        key("region", STRING, "region of the members"),
        key("members", MEMBERS, "the identifiers, ordered by identifier_id", Pii.DIRECT),
        key("record_count", LONG, "accepted records that carry this set"),
        key("first_seen_at", TIMESTAMP, "earliest time in the source"),
        key("last_seen_at", TIMESTAMP, "latest time in the source"),
        key("first_recorded_at", TIMESTAMP, "earliest received_at"),
        key("sample_bronze_id", STRING, "one record that carries the set: the first to arrive"),
    ),
)

QUARANTINE = Table(
    "silver",
    "quarantine",
    "one record that is rejected by the contract as it is",
    ("bronze_id",),
    Write.SYNC,
    (
        key("bronze_id", STRING, "the delivered record"),
        key("source", STRING, "system the data comes from"),
        key("dataset", STRING, "dataset of the source"),
        key("contract_version", STRING, "contract it was checked against"),
        key("reasons", ArrayType(STRING), "every reason, as code:field"),
        key("received_at", TIMESTAMP, "as-of time of the run that landed the record"),
    ),
)
