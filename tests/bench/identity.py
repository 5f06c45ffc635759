"""Identity after a small change against a full run, and one change as the base grows."""

import time
from datetime import datetime, timedelta
from pathlib import Path

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.columns.keys import identifier_id, with_key
from c360_spark.config import Conf
from c360_spark.run.context import Run, run_id_of
from c360_spark.stages.identity.resolve_identity import resolve_identity
from c360_spark.store import Store
from tests.bench.machine import say

START = datetime(2026, 1, 1)
PER_PERSON = 4  # sets: a customer's e-mail, an account's, a cookie's, and a cookie nobody logged in with
FIXED = 1_000  # sets of the change that stays the same while the base grows


def compared(spark: SparkSession, conf: Conf, folder: Path, sets: int) -> list[str]:
    """Seconds on bases of an eighth, a quarter, a half and the whole of `sets`, as lines of Markdown."""
    head = "| sets | full run | 1 % new | of full | 0.1 % new | of full | 0.1 % deleted | of full | 1,000 sets new |"
    lines = [head, "|--:|--:|--:|--:|--:|--:|--:|--:|--:|"]
    for size in (sets // 8, sets // 4, sets // 2, sets):
        base = Base(spark, conf, folder / f"{size}", size)
        full = base.resolved(base.made(0, size))
        one, tenth = base.resolved(base.more(size // 100)), base.resolved(base.more(size // 1000))
        deleted = base.without(size // 1000)
        fixed = base.resolved(base.more(FIXED))
        found = (one, tenth, deleted)
        shares = " | ".join(f"{seconds:.1f} | {seconds / full:.3f}" for seconds in found)
        lines.append(f"| {size:,} | {full:.1f} | {shares} | {fixed:.1f} |")
        say(lines[-1])
        base.check()
    return [*lines, "", "After the last change of each base, a full run in a new lake gave equal persons."]


class Base:
    """A lake with nothing but identifier sets, and how long identity takes after each change of them."""

    def __init__(self, spark: SparkSession, conf: Conf, folder: Path, size: int) -> None:
        self.spark, self.conf, self.folder, self.day = spark, conf, folder, 0
        self.store, self.size = Store(spark, str(folder)), size
        self.store.ensure(tables.PROFILE_RECORD)

    def made(self, first: int, until: int) -> DataFrame:
        """Sets of numbers in a range; four in a row are of one person."""
        person, nth = F.expr(f"id div {PER_PERSON}"), F.col("id") % PER_PERSON
        customer, mail = self._member("crm.customer_id", "C", person), self._member("email", "m", person)
        account, cookie = self._member("commerce.account_id", "A", person), self._member("web.cookie_id", "k", person)
        alone = self._member("web.cookie_id", "x", person)
        members = (
            F.when(nth == 0, F.array(customer, mail))
            .when(nth == 1, F.array(account, mail))
            .when(nth == 2, F.array(account, cookie))
            .otherwise(F.array(alone))
        )
        at = F.lit(START)
        return with_key(self.spark.range(first, until), self.conf.platform.identity_key.secret()).select(
            F.concat(F.lit("s"), F.col("id").cast("string")).alias("identifier_set_id"),
            F.lit("web").alias("source"),
            F.lit("event").alias("dataset"),
            F.lit("EU").alias("region"),
            members.alias("members"),
            F.lit(3).cast("long").alias("record_count"),
            *(at.alias(name) for name in ("first_seen_at", "last_seen_at", "first_recorded_at")),
            F.lit("b").alias("sample_bronze_id"),
        )

    def _member(self, namespace: str, letter: str, person: Column) -> Column:
        value = F.concat(F.lit(letter), person.cast("string"))
        space, region = F.lit(namespace), F.lit("EU")
        made = identifier_id(space, region, value)
        parts = (made.alias("identifier_id"), space.alias("namespace"), region.alias("region"), value.alias("value"))
        return F.struct(*parts, F.lit(False).alias("verified"))

    def more(self, count: int) -> DataFrame:
        """New sets: logins that tie the lone cookies of scattered persons to their accounts."""
        person = F.col("id") * F.lit(max(self.size // (count * PER_PERSON), 1))
        cookie, account = self._member("web.cookie_id", "x", person), self._member("commerce.account_id", "A", person)
        key = F.concat(F.lit(f"d{self.day} "), F.col("id").cast("string"))
        rows = self.made(0, count).drop("members", "identifier_set_id")
        ids = with_key(self.spark.range(count), self.conf.platform.identity_key.secret())
        made = ids.select(key.alias("identifier_set_id"), F.array(account, cookie).alias("members"))
        return made.crossJoin(rows.limit(1))

    def resolved(self, new: DataFrame) -> float:
        """Append sets and resolve; the seconds of resolving."""
        self.store.append(tables.IDENTIFIER_SET, new)
        return self._timed()

    def without(self, count: int) -> float:
        """Delete sets and resolve; the seconds of resolving."""
        held = self.store.read(tables.IDENTIFIER_SET)
        gone, _ = self.store.stage("deleted", held.where("identifier_set_id LIKE 's%1'").limit(count))
        self.store.sync(tables.IDENTIFIER_SET, gone.limit(0), old=gone)
        return self._timed()

    def _timed(self) -> float:
        self.day += 1
        began = time.monotonic()
        resolve_identity(self._run(self.store))
        return time.monotonic() - began

    def _run(self, store: Store) -> Run:
        as_of = START + timedelta(days=self.day)
        return Run(self.spark, store, self.conf, as_of, run_id_of(as_of))

    def check(self) -> None:
        """Raises AssertionError unless a full run in a new lake gives the same persons."""
        other = Store(self.spark, f"{self.folder} again")
        other.ensure(tables.PROFILE_RECORD)
        other.append(tables.IDENTIFIER_SET, self.store.read(tables.IDENTIFIER_SET))
        resolve_identity(self._run(other))
        one, two = (_persons(store) for store in (self.store, other))
        different = one.exceptAll(two).count() + two.exceptAll(one).count()
        assert different == 0, f"{different:,} identifiers differ"


def _persons(store: Store) -> DataFrame:
    held = store.read(tables.MEMBERSHIP).where("valid_to_run IS NULL")
    return held.select("identifier_id", "component_id", "person_id")
