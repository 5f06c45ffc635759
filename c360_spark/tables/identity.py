"""Identity: the identifier graph, the persons resolved from it, and the history of both."""

from pyspark.sql.types import ArrayType

from c360_spark.tables.model import BOOLEAN, DOUBLE, LONG, STRING, TIMESTAMP, Column, Pii, Table, Write, key
from c360_spark.tables.silver import MEMBERS

RULE_SET = key("rule_set", STRING, "version and fingerprint of the rules that made the row")
VERTEX, PERSON_ID = "identity.identifier.identifier_id", "identity.person.person_id"

EVIDENCE = Table(
    "identity",
    "evidence",
    "two identifiers that one set of identifiers, one record's match key or one decision puts together",
    ("evidence_id", "rule", "hub_id", "member_id"),
    Write.SYNC,
    (
        key(
            "evidence_id",
            STRING,
            "the identifier_set_id, bronze_id, pair_id, hash of a decision, or a shared identifier",
        ),
        key("rule", STRING, "dataset that shares them, match key that derives one, bridge, model, decision, agreement"),
        key("hub_id", LONG, "the strongest identifier of the set or record"),
        key("member_id", LONG, "an identifier of it; the hub itself once, so that every identifier is a member"),
        key(
            "kind",
            STRING,
            "shared_record, match_key, bridge, probabilistic, manual, never or agreement; repetition and contradiction "
            "say something of one identifier, docs/identity.md says what",
        ),
        key("hub_namespace", STRING, "kind of the hub"),
        key("member_namespace", STRING, "kind of the member"),
        key("hub_blocked", BOOLEAN, "whether the hub is a worthless value"),
        key("member_blocked", BOOLEAN, "whether the member is a worthless value"),
        key("region", STRING, "region of the member"),
        key("member_check", LONG, "another hash of the member: two values on one identifier_id show"),
        key("evidence_count", LONG, "records behind it"),
        key("confidence", DOUBLE, "0 to 1; 1 for deterministic rules"),
        key("first_seen_at", TIMESTAMP, "earliest time in the source"),
        key("last_seen_at", TIMESTAMP, "latest time in the source"),
        key("first_recorded_at", TIMESTAMP, "earliest received_at"),
    ),
    references={"hub_id": VERTEX, "member_id": VERTEX},
)

DESCRIPTION = Table(
    "identity",
    "description",
    "who one record says has an identifier, for identifiers that persons share",
    ("bronze_id", "identifier_id"),
    Write.SYNC,
    (
        key("bronze_id", STRING, "the record"),
        key("identifier_id", LONG, "an identifier of it, of a namespace of `contradictions` in identity.yml"),
        key("namespace", STRING, "kind of the identifier"),
        key("region", STRING, "region of the identifier"),
        key("other_id", LONG, "strongest other identifier of the record; the identifier itself if it has no other"),
        key("other_namespace", STRING, "kind of the other identifier"),
        Column("given_name", STRING, "normalised", Pii.DIRECT),
        Column("family_name", STRING, "normalised", Pii.DIRECT),
        Column("birth_date", STRING, "normalised", Pii.INDIRECT),
        key("seen_at", TIMESTAMP, "when the source changed the record, else received_at"),
        key("received_at", TIMESTAMP, "when the record was received"),
    ),
    references={"bronze_id": "silver.profile_record.bronze_id", "identifier_id": VERTEX, "other_id": VERTEX},
)

COMPARED = Table(
    "identity",
    "compared_record",
    "a record that the model compares with others",
    ("bronze_id",),
    Write.SYNC,
    (
        key("bronze_id", STRING, "the record"),
        key("identifier_id", LONG, "its strongest identifier"),
        Column(
            "compared_values",
            ArrayType(STRING),
            "what is compared of it, normalised, by the name of the comparison; null where it is missing",
            Pii.DIRECT,
        ),
    ),
    references={"bronze_id": "silver.profile_record.bronze_id", "identifier_id": VERTEX},
)

PAIR = Table(
    "identity",
    "pair",
    "two records that the model takes for one person's",
    ("pair_id",),
    Write.SYNC,
    (
        key("pair_id", STRING, "hash of the two records"),
        key("left_bronze_id", STRING, "the record with the smaller bronze_id"),
        key("right_bronze_id", STRING, "the other record"),
        Column("members", MEMBERS, "the strongest identifier of each record", Pii.DIRECT),
        key("probability", DOUBLE, "that they are one person's, 0 to 1"),
        key("model", STRING, "the model that says so"),
        key("first_seen_at", TIMESTAMP, "when the source changed the older one"),
        key("last_seen_at", TIMESTAMP, "when the source changed the newer one"),
        key("first_recorded_at", TIMESTAMP, "received_at of the one received first"),
    ),
)

IDENTIFIER = Table(
    "identity",
    "identifier",
    "one identifier: a vertex of the graph",
    ("identifier_id",),
    Write.SYNC,
    (
        key("identifier_id", LONG, "63-bit keyed hash of namespace, region and value"),
        key("namespace", STRING, "kind of identifier"),
        key("region", STRING, "region the identifier lives in"),
        key("datasets", ArrayType(STRING), "datasets whose records carry it, as source.dataset, sorted"),
        key("first_recorded_at", TIMESTAMP, "earliest received_at of a record that carries it"),
        key("degree", LONG, "active links it has"),
        key(
            "status",
            STRING,
            "active, blocked (a worthless value), crowded (shared by too many) or divided (by persons who differ)",
        ),
        Column("component_id", LONG, "smallest identifier_id of its component, before limits; null when not active"),
        RULE_SET,
    ),
    references={"component_id": VERTEX},
)

LINK = Table(
    "identity",
    "link",
    "one rule's evidence that two identifiers are one person",
    ("left_id", "right_id", "rule"),
    Write.SYNC,
    (
        key("left_id", LONG, "the smaller identifier_id"),
        key("right_id", LONG, "the greater identifier_id"),
        key("left_namespace", STRING, "kind of the smaller"),
        key("right_namespace", STRING, "kind of the greater"),
        key("kind", STRING, "shared_record, match_key, bridge, probabilistic, manual or never"),
        key("rule", STRING, "dataset that shares them, match key that derives one, bridge, model, or manual decision"),
        key("evidence_count", LONG, "records behind the link"),
        key("first_seen_at", TIMESTAMP, "earliest time in the source"),
        key("last_seen_at", TIMESTAMP, "latest time in the source"),
        key("confidence", DOUBLE, "0 to 1; 1 for deterministic rules"),
        key("status", STRING, "active, evicted, or review: a person has to decide"),
        Column("reason", STRING, "why not: blocked, expired, crowded, never, uncertain or limit, and by what"),
        RULE_SET,
    ),
    references={"left_id": VERTEX, "right_id": VERTEX},
)

REVIEW = Table(
    "identity",
    "review",
    "two identifiers that are perhaps one person's, which a person has to decide",
    ("review_id",),
    Write.SYNC,
    (
        key("review_id", STRING, "hash of the pair, to name it by"),
        key("left_id", LONG, "the smaller identifier_id"),
        key("right_id", LONG, "the greater identifier_id"),
        *(
            Column(f"{side}_{name}", STRING, meaning, pii)
            for side in ("left", "right")
            for name, meaning, pii in (
                ("namespace", "its kind", Pii.NONE),
                ("region", "its region", Pii.NONE),
                ("value", "its value", Pii.DIRECT),
                ("bronze_id", "the record that carries it", Pii.NONE),
                ("person_id", "whose it is now", Pii.NONE),
            )
        ),
        key("probability", DOUBLE, "that they are one person's, by the model"),
        key("model", STRING, "the model that says so"),
        key(
            "reason",
            STRING,
            "uncertain; limit:mean: the records do not agree as a whole; limit:known: both persons are known",
        ),
    ),
)

MEMBERSHIP = Table(
    "identity",
    "membership",
    "one identifier's person over a span of runs",
    ("identifier_id", "valid_from_run"),
    Write.MERGE,
    (
        key("identifier_id", LONG, "the identifier"),
        key("component_id", LONG, "smallest identifier_id of its component, before limits"),
        key("person_id", STRING, "the person it belongs to"),
        key("valid_from_run", STRING, "run that found it"),
        Column("valid_to_run", STRING, "run that ended it; null while it holds"),
        key("valid_from_at", TIMESTAMP, "as-of time of the run that found it"),
        Column("valid_to_at", TIMESTAMP, "as-of time of the run that ended it; null while it holds"),
    ),
    references={"identifier_id": VERTEX, "person_id": PERSON_ID},
)

PERSON = Table(
    "identity",
    "person",
    "one person, living or retired",
    ("person_id",),
    Write.SYNC,
    (
        key("person_id", STRING, "hash of the anchor"),
        key("anchor_id", LONG, "the identifier with the smallest (first_recorded_at, identifier_id)"),
        key("region", STRING, "region of the person"),
        key("datasets", ArrayType(STRING), "datasets the person is seen in, as source.dataset, sorted"),
        key("status", STRING, "active, or retired once no identifier is left"),
        key("size", LONG, "identifiers the person holds"),
        Column("survived_by", STRING, "for a retired person: who holds its anchor now"),
        RULE_SET,
    ),
    references={"survived_by": PERSON_ID},
)

CHANGE = Table(
    "identity",
    "change",
    "one thing that happened to a person in a run",
    ("change_id",),
    Write.APPEND,
    (
        key("change_id", STRING, "hash of run, kind and the two persons"),
        key("run_id", STRING, "the run"),
        key("kind", STRING, "created, merged, split, moved or retired"),
        key("cause", STRING, "data, rule, manual (a decision of a person), erasure or expiry"),
        Column("from_person_id", STRING, "who held the identifiers before; null when created"),
        Column("to_person_id", STRING, "who holds them now; null when retired"),
        key("identifier_count", LONG, "identifiers that changed hands"),
        key("occurred_at", TIMESTAMP, "as-of time of the run"),
        RULE_SET,
    ),
    references={"from_person_id": PERSON_ID, "to_person_id": PERSON_ID},
)

HEALTH = Table(
    "identity",
    "health",
    "one figure of one run that changed identity; until the next such run it holds",
    ("run_id", "metric", "dimension"),
    Write.SYNC,
    (
        key("run_id", STRING, "the run"),
        key("metric", STRING, "persons, largest_person, identifiers, changes, id_stability or match_rate"),
        key("dimension", STRING, "what it is of: a status, a kind of change, a dataset; empty for all"),
        key("value", DOUBLE, "a number, or a share from 0 to 1"),
    ),
)
