"""Which company a person belongs to, which subscription is active, and whose a device is."""

import os
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.columns.domain import company_domain
from c360_spark.config import Conf
from c360_spark.config.rules.gold import Accounts, Domains, Subscriptions
from c360_spark.gold.account import Grouping, account_members, account_records, accounts, belonging
from c360_spark.gold.event import devices
from c360_spark.gold.subscription import subscriptions
from c360_spark.run.context import Run
from c360_spark.stages.gold.build_accounts import MADE, build_accounts
from c360_spark.store import Store
from tests.conftest import DyingStore, Killed, contents

pytestmark = pytest.mark.spark
Frame = Callable[..., DataFrame]
Row = dict[str, Any]
NOON = datetime(2026, 1, 5, 12)
LEAST, MOST = 2, 4
DOMAINS = Domains(free_mail="free", suffixes="suffixes", min_persons=LEAST, max_persons=MOST)
RULES = Grouping(Accounts(named_by="company", domains=DOMAINS), ("mail.de", "yahoo.co.uk"), ("co.uk",))


def test_the_domain_of_a_company_is_what_it_has_registered(spark: SparkSession) -> None:
    cases = {
        "ann@acme.de": "acme.de",
        "ann@eu.mail.acme.de": "acme.de",
        "www.acme.co.uk": "acme.co.uk",
        "ann@berlin.acme.co.uk": "acme.co.uk",
        "co.uk": None,
        "ann@mail.de": None,
        "ann@box.mail.de": None,
        "ann@yahoo.co.uk": None,
        "ann@notmail.de": "notmail.de",
        "nonsense": None,
        None: None,
    }
    said = spark.createDataFrame([(text,) for text in cases], "text string")
    found = said.select("text", company_domain(F.col("text"), RULES.free_mail, RULES.suffixes).alias("domain"))
    assert {row.text: row.domain for row in found.collect()} == cases


@dataclass(frozen=True)
class Said:
    """Values of persons (person, attribute, value, rank, source) and records of companies (source, key, domain, parent,
    hour of its last change, name)."""

    values: list[tuple[str, str, str, int, str | None]]
    records: list[tuple[str, str, str | None, str | None, int, str | None]]


def rows(said: Said) -> tuple[list[Row], list[Row]]:
    """Of gold.profile_attribute and of silver.account."""
    values = [
        {"person_id": person, "attribute": what, "attribute_value": value, "rank": rank, "source": source}
        for person, what, value, rank, source in said.values
    ]
    records = [
        {"source": source, "dataset": "account", "source_key": key, "domain": domain, "parent_key": parent}
        | {"updated_at": NOON + timedelta(hours=hour), "name": name}
        for source, key, domain, parent, hour, name in said.records
    ]
    return values, records


def found(frame: Frame, said: Said) -> tuple[dict[str, tuple[Any, ...]], dict[str, tuple[str, str]]]:
    """Accounts and members as `expected` tells them."""
    values, records = rows(said)
    known = account_records(frame(tables.ACCOUNT, *records), RULES).cache()
    people = belonging(frame(tables.PROFILE_ATTRIBUTE, *values), known, RULES).cache()
    made = accounts(known, people, RULES).cache()
    label = {row.account_id: row.domain for row in made.collect()}
    label |= {row.account_id: f"{row.source}:{row.source_key}" for row in known.where("domain IS NULL").collect()}
    assert len(set(label.values())) == len(label)
    told = {r.account_id: (r.rule, r.name, label.get(r.parent_account_id), *r[7:]) for r in made.collect()}
    told = {label[account]: row for account, row in told.items()}
    members = account_members(people, made).collect()
    return told, {row.person_id: (label[row.account_id], row.rule) for row in members}


def expected(said: Said) -> tuple[dict[str, tuple[Any, ...]], dict[str, tuple[str, str]]]:
    """Accounts, by domain or source and key: rule, name, parent, records, persons, status, reason. Members: account,
    rule. In plain words of Python."""
    free = set(RULES.free_mail)
    of = {(s, key): f"{s}:{key}" if d is None or d in free else d for s, key, d, *_ in said.records}
    chosen: dict[str, tuple[str, str]] = {}
    for rule, attribute in (("crm_account", "attributes.company"), ("domain", "email")):
        for person, what, value, _, source in sorted(said.values, key=lambda v: v[3]):
            if what == attribute and person not in chosen:
                domain = value.rpartition("@")[2]
                place = of.get((str(source), value)) if rule == "crm_account" else None if domain in free else domain
                if place:
                    chosen[person] = (place, rule)
    by_domain = Counter(place for place, rule in chosen.values() if rule == "domain")
    named = Counter(place for place, rule in chosen.values() if rule == "crm_account")
    told: dict[str, tuple[Any, ...]] = {}
    for place in {*of.values(), *(domain for domain, count in by_domain.items() if count >= LEAST)}:
        records = [record for record in said.records if of[record[0], record[1]] == place]
        names = [record[5] for record in sorted(records, key=lambda r: r[4]) if record[5]]
        above = [of.get((s, p or "")) for s, _, _, p, _, _ in sorted(records, key=lambda r: r[4])]
        parents = [parent for parent in above if parent and parent != place]
        crowded = by_domain[place] > MOST
        persons = named[place] + (0 if crowded and records else by_domain[place])
        last = lambda found: found[-1] if found else None  # noqa: E731
        told[place] = ("crm_account" if records else "domain", last(names), last(parents), len(records), persons)
        told[place] += ("refused" if crowded and not records else "active", "crowded" if crowded else None)
    out = {place for place, row in told.items() if row[-1]}
    members = {p: c for p, c in chosen.items() if c[0] in told and not (c[1] == "domain" and c[0] in out)}
    return told, members


def drawn(random: Random) -> Said:
    """Some sixty persons and a dozen records, few enough words that everything meets everything."""
    domains = [*(f"d{i}.de" for i in range(9)), "mail.de"]
    keys = [f"K{i}" for i in range(7)]
    hours = random.sample(range(99), 12)
    records = {
        (source, key): (source, key, random.choice([None, *domains]), random.choice([None, *keys]), hours.pop(), name)
        for source in ("crm", "erp")
        for key in random.sample(keys, 4)
        for name in [random.choice([None, f"{source} {key}"])]
    }
    values = []
    for i in range(random.randint(1, 60)):
        mails = random.sample(domains, random.randint(0, 3))
        named = random.sample(keys, random.choice([0, 0, 0, 1, 2]))
        values += [(f"p{i}", "email", f"a@{domain}", rank, "crm") for rank, domain in enumerate(mails)]
        source = random.choice(["crm", "erp", "web"])
        values += [(f"p{i}", "attributes.company", key, rank, source) for rank, key in enumerate(named)]
    return Said(random.sample(values, len(values)), random.sample(list(records.values()), len(records)))


def test_accounts_are_those_of_a_few_lines_of_python_whatever_the_order_of_input(frame: Frame) -> None:
    # Spark is slow: a seed says all, so nothing is gained by shrinking it.
    @settings(max_examples=2, deadline=None, derandomize=True, phases=[Phase.generate])
    @given(random=st.randoms(use_true_random=False))
    def holds(random: Random) -> None:
        said = drawn(random)
        assert found(frame, said) == expected(said)

    holds()


def test_the_company_on_file_goes_first_and_takes_the_people_of_its_domain_unless_too_many_do(frame: Frame) -> None:
    mails = [("ann", "acme.de"), ("bob", "acme.de"), ("cid", "mail.de"), ("dan", "solo.de")]
    mails += [(f"e{i}", "big.de") for i in range(MOST + 1)] + [(f"f{i}", "huge.de") for i in range(MOST + 2)]
    values = [(person, "email", f"{person}@{domain}", 1, "crm") for person, domain in mails]
    values += [("bob", "attributes.company", "K2", 1, "crm"), ("cid", "attributes.company", "K1", 1, None)]
    values += [("f0", "attributes.company", "K3", 1, "crm"), ("dan", "attributes.company", "K1", 1, "web")]
    records = [("crm", "K1", "acme.de", "K2", 1, "Acme"), ("crm", "K2", "mail.de", None, 1, "Holding")]
    records += [("crm", "K3", "huge.de", "K3", 1, "Huge"), ("erp", "E1", "acme.de", None, 0, "ACME old")]
    told, members = found(frame, Said(values, records))
    assert told == {
        "acme.de": ("crm_account", "Acme", "crm:K2", 2, 2, "active", None),
        "crm:K2": ("crm_account", "Holding", None, 1, 1, "active", None),
        "huge.de": ("crm_account", "Huge", None, 1, 1, "active", "crowded"),
        "big.de": ("domain", None, None, 0, MOST + 1, "refused", "crowded"),
    }
    assert members == {
        "ann": ("acme.de", "domain"),
        "bob": ("crm:K2", "crm_account"),
        "cid": ("acme.de", "crm_account"),  # an override, which no source says
        "f0": ("huge.de", "crm_account"),
    }


def test_a_subscription_is_active_from_its_beginning_to_its_end_and_costs_so_much_a_month(frame: Frame) -> None:
    begun, later = {"started_at": NOON}, NOON + timedelta(seconds=1)
    cases: list[tuple[str, Row, Any]] = [
        ("begins now", begun | {"amount_minor": 100, "period_months": 3}, (True, 33)),
        ("half a cent", begun | {"amount_minor": 3, "period_months": 2, "status": "trial"}, (True, 2)),
        ("money back", begun | {"amount_minor": -3, "period_months": 2}, (True, -2)),
        ("begins later", {"started_at": later, "amount_minor": 990, "period_months": 1}, (False, 990)),
        ("ends now", begun | {"ends_at": NOON, "amount_minor": 990}, (False, None)),
        ("ends later", begun | {"ends_at": later, "cancelled_at": NOON, "period_months": 12}, (True, None)),
        ("was cancelled", begun | {"cancelled_at": NOON}, (False, None)),
        ("will be cancelled", begun | {"cancelled_at": later, "amount_minor": 1, "period_months": 0}, (True, None)),
        ("paused", begun | {"status": "paused", "amount_minor": 10**18, "period_months": 1000}, (False, 10**15)),
    ]
    rows = [{"source_key": name, "source": "shop", "dataset": "dataset0"} | row for name, row, _ in cases]
    rows[0]["account_key"] = "K1"
    keys = [{"source_key": name, "source": "shop", "dataset": "dataset0"} for name, _, _ in cases if "half" not in name]
    xref = frame(tables.PERSON_XREF, *(row | {"person_id": "ann"} for row in keys))
    known = account_records(frame(tables.ACCOUNT, {"source": "shop", "source_key": "K1"}), RULES)
    inactive = Subscriptions(inactive_statuses=("paused",))
    made = subscriptions(frame(tables.SUBSCRIPTION, *rows), xref, known, inactive, RULES, as_of=NOON).collect()
    assert {row.source_key: (row.is_active, row.monthly_minor) for row in made} == {name: out for name, _, out in cases}
    assert [row.source_key for row in made if row.account_id] == ["begins now"]
    assert [row.source_key for row in made if row.person_id is None] == ["half a cent"]
    assert {row.ends_at for row in made if row.source_key in ("was cancelled", "ends now")} == {NOON}


def test_a_device_is_whose_its_identifier_is_and_was_seen_from_first_to_last(frame: Frame) -> None:
    def seen(dataset: str, count: int, hours: tuple[int, int], *ids: int) -> Row:
        first, last = (NOON + timedelta(hours=hour) for hour in hours)
        members = [(i, "email" if i == 9 else "cookie", "EU", "v", False) for i in ids]
        row = {"source": "web", "dataset": dataset, "members": members, "record_count": count}
        return row | {"first_seen_at": first, "last_seen_at": last}

    sets = frame(
        tables.IDENTIFIER_SET,
        seen("event", 3, (0, 5), 1),
        seen("event", 2, (4, 9), 1, 2, 9),
        seen("order", 7, (-1, 2), 1),
    )
    held = frame(tables.MEMBERSHIP, {"identifier_id": 1, "person_id": "ann"}, {"identifier_id": 9, "person_id": "bob"})
    made = devices(sets, held, ["cookie"], ["web.event"])
    days = {
        row.device_id: (row.person_id, row.event_count, row.first_seen_at, row.last_seen_at) for row in made.collect()
    }
    hour = timedelta(hours=1)
    assert days == {1: ("ann", 5, NOON - hour, NOON + 9 * hour), 2: (None, 2, NOON + 4 * hour, NOON + 9 * hour)}


def test_accounts_come_with_rules_and_go_without_and_a_repeat_writes_nothing(
    frame: Frame, conf: Conf, store: Store
) -> None:
    run = Run(store.spark, store, conf, NOON, "r1")
    told = {"attribute": "email", "rank": 1}
    mails = [told | {"person_id": f"p{i}", "attribute_value": f"p{i}@acme.example"} for i in range(2)]
    store.append(tables.PROFILE_ATTRIBUTE, frame(tables.PROFILE_ATTRIBUTE, *mails))
    on_file = {"source": "crm", "dataset": "account", "source_key": "K1"}
    versions = [on_file | {"bronze_id": f"b{i}", "position": i, "name": f"Acme {i}"} for i in range(2)]
    store.append(tables.ACCOUNT, frame(tables.ACCOUNT, *versions))
    paid = {"source": "commerce", "account_key": "K1", "started_at": NOON, "identifier_set_id": "s1"}
    store.append(tables.SUBSCRIPTION, frame(tables.SUBSCRIPTION, paid))
    store.ensure(tables.PERSON_XREF)
    build_accounts(run)
    made = (tables.GOLD_ACCOUNT, tables.ACCOUNT_MEMBER, tables.ACCOUNT_XREF, tables.GOLD_SUBSCRIPTION)
    assert [store.read(table).count() for table in made] == [2, 2, 1, 1]
    of = {row.name: row for row in store.read(tables.GOLD_ACCOUNT).collect()}
    assert (of["Acme 1"].record_count, of[None].domain) == (1, "acme.example")
    assert store.read(tables.GOLD_SUBSCRIPTION).head().account_id == of["Acme 1"].account_id
    before = [store.version(table) for table in made]
    build_accounts(replace(run, as_of=NOON + timedelta(hours=1)))
    assert [store.version(table) for table in made] == before
    build_accounts(replace(run, conf=replace(conf, gold=conf.gold.model_copy(update={"accounts": None}))))
    assert [store.read(table).count() for table in made] == [0, 0, 0, 1]
    assert store.read(tables.GOLD_SUBSCRIPTION).head().account_id is None


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(30 if os.environ.get("C360_LONG") else 1))
def test_accounts_after_changes_are_those_a_full_run_makes(
    frame: Frame, conf: Conf, store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str], seed: int
) -> None:
    domains = conf.gold.accounts.domains.model_copy(update={"min_persons": LEAST, "max_persons": MOST})
    grouping = conf.gold.accounts.model_copy(update={"named_by": "company", "keys_of": None, "domains": domains})
    run = Run(store.spark, store, replace(conf, gold=conf.gold.model_copy(update={"accounts": grouping})), NOON, "r1")
    chance, values, records = Random(seed), {}, {}
    for day in range(4 if os.environ.get("C360_LONG") else 2):
        people, companies = rows(drawn(chance))
        some = {row["person_id"] for row in people if day == 0 or chance.random() < 0.2}
        values = {key: row for key, row in values.items() if key[0] not in some}
        values |= {tuple(row.values())[:4]: row for row in people if row["person_id"] in some}
        for row in companies if day == 0 else chance.sample(companies, chance.randrange(3)):
            bronze_id = f"{row['source']} {row['source_key']} {day}"
            records[bronze_id] = row | {"bronze_id": bronze_id, "received_at": NOON + timedelta(days=day)}
        store.sync(tables.PROFILE_ATTRIBUTE, frame(tables.PROFILE_ATTRIBUTE, *values.values()))
        store.sync(tables.ACCOUNT, frame(tables.ACCOUNT, *records.values()))
        for table in (tables.SUBSCRIPTION, tables.PERSON_XREF):
            store.ensure(table)
        dying = DyingStore(store.spark, store.lake)
        dying.commits_left = chance.randrange(1, 6)
        try:
            build_accounts(replace(run, store=dying))
        except Killed:
            build_accounts(run)
    assert "persons affected" in capsys.readouterr().err
    for name in ("silver", "gold/profile_attribute"):
        shutil.copytree(tmp_path / "lake" / name, tmp_path / "full" / name)
    full = replace(run, store=Store(store.spark, str(tmp_path / "full")))
    build_accounts(full)
    assert contents(store, MADE) == contents(full.store, MADE)
    assert contents(store, MADE)["account_member"]
