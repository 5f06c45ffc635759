"""Evidence, guards, persons and their history, on graphs small enough to draw."""

from collections.abc import Callable
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.config import Conf
from c360_spark.config.rules.identity import MatchKey, RuleSet
from c360_spark.config.rules.key_part import KeyPart
from c360_spark.identity.components import components
from c360_spark.identity.evidence import is_blocked, key_evidence, set_evidence
from c360_spark.identity.guard import crowds, expiry, guarded, in_graph
from c360_spark.identity.history import changes, differences, membership_rows, redirects, with_causes
from c360_spark.identity.link import divided, identifiers, links, repeated, vertices, with_status
from c360_spark.identity.person import members, person_id, persons
from tests.conftest import AS_OF, utc
from tests.ids import id_of

pytestmark = pytest.mark.spark
Frame = Callable[..., DataFrame]
SECRET = "a secret of tests"
DAY_1, DAY_2 = utc("2026-01-01"), utc("2026-01-02")
SEEN_IN = {"source": "crm", "dataset": "customer", "region": "EU"}


class Ids(dict[tuple[str, str], int]):
    """The id of an identifier of region EU, by namespace and value."""

    def __init__(self, names: list[tuple[str, str]]) -> None:
        super().__init__({(name, value): id_of(SECRET, name, "EU", value) for name, value in names})


@pytest.fixture(scope="module")
def ids() -> Ids:
    names = [("crm.customer_id", f"C{i}") for i in range(9)] + [("email", v) for v in ("a@x.de", "b@x.de", "test@x.de")]
    return Ids([*names, ("phone", "+4930123456"), ("web.cookie_id", "k1"), ("commerce.account_id", "A1")])


@pytest.fixture
def sets(frame: Frame, ids: Ids) -> Callable[..., DataFrame]:
    """`sets([("email", "a@x.de"), …], …)`: identifier sets, recorded on day 1 unless said."""

    def make(*groups: list[tuple[str, str]], recorded: dict[int, Any] | None = None) -> DataFrame:
        rows = []
        for number, group in enumerate(groups):
            found = [(ids[n, v], n, "EU", v, False) for n, v in group]
            at = (recorded or {}).get(number, DAY_1)
            rows.append({"members": sorted(found), "record_count": 2, **SEEN_IN, "first_recorded_at": at})
        return frame(tables.IDENTIFIER_SET, *rows)

    return make


def kept(frame: DataFrame) -> DataFrame:
    """The rows as they are now, with a plan of nothing: as the stage does through the store."""
    return frame.sparkSession.createDataFrame(frame.collect(), frame.schema)


def resolve(evidence: DataFrame, rules: RuleSet) -> tuple[DataFrame, DataFrame, DataFrame]:
    """Identifiers, links and members of evidence, but for limits."""
    evidence = kept(evidence)
    raw = kept(links(evidence).withColumn("expired_by", expiry(rules, as_of=AS_OF)))
    crowded = crowds(raw.where("blocked_by IS NULL AND expired_by IS NULL"), repeated(evidence), rules)
    seen = kept(with_status(vertices(evidence), crowded, divided(evidence)))
    told = kept(guarded(raw, seen.select("identifier_id", "status"), rules))
    edges = told.where(in_graph())
    inside = seen.where("status = 'active'").join(kept(components(edges, engine="local")), "identifier_id", "left")
    placed = inside.withColumn("component_id", F.coalesce("component_id", "identifier_id"))
    placed = kept(placed.withColumn("part_id", F.col("component_id")))
    found = identifiers(seen, placed.select("identifier_id", "component_id"), edges, rules)
    return kept(found), told, kept(members(placed, derived=rules.derived))


def moved(current: DataFrame, found: DataFrame) -> DataFrame:
    """Differences that nothing in particular caused."""
    nothing = current.sparkSession.createDataFrame([], "identifier_id long, cause string")
    return with_causes(differences(current, found), nothing, current, found)


def groups(found: DataFrame) -> list[set[int]]:
    rows = found.groupBy("person_id").agg(F.collect_set("identifier_id").alias("ids")).collect()
    return sorted((set(row.ids) for row in rows), key=min)


def test_a_set_is_a_star_around_its_most_trusted_identifier(
    sets: Callable[..., DataFrame], conf: Conf, ids: Ids
) -> None:
    pairs = set_evidence(sets([("email", "a@x.de"), ("phone", "+4930123456"), ("crm.customer_id", "C1")]), conf.rules)
    _, told, found = resolve(pairs, conf.rules)
    hub = ids["crm.customer_id", "C1"]
    ends = {frozenset((row.left_id, row.right_id)) for row in told.collect()}
    assert ends == {frozenset((hub, ids["email", "a@x.de"])), frozenset((hub, ids["phone", "+4930123456"]))}
    assert {row.evidence_count for row in told.collect()} == {2}
    assert len(groups(found)) == 1


def test_a_blocked_value_links_nobody_and_its_links_say_why(
    sets: Callable[..., DataFrame], conf: Conf, ids: Ids
) -> None:
    test = ("email", "test@x.de")
    pairs = set_evidence(sets([test, ("crm.customer_id", "C1")], [test, ("crm.customer_id", "C2")]), conf.rules)
    seen, told, found = resolve(pairs, conf.rules)
    assert {row.reason for row in told.collect()} == {"blocked:email"}
    assert groups(found) == sorted(({ids["crm.customer_id", "C1"]}, {ids["crm.customer_id", "C2"]}), key=min)
    assert {row.status for row in seen.where(F.col("identifier_id") == ids[test]).collect()} == {"blocked"}


def test_a_blocked_identifier_is_never_the_hub(sets: Callable[..., DataFrame], conf: Conf, ids: Ids) -> None:
    pairs = set_evidence(sets([("email", "test@x.de"), ("phone", "+4930123456"), ("web.cookie_id", "k1")]), conf.rules)
    _, _, found = resolve(pairs, conf.rules)
    assert groups(found) == [{ids["phone", "+4930123456"], ids["web.cookie_id", "k1"]}]


def test_a_phone_of_many_customers_is_crowded_and_one_customer_and_account_are_not_many(
    sets: Callable[..., DataFrame], conf: Conf, ids: Ids
) -> None:
    phone, mail = ("phone", "+4930123456"), ("email", "a@x.de")
    pairs = set_evidence(
        sets(
            [phone, ("crm.customer_id", "C1")],
            [phone, ("crm.customer_id", "C2")],
            [mail, ("crm.customer_id", "C1")],
            [mail, ("commerce.account_id", "A1")],
        ),
        conf.rules,
    )
    _, told, found = resolve(pairs, conf.rules)
    assert {row.reason for row in told.where("reason IS NOT NULL").collect()} == {"crowded:phone"}
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
    pairs = set_evidence(own, conf.rules).unionByName(key_evidence(records, conf.rules, secret=SECRET))
    _, _, found = resolve(pairs, conf.rules)
    real = {ids["crm.customer_id", c] for c in ("C1", "C2", "C3")}
    assert {row.anchor_id for row in found.collect()} <= real
    assert [len(group & real) for group in groups(found)] in ([2, 1], [1, 2])
    alone = found.sparkSession.createDataFrame(
        [(5, 5, 5, "key.name_birth_postcode", "EU", [], DAY_1)],
        "identifier_id long, component_id long, part_id long, namespace string, region string, "
        "datasets array<string>, first_recorded_at timestamp",
    )
    assert members(alone, derived=conf.rules.derived).isEmpty()


def test_the_person_recorded_first_survives_a_merge_and_the_anchor_keeps_the_id_in_a_split(
    frame: Frame, sets: Callable[..., DataFrame], conf: Conf, ids: Ids
) -> None:
    old, new = [("crm.customer_id", "C1"), ("email", "a@x.de")], [("crm.customer_id", "C2"), ("email", "b@x.de")]
    bridge = [("crm.customer_id", "C1"), ("email", "b@x.de")]
    loose = conf.rules.model_copy(update={"namespaces": _without_crowds(conf.rules)})
    apart = resolve(set_evidence(sets(old, new, recorded={1: DAY_2}), loose), loose)[2]
    joined = resolve(set_evidence(sets(old, new, bridge, recorded={1: DAY_2, 2: DAY_2}), loose), loose)[2]
    older = {row.person_id for row in apart.where(F.col("identifier_id") == ids["crm.customer_id", "C1"]).collect()}
    assert {row.person_id for row in joined.collect()} == older
    told = {"run_id": "2", "as_of": AS_OF, "rule_set": loose.label}
    nobody = frame(tables.MEMBERSHIP)
    first = kept(membership_rows(differences(nobody, apart), run_id="1", as_of=AS_OF))
    moves = kept(moved(first, joined))
    assert [(r.kind, r.identifier_count) for r in changes(moves, first, joined, **told).collect()] == [("merged", 2)]
    retired = persons(joined, persons(apart, frame(tables.PERSON), rule_set="x"), rule_set="x").where(
        "status = 'retired'"
    )
    assert [row.survived_by for row in retired.collect()] == list(older)
    both = kept(membership_rows(differences(nobody, joined), run_id="2", as_of=AS_OF))
    back = changes(moved(both, apart), both, apart, **told).collect()
    assert [(row.kind, row.from_person_id, row.identifier_count) for row in back] == [("split", *older, 2)]


def _without_crowds(rules: RuleSet) -> dict[str, Any]:
    return {name: space.model_copy(update={"crowd_limit": None}) for name, space in rules.namespaces.items()}


def test_membership_closes_the_old_row_opens_the_new_one_and_a_rerun_rewrites(
    spark: SparkSession, frame: Frame
) -> None:
    found = spark.createDataFrame([(1, 1, "q"), (3, 3, "r")], "identifier_id long, component_id long, person_id string")
    now = [
        {"identifier_id": i, "component_id": 1, "person_id": "p", "valid_from_run": "1", "valid_from_at": DAY_1}
        for i in (1, 2)
    ]
    moves = moved(frame(tables.MEMBERSHIP, *now), found)
    rows = {
        tuple(row[name] for name in tables.MEMBERSHIP.column_names)
        for row in membership_rows(moves, run_id="2", as_of=DAY_2).collect()
    }
    assert rows == {
        (1, 1, "p", "1", "2", DAY_1, DAY_2),
        (1, 1, "q", "2", None, DAY_2, None),
        (2, 1, "p", "1", "2", DAY_1, DAY_2),
        (3, 3, "r", "2", None, DAY_2, None),
    }
    again = membership_rows(moves, run_id="1", as_of=DAY_1).where("identifier_id = 1").collect()
    assert [(row.person_id, row.valid_from_run, row.valid_to_at) for row in again] == [("q", "1", None)]
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
    seen = vertices(set_evidence(clash, conf.rules))
    assert [row.check_min == row.check_max for row in seen.collect()] == [False]
    many = [[("crm.customer_id", f"C{i}"), ("email", "a@x.de" if i % 2 else "b@x.de")] for i in range(9)]
    loose = conf.rules.model_copy(update={"namespaces": _without_crowds(conf.rules)})
    one = resolve(set_evidence(sets(*many), loose), loose)[2]
    other = resolve(set_evidence(sets(*reversed(many)).repartition(5), loose), loose)[2]
    assert sorted(one.collect()) == sorted(other.collect())
    assert len({row.person_id for row in one.collect()}) == 2
    assert one.where(F.col("person_id") != person_id(F.col("anchor_id"))).isEmpty()


def test_each_kind_of_change_is_told_apart(spark: SparkSession, frame: Frame) -> None:
    before = {1: "a", 2: "a", 3: "b", 4: "b", 5: "c", 6: "d", 7: "d", 8: "e"}
    after = {1: "a", 2: "b", 3: "b", 4: "b", 5: "b", 6: "d", 7: "n", 9: "m", 10: "a"}
    current = frame(tables.MEMBERSHIP, *({"identifier_id": i, "person_id": p} for i, p in before.items()))
    found = spark.createDataFrame(
        [(i, 0, p) for i, p in after.items()], "identifier_id long, component_id long, person_id string"
    )
    told = changes(moved(current, found), current, found, run_id="r", as_of=AS_OF, rule_set="x").collect()
    assert {(row.kind, row.from_person_id, row.to_person_id, row.identifier_count) for row in told} == {
        ("moved", "a", "b", 1),
        ("merged", "c", "b", 1),
        ("split", "d", "n", 1),
        ("created", None, "m", 1),
        ("retired", "e", None, 1),
    }
    assert len({row.change_id for row in told}) == len(told)


def test_values_are_blocked_where_the_rules_say_so_and_nowhere_else(spark: SparkSession, conf: Conf) -> None:
    cases = [
        ("email", "test@x.de", True),
        ("email", "No-Reply@x.de", True),
        ("email", "info@x.de", True),
        ("email", "anna@example.com", True),
        ("email", "latest@x.de", False),
        ("email", "anna@example.com.de", False),
        ("phone", "+15555555555", True),
        ("phone", "+49300000000", True),
        ("phone", "+49301234567", False),
        ("crm.customer_id", "test@x.de", False),
        ("crm.customer_id", "NULL", True),
        ("mobile.device_id", "00000000-0000-0000-0000-000000000000", True),
        ("mobile.device_id", "00000000-0000-0000-0000-000000000001", False),
        ("web.cookie_id", "N/A", True),
        ("web.cookie_id", "0", True),
        ("web.cookie_id", "10", False),
    ]
    frame = spark.createDataFrame(cases, "n string, v string, wanted boolean")
    found = frame.withColumn("found", is_blocked(F.col("n"), F.col("v"), conf.rules)).collect()
    assert [(row.n, row.v, row.found) for row in found] == cases


def test_as_many_as_the_crowd_limit_are_no_crowd_and_a_link_names_the_crowded_end(
    sets: Callable[..., DataFrame], conf: Conf, ids: Ids
) -> None:
    account, mail, cookie = ("commerce.account_id", "A1"), ("email", "a@x.de"), ("web.cookie_id", "k1")
    customers = [("crm.customer_id", f"C{i}") for i in range(3)]
    assert conf.rules.namespaces["commerce.account_id"].crowd_limit == 2

    def evicted(*groups: list[tuple[str, str]]) -> dict[frozenset[int], str]:
        told = resolve(set_evidence(sets(*groups), conf.rules), conf.rules)[1]
        return {frozenset((r.left_id, r.right_id)): r.reason for r in told.where("reason IS NOT NULL").collect()}

    assert evicted(*([account, c] for c in customers[:2])) == {}
    assert len(evicted(*([account, c] for c in customers))) == 3
    found = evicted([mail, customers[0]], [mail, customers[1]], [mail, cookie])
    assert found == {frozenset((ids[mail], ids[end])): "crowded:email" for end in (*customers[:2], cookie)}


def test_a_match_key_needs_all_its_parts_and_one_region(frame: Frame, conf: Conf, ids: Ids) -> None:
    whole = {"given_name": "Zoë", "family_name": "Müller", "birth_date": utc("1990-05-01").date(), "postcode": "10115"}

    def customer(number: int, **values: Any) -> dict[str, Any]:
        own = [(ids["crm.customer_id", f"C{number}"], "crm.customer_id", "EU", f"C{number}", True)]
        return {"identifiers": own, "region": "EU", "country": "DE", **whole, **values}

    records = frame(
        tables.PROFILE_RECORD,
        customer(1, received_at=DAY_2),
        customer(1, given_name="ZOE", received_at=DAY_1),  # another version of the record
        customer(2, postcode=None),
        customer(3, given_name=" - "),
        customer(4, region="US"),
        customer(5) | {"identifiers": []},
    )
    rows = key_evidence(records, conf.rules, secret=SECRET)
    found = {(row.hub_id, row.first_recorded_at) for row in rows.collect()}
    first, fourth = ids["crm.customer_id", "C1"], ids["crm.customer_id", "C4"]
    assert found == {(first, DAY_1), (first, DAY_2), (fourth, AS_OF)}
    assert {(row.left_id, row.right_id, row.evidence_count) for row in links(rows).collect()} == {
        (min(hub, key), max(hub, key), count)
        for hub, key, count in ((row.hub_id, row.member_id, 2 if row.hub_id == first else 1) for row in rows.collect())
    }
    assert vertices(rows).count() == 2


def test_a_blocked_value_of_a_namespace_is_no_part_of_a_match_key(conf: Conf, frame: Frame, ids: Ids) -> None:
    parts = (KeyPart(column="family_name"), KeyPart(column="email", normalize="email"))
    key = MatchKey(namespace="key.name_birth_postcode", parts=parts)
    own = [(ids["crm.customer_id", "C1"], "crm.customer_id", "EU", "C1", True)]
    record = {"identifiers": own, "region": "EU", "country": "DE", "family_name": "Byron"}
    records = frame(
        tables.PROFILE_RECORD, record | {"email": "ada@x.de"}, record | {"email": "info@x.de"}, record | {"email": None}
    )
    rows = key_evidence(records, conf.rules.model_copy(update={"match_keys": {"mail": key}}), secret=SECRET)
    assert rows.select("member_id").distinct().count() == 1


def test_every_id_that_ever_was_leads_to_who_holds_its_identifiers_today(frame: Frame) -> None:
    spans = [(1, "a", "1", "2"), (1, "b", "2", None), (2, "a", "1", None), (3, "c", "1", "3"), (3, "c", "4", None)]
    names = ("identifier_id", "person_id", "valid_from_run", "valid_to_run")
    membership = frame(tables.MEMBERSHIP, *(dict(zip(names, span, strict=True)) for span in spans))
    found = {tuple(row) for row in redirects(membership).collect()}
    assert found == {("a", "a", 1), ("a", "b", 1), ("b", "b", 1), ("c", "c", 1)}
