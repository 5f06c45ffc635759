"""Evidence, guards, persons and their history, on graphs small enough to draw."""

from collections.abc import Callable
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.columns.keys import identifier_id
from c360_spark.config import Conf
from c360_spark.config.identity import RuleSet
from c360_spark.identity import graph
from c360_spark.identity.components import components
from c360_spark.identity.evidence import key_pairs, set_pairs
from c360_spark.identity.history import changes, differences, membership_rows
from c360_spark.identity.person import members, person_id, persons
from tests.conftest import AS_OF, utc

pytestmark = pytest.mark.spark
Frame = Callable[..., DataFrame]
SECRET = "a secret of tests"
DAY_1, DAY_2 = utc("2026-01-01"), utc("2026-01-02")


class Ids(dict[tuple[str, str], int]):
    """The id of an identifier of region EU, by namespace and value."""

    def __init__(self, spark: SparkSession, names: list[tuple[str, str]]) -> None:
        rows = spark.createDataFrame(names, "n string, v string")
        made = identifier_id(SECRET, F.col("n"), F.lit("EU"), F.col("v"))
        super().__init__({(row.n, row.v): row.id for row in rows.withColumn("id", made).collect()})


@pytest.fixture(scope="module")
def ids(spark: SparkSession) -> Ids:
    names = [("crm.customer_id", f"C{i}") for i in range(9)] + [("email", v) for v in ("a@x.de", "b@x.de", "test@x.de")]
    return Ids(spark, [*names, ("phone", "+4930123456"), ("web.cookie_id", "k1"), ("commerce.account_id", "A1")])


@pytest.fixture
def sets(frame: Frame, ids: Ids) -> Callable[..., DataFrame]:
    """`sets([("email", "a@x.de"), …], …)`: identifier sets, recorded on day 1 unless said."""

    def make(*groups: list[tuple[str, str]], recorded: dict[int, Any] | None = None) -> DataFrame:
        rows = []
        for number, group in enumerate(groups):
            found = [(ids[n, v], n, "EU", v, False) for n, v in group]
            at = (recorded or {}).get(number, DAY_1)
            rows.append({"members": sorted(found), "record_count": 2, "region": "EU", "first_recorded_at": at})
        return frame(tables.IDENTIFIER_SET, *rows)

    return make


def resolve(pairs: DataFrame, rules: RuleSet) -> tuple[DataFrame, DataFrame, DataFrame]:
    """Identifiers, links and members of pairs."""
    pairs = pairs.cache()
    crowded = graph.crowds(pairs, rules)
    links = graph.links(pairs, crowded, rules).cache()
    vertices = graph.identifiers(pairs, crowded, links, rules).cache()
    labelled = components(links.where("status = 'active'").select("left_id", "right_id"), engine="local")
    derived = {key.namespace for key in rules.match_keys.values()}
    return vertices, links, members(vertices, labelled, derived=derived).cache()


def groups(found: DataFrame) -> list[set[int]]:
    rows = found.groupBy("person_id").agg(F.collect_set("identifier_id").alias("ids")).collect()
    return sorted((set(row.ids) for row in rows), key=min)


def test_a_set_is_a_star_around_its_most_trusted_identifier(
    sets: Callable[..., DataFrame], conf: Conf, ids: Ids
) -> None:
    pairs = set_pairs(sets([("email", "a@x.de"), ("phone", "+4930123456"), ("crm.customer_id", "C1")]), conf.rules)
    _, links, found = resolve(pairs, conf.rules)
    hub = ids["crm.customer_id", "C1"]
    ends = {frozenset((row.left_id, row.right_id)) for row in links.collect()}
    assert ends == {frozenset((hub, ids["email", "a@x.de"])), frozenset((hub, ids["phone", "+4930123456"]))}
    assert {row.evidence_count for row in links.collect()} == {2}
    assert len(groups(found)) == 1


def test_a_blocked_value_links_nobody_and_its_links_say_why(
    sets: Callable[..., DataFrame], conf: Conf, ids: Ids
) -> None:
    test = ("email", "test@x.de")
    pairs = set_pairs(sets([test, ("crm.customer_id", "C1")], [test, ("crm.customer_id", "C2")]), conf.rules)
    vertices, links, found = resolve(pairs, conf.rules)
    assert {(row.status, row.reason) for row in links.collect()} == {("evicted", "blocked:email")}
    assert groups(found) == sorted(({ids["crm.customer_id", "C1"]}, {ids["crm.customer_id", "C2"]}), key=min)
    assert {row.status for row in vertices.where(F.col("identifier_id") == ids[test]).collect()} == {"blocked"}


def test_a_blocked_identifier_is_never_the_hub(sets: Callable[..., DataFrame], conf: Conf, ids: Ids) -> None:
    pairs = set_pairs(sets([("email", "test@x.de"), ("phone", "+4930123456"), ("web.cookie_id", "k1")]), conf.rules)
    _, _, found = resolve(pairs, conf.rules)
    assert groups(found) == [{ids["phone", "+4930123456"], ids["web.cookie_id", "k1"]}]


def test_a_phone_of_many_customers_is_crowded_and_one_customer_and_account_are_not_many(
    sets: Callable[..., DataFrame], conf: Conf, ids: Ids
) -> None:
    phone, mail = ("phone", "+4930123456"), ("email", "a@x.de")
    pairs = set_pairs(
        sets(
            [phone, ("crm.customer_id", "C1")],
            [phone, ("crm.customer_id", "C2")],
            [mail, ("crm.customer_id", "C1")],
            [mail, ("commerce.account_id", "A1")],
        ),
        conf.rules,
    )
    _, links, found = resolve(pairs, conf.rules)
    assert {row.reason for row in links.where("status = 'evicted'").collect()} == {"crowded:phone"}
    first = {ids["crm.customer_id", "C1"], ids[mail], ids["commerce.account_id", "A1"]}
    assert groups(found) == sorted((first, {ids["crm.customer_id", "C2"]}), key=min)


def test_a_match_key_joins_records_and_is_neither_anchor_nor_person(frame: Frame, conf: Conf, ids: Ids) -> None:
    def customer(key: str, given_name: str) -> dict[str, Any]:
        own = [(ids["crm.customer_id", key], "crm.customer_id", "EU", key, True)]
        person = {"family_name": "Müller", "birth_date": utc("1990-05-01").date(), "postcode": "10115"}
        return {"identifiers": own, "region": "EU", "country": "DE", "given_name": given_name, **person}

    records = frame(tables.PROFILE_RECORD, customer("C1", "Zoë"), customer("C2", " zoe "), customer("C3", "Max"))
    own = frame(
        tables.IDENTIFIER_SET,
        *({"members": [(ids["crm.customer_id", c], "crm.customer_id", "EU", c, True)]} for c in ("C1", "C2", "C3")),
    )
    pairs = set_pairs(own, conf.rules).unionByName(key_pairs(records, conf.rules, secret=SECRET))
    _, _, found = resolve(pairs, conf.rules)
    real = {ids["crm.customer_id", c] for c in ("C1", "C2", "C3")}
    assert {row.anchor_id for row in found.collect()} <= real
    assert [len(group & real) for group in groups(found)] in ([2, 1], [1, 2])
    alone = members(
        frame(tables.IDENTIFIER, {"identifier_id": 5, "namespace": "key.name_birth_postcode", "status": "active"}),
        found.select("identifier_id", "component_id").limit(0),
        derived={"key.name_birth_postcode"},
    )
    assert alone.isEmpty()


def test_the_person_recorded_first_survives_a_merge_and_the_anchor_keeps_the_id_in_a_split(
    frame: Frame, sets: Callable[..., DataFrame], conf: Conf, ids: Ids
) -> None:
    old, new = [("crm.customer_id", "C1"), ("email", "a@x.de")], [("crm.customer_id", "C2"), ("email", "b@x.de")]
    bridge = [("crm.customer_id", "C1"), ("email", "b@x.de")]
    loose = conf.rules.model_copy(update={"namespaces": _without_crowds(conf.rules)})
    apart = resolve(set_pairs(sets(old, new, recorded={1: DAY_2}), loose), loose)[2]
    joined = resolve(set_pairs(sets(old, new, bridge, recorded={1: DAY_2, 2: DAY_2}), loose), loose)[2]
    older = {row.person_id for row in apart.where(F.col("identifier_id") == ids["crm.customer_id", "C1"]).collect()}
    assert {row.person_id for row in joined.collect()} == older
    told = {"run_id": "2", "as_of": AS_OF, "rule_set": loose.label}
    nobody = frame(tables.MEMBERSHIP)
    first = membership_rows(differences(nobody, apart), run_id="1").cache()
    moves = differences(first, joined)
    assert [(r.kind, r.identifier_count) for r in changes(moves, first, joined, **told).collect()] == [("merged", 2)]
    retired = persons(joined, persons(apart, frame(tables.PERSON), rule_set="x"), rule_set="x").where(
        "status = 'retired'"
    )
    assert [row.survived_by for row in retired.collect()] == list(older)
    both = membership_rows(differences(nobody, joined), run_id="2").cache()
    back = changes(differences(both, apart), both, apart, **told).collect()
    assert [(row.kind, row.from_person_id, row.identifier_count) for row in back] == [("split", *older, 2)]


def _without_crowds(rules: RuleSet) -> dict[str, Any]:
    return {name: space.model_copy(update={"crowd_limit": None}) for name, space in rules.namespaces.items()}


def test_membership_closes_the_old_row_opens_the_new_one_and_a_rerun_rewrites(
    spark: SparkSession, frame: Frame
) -> None:
    found = spark.createDataFrame([(1, 1, "q"), (3, 3, "r")], "identifier_id long, component_id long, person_id string")
    now = [
        {"identifier_id": 1, "component_id": 1, "person_id": "p", "valid_from_run": "1"},
        {"identifier_id": 2, "component_id": 1, "person_id": "p", "valid_from_run": "1"},
    ]
    moves = differences(frame(tables.MEMBERSHIP, *now), found)
    rows = {
        tuple(row[name] for name in tables.MEMBERSHIP.column_names)
        for row in membership_rows(moves, run_id="2").collect()
    }
    assert rows == {(1, 1, "p", "1", "2"), (1, 1, "q", "2", None), (2, 1, "p", "1", "2"), (3, 3, "r", "2", None)}
    again = membership_rows(moves, run_id="1").where("identifier_id = 1").collect()
    assert [(row.person_id, row.valid_from_run, row.valid_to_run) for row in again] == [("q", "1", None)]
    gone = changes(
        moves.where("identifier_id = 2"), frame(tables.MEMBERSHIP, *now), found, run_id="2", as_of=AS_OF, rule_set="x"
    )
    assert [row.kind for row in gone.collect()] == ["retired"]


def test_two_values_on_one_id_are_seen_and_order_and_partitions_are_not(
    sets: Callable[..., DataFrame], conf: Conf, frame: Frame
) -> None:
    clash = frame(
        tables.IDENTIFIER_SET,
        {"members": [(7, "email", "EU", "a@x.de", False)]},
        {"members": [(7, "email", "EU", "b@x.de", False)]},
    )
    vertices, _, _ = resolve(set_pairs(clash, conf.rules), conf.rules)
    assert [row.check_min == row.check_max for row in vertices.collect()] == [False]
    many = [[("crm.customer_id", f"C{i}"), ("email", "a@x.de" if i % 2 else "b@x.de")] for i in range(9)]
    loose = conf.rules.model_copy(update={"namespaces": _without_crowds(conf.rules)})
    one = resolve(set_pairs(sets(*many), loose), loose)[2]
    other = resolve(set_pairs(sets(*reversed(many)).repartition(5), loose), loose)[2]
    assert sorted(one.collect()) == sorted(other.collect())
    assert len({row.person_id for row in one.collect()}) == 2
    assert one.where(F.col("person_id") != person_id(F.col("anchor_id"))).isEmpty()
