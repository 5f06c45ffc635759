"""Gold: the reconciliation of our persons with the profiles of a CDP."""

from c360_spark.tables.gold import OF_PERSON, PERSON_ID
from c360_spark.tables.model import LONG, STRING, Column, Pii, Table, Write, key

CDP = key("source", STRING, "the CDP, as a source")

CDP_RECONCILIATION = Table(
    "gold",
    "cdp_reconciliation",
    "one profile of a CDP, or one living person, and the verdict on the group it is in",
    ("source", "side", "subject_id"),
    Write.SYNC,
    (
        CDP,
        key("side", STRING, "cdp: a profile of the CDP; person: a person"),
        key("subject_id", STRING, "its profile_id or person_id", Pii.INDIRECT),
        key(
            "verdict",
            STRING,
            "agree, attribute_mismatch, cdp_merges_more, cdp_splits_more, cdp_merges_and_splits, missing_here or "
            "missing_in_cdp",
        ),
        Column(
            "reason",
            STRING,
            "why it is missing. unknown: the other side has none of its identifiers; refused: of those that we have "
            "none may connect; no_identifiers: it has none; other_namespaces: none of a kind that the CDP sends",
        ),
        Column("group_id", LONG, "smallest identifier_id of the group that both sides have; null where it is missing"),
        key("profile_count", LONG, "profiles of the CDP in the group"),
        key("person_count", LONG, "persons in the group"),
        Column("shared_count", LONG, "identifiers of the profile that are a person's; null for a person"),
        Column("refused_count", LONG, "identifiers of the profile that are blocked or crowded; null for a person"),
        Column("unknown_count", LONG, "identifiers of the profile never seen here; null for a person"),
    ),
)

CDP_MISMATCH = Table(
    "gold",
    "cdp_mismatch",
    "one attribute in which a profile of a CDP and the one person it is differ",
    ("source", "profile_id", "attribute"),
    Write.SYNC,
    (
        CDP,
        key("profile_id", STRING, "the profile in the CDP", Pii.INDIRECT),
        PERSON_ID,
        key("attribute", STRING, "column of gold.profile; an entry of its map as attributes.<name>"),
        key("our_value", STRING, "the value in gold.profile, as text", Pii.DIRECT),
        key("their_value", STRING, "the value in the CDP, as text", Pii.DIRECT),
    ),
    references=OF_PERSON,
)
