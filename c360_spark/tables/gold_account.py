"""Gold: company accounts with their members, and subscriptions."""

from c360_spark.tables.gold import OF_PERSON, PERSON_ID
from c360_spark.tables.model import BOOLEAN, LONG, STRING, TIMESTAMP, Column, Pii, Table, Write, key

ACCOUNT_ID = key("account_id", STRING, "the account")
OF_ACCOUNT = {"account_id": "gold.account.account_id"}
OF_RECORD = (
    key("source", STRING, "system the record lives in"),
    key("dataset", STRING, "dataset of the source"),
    key("source_key", STRING, "primary key in the source", Pii.INDIRECT),
)

ACCOUNT_KEY = Table(
    "gold",
    "account_key",
    "one person and the one company they may belong to, before any limit",
    ("person_id",),
    Write.SYNC,
    (
        PERSON_ID,
        ACCOUNT_ID,
        key("rule", STRING, "what says so: crm_account named by a record, or the domain of an address"),
        Column("domain", STRING, "that domain; null where a record names the company", Pii.INDIRECT),
    ),
    references=OF_PERSON,
)

GOLD_ACCOUNT = Table(
    "gold",
    "account",
    "one company: what sources have on file of it, the people of its domain, or both",
    ("account_id",),
    Write.SYNC,
    (
        key("account_id", STRING, "hash of the domain; where it has none of its own, of the record's key"),
        key("rule", STRING, "crm_account where a source has it on file, else domain"),
        Column("name", STRING, "name, the newest that a source gives", Pii.INDIRECT),
        Column("domain", STRING, "the part of its domain that is registered; null where it has none", Pii.INDIRECT),
        Column("industry", STRING, "what it does, the newest that a source gives"),
        Column("country", STRING, "ISO 3166-1 alpha-2, the newest that a source gives"),
        Column("parent_account_id", STRING, "the account it belongs to"),
        key("record_count", LONG, "current source records of it"),
        key("person_count", LONG, "members; of a refused account, the persons of its domain"),
        key("status", STRING, "active, or refused: then nobody is a member"),
        Column("reason", STRING, "crowded: too many have an address of its domain, so nobody is a member by it"),
    ),
    references={"parent_account_id": "gold.account.account_id"},
)

ACCOUNT_XREF = Table(
    "gold",
    "account_xref",
    "one source record of a company and its account",
    ("source", "dataset", "source_key"),
    Write.SYNC,
    (*OF_RECORD, ACCOUNT_ID),
    references=OF_ACCOUNT,
)

ACCOUNT_MEMBER = Table(
    "gold",
    "account_member",
    "one person who belongs to an account",
    ("person_id",),
    Write.SYNC,
    (
        PERSON_ID,
        ACCOUNT_ID,
        key("rule", STRING, "what brought the person in: crm_account named by a record, or the domain of an address"),
    ),
    references={**OF_PERSON, **OF_ACCOUNT},
)

GOLD_SUBSCRIPTION = Table(
    "gold",
    "subscription",
    "one subscription as it is now",
    ("source", "dataset", "source_key"),
    Write.SYNC,
    (
        *OF_RECORD,
        key("subscription_id", STRING, "number of the subscription in the source"),
        Column("person_id", STRING, "whose it is, by its own identifiers"),
        Column("account_id", STRING, "the company that its record names"),
        Column("product", STRING, "what is subscribed to: product or plan"),
        Column("status", STRING, "state of the subscription in the source"),
        key("started_at", TIMESTAMP, "when it begins"),
        Column("ends_at", TIMESTAMP, "when it ends, exclusive: as said, else when it was cancelled; null if unknown"),
        key("is_active", BOOLEAN, "begun, not ended, and of no status that says otherwise, at the time of the run"),
        Column("monthly_minor", LONG, "price of a month in minor units of the currency, rounded half up"),
        Column("currency", STRING, "ISO 4217"),
    ),
    references={**OF_PERSON, **OF_ACCOUNT},
)
