"""After a contract was mended: a lake that lived through it is the lake that never knew the mistake."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from c360_spark import tables
from c360_spark.commands import quarantine
from c360_spark.commands.diff import as_text, diff
from c360_spark.commands.quarantine import replay
from c360_spark.config import Conf
from c360_spark.config.contract.sources import Source
from c360_spark.errors import InputError
from c360_spark.pipeline.reprocess import reprocess
from c360_spark.run.context import Run, run_id_of
from c360_spark.store import Store
from c360_spark.tables import Table
from tests.conftest import ROOT, DyingStore, Killed
from tests.contracts import odcs, versions
from tests.stages import canonicalise

pytestmark = [pytest.mark.spark, pytest.mark.slow]
Frame = Callable[..., DataFrame]
START = datetime(2026, 1, 1)
DAYS = 3
NAMES = [("crm", "person"), ("crm", "click")]
MADE = (tables.PROFILE_RECORD, tables.EVENT, tables.IDENTIFIER_SET, tables.QUARANTINE)


def conf_with(conf: Conf, folder: Path, pattern: str) -> Conf:
    """Two datasets of crm: customer records and events, whose e-mails have to fit a pattern."""
    mail = {"pattern": pattern, "onInvalid": "quarantine", "identifier": {"namespace": "email"}, "canonical": "email"}
    key = {"id": {"primaryKey": True, "required": True}}
    click = {"at": {"type": "timestamp", "canonical": "occurred_at"}, "email": mail | {"canonical": "properties.mail"}}
    person = odcs("1.0.0", key | {"email": mail, "city": {"canonical": "city"}})
    event = odcs("1.0.0", key | click, table="event", constants={"event_name": "app_opened", "channel": "mobile"})
    both = {}
    for name, contract in zip(NAMES, (person, event), strict=True):
        (found,) = versions(folder / name[1], contract).values()
        both[name] = tuple(replace(c, source=name[0], dataset=name[1]) for c in found)
    sources = {name: Source(format="jsonl", path=".") for name in NAMES}
    return replace(conf, sources=sources, contracts={n: c[-1] for n, c in both.items()}, versions=both)


class Lake:
    """A lake with some bronze, and silver of it."""

    def __init__(self, spark: SparkSession, folder: Path) -> None:
        self.spark, self.store = spark, Store(spark, str(folder))

    def run(self, conf: Conf, day: int) -> Run:
        as_of = START + timedelta(days=day)
        return Run(self.spark, self.store, conf, as_of, run_id_of(as_of))

    def rows(self, table: Table) -> list[tuple[object, ...]]:
        return sorted((tuple(row) for row in self.store.read(table).collect()), key=repr)

    def versions(self) -> list[int]:
        return [self.store.version(table) for table in MADE]


def deliveries(frame: Frame, random: Random, name: tuple[str, str], day: int) -> DataFrame:
    """Records of few people who change their minds, some of which do not fit."""
    rows = []
    for number in range(8):
        record = {
            "id": f"{random.randint(1, 4)}",
            "email": random.choice(["a@x.de", "b@x.de", "c@y.de", "no mail"]),
            "city": random.choice(["Ulm", "Bonn"]),
            "at": "2026-01-01T10:00:00Z",
        }
        at = {"received_at": START + timedelta(days=day), "source": name[0], "dataset": name[1]}
        rows.append({"bronze_id": f"{name[1]} {day} {number}", "position": number, "payload": json.dumps(record)} | at)
    return frame(tables.bronze(*name), *rows)


def test_reprocessing_gives_what_an_empty_lake_would_get_once_even_when_killed(
    spark: SparkSession, frame: Frame, conf: Conf, tmp_path: Path
) -> None:
    strict, mended = (conf_with(conf, tmp_path / p, f"^.*{p}$") for p in ("x.de", "de"))
    lived, fresh, random = Lake(spark, tmp_path / "lived"), Lake(spark, tmp_path / "fresh"), Random(7)
    for day in range(DAYS):
        for name in NAMES:
            rows = deliveries(frame, random, name, day)
            for lake in (lived, fresh):
                lake.store.append(tables.bronze(*name), rows)
        canonicalise(lived.run(strict, day))
    files = ({"delivery_id": f"delivery_id{n}", "file_path": f"crm/{n}.jsonl"} for n in range(8))
    named = [{**file, "source": source, "dataset": dataset} for file in files for source, dataset in NAMES]
    lived.store.append(tables.DELIVERY, frame(tables.DELIVERY, *named))
    canonicalise(fresh.run(mended, DAYS))
    lived_through = {d["table"]: d for d in diff(lived.store, fresh.store, [table.full_name for table in MADE])}
    assert lived_through["silver.quarantine"]["only_one"] > 0
    assert "silver.profile_record: 0 only here" in as_text(list(lived_through.values()))
    assert "@x.de" not in json.dumps(lived_through, default=str)  # values stay where they are
    rejected = lived.store.read(tables.QUARANTINE).count()
    assert rejected > fresh.store.read(tables.QUARANTINE).count() > 0

    _ask(lived)

    dying = DyingStore(spark, lived.store.lake)
    dying.commits_left = 3
    with pytest.raises(Killed):
        reprocess(replace(lived.run(mended, DAYS), store=dying), NAMES)
    reprocess(lived.run(mended, DAYS), NAMES)
    for table in MADE:
        assert lived.rows(table) == fresh.rows(table), table.full_name
    assert diff(lived.store, fresh.store, ["silver.profile_record", "silver.quarantine"]) == []
    with pytest.raises(InputError, match=r"no table 'silver\.profile'"):
        diff(lived.store, fresh.store, ["silver.profile"])
    with pytest.raises(InputError, match="nowhere holds no tables"):
        diff(lived.store, Store(spark, str(tmp_path / "nowhere")), [])

    before = lived.versions()
    replay(lived.run(mended, DAYS + 1), "crm.person")
    assert lived.versions() == before
    canonicalise(lived.run(mended, DAYS + 2))  # nothing is left for it
    assert lived.versions() == before


def _ask(lake: Lake) -> None:
    """What is asked of a quarantine at a terminal."""
    given: dict[str, Any] = {"config": str(ROOT / "conf"), "env": "dev", "lake": lake.store.lake}
    every = {"dataset": None, "reason": None, "since": None}
    rows = quarantine.listed(**given, **every)
    assert {row["reason"] for row in rows} == {"pattern:email"}
    assert sum(row["records"] for row in rows) == lake.store.read(tables.QUARANTINE).count()
    assert quarantine.listed(**given, **every | {"reason": "type"}) == []
    assert len(quarantine.listed(**given, **every | {"reason": "pattern", "dataset": "crm.click"})) == 1
    assert quarantine.listed(**given, **every | {"dataset": "crm"}) == rows
    with pytest.raises(InputError, match=r"no source or dataset 'crm\.clack'"):
        quarantine.listed(**given, **every | {"dataset": "crm.clack"})
    late = quarantine.listed(**given, **every | {"since": "2026-01-03"})
    assert {row["first"] for row in late} == {START + timedelta(days=2)}
    assert "crm.person 1.0.0  pattern:email" in quarantine.as_text(rows)
    record = quarantine.shown(rows[0]["sample"], **given, values=False)
    assert record["reasons"] == ["pattern:email"]
    assert record["file_path"].startswith("crm/")
    assert "payload" not in record
    assert "email" in quarantine.shown(rows[0]["sample"], **given, values=True)["payload"]
    with pytest.raises(InputError, match="no record 'nowhere'"):
        quarantine.shown("nowhere", **given, values=False)
    with pytest.raises(InputError, match="records begin with"):
        quarantine.shown("", **given, values=False)
