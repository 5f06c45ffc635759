"""Profiles, consent, audiences and exports say what the rules say."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from chispa import assert_df_equality
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.columns.record import current
from c360_spark.config import Conf
from c360_spark.config.activation.activation import Audience, Destination
from c360_spark.config.rules.survivorship import ProfileRules, Survivorship
from c360_spark.export.outbox import export_changes
from c360_spark.export.payload import payloads
from c360_spark.gold.audience import judged
from c360_spark.gold.consent import consent_state
from c360_spark.gold.field import fields
from c360_spark.gold.owner import narrowed, owned_records, owners, person_xref
from c360_spark.gold.profile import event_figures, profiles, record_figures, surviving
from c360_spark.gold.survivorship import ranked
from c360_spark.observe.match_quality import pairwise
from tests.conftest import AS_OF, utc

pytestmark = pytest.mark.spark
Frame = Callable[..., DataFrame]
RULES = ProfileRules(default=Survivorship(priority=("crm.customer", "loyalty.member")))
FIELDS = {"id": {"column": "person_id"}, "mail": {"column": "email", "normalize": "trim_lower", "hash": "sha256"}}
DESTINATION = Destination.model_validate(
    {
        "name": "crm_platform",
        "kind": "generic",
        "description": "d",
        "owner": "o",
        "audience": "buyers",
        "purposes": ["analytics"],
        "fields": FIELDS,
    }
)


def profiled(frame: Frame, records: DataFrame, rules: ProfileRules = RULES) -> DataFrame:
    """The attributes and the record count of the one person `p` whose records these are."""
    nothing = frame(tables.PROFILE_ATTRIBUTE).select("person_id", "attribute", "attribute_value", "changed_at")
    said = fields(records).withColumn("person_id", F.lit("p"))
    owned = frame(tables.PERSON, {"person_id": "p"}).selectExpr("'p' AS identifier_set_id", "person_id")
    theirs = records.withColumn("identifier_set_id", F.lit("p"))
    figures = record_figures(owned_records(narrowed({"profile_record": theirs, "order": frame(tables.ORDER)}), owned))
    return surviving(ranked(said, nothing, rules)).join(figures, "person_id", "full")


def test_the_first_source_with_a_value_wins_then_the_newest_record(frame: Frame) -> None:
    def said(source: str, dataset: str, updated: str, **values: object) -> dict[str, object]:
        return {"source": source, "dataset": dataset, "updated_at": utc(updated), **values}

    records = frame(
        tables.PROFILE_RECORD,
        said("loyalty", "member", "2026-01-09", city="new", given_name="Lo", attributes={"tier": "gold"}),
        said("crm", "customer", "2026-01-01", city="old crm", attributes={"tier": "none", "size": "L"}),
        said("crm", "customer", "2026-01-02", city="new crm"),
        said("pos", "till", "2026-01-10", city="newest", street="unlisted sources come last"),
    )
    row = profiled(frame, records).head()
    assert (row.city, row.given_name, row.street) == ("new crm", "Lo", "unlisted sources come last")
    assert (row.attributes, row.record_count) == ({"size": "L", "tier": "none"}, 4)


def test_the_current_version_is_the_last_received(frame: Frame) -> None:
    rows = [
        {"source": "s", "dataset": "d", "source_key": "k", "city": city, "received_at": AS_OF + timedelta(seconds=n)}
        for n, city in enumerate(("first", "last"))
    ]
    assert [row.city for row in current(frame(tables.PROFILE_RECORD, *rows)).collect()] == ["last"]


def test_a_set_belongs_to_the_person_of_its_most_trusted_identifier_that_has_one(frame: Frame, conf: Conf) -> None:
    crowded, account, cookie = (
        (1, "crm.customer_id", "EU", "x", False),
        (2, "commerce.account_id", "EU", "x", False),
        (3, "web.cookie_id", "EU", "x", False),
    )
    sets = frame(tables.IDENTIFIER_SET, {"members": [crowded, account, cookie]}, {"members": [crowded]})
    held = frame(tables.MEMBERSHIP, {"identifier_id": 2, "person_id": "p"}, {"identifier_id": 3, "person_id": "q"})
    found = owners(sets, held, conf.rules).collect()
    assert [(row.identifier_set_id, row.person_id) for row in found] == [("identifier_set_id0", "p")]


def test_the_last_statement_of_each_identifier_counts_and_of_those_the_most_restrictive(frame: Frame) -> None:
    def said(person: str, identifier: str, status: str, at: str) -> dict[str, object]:
        values = {"purpose": "analytics", "status": status, "effective_from": utc(at)}
        return {"source_key": person, "identifier_set_id": identifier, **values}

    rows = frame(
        tables.CONSENT,
        said("changed mind", "a", "denied", "2025-01-01"),
        said("changed mind", "a", "granted", "2025-06-01"),
        said("not yet", "b", "denied", "2025-01-01"),
        said("not yet", "b", "granted", "2027-01-01"),
        said("tie", "c", "granted", "2025-01-01"),
        said("tie", "c", "withdrawn", "2025-01-01"),
        said("two mailboxes", "d", "granted", "2025-06-01"),
        said("two mailboxes", "e", "denied", "2025-01-01"),
    ).withColumnRenamed("source_key", "person_id")
    found = {row.person_id: row.status for row in consent_state(rows, as_of=AS_OF).collect()}
    expected = {"changed mind": "granted", "not yet": "denied", "tie": "withdrawn", "two mailboxes": "denied"}
    assert found == expected


def test_an_outbox_is_told_what_changed_and_nothing_else(frame: Frame) -> None:
    def wanted(**mails: str) -> DataFrame:
        return payloads(frame(tables.PROFILE, *({"person_id": p, "email": m} for p, m in mails.items())), DESTINATION)

    outbox, empty = tables.outbox("crm_platform"), frame(tables.outbox("crm_platform"))
    acks = frame(tables.ACK)
    exits = frame(tables.AUDIENCE_MEMBER, {"person_id": "b", "exited_cause": "consent"}).select(
        "person_id", "exited_cause"
    )
    told: DataFrame = empty
    history = []
    for number, state in enumerate(({"a": " A@x.de", "b": "b@x.de"}, {"a": "a@x.de"}, {"a": "c@x.de", "b": "b@x.de"})):
        run = {"as_of": AS_OF, "run_id": str(number)}
        change = (
            export_changes(wanted(**state), told, acks, exits, DESTINATION, **run).select(*outbox.column_names).cache()
        )
        history.append({(r.person_id, r.operation, r.sequence, r.cause) for r in change.collect()})
        told = told.unionByName(change)
    assert history == [
        {("a", "add", 1, "entered"), ("b", "add", 1, "entered")},
        {("b", "remove", 2, "consent")},
        {("a", "update", 2, "changed"), ("b", "add", 3, "entered")},
    ]
    rows = told.collect()
    removed = next(row for row in rows if row.operation == "remove")
    assert set(removed.payload) == {"id", "mail"}
    assert len({row.idempotency_key for row in rows}) == len(rows)
    last = wanted(a="c@x.de", b="b@x.de")
    assert export_changes(last, told, acks, exits, DESTINATION, as_of=AS_OF, run_id="9").isEmpty()


def test_everybody_has_a_profile_even_a_lone_cookie(frame: Frame) -> None:
    people = frame(tables.PERSON, {"person_id": "p", "status": "active"}, {"person_id": "gone", "status": "retired"})
    events = frame(tables.PROFILE).select("person_id", "event_count", "last_event_at")
    rows = profiles(people, profiled(frame, frame(tables.PROFILE_RECORD)), events).collect()
    assert [(row.person_id, row.record_count, row.order_count, row.email) for row in rows] == [("p", 0, 0, None)]


def test_pairs_are_counted_right(frame: Frame) -> None:
    rows = frame(
        tables.PERSON_XREF,
        *(
            {"source": t, "person_id": f}
            for t, f in (("1", "x"), ("1", "x"), ("1", "y"), ("2", "y"), ("2", "y"), ("3", "z"))
        ),
    ).selectExpr("source AS truth", "person_id AS found")
    figures = pairwise(rows).head()
    assert (figures.true_pairs, figures.found_pairs, figures.right_pairs) == (4, 4, 2)
    assert (figures.precision, figures.recall, figures.f1) == (0.5, 0.5, 0.5)


def test_figures_count_what_a_person_did(frame: Frame) -> None:
    placed = {"identifier_set_id": "p", "total_minor": 100, "currency": "EUR", "ordered_at": utc("2026-01-01")}
    orders = frame(
        tables.ORDER,
        placed,
        placed | {"status": "shipped", "total_minor": None, "ordered_at": utc("2026-01-02")},
        placed | {"status": "cancelled", "total_minor": 7, "ordered_at": utc("2026-01-03")},
        {"identifier_set_id": "q", "status": "cancelled", "total_minor": 7},
        {"identifier_set_id": "free", "total_minor": None, "ordered_at": AS_OF},
    )
    sets = frame(
        tables.IDENTIFIER_SET,
        {"source": "p", "record_count": 2, "last_seen_at": utc("2026-01-02")},
        {"source": "p", "record_count": 3, "last_seen_at": utc("2026-01-01")},
    ).withColumnRenamed("source", "person_id")
    people = frame(tables.PERSON, *({"person_id": p, "status": "active", "region": "EU"} for p in ("free", "p", "q")))
    owned = people.select(F.col("person_id").alias("identifier_set_id"), "person_id")
    cases = frame(tables.SUPPORT_CASE, {"identifier_set_id": "q", "status": "open"})
    figures = record_figures(owned_records(narrowed({"order": orders, "support_case": cases}), owned))
    nothing = surviving(frame(tables.PROFILE_ATTRIBUTE))
    rows = profiles(people, nothing, figures, event_figures(sets)).orderBy("person_id").collect()
    assert [(r.person_id, r.order_count, r.revenue_minor, r.unpriced_order_count, r.last_order_at) for r in rows] == [
        ("free", 1, {}, 1, AS_OF),
        ("p", 2, {"EUR": 100}, 1, utc("2026-01-02")),
        ("q", 0, {}, 0, None),
    ]
    assert [(r.event_count, r.last_event_at, r.case_count, r.record_count) for r in rows] == [
        (0, None, 0, 0),
        (5, utc("2026-01-02"), 0, 0),
        (0, None, 1, 0),
    ]


def test_an_attribute_has_its_own_priority_and_equal_claims_go_to_the_greatest_source_key(frame: Frame) -> None:
    rules = RULES.model_copy(update={"attributes": {"loyalty_tier": Survivorship(priority=("loyalty.member",))}})
    at, since, crm = (
        {"updated_at": utc("2026-01-02")},
        {"updated_at": None, "created_at": utc("2026-01-03")},
        {"source": "crm", "dataset": "customer"},
    )
    rows = [
        {**crm, **at, "source_key": "1", "loyalty_tier": "newest of a lower source", "city": "1", "street": "1"},
        {**crm, **at, "source_key": "3", "city": "3", "attributes": {"size": "3"}},
        {**crm, **at, "source_key": "2", "city": "2", "street": "2", "attributes": {"size": "2"}},
        {**crm, **since, "source_key": "0", "phone": "created later than the others were updated"},
        {**crm, **at, "source_key": "9", "phone": "older"},
        {"source": "loyalty", "dataset": "member", "updated_at": utc("2020-01-01"), "loyalty_tier": "gold"},
    ]
    frames = [frame(tables.PROFILE_RECORD, *order) for order in (rows, rows[::-1])]
    for found in (profiled(frame, records, rules).head() for records in frames):
        assert (found.city, found.street, found.attributes) == ("3", "2", {"size": "3"})
        assert (found.loyalty_tier, found.phone) == ("gold", "created later than the others were updated")


def test_a_record_key_leads_to_its_person_and_a_nameless_one_to_nobody(frame: Frame) -> None:
    records = frame(
        tables.PROFILE_RECORD,
        {"source": "s", "dataset": "d", "source_key": "k", "identifier_set_id": "known"},
        {"identifier_set_id": "crowded"},
        {"identifier_set_id": None},
    )
    owned = frame(tables.MEMBERSHIP, {"person_id": "p"}).selectExpr("'known' AS identifier_set_id", "person_id")
    wanted = frame(tables.PERSON_XREF, {"source": "s", "dataset": "d", "source_key": "k", "person_id": "p"})
    assert_df_equality(
        person_xref(owned_records(narrowed({"profile_record": records}), owned)), wanted, ignore_nullable=True
    )


def test_consent_is_for_one_purpose_and_silence_is_no_consent(frame: Frame) -> None:
    def said(purpose: str, status: str, at: str, identifier: str = "a") -> dict[str, object]:
        values = {"purpose": purpose, "status": status, "effective_from": utc(at)}
        return {"source_key": "p", "identifier_set_id": identifier, **values}

    rows = frame(
        tables.CONSENT,
        said("analytics", "granted", "2026-01-02"),  # at as_of itself
        said("marketing_email", "withdrawn", "2025-02-01"),
        said("marketing_email", "withdrawn", "2025-03-01", "b"),
        said("marketing_email", "granted", "2025-04-01", "c"),
        said("ad_user_data", "granted", "2027-01-01"),
    ).withColumnRenamed("source_key", "person_id")
    found = consent_state(rows, as_of=AS_OF)
    wanted = [
        ("p", "analytics", "granted", AS_OF, 1),
        ("p", "marketing_email", "withdrawn", utc("2025-03-01"), 3),
    ]
    assert sorted(tuple(row) for row in found.select(*tables.CONSENT_STATE.column_names).collect()) == wanted
    people = frame(tables.PROFILE, {"person_id": "p", "order_count": 1}, {"person_id": "silent", "order_count": 1})
    for purpose, who in (("analytics", {"p": True, "silent": False}), ("ad_user_data", {"p": False, "silent": False})):
        asked = Audience(name="buyers", description="d", owner="o", purpose=purpose, where="order_count > 0")
        rows = judged(people, found, [asked], as_of=AS_OF).collect()
        assert {row.person_id: row.consented for row in rows} == who
