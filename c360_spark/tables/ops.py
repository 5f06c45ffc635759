"""Ops: the ledger of what was landed, processed and run."""

from c360_spark.tables.model import DOUBLE, LONG, STRING, TIMESTAMP, Column, Pii, Table, Write, key

DELIVERY = Table(
    "ops",
    "delivery",
    "one file, or one repeat of a file under another name",
    ("source", "dataset", "delivery_id", "path"),
    Write.APPEND,
    (
        key("source", STRING, "system the data comes from"),
        key("dataset", STRING, "dataset of the source"),
        key("delivery_id", STRING, "SHA-256 of the file"),
        key("path", STRING, "where the file was, below the landing root"),
        key("status", STRING, "landed, repeat (content already landed under another name), empty or unreadable"),
        key("size_bytes", LONG, "size of the file"),
        key("record_count", LONG, "records landed from it"),
        key("received_at", TIMESTAMP, "as-of time of the run that first saw it"),
    ),
)

ACCOUNTING = Table(
    "ops",
    "accounting",
    "one dataset's balance of one batch of silver; a batch of all there is, where its changes could not be read",
    ("run_id", "source", "dataset", "bronze_version"),
    Write.APPEND,
    (
        key("run_id", STRING, "the run"),
        key("source", STRING, "system the data comes from"),
        key("dataset", STRING, "dataset of the source"),
        key("bronze_version", LONG, "Delta version of bronze up to which records were read"),
        key("rows_in", LONG, "bronze records read: the sum of the four below, checked"),
        key("accepted", LONG, "canonical records"),
        key("quarantined", LONG, "rejected records"),
        key("duplicate", LONG, "events sent again, records sent again unchanged"),
        key("suppressed", LONG, "records of erased people"),
    ),
)

WATERMARK = Table(
    "ops",
    "watermark",
    "one version up to which one stage has processed one table; the greatest counts",
    ("consumer", "table", "version"),
    Write.APPEND,
    (
        key("consumer", STRING, "the stage, 'audience <name>', 'export <name>', or '<one of these> everything'"),
        key("table", STRING, "the table it reads, the rules that everything was made by, or 'as_of <time>' of a run"),
        key("version", LONG, "Delta version up to which it has been processed, or the number of such runs"),
    ),
    physical=True,
)

RULE_RELEASE = Table(
    "ops",
    "rule_release",
    "one rule set put in force; the newest is the one that may run",
    ("label", "released_at"),
    Write.APPEND,
    (
        key("label", STRING, "version and fingerprint of the rule set"),
        key("released_at", TIMESTAMP, "by the clock"),
        key("approved_by", STRING, "who approved it"),
        key("content", STRING, "the rule set as JSON, decisions about named identifiers too", Pii.DIRECT),
        Column("figures", STRING, "what the comparison with the live rule set had found, as JSON"),
    ),
    physical=True,
)

RUN = Table(
    "ops",
    "run",
    "one stage of one run, as often as it was started",
    ("run_id", "stage", "started_at"),
    Write.APPEND,
    (
        key("run_id", STRING, "the run"),
        key("stage", STRING, "the stage"),
        key("as_of", TIMESTAMP, "as-of time it was given"),
        key("started_at", TIMESTAMP, "by the clock"),
        key("seconds", DOUBLE, "how long it took"),
        key("status", STRING, "done or failed"),
        Column("message", STRING, "the code of the failure"),
    ),
    physical=True,
)
