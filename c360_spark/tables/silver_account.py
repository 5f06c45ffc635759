"""Silver: company accounts and subscriptions."""

from c360_spark.tables.model import LONG, STRING, STRING_MAP, TIMESTAMP, Column, Pii, Table, Write, key
from c360_spark.tables.silver import OF_RECORD, PROVENANCE

ACCOUNT = Table(
    "silver",
    "account",
    "one version of one source's record of a company",
    ("bronze_id",),
    Write.SYNC,
    (
        *PROVENANCE,
        Column("name", STRING, "name of the company; one person's own firm may bear theirs", Pii.INDIRECT),
        Column("domain", STRING, "domain of its website or mail, lower case, without www.", Pii.INDIRECT),
        Column("industry", STRING, "what it does, in the words of the source"),
        Column("parent_key", STRING, "source_key of the company it belongs to, in the same dataset", Pii.INDIRECT),
        Column("attributes", STRING_MAP, "further attributes by name", Pii.INDIRECT),
        Column("created_at", TIMESTAMP, "when the source says it created the record"),
    ),
    references={**OF_RECORD, "parent_key": "silver.account.source_key"},
)

SUBSCRIPTION = Table(
    "silver",
    "subscription",
    "one version of one subscription",
    ("bronze_id",),
    Write.SYNC,
    (
        *PROVENANCE,
        key("subscription_id", STRING, "number of the subscription in the source"),
        Column("account_key", STRING, "source_key of the company that pays", Pii.INDIRECT),
        Column("product", STRING, "what is subscribed to: product or plan"),
        Column("status", STRING, "state of the subscription in the source"),
        key("started_at", TIMESTAMP, "when it begins"),
        Column("ends_at", TIMESTAMP, "when it ends, exclusive; null while no end is known"),
        Column("cancelled_at", TIMESTAMP, "when it was cancelled; it ends then, where nothing is said in ends_at"),
        Column("period_months", LONG, "months that amount_minor pays for"),
        Column("amount_minor", LONG, "price of a period in minor units of the currency"),
        Column("currency", STRING, "ISO 4217"),
        Column("attributes", STRING_MAP, "further attributes by name", Pii.INDIRECT),
        Column("created_at", TIMESTAMP, "when the source says it created the record"),
    ),
    references={**OF_RECORD, "account_key": "silver.account.source_key"},
)
