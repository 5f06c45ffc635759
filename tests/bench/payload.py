"""What destinations are sent, normalised and hashed by their rules, beside a plain hash of the same columns."""

import time
from pathlib import Path
from statistics import median

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.config import Conf
from c360_spark.config.activation.activation import Destination
from c360_spark.export.payload import payloads
from tests.bench.machine import say

REPEATS = 5
ADDRESS = ("given_name", "family_name", "country", "postcode")
SENT = {
    "google_customer_match": ("email", "phone", *ADDRESS),
    "meta_custom_audience": ("email", "phone", *ADDRESS, "city", "birth_date"),
}
READABLE = {"google_customer_match": ("country", "postcode"), "meta_custom_audience": ()}
FIRST, LAST = ("Mary", "Valéry", "Jörg", "Anna Maria", "정"), ("O'Brien", "Müller-Lüdenscheidt", "Smith Jr.", "Żak")


def compared(spark: SparkSession, _: Conf, folder: Path, rows: int) -> list[str]:
    """Seconds of each way as lines of Markdown. The goal is at most twice the plain hash.

    `fields` are the values alone, as the rules have them; `payloads` is all a row of the outbox needs: a map, its
    hash, match keys and reasons. Compiling a plan is part of each time: about a second together here, so that 20,000
    rows say nothing of the goal.
    """
    profiles = _made(spark, folder / "profiles", rows)
    profiles.write.format("noop").mode("overwrite").save()  # so that nobody pays for the first reading
    lines = ["| kind | way | seconds | median | rows / s | of plain |", "|---|---|---|--:|--:|--:|"]
    for kind, fields in SENT.items():
        destination = _destination(kind, fields)
        made = payloads(profiles, destination)
        ways = {
            "plain": _plain(profiles, fields, READABLE[kind]),
            "fields": made.select("person_id", "payload"),
            "payloads": made,
        }
        lines += _timed(kind, ways, rows)
    return [f"{rows:,} rows, each way in turns, {REPEATS} times and once before to warm up.", "", *lines]


def _timed(kind: str, ways: dict[str, DataFrame], rows: int) -> list[str]:
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for repeat in range(-1, REPEATS):
        for way, made in ways.items():
            began = time.monotonic()
            made.write.format("noop").mode("overwrite").save()
            if repeat >= 0:
                seconds[way].append(time.monotonic() - began)
        say(f"{kind} {repeat + 1} of {REPEATS}")
    plain = median(seconds["plain"])
    return [
        f"| {kind} | {way} | {', '.join(f'{s:.2f}' for s in found)} | {median(found):.2f} "
        f"| {rows / median(found):,.0f} | {median(found) / plain:.2f} |"
        for way, found in seconds.items()
    ]


def _plain(profiles: DataFrame, fields: tuple[str, ...], readable: tuple[str, ...]) -> DataFrame:
    values = [F.col(f) if f in readable else F.sha2(F.col(f).cast("string"), 256).alias(f) for f in fields]
    return profiles.select("person_id", *values)


def _destination(kind: str, fields: tuple[str, ...]) -> Destination:
    head = {"name": "bench", "kind": kind, "description": "d", "owner": "o", "audience": "a"}
    given = {"purposes": ["ad_user_data", "ad_personalization"], "fields": {f: {"column": f} for f in fields}}
    return Destination.model_validate(head | given)


def _made(spark: SparkSession, folder: Path, rows: int) -> DataFrame:
    """Profiles as silver has them, of which some lack a phone and some have a bad e-mail address."""

    def one_of(words: tuple[str, ...], salt: int) -> Column:
        return F.element_at(
            F.array(*map(F.lit, words)), (F.abs(F.xxhash64("id", F.lit(salt))) % len(words) + 1).cast("int")
        )

    number = F.lpad(F.col("id").cast("string"), 8, "0")
    values = {
        "person_id": F.concat(F.lit("p"), number),
        "email": F.when(F.col("id") % 50 == 0, "none").otherwise(
            F.concat(F.lit("ann.lee."), number, one_of(("@gmail.com", "@example.com", "+shop@x.de"), 1))
        ),
        "phone": F.when(F.col("id") % 3 > 0, F.concat(F.lit("+4930"), number)),
        "given_name": one_of(FIRST, 2),
        "family_name": one_of(LAST, 3),
        "birth_date": F.date_add(F.lit("1950-01-01").cast("date"), (F.col("id") % 20_000).cast("int")),
        "city": one_of(("New York", "Sankt Pölten", "Paris"), 4),
        "postcode": F.substring(number, 4, 5),
        "country": one_of(("DE", "US", "FR"), 5),
    }
    nothing = {c.name: F.lit(None).cast(c.type) for c in tables.PROFILE.columns}
    columns = [value.alias(name) for name, value in (nothing | values).items()]
    spark.range(rows).select(*columns).write.mode("overwrite").parquet(str(folder))
    return spark.read.parquet(str(folder))
