"""Gold: profiles, consent, audiences and households, as reporting and activation read them."""

from c360_spark.tables.model import (
    DATE,
    INTEGER,
    LONG,
    LONG_MAP,
    STRING,
    STRING_MAP,
    TIMESTAMP,
    Column,
    Pii,
    Table,
    Write,
    key,
)

PERSON_ID = key("person_id", STRING, "the person")
OF_PERSON = {"person_id": "identity.person.person_id"}

PERSON_XREF = Table(
    "gold",
    "person_xref",
    "one source record key and its person",
    ("source", "dataset", "source_key"),
    Write.SYNC,
    (
        key("source", STRING, "system the record lives in"),
        key("dataset", STRING, "dataset of the source"),
        key("source_key", STRING, "primary key in the source", Pii.INDIRECT),
        PERSON_ID,
    ),
    references=OF_PERSON,
)

PROFILE = Table(
    "gold",
    "profile",
    "one person with the surviving value of each attribute",
    ("person_id",),
    Write.SYNC,
    (
        PERSON_ID,
        key("region", STRING, "region of the person"),
        Column("given_name", STRING, "given name", Pii.DIRECT),
        Column("family_name", STRING, "family name", Pii.DIRECT),
        Column("birth_date", DATE, "date of birth", Pii.INDIRECT),
        Column("email", STRING, "normalised e-mail address", Pii.DIRECT),
        Column("phone", STRING, "phone number, E.164", Pii.DIRECT),
        Column("street", STRING, "street and house number", Pii.DIRECT),
        Column("city", STRING, "city", Pii.INDIRECT),
        Column("postcode", STRING, "postcode, upper case without blanks", Pii.INDIRECT),
        Column("country", STRING, "ISO 3166-1 alpha-2"),
        Column("loyalty_tier", STRING, "tier in the loyalty programme"),
        Column("loyalty_points", LONG, "points in the loyalty programme"),
        Column("attributes", STRING_MAP, "further surviving attributes by name", Pii.INDIRECT),
        key("record_count", LONG, "current source records behind the profile"),
        key("order_count", LONG, "orders that were not cancelled"),
        key("revenue_minor", LONG_MAP, "by currency their total in minor units of it; never added across currencies"),
        key("unpriced_order_count", LONG, "of the orders those without an amount or a currency: in no revenue"),
        Column("last_order_at", TIMESTAMP, "when the newest of them was placed"),
        key("event_count", LONG, "events"),
        Column("last_event_at", TIMESTAMP, "when the newest event happened"),
        key("case_count", LONG, "support cases"),
    ),
    references=OF_PERSON,
)

PROFILE_ATTRIBUTE = Table(
    "gold",
    "profile_attribute",
    "one value that sources give of an attribute of a person: the one that survives, or one that loses",
    ("person_id", "attribute", "attribute_value"),
    Write.SYNC,
    (
        PERSON_ID,
        key("attribute", STRING, "column of gold.profile; an entry of its map as attributes.<name>"),
        key("attribute_value", STRING, "the value as text", Pii.DIRECT),
        key("rank", INTEGER, "1 for the value that survives, which is the one in gold.profile"),
        Column(
            "rule",
            STRING,
            "criterion that puts the value before the next one; tie: the greatest source, dataset and source key; "
            "only: there is no other; null for the last of several",
        ),
        Column("source", STRING, "system of the strongest record that has the value; null for an override"),
        Column("dataset", STRING, "its dataset"),
        Column("source_key", STRING, "its primary key in the source", Pii.INDIRECT),
        Column("bronze_id", STRING, "its current version"),
        key(
            "changed_at",
            TIMESTAMP,
            "when the field became this value in that record, by the source's clock; when an override was added",
        ),
        key("record_count", LONG, "current records of the person that have the value"),
    ),
    references=OF_PERSON,
)

CONSENT_STATE = Table(
    "gold",
    "consent_state",
    "one person's consent for one purpose",
    ("person_id", "purpose"),
    Write.SYNC,
    (
        PERSON_ID,
        key("purpose", STRING, "what the consent is for"),
        key("status", STRING, "granted, denied or withdrawn: the most restrictive among the person's identifiers"),
        key("effective_from", TIMESTAMP, "when the statement that decides starts to hold"),
        key("statement_count", LONG, "statements considered"),
    ),
    references=OF_PERSON,
)

AUDIENCE_MEMBER = Table(
    "gold",
    "audience_member",
    "one stay of a person in an audience",
    ("audience", "person_id", "entered_at"),
    Write.MERGE,
    (
        key("audience", STRING, "name of the audience"),
        PERSON_ID,
        key("entered_at", TIMESTAMP, "as-of time of the run that let the person in"),
        Column("exited_at", TIMESTAMP, "as-of time of the run that took the person out; null while in"),
        key("entered_cause", STRING, "data, late_data, rule, merge, split, move or consent"),
        Column("exited_cause", STRING, "one of these, or expired, retired, erasure"),
    ),
    references=OF_PERSON,
)

AUDIENCE_SIZE = Table(
    "gold",
    "audience_size",
    "one evaluation of an audience",
    ("audience", "evaluated_at"),
    Write.MERGE,
    (
        key("audience", STRING, "name of the audience"),
        key("evaluated_at", TIMESTAMP, "as-of time of the run"),
        key("run_id", STRING, "the run"),
        key("qualifies", STRING, "the condition to enter, as it was"),
        Column("leaves", STRING, "the condition to leave, where it had one of its own"),
        Column("metrics_hash", STRING, "hash of the definitions of the metrics they read; null where they read none"),
        key("size_before", LONG, "members on record before"),
        key("entered", LONG, "who entered"),
        key("exited", LONG, "who left"),
        key("size_after", LONG, "members after"),
        key("causes", LONG_MAP, "who entered less who left, by cause: their sum is the change in size"),
    ),
)

HOUSEHOLD_KEY = Table(
    "gold",
    "household_key",
    "one person who is considered for households, and where the person lives",
    ("person_id",),
    Write.SYNC,
    (
        PERSON_ID,
        Column(
            "address_key", STRING, "keyed hash of the normalised address; null for who lacks any part", Pii.INDIRECT
        ),
        Column("home_key", STRING, "keyed hash of address and surname; null for who lacks any part", Pii.INDIRECT),
    ),
    references=OF_PERSON,
)

HOUSEHOLD = Table(
    "gold",
    "household",
    "persons who live together, or a group that a guard refused",
    ("household_id",),
    Write.SYNC,
    (
        key("household_id", STRING, "hash of the rule and the smallest person_id"),
        key("rule", STRING, "what its members share: address, or the namespace of an identifier"),
        key("person_count", LONG, "persons in it"),
        key("status", STRING, "active, or refused: then nobody is a member"),
        Column("reason", STRING, "why refused: crowded, or crowded_address"),
    ),
)

HOUSEHOLD_MEMBER = Table(
    "gold",
    "household_member",
    "one person in a household",
    ("person_id",),
    Write.SYNC,
    (
        PERSON_ID,
        key("household_id", STRING, "the household"),
        key("rule", STRING, "what brought the person in: address, or the namespace of an identifier"),
    ),
    references={**OF_PERSON, "household_id": "gold.household.household_id"},
)
