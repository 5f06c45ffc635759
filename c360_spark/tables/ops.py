"""Ops: the ledgers of deliveries, processing and runs."""

from c360_spark.tables.model import DOUBLE, LONG, STRING, TIMESTAMP, Column, Pii, Table, Write, key

DELIVERY = Table(
    "ops",
    "delivery",
    "one file, or one repeat of a file under another name",
    ("source", "dataset", "delivery_id", "file_path"),
    Write.MERGE,
    (
        key("source", STRING, "system the data comes from"),
        key("dataset", STRING, "dataset of the source"),
        key("delivery_id", STRING, "SHA-256 of the content of the file, unpacked"),
        key("file_path", STRING, "where the file was, below the landing root"),
        key(
            "status",
            STRING,
            "landed, repeat (content already landed under another name), empty, or unreadable (other format, damaged)",
        ),
        key("size_bytes", LONG, "size of the file"),
        key("record_count", LONG, "records landed from it"),
        key("received_at", TIMESTAMP, "as-of time of the run that first saw it"),
    ),
)

LANDING_FILE = Table(
    "ops",
    "landing_file",
    "one file of the landing folder, as it was when a run last saw it",
    ("file_path",),
    Write.MERGE,
    (
        key("file_path", STRING, "where the file is, below the landing root"),
        Column("source", STRING, "system the data comes from; null where no dataset takes the file"),
        Column("dataset", STRING, "dataset of the source"),
        Column("format", STRING, "format it was read as"),
        key(
            "status",
            STRING,
            "landed, repeat, empty or unreadable as in ops.delivery; or why it was not landed: unclaimed (by any "
            "dataset), ignored (hidden, or not of the glob), ambiguous (two datasets take it), refused (a link that "
            "leads out, no file), waiting (it could not be read, or was being written), held (a full delivery that "
            "lacks too many records)",
        ),
        Column("reason", STRING, "why it was not landed, in words"),
        key("size_bytes", LONG, "size of the file"),
        key("signature", STRING, "size, times and inode: another one means that the file is read again"),
        Column("delivery_id", STRING, "SHA-256 of the content of the file, unpacked, where it was read"),
        key("seen_at", TIMESTAMP, "as-of time of the run that first saw it like this"),
    ),
    physical=True,
)

DELIVERY_PROPERTY = Table(
    "ops",
    "delivery_property",
    "one property that a delivery lacks, or has though no contract names it",
    ("source", "dataset", "delivery_id", "property"),
    Write.APPEND,
    (
        key("source", STRING, "system the data comes from"),
        key("dataset", STRING, "dataset of the source"),
        key("delivery_id", STRING, "SHA-256 of the file"),
        key("property", STRING, "name in the contract, or as delivered"),
        key("status", STRING, "missing, or unknown"),
        Column("column_name", STRING, "column of silver that is null for want of it"),
        key("seen_at", TIMESTAMP, "as-of time of the run that saw it first"),
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
        key("deleted", LONG, "beside these: records that a full delivery lacked"),
        key(
            "contradicting",
            LONG,
            "of accepted and duplicate ones: the source gave an earlier record of the key the same time and other "
            "content, or the table keeps the first one only; arrival decided",
        ),
    ),
)

REMARK = Table(
    "ops",
    "remark",
    "one thing that was not usable of a property's values, or was mended, in one batch of silver",
    ("run_id", "source", "dataset", "bronze_version", "property", "code"),
    Write.APPEND,
    (
        key("run_id", STRING, "the run"),
        key("source", STRING, "system the data comes from"),
        key("dataset", STRING, "dataset of the source"),
        key("bronze_version", LONG, "Delta version of bronze up to which records were read"),
        key("property", STRING, "the delivered property; record where it is about the record as a whole"),
        key(
            "code",
            STRING,
            "ambiguous (phone digits that are a national and an international number), no_country (a national phone "
            "number without one), unusable (no value of its kind), unknown_country, placeholder (a part of a match key "
            "that stands for nothing), padded (a postcode that got its leading zeros back), gap (a local time that the "
            "clocks passed over), overlap (one that they showed twice), differs (rows that are one record do not "
            "agree, and the first counts), other_region (identifiers in no region of identity.yml)",
        ),
        key("records", LONG, "accepted records it is true of"),
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
