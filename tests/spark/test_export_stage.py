"""The export stage on a small lake: who cannot be sent is on record, and comes through once the data is fixed."""

import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from c360_spark import tables
from c360_spark.commands.destination import coverage_report
from c360_spark.config import Conf
from c360_spark.config.activation.activation import Destination
from c360_spark.run.context import Run, run_id_of
from c360_spark.store import Store
from tests.conftest import AS_OF, DyingStore, Frame, Killed
from tests.stages import export

pytestmark = pytest.mark.spark
PURPOSES = ("ad_user_data", "ad_personalization")
GIVEN = {"kind": "snap", "description": "d", "owner": "o", "audience": "a", "purposes": PURPOSES}
SNAP = Destination.model_validate(
    GIVEN | {"name": "snap", "fields": {"email": {"column": "email"}, "phone": {"column": "phone"}}}
)
OUTBOX = tables.outbox("snap")


def run_at(spark: SparkSession, store: Store, conf: Conf, as_of: datetime) -> Run:
    return Run(spark, store, replace(conf, destinations={"snap": SNAP}), as_of, run_id_of(as_of))


def outbox(store: Store) -> set[tuple[Any, ...]]:
    return {(r.person_id, r.operation, r.cause, r.sequence) for r in store.read(OUTBOX).collect()}


def rejected(store: Store) -> set[tuple[Any, ...]]:
    rows = store.read(tables.REJECTED).collect()
    return {(r.person_id, tuple(r.reasons), r.resolution, r.rejected_at, r.resolved_at) for r in rows}


def fill(store: Store, frame: Frame, **mails: str) -> None:
    """Profiles with these e-mail addresses; all are members, and all but `silent` granted both purposes."""
    people = frame(tables.PROFILE, *({"person_id": person, "email": mail} for person, mail in mails.items()))
    granted = [{"person_id": p, "purpose": purpose, "status": "granted"} for p in mails for purpose in PURPOSES]
    members = [{"audience": "a", "person_id": p, "entered_at": AS_OF} for p in mails]
    store.sync(tables.PROFILE, people)
    store.sync(tables.CONSENT_STATE, frame(tables.CONSENT_STATE, *granted).where("person_id <> 'silent'"))
    store.merge(tables.AUDIENCE_MEMBER, frame(tables.AUDIENCE_MEMBER, *members))


def test_a_rejected_row_is_on_record_and_comes_through_once_its_data_is_fixed(
    spark: SparkSession, store: Store, conf: Conf, frame: Frame, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(store, frame, fine="a@x.de", bad="no", silent="c@x.de")
    today, tomorrow = AS_OF, AS_OF + timedelta(days=1)
    export(run_at(spark, store, conf, today))
    said = capsys.readouterr().err
    assert "outbox: 1 new" in said
    assert "rejected: 2 new" in said
    assert outbox(store) == {("fine", "add", "entered", 1)}
    silent = ("no_consent:ad_personalization", "no_consent:ad_user_data")
    bad = ("invalid:email", "no_match_key:any")
    assert rejected(store) == {("bad", bad, None, today, None), ("silent", silent, None, today, None)}

    fill(store, frame, fine="broken", bad="b@x.de", silent="c@x.de")
    for commits in (1, 2):  # dies after the outbox, then after the record; the run after that has nothing left to do
        dying = DyingStore(spark, store.lake)
        dying.commits_left = commits
        with pytest.raises(Killed):
            export(run_at(spark, dying, conf, tomorrow))
    export(run_at(spark, store, conf, tomorrow))
    added = {("bad", "add", "entered", 1), ("fine", "remove", "rejected", 2)}
    assert outbox(store) == {("fine", "add", "entered", 1), *added}
    assert store.read(OUTBOX).count() == 3
    assert rejected(store) == {
        ("bad", bad, "sent", today, tomorrow),
        ("silent", silent, None, today, None),
        ("fine", bad, None, tomorrow, None),
    }


def test_looking_at_touched_members_only_sends_and_rejects_what_looking_at_all_does(
    spark: SparkSession, conf: Conf, frame: Frame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    affected, every = (Store(spark, str(tmp_path / name)) for name in ("affected", "every"))
    mails = {f"p{n}": f"p{n}@x.de" for n in range(8)} | {"p5": "no"}
    days = [
        (mails, "p6", {p: {} for p in ("p0", "p1", "p2", "p3", "p4", "p5")}),
        # p0 has a new address, p1 an unusable one, p5 a usable one; p2 leaves; p3 takes consent back; p6 gives it and
        # enters, as p7 does with an unusable address; nothing happens to p4
        (
            mails | {"p0": "new@x.de", "p1": "no", "p5": "p5@x.de", "p7": "no"},
            "p3",
            {"p2": {"exited_at": AS_OF + timedelta(days=1), "exited_cause": "data"}, "p6": {}, "p7": {}},
        ),
    ]
    for n, (addresses, silent, moved) in enumerate(days):
        today = AS_OF + timedelta(days=n)
        granted = [
            {"person_id": p, "purpose": purpose, "status": "granted", "effective_from": AS_OF}
            for p in mails
            for purpose in PURPOSES
            if p != silent
        ]
        stays = [{"audience": "a", "person_id": p, "entered_at": AS_OF, **stay} for p, stay in moved.items()]
        for store in (affected, every):
            people = ({"person_id": p, "email": mail} for p, mail in addresses.items())
            store.sync(tables.PROFILE, frame(tables.PROFILE, *people))
            store.sync(tables.CONSENT_STATE, frame(tables.CONSENT_STATE, *granted))
            store.merge(tables.AUDIENCE_MEMBER, frame(tables.AUDIENCE_MEMBER, *stays))
            shutil.rmtree(every.path(tables.WATERMARK), ignore_errors=True)
            export(run_at(spark, store, conf, today))
    assert outbox(affected) == outbox(every)
    assert rejected(affected) == rejected(every)
    assert {row for row in outbox(affected) if row[3] > 1 or row[0] > "p4"} == {
        ("p0", "update", "changed", 2),
        ("p1", "remove", "rejected", 2),
        ("p2", "remove", "data", 2),
        ("p3", "remove", "consent", 2),
        ("p5", "add", "entered", 1),
        ("p6", "add", "entered", 1),
    }
    assert "7 members affected" in capsys.readouterr().err
    export(run_at(spark, affected, conf, today))
    assert "0 members affected" in capsys.readouterr().err
    assert [
        line.split() for line in coverage_report(run_at(spark, affected, conf, today), "snap").splitlines()[1:]
    ] == [
        ["4", "57%", "can", "be", "sent"],
        ["4", "100%", "of", "them", "by", "email"],
        ["0", "0%", "of", "them", "by", "mobile_ad_id"],
        ["0", "0%", "of", "them", "by", "phone"],
        ["2", "29%", "cannot,", "for", "invalid:email"],
        ["1", "14%", "cannot,", "for", "no_consent:ad_personalization"],
        ["1", "14%", "cannot,", "for", "no_consent:ad_user_data"],
        ["2", "29%", "cannot,", "for", "no_match_key:any"],
    ]
