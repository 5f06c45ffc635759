"""Silver of five contracts, one record in a hundred bad, beside a plain from_json and select of the same fields."""

import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from statistics import median

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructField, StructType

from c360_spark import tables
from c360_spark.config import Conf
from c360_spark.landing.records import bronze_records
from c360_spark.run.context import Run, run_id_of
from c360_spark.stages.bronze.bronze_input import bronze_input, candidates
from c360_spark.stages.silver.canonicalise import canonicalise
from c360_spark.store import Store
from tests.bench.machine import say

AS_OF = datetime(2026, 1, 2)
REPEATS = 3
BAD = 100  # of so many records, one is bad
PER_IDENTIFIER = 10  # records that share one
NAMES = (("web", "event"), ("mobile", "event"), ("email", "engagement"), ("support", "case"), ("consent", "statement"))


def compared(spark: SparkSession, conf: Conf, folder: Path, records: int) -> list[str]:
    """Seconds of each way as lines of Markdown; the goal is 1.6 times `plain`.

    `plain` parses the payload, and writes its fields as text to a Delta table. `checked` are the canonical rows of the
    same records with identifiers, hashes and every reason, written likewise. `canonicalise` is the whole stage into an
    empty lake: also duplicates, identifier sets, quarantine and accounts.
    """
    seconds: dict[str, list[float]] = {"plain": [], "checked": [], "canonicalise": []}
    for repeat in range(REPEATS):
        store = Store(spark, str(folder / f"lake{repeat}"))
        kept = {name: conf.sources[name] for name in NAMES}
        run = Run(spark, store, replace(conf, sources=kept), AS_OF, run_id_of(AS_OF))
        for name in NAMES:
            _bronze(run, name, records // len(NAMES))
        for way, done in (("plain", _plain), ("checked", _checked), ("canonicalise", _whole)):
            began = time.monotonic()
            done(run, folder / f"made{repeat}")
            seconds[way].append(time.monotonic() - began)
            say(f"{way} {repeat + 1} of {REPEATS}: {seconds[way][-1]:.1f} s")
    account = store.read(tables.ACCOUNTING).agg(F.sum("rows_in").alias("n"), F.sum("quarantined").alias("bad")).head()
    assert account is not None
    assert (account.n, account.bad) == (
        records // len(NAMES) * len(NAMES),
        sum(_bad(records // len(NAMES)) for _ in NAMES),
    )
    plain = median(seconds["plain"])
    rows = [
        f"| {way} | {', '.join(f'{s:.1f}' for s in found)} | {median(found):.1f} | {records / median(found):,.0f} "
        f"| {median(found) / plain:.2f} |"
        for way, found in seconds.items()
    ]
    head = [f"{account.n:,} records of {len(NAMES)} contracts, {account.bad:,} of them quarantined.", ""]
    return [*head, "| way | seconds | median | records / s | of plain |", "|---|---|--:|--:|--:|", *rows]


def _plain(run: Run, folder: Path) -> None:
    for source, dataset in NAMES:
        names = [field.path[0] for field in run.conf.contracts[source, dataset].fields]
        shape = StructType([StructField(name, StringType()) for name in dict.fromkeys(names)])
        rows = run.store.read(tables.bronze(source, dataset))
        parsed = rows.select("bronze_id", "received_at", F.from_json("payload", shape).alias("of"))
        _written(parsed.select("bronze_id", "received_at", "of.*"), folder / "plain" / f"{source}_{dataset}")


def _checked(run: Run, folder: Path) -> None:
    for source, dataset in NAMES:
        rows = candidates(run, bronze_input(run, source, dataset, since=-1, until=0))
        _written(rows, folder / "checked" / f"{source}_{dataset}")


def _written(rows: DataFrame, folder: Path) -> None:
    rows.write.format("delta").save(str(folder))


def _whole(run: Run, _: Path) -> None:
    canonicalise(run)


def _bad(records: int) -> int:
    return (records + BAD - 1) // BAD


def _bronze(run: Run, name: tuple[str, str], records: int) -> None:
    payload = F.to_json(F.struct(*(value.alias(key) for key, value in _fields(name).items())))
    rows = run.spark.range(records).select(
        F.lit(f"delivery of {name}").alias("delivery_id"),
        F.lit(0).alias("delivery_no"),
        F.col("id").alias("position"),
        payload.alias("payload"),
        F.lit(None).cast("string").alias("header"),
    )
    made = bronze_records(rows, source=name[0], dataset=name[1], as_of=run.as_of)
    run.store.append(tables.bronze(*name), made)


def _fields(name: tuple[str, str]) -> dict[str, Column]:
    key, who = _hex(F.col("id")), _hex(F.col("id") % F.lit(1 << 40) / PER_IDENTIFIER)
    bad = F.col("id") % BAD == 0
    at = F.concat(F.lit("2026-01-01T10:00:"), F.lpad((F.col("id") % 60).cast("string"), 2, "0"), F.lit("Z"))
    when = F.when(bad, "yesterday").otherwise(at)
    mail, country = F.concat(F.lit("Ann.Lee."), who, F.lit("@Example.com")), F.lit("DE")
    user = F.when(F.col("id") % 3 == 0, who)
    return {
        "web": {
            "event_id": key,
            "event": F.lit("product_viewed"),
            "occurred_at": when,
            "cookie_id": who,
            "user_id": user,
            "country": country,
            "page_url": F.concat(F.lit("https://shop.example/p/"), key),
            "properties": F.struct(F.lit("SKU-001").alias("sku")),
        },
        "mobile": {
            "event_id": key,
            "event": F.lit("product_viewed"),
            "ts": F.when(bad, "soon").otherwise((F.lit(1_767_261_600_000) + F.col("id")).cast("string")),
            "device_id": who,
            "user_id": user,
            "country": country,
            "app_version": F.lit("5.2.0"),
            "screen": F.lit("product"),
        },
        "email": {
            "event_id": key,
            "type": F.lit("open"),
            "email": mail,
            "campaign_id": F.lit("20260101-de-winter"),
            "at": when,
            "country": country,
        },
        "support": {
            "case_id": key,
            "opened_at": when,
            "channel": F.lit("phone"),
            "phone": F.concat(F.lit("+4930"), F.lpad((F.col("id") % 10_000_000).cast("string"), 7, "0")),
            "email": mail,
            "subject": F.lit("delivery"),
            "country": country,
        },
        "consent": {
            "statement_id": key,
            "subject_type": F.lit("email"),
            "subject_value": mail,
            "purpose": F.lit("marketing_email"),
            "status": F.lit("granted"),
            "country": country,
            "effective_from": when,
        },
    }[name[0]]


def _hex(number: Column) -> Column:
    return F.lower(F.hex(number.cast("long")))
