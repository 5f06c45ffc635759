"""Profiles, audiences and exports after a small change against a full run: what affected persons save."""

import time
from datetime import datetime, timedelta
from pathlib import Path

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.columns.keys import identifier_id, with_key
from c360_spark.config import Conf
from c360_spark.differences import differences
from c360_spark.pipeline.stages import STAGES
from c360_spark.run.context import Run, run_id_of
from c360_spark.store import Store
from c360_spark.tables import Table
from tests.bench.machine import say
from tests.bench.reading import Reading

START = datetime(2026, 1, 1)
STEPS = ("build_profiles", "build_households", "build_metrics", "build_audiences", "export")
OF_PROFILES = (tables.PERSON_XREF, tables.PROFILE_ATTRIBUTE, tables.PROFILE, tables.CONSENT_STATE)
OF_HOUSEHOLDS = (tables.HOUSEHOLD_KEY, tables.HOUSEHOLD, tables.HOUSEHOLD_MEMBER)
COMPARED = (*OF_PROFILES, *OF_HOUSEHOLDS, tables.METRIC, tables.METRIC_TOTAL)


def compared(spark: SparkSession, conf: Conf, folder: Path, persons: int) -> list[str]:
    """Seconds of each stage for everybody, for 1 % and for 0.1 % of `persons`, and rows that it reads, as lines of
    Markdown.
    """
    base = Base(spark, conf, folder / "gold", persons)
    found = {}
    for changed in (persons, persons // 100, persons // 1000, 0):
        base.bring(0, changed)
        found[changed] = base.measured()
        say(f"{changed:,}: {found[changed]}")
    base.check()
    seconds, rows = ({n: [pair[i] for pair in each] for n, each in found.items()} for i in (0, 1))
    took = _table("of full", seconds, ".1f", dict.fromkeys(found, sum(seconds[persons])))
    read = _table("each", rows, ",", {n: n for n in found})
    told = "After the last change, a full run in a new lake gave equal gold tables."
    return ["Seconds:", "", *took, "", "Rows read:", "", *read, "", told]


def _table(last: str, found: dict[int, list], shape: str, whole: dict[int, float]) -> list[str]:
    lines = [f"| persons that change | {' | '.join(STEPS)} | together | {last} |", "|--:" * (len(STEPS) + 3) + "|"]
    for changed, each in found.items():
        told = [f"{changed:,}", *(format(n, shape) for n in (*each, sum(each)))]
        told.append(f"{sum(each) / whole[changed]:.3f}" if whole[changed] else "")
        lines.append(f"| {' | '.join(told)} |")
    return lines


class Base:
    """A lake with persons of one customer record, one order and one consent each; no bronze and no evidence."""

    def __init__(self, spark: SparkSession, conf: Conf, folder: Path, size: int) -> None:
        self.spark, self.conf, self.size, self.turn = spark, conf, size, 0
        self.store, self.folder = Store(spark, str(folder)), folder
        self._own()

    def _own(self) -> None:
        people, run = self._keyed(self.spark.range(self.size)), F.lit("r0")
        self._append(
            tables.MEMBERSHIP,
            people,
            identifier_id=self._identifier(),
            person_id=_named("p"),
            component_id=self._identifier(),
            valid_from_run=run,
            valid_from_at=F.lit(START),
        )
        self._append(tables.PERSON, people, person_id=_named("p"), region=F.lit("EU"), status=F.lit("active"))
        for table in (*tables.VERSIONED, tables.CHANGE):
            self.store.ensure(table)

    def _keyed(self, rows: DataFrame) -> DataFrame:
        return with_key(rows, self.conf.platform.identity_key.secret())

    def _identifier(self) -> Column:
        return identifier_id(F.lit("crm.customer_id"), F.lit("EU"), _named("C"))

    def _append(self, table: Table, rows: DataFrame, **values: Column) -> None:
        columns = [
            values.get(column.name, F.lit(None)).cast(column.type).alias(column.name) for column in table.columns
        ]
        self.store.append(table, rows.select(*columns))

    def bring(self, first: int, until: int) -> None:
        """A new version of each record of scattered persons: another name and street, a later order."""
        self.turn += 1
        step, at = max(self.size // max(until - first, 1), 1), self._now()
        people = self.spark.range(first, until).select((F.col("id") * step).alias("id"))
        told = {
            "bronze_id": F.concat(_named("b"), F.lit(f".{self.turn}")),
            "source": F.lit("crm"),
            "dataset": F.lit("customer"),
            "source_key": _named("C"),
            "region": F.lit("EU"),
            "received_at": F.lit(at),
            "identifier_set_id": _named("s"),
        }
        mail = F.concat(_named("m"), F.lit("@example.com"))
        said = {
            "email": mail,
            "given_name": F.lit(f"Ada {self.turn}"),
            "street": F.lit(f"Ring {self.turn}"),
            "postcode": _named("1"),
            "updated_at": F.lit(at),
        }
        self._append(tables.PROFILE_RECORD, people, **told, **said, family_name=_named("n"), country=F.lit("DE"))
        order = {"source": F.lit("commerce"), "dataset": F.lit("order"), "source_key": _named("O")}
        paid = {"order_id": _named("O"), "ordered_at": F.lit(at), "total_minor": F.lit(990), "status": F.lit("paid")}
        self._append(tables.ORDER, people, **(told | order), **paid)
        if self.turn == 1:
            given = {"purpose": F.lit("marketing_email"), "status": F.lit("granted"), "effective_from": F.lit(START)}
            self._append(tables.CONSENT, people, **(told | {"dataset": F.lit("consent")}), **given)
        self._set(people)

    def _set(self, people: DataFrame) -> None:
        member = F.struct(
            self._identifier().alias("identifier_id"),
            F.lit("crm.customer_id").alias("namespace"),
            F.lit("EU").alias("region"),
            _named("C").alias("value"),
            F.lit(True).alias("verified"),
        )
        values = {
            "identifier_set_id": _named("s"),
            "members": F.array(member),
            "record_count": F.lit(self.turn),
            "source": F.lit("crm"),
            "dataset": F.lit("customer"),
            "region": F.lit("EU"),
        }
        columns = [values.get(c.name, F.lit(None)).cast(c.type).alias(c.name) for c in tables.IDENTIFIER_SET.columns]
        self.store.merge(tables.IDENTIFIER_SET, self._keyed(people).select(*columns))

    def measured(self) -> list[tuple[float, int]]:
        """Seconds of each of STEPS, and rows that it read."""
        found = []
        for stage in STEPS:
            reading = Reading(self.spark)
            found.append((_seconds(stage, self._run(self.store)), reading.rows()))
        return found

    def _run(self, store: Store) -> Run:
        return Run(self.spark, store, self.conf, self._now(), run_id_of(self._now()))

    def _now(self) -> datetime:
        """Changes come within the hours of one day, so that time alone moves no figure of anybody."""
        return START + timedelta(hours=self.turn)

    def check(self) -> None:
        """Raises AssertionError unless a full run in a new lake gives equal tables COMPARED."""
        other = Store(self.spark, f"{self.folder} again")
        for table in (*tables.VERSIONED, tables.CONSENT, tables.IDENTIFIER_SET, tables.PERSON, tables.MEMBERSHIP):
            other.append(table, self.store.read(table))
        for stage in STEPS[:3]:
            STAGES[stage](self._run(other))
        for table in COMPARED:
            different = differences(self.store.read(table), other.read(table), table).count()
            assert different == 0, f"{different:,} rows of {table.full_name} differ"


def _named(letter: str) -> Column:
    return F.concat(F.lit(letter), F.col("id").cast("string"))


def _seconds(stage: str, run: Run) -> float:
    began = time.monotonic()
    STAGES[stage](run)
    return time.monotonic() - began
