"""Which value survives: each criterion, the age of a value, and overrides."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.config import Conf
from c360_spark.config.rules.survivorship import Override, ProfileRules
from c360_spark.gold.field import fields
from c360_spark.gold.profile import surviving
from c360_spark.gold.survivorship import OVERRIDES, in_force, overrides, ranked
from c360_spark.run.context import Run, run_id_of
from c360_spark.store import Store
from tests.conftest import AS_OF
from tests.ids import id_of
from tests.stages import build_profiles

pytestmark = pytest.mark.spark
Frame = Callable[..., DataFrame]
Row = dict[str, Any]
DATASETS = ["crm.customer", "loyalty.member", "pos.till"]


def day(number: int) -> datetime:
    return datetime(2026, 1, 1) + timedelta(days=number - 1)


def said(dataset: str, key: str, received: int, updated: int | None = None, **values: object) -> Row:
    """One version of a source record. Its bronze_id is its key and the day it was received."""
    source, name = dataset.split(".")
    times = {"received_at": day(received), "updated_at": day(updated or received)}
    place = {"source": source, "dataset": name, "source_key": key, "bronze_id": f"{key}{received}"}
    return {"identifier_set_id": key[:1], "identifiers": [], **place, **times, **values}


def places(frame: Frame, rules: Row, *rows: Row, decided: DataFrame | None = None) -> dict[str, list[tuple[Any, ...]]]:
    """The values of each attribute in their order, with the rules, of the one person whose records these are."""
    found = attributes(frame, ProfileRules.model_validate(rules), rows, decided)
    told: dict[str, list[tuple[Any, ...]]] = {}
    for row in found.orderBy("attribute", "rank").collect():
        told.setdefault(row.attribute, []).append((row.attribute_value, row.rule))
        assert row["rank"] == len(told[row.attribute])
    return told


def attributes(frame: Frame, rules: ProfileRules, rows: Any, decided: DataFrame | None = None) -> DataFrame:
    """gold.profile_attribute of records whose person is the first letter of their key."""
    own = fields(frame(tables.PROFILE_RECORD, *rows)).withColumn("person_id", F.col("identifier_set_id"))
    nothing = frame(tables.PROFILE_ATTRIBUTE).select("person_id", "attribute", "attribute_value", "changed_at")
    return ranked(own, nothing if decided is None else decided, rules).select(*tables.PROFILE_ATTRIBUTE.column_names)


def test_each_criterion_decides_and_is_named(frame: Frame) -> None:
    verified = [(1, "email", "EU", "v@x.de", True), (2, "phone", "EU", "+492", False)]
    rows = [
        said(
            "crm.customer",
            "p1",
            1,
            email="v@x.de",
            phone="+491",
            identifiers=verified,
            city="Ulm",
            given_name="Annabel",
        ),
        said(
            "loyalty.member", "p2", 2, email="n@x.de", phone="+492", identifiers=verified, city="Ulm", given_name="Anna"
        ),
        said("loyalty.member", "p3", 3, city="Bonn", given_name="A.", street="Weg 1", attributes={"size": "XXL"}),
        said("loyalty.member", "p4", 3, city="Bonn", street="Weg 1", attributes={"size": "M"}),
        said("pos.till", "p5", 4, city="Kiel", phone="+493", street="Weg 2", attributes={"size": "S", "hat": "no"}),
    ]
    found = places(
        frame,
        {
            "default": {"order": ["recency"], "priority": ["loyalty.member", "crm.customer"]},
            "attributes": {
                "email": {"order": ["verified", "recency"]},
                "phone": {"order": ["verified", "priority"]},
                "city": {"order": ["frequency", "recency"]},
                "given_name": {"order": ["longest"]},
                "street": {"order": ["override"]},
                "attributes": {"order": ["longest", "recency"]},
            },
        },
        *rows,
    )
    assert found == {
        "email": [("v@x.de", "verified"), ("n@x.de", None)],
        "phone": [("+492", "priority"), ("+491", "priority"), ("+493", None)],
        # Two records each, but of two datasets and of one.
        "city": [("Ulm", "frequency"), ("Bonn", "frequency"), ("Kiel", None)],
        "given_name": [("Annabel", "longest"), ("Anna", "longest"), ("A.", None)],
        "street": [("Weg 2", "tie"), ("Weg 1", None)],
        "attributes.size": [("XXL", "longest"), ("S", "recency"), ("M", None)],
        "attributes.hat": [("no", "only")],
    }


def test_a_value_is_as_old_as_its_change_and_not_as_its_record(frame: Frame) -> None:
    rows = [
        # An unchanged city is sent again and again with other changes: it must not win over what changed in between.
        said("crm.customer", "p1", 1, city="stale", phone="+491"),
        said("crm.customer", "p1", 5, city="stale", phone="+492"),
        said("crm.customer", "p1", 9, city="stale", phone="+493"),
        said("loyalty.member", "p2", 3, city="moved"),
        # Changed away and back: it counts from its return; a gap without a value is a change, too.
        said("crm.customer", "q1", 1, city="home", street="Weg 1", attributes={"size": "M"}),
        said("crm.customer", "q1", 2, city="away", attributes={"size": "L"}),
        said("crm.customer", "q1", 4, city="home", street="Weg 1", attributes={"size": "M"}),
        said("crm.customer", "q1", 6, city="home", street="Weg 1", attributes={"size": "M"}, email="a@x.de"),
        # By the source's clock: what arrives later and is older is not current, but the city was so already.
        said("crm.customer", "r1", 7, 6, city="late"),
        said("crm.customer", "r1", 8, 3, city="late", street="Weg 2"),
        said("crm.customer", "s1", 5, city="by when it was received") | {"updated_at": None},
        said("crm.customer", "s2", 5, city="by creation") | {"updated_at": None, "created_at": day(2)},
    ]
    found = fields(frame(tables.PROFILE_RECORD, *rows)).collect()
    assert {(row.source_key, row.attribute, row.attribute_value): row.changed_at.day for row in found} == {
        ("p1", "city", "stale"): 1,
        ("p1", "phone", "+493"): 9,
        ("p2", "city", "moved"): 3,
        ("q1", "city", "home"): 4,
        ("q1", "street", "Weg 1"): 4,
        ("q1", "attributes.size", "M"): 4,
        ("q1", "email", "a@x.de"): 6,
        ("r1", "city", "late"): 3,
        ("s1", "city", "by when it was received"): 5,
        ("s2", "city", "by creation"): 2,
    }
    assert {row.source_key: row.bronze_id for row in found if row.source_key < "r"} == {
        "p1": "p19",
        "p2": "p23",
        "q1": "q16",
    }
    of_p = places(frame, {"default": {"order": ["recency"]}}, *(row for row in rows if row["source_key"] < "q"))
    assert of_p["city"] == [("moved", "recency"), ("stale", None)]


def test_an_override_is_for_whoever_holds_its_identifier_until_it_expires(frame: Frame, conf: Conf) -> None:
    signed: Row = {"author": "a", "reason": "b", "added": date(2026, 1, 1)}

    def override(region: str, attribute: str, value: str, expires: date | None = None) -> Override:
        person = {"namespace": "email", "region": region, "value": " Anna@X.de"}
        given = {"person": person, "attribute": attribute, "value": value, "expires": expires, **signed}
        return Override.model_validate(given)

    rules = ProfileRules(
        overrides=(
            override("EU", "city", "Ulm"),
            override("EU", "loyalty_points", "7", AS_OF.date() + timedelta(days=1)),
            override("EU", "street", "over", AS_OF.date()),
            override("US", "phone", "+491"),
        )
    )
    rows = in_force(rules, as_of=AS_OF)
    assert [row[3] for row in rows] == ["city", "loyalty_points", "phone"]
    key = F.lit(id_of("s3cret", "email", "EU", "anna@x.de"))
    held = frame(tables.MEMBERSHIP, {"person_id": "p"}).withColumn("identifier_id", key)
    decided = overrides(held.sparkSession.createDataFrame(rows, OVERRIDES), held, conf.rules, secret="s3cret")
    records = [said("crm.customer", f"p{n}", n, city=city) for n, city in enumerate(("Ulm", "Bonn", "Kiel"), 1)]
    found = attributes(frame, rules, records, decided).orderBy("attribute", "rank").collect()
    assert [
        (row.attribute, row.attribute_value, row.rule, row.record_count, row.source, row.changed_at) for row in found
    ] == [
        ("city", "Ulm", "override", 1, None, day(1)),
        ("city", "Kiel", "recency", 1, "crm", day(3)),
        ("city", "Bonn", None, 1, "crm", day(2)),
        ("loyalty_points", "7", "only", 0, None, day(1)),
    ]
    profile = surviving(attributes(frame, rules, records, decided)).head()
    assert (profile.city, profile.loyalty_points) == ("Ulm", 7)


@st.composite
def people(draw: st.DrawFn) -> list[Row]:
    """Versions of the records of a few people, in the order in which they were received."""
    rows = []
    for person in "abcdefgh":
        received = draw(st.permutations(range(1, 10)))
        for key in range(draw(st.integers(1, 3))):
            dataset = draw(st.sampled_from(DATASETS))
            for number in sorted(received[key * 3 : key * 3 + draw(st.integers(1, 3))]):
                values = {name: draw(st.sampled_from([None, "a", "b", "cc"])) for name in ("city", "street")}
                owned = [(1, "x", "EU", "a", draw(st.booleans()))]
                free = {"size": draw(st.sampled_from("ab"))}
                updated = draw(st.integers(1, 3))
                record = said(dataset, f"{person}{key}", number, updated, **values, identifiers=owned, attributes=free)
                rows.append(record)
    return rows


def expected(rows: list[Row], rules: ProfileRules) -> list[tuple[Any, ...]]:
    """person, attribute, value, rank, bronze_id and changed_at, as plainly as can be."""
    histories: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: (row["updated_at"], row["received_at"])):
        histories.setdefault(row["source_key"], []).append(row)
    claims: dict[tuple[str, str], list[Row]] = {}
    for key, versions in histories.items():
        now = versions[-1]
        for name, value in valued(now).items():
            times = []
            for version in reversed(versions):
                if valued(version).get(name) != value:
                    break
                times.append(version["updated_at"])
            verified = value in [m[3] for m in now["identifiers"] if m[4]]
            claim = {"value": value, "at": min(times), "verified": verified, "record": now}
            claims.setdefault((key[0], name), []).append(claim)
    told = []
    for (person, name), claimed in claims.items():
        ordered = sorted(claimed, key=lambda claim: strength(claim, claimed, rules, name), reverse=True)
        best = {claim["value"]: claim for claim in reversed(ordered)}
        for rank, value in enumerate(dict.fromkeys(claim["value"] for claim in ordered), 1):
            told.append((person, name, value, rank, best[value]["record"]["bronze_id"], best[value]["at"]))
    return sorted(told)


def valued(row: Row) -> dict[str, str]:
    own = {name: row[name] for name in ("city", "street") if row[name] is not None}
    return own | {f"attributes.{name}": value for name, value in row["attributes"].items()}


def strength(claim: Row, claimed: list[Row], rules: ProfileRules, name: str) -> tuple[Any, ...]:
    dataset = f"{claim['record']['source']}.{claim['record']['dataset']}"
    priority, equal = rules.priority(name), [other for other in claimed if other["value"] == claim["value"]]
    measures = {
        "verified": claim["verified"],
        "priority": -priority.index(dataset) if dataset in priority else -len(priority),
        "recency": claim["at"],
        "frequency": (len(equal), len({(e["record"]["source"], e["record"]["dataset"]) for e in equal})),
        "longest": len(claim["value"]),
    }
    of = (claim["record"][part] for part in ("source", "dataset", "source_key"))
    return (*(measures[each] for each in rules.order(name)), *of)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(
    rows=people(),
    orders=st.lists(
        st.permutations(["verified", "priority", "recency", "frequency", "longest"]), min_size=2, max_size=2
    ),
    cut=st.integers(0, 20),
    seed=st.randoms(use_true_random=False),
)
def test_the_order_and_the_batches_of_records_make_no_difference(
    frame: Frame, rows: list[Row], orders: list[list[str]], cut: int, seed: Any
) -> None:
    rules = ProfileRules.model_validate(
        {
            "default": {"order": orders[0][:3], "priority": DATASETS[:2]},
            "attributes": {"street": {"order": orders[1]}, "attributes": {"priority": DATASETS[1:]}},
        }
    )
    mixed = seed.sample(rows, len(rows))
    batches = [frame(tables.PROFILE_RECORD, *part) for part in (mixed[cut:], mixed[:cut]) if part]
    own = fields(batches[0].unionByName(batches[-1]) if len(batches) > 1 else batches[0])
    nothing = frame(tables.PROFILE_ATTRIBUTE).select("person_id", "attribute", "attribute_value", "changed_at")
    found = ranked(own.withColumn("person_id", F.col("identifier_set_id")), nothing, rules).collect()
    names = ("person_id", "attribute", "attribute_value", "rank", "bronze_id", "changed_at")
    assert sorted(tuple(row[name] for name in names) for row in found) == expected(rows, rules)


@pytest.mark.slow
def test_a_run_takes_overrides_into_the_profile_and_tells_whom_they_do_not_reach(
    store: Store, frame: Frame, conf: Conf, capsys: pytest.CaptureFixture[str]
) -> None:
    person = {"namespace": "crm.customer_id", "region": "EU", "value": "C1"}
    signed = {"author": "a", "reason": "b", "added": "2026-01-01"}
    decided = [
        {"person": person, "attribute": "street", "value": "Weg 9", **signed},
        {"person": {**person, "value": "nobody"}, "attribute": "street", "value": "Weg 0", **signed},
    ]
    rules = ProfileRules.model_validate({"default": {"order": ["override", "recency"]}, "overrides": decided})
    key = F.lit(id_of(conf.platform.identity_key.secret(), *person.values()))
    named = (F.lit(text).alias(name) for name, text in person.items())
    member = F.array(F.struct(key.alias("identifier_id"), *named, F.lit(True).alias("verified")))
    held = frame(tables.MEMBERSHIP, {"identifier_id": 1, "person_id": "person"}).withColumn("identifier_id", key)
    store.append(tables.MEMBERSHIP, held)
    sets = frame(tables.IDENTIFIER_SET, {"identifier_set_id": "p"}).withColumn("members", member)
    store.append(tables.IDENTIFIER_SET, sets)
    store.append(tables.PERSON, frame(tables.PERSON, {"person_id": "person", "status": "active", "region": "EU"}))
    born, numbers = date(1990, 12, 31), {"loyalty_points": 7, "attributes": {"a": "b"}}
    rows = [
        said("crm.customer", "p1", 1, city="old"),
        said("crm.customer", "p1", 3, city="old", birth_date=born, street="Weg 1", **numbers),
        said("loyalty.member", "p2", 2, city="new"),
    ]
    store.append(tables.PROFILE_RECORD, frame(tables.PROFILE_RECORD, *rows))
    build_profiles(Run(store.spark, store, replace(conf, profile=rules), day(4), run_id_of(day(4))))
    assert "1 of 2 overrides reach somebody" in capsys.readouterr().err
    (profile,) = store.read(tables.PROFILE).collect()
    assert (profile.city, profile.street, profile.birth_date, profile.loyalty_points) == ("new", "Weg 9", born, 7)
    assert (profile.email, profile.attributes, profile.record_count) == (None, {"a": "b"}, 2)
    told = store.read(tables.PROFILE_ATTRIBUTE).where("attribute = 'street'").orderBy("rank").collect()
    assert [(row.attribute_value, row.rule, row.bronze_id) for row in told] == [
        ("Weg 9", "override", None),
        ("Weg 1", None, "p13"),
    ]
