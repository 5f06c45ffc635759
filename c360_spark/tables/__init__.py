"""The registry: every table of the suite, declared once. Importing it starts no JVM."""

from c360_spark.tables.bronze import bronze
from c360_spark.tables.export import outbox
from c360_spark.tables.gold import AUDIENCE_MEMBER, CONSENT_STATE, PERSON_XREF, PROFILE
from c360_spark.tables.identity import CHANGE, EVIDENCE, HEALTH, IDENTIFIER, LINK, MEMBERSHIP, PERSON
from c360_spark.tables.model import Column, Pii, Table, Write
from c360_spark.tables.ops import ACCOUNTING, DELIVERY, RULE_RELEASE, RUN, WATERMARK
from c360_spark.tables.silver import (
    CANONICAL,
    CONSENT,
    EVENT,
    IDENTIFIER_SET,
    MEMBER,
    MEMBERS,
    ORDER,
    ORDER_LINE,
    PROFILE_RECORD,
    PROVENANCE,
    QUARANTINE,
    SUPPORT_CASE,
    VERSIONED,
)

ALL: tuple[Table, ...] = (
    *CANONICAL,
    IDENTIFIER_SET,
    QUARANTINE,
    EVIDENCE,
    IDENTIFIER,
    LINK,
    MEMBERSHIP,
    PERSON,
    CHANGE,
    HEALTH,
    PERSON_XREF,
    PROFILE,
    CONSENT_STATE,
    AUDIENCE_MEMBER,
    DELIVERY,
    ACCOUNTING,
    WATERMARK,
    RULE_RELEASE,
    RUN,
)

__all__ = [
    "ACCOUNTING",
    "ALL",
    "AUDIENCE_MEMBER",
    "CANONICAL",
    "CHANGE",
    "CONSENT",
    "CONSENT_STATE",
    "DELIVERY",
    "EVENT",
    "EVIDENCE",
    "HEALTH",
    "IDENTIFIER",
    "IDENTIFIER_SET",
    "LINK",
    "MEMBER",
    "MEMBERS",
    "MEMBERSHIP",
    "ORDER",
    "ORDER_LINE",
    "PERSON",
    "PERSON_XREF",
    "PROFILE",
    "PROFILE_RECORD",
    "PROVENANCE",
    "QUARANTINE",
    "RULE_RELEASE",
    "RUN",
    "SUPPORT_CASE",
    "VERSIONED",
    "WATERMARK",
    "Column",
    "Pii",
    "Table",
    "Write",
    "bronze",
    "outbox",
]
