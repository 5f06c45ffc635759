"""Laws of the synthetic world: what it promises whatever its size, seed and noise."""

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import phonenumbers
import pytest
from pyspark.sql import DataFrame, SparkSession

from c360_spark.errors import InputError
from c360_spark.stages.synth import DATASETS, synth
from c360_spark.synth import consent, crm, email, loyalty, mobile, web
from c360_spark.synth.mobile import POISON_DEVICE
from c360_spark.synth.noise import KINDS, Noise
from c360_spark.synth.person import people
from c360_spark.synth.spelling import phone_written
from c360_spark.synth.world import World

NOISE = Noise(
    **{"typos": 0.1, "changed_contact": 0.2, "moves": 0.2, "family_email": 0.3, "household_phone": 0.3, "kiosk": 0.1},
    **{"poison": 0.05, "duplicates": 0.05, "late": 0.1, "out_of_order": 0.1, "malformed": 0.05},
)
WORLD = World(people=240, days=2, seed=7, start=date(2025, 11, 3), noise=NOISE)
DAYS = ("2025-11-03", "2025-11-04")
KEYS = {"web": "event_id", "mobile": "event_id", "email": "event_id", "consent": "statement_id", "support": "case_id"}


@dataclass(frozen=True)
class Written:
    """A world on disk."""

    folder: Path
    counts: dict[str, int]
    reports: list[str]

    def lines(self, dataset: str) -> Iterator[tuple[str, str]]:
        """Day and line of a text file, without headers."""
        for path in sorted((self.folder / "landing" / dataset).rglob("*.*")):
            lines = path.read_text(encoding="utf-8").split("\n")
            assert lines[-1] == ""
            yield from ((path.parent.name, line) for line in lines[(1 if path.suffix == ".csv" else 0) : -1])

    def objects(self, dataset: str) -> Iterator[dict[str, Any]]:
        """The JSON objects that can be read."""
        yield from filter(None, (json_object(line) for _, line in self.lines(dataset)))

    def records(self, dataset: str, header: tuple[str, ...]) -> Iterator[tuple[str, dict[str, str]]]:
        """Day and CSV record of as many columns as the header."""
        for day, line in self.lines(dataset):
            values = next(csv.reader([line]))
            if len(values) == len(header):
                yield day, dict(zip(header, values, strict=True))

    def truth(self, spark: SparkSession, source: str, dataset: str) -> set[str]:
        rows = spark.read.parquet(str(self.folder / "truth" / "record")).where(
            f"source = '{source}' AND dataset = '{dataset}'"
        )
        return {row.source_key for row in rows.collect()}

    def hashes(self) -> dict[str, str]:
        files = (path for path in self.folder.rglob("*") if path.is_file())
        return {str(path.relative_to(self.folder)): sha256(path.read_bytes()).hexdigest() for path in files}


def json_object(line: str) -> dict[str, Any] | None:
    try:
        value: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    return value


def write(spark: SparkSession, folder: Path, world: World) -> Written:
    settings = {"people": world.people, "days": world.days, "seed": world.seed, "start": world.start}
    reports: list[str] = []
    places = folder / "landing", folder / "truth"
    counts = synth(spark, *places, **settings, noise=world.noise, report=reports.append)  # type: ignore[arg-type]
    return Written(folder, counts, reports)


@pytest.fixture(scope="session")
def noisy(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Written:
    return write(spark, tmp_path_factory.mktemp("noisy"), WORLD)


@pytest.fixture(scope="session")
def quiet(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Written:
    return write(spark, tmp_path_factory.mktemp("quiet"), replace(WORLD, noise=Noise.none()))


Rows = Callable[[DataFrame, World], DataFrame]
Delivered = dict[tuple[Any, ...], dict[str, Any]]


@pytest.fixture(scope="session")
def usual(spark: SparkSession) -> dict[Rows, Delivered]:
    """The customers, web and mobile events of the noisy world."""
    return {rows: delivered(spark, rows, WORLD) for rows in (crm.customer, web.event, mobile.event)}


def delivered(spark: SparkSession, rows: Rows, world: World, *, partitions: int = 1) -> Delivered:
    """The delivered rows of one dataset, by key, copy and, in extracts, day."""
    everyone = people(spark.range(1, world.people + 1, 1, partitions), world)
    frame = rows(everyone, world)
    extract = rows in (crm.customer, loyalty.member)
    wanted = ["key", "duplicates", "day", "value", *[kind for kind in KINDS if kind in frame.columns]]
    found = [row.asDict() for row in frame.select(*dict.fromkeys(wanted)).collect()]
    return {(row["key"], row["duplicates"], row["day"] if extract else None): row for row in found}


# --- settings


def test_a_rate_is_between_0_and_1_and_all_wrong_ones_are_named():
    with pytest.raises(InputError, match=r"typos is 1.5, late is -1") as error:
        Noise(typos=1.5, late=-1)
    assert error.value.code == "C303"


def test_an_unknown_kind_of_noise_suggests_the_near_one():
    with pytest.raises(InputError, match="did you mean duplicates"):
        Noise().without("duplicate")


def test_switching_kinds_off_leaves_the_other_rates():
    assert Noise().without("typos", "late") == Noise(typos=0, late=0)


@pytest.mark.parametrize("wrong", [{"people": 0}, {"people": 5_000_000}, {"days": 0}, {"days": 400}, {"seed": 2**70}])
def test_a_world_refuses_what_it_cannot_make(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        replace(WORLD, **wrong)


# --- files


@pytest.mark.spark
def test_files_have_stable_names_and_nothing_else_is_left(noisy):
    extensions = {f"{d.source}/{d.name}": d.extension for d in DATASETS}
    expected = {
        f"landing/{name}/{day}/{name.split('/')[1]}-{day}-1.{extension}"
        for name, extension in extensions.items()
        for day in DAYS
    }
    expected |= {"truth/person/person-1.parquet", "truth/record/record-1.parquet", "truth/noise.json"}
    assert set(noisy.hashes()) == expected
    assert [path.name for path in noisy.folder.rglob("_*")] == []


@pytest.mark.spark
def test_the_same_arguments_give_the_same_bytes_and_another_seed_does_not(spark, tmp_path, noisy, usual):
    again = write(spark, tmp_path / "again", WORLD)
    assert (again.hashes(), again.counts) == (noisy.hashes(), noisy.counts)
    other = delivered(spark, mobile.event, replace(WORLD, seed=8))
    assert not set(other) & set(usual[mobile.event])


@pytest.mark.spark
def test_rows_do_not_depend_on_partitions_and_more_days_leave_the_earlier_ones(spark, usual):
    longer = delivered(spark, web.event, replace(WORLD, days=3), partitions=3)
    assert {key: row for key, row in longer.items() if row["day"] <= 2} == usual[web.event]


@pytest.mark.spark
@pytest.mark.parametrize(("dataset", "header"), [("crm/customer", crm.HEADER), ("loyalty/member", loyalty.HEADER)])
def test_every_csv_file_begins_with_its_header_and_nowhere_else_is_one(noisy, dataset, header):
    for path in (noisy.folder / "landing" / dataset).rglob("*.csv"):
        lines = path.read_text(encoding="utf-8").splitlines()
        assert lines[0] == ",".join(header)
        assert lines.count(lines[0]) == 1


# --- counts


@pytest.mark.spark
def test_counts_of_rows_are_those_of_the_files_and_are_reported(spark, noisy):
    for dataset in (d for d in DATASETS if d.extension != "parquet"):
        name = f"{dataset.source}/{dataset.name}"
        assert noisy.counts[name] == sum(1 for _ in noisy.lines(name)) > 0
        assert f"{name}: {noisy.counts[name]:,} rows" in noisy.reports
    orders = spark.read.parquet(str(noisy.folder / "landing/commerce/order/*"))
    assert noisy.counts["commerce/order"] == orders.count() > 0


@pytest.mark.spark
def test_every_kind_of_noise_is_counted_and_the_truth_tells_the_same(noisy):
    written = json.loads((noisy.folder / "truth/noise.json").read_text())
    assert written == {kind: noisy.counts[kind] for kind in KINDS}
    assert [kind for kind, count in written.items() if count == 0] == []


@pytest.mark.spark
def test_the_count_of_duplicates_is_what_the_files_hold_too_much(spark, noisy):
    keys = [line.split('"')[3] for source in KEYS for _, line in noisy.lines(source)]
    orders = spark.read.parquet(str(noisy.folder / "landing/commerce/order/*")).select("order_id").collect()
    keys += [row.order_id for row in orders]
    assert noisy.counts["duplicates"] == len(keys) - len(set(keys)) > 0


@pytest.mark.spark
def test_the_count_of_malformed_lines_is_what_cannot_be_read(noisy):
    cut = [line for source in KEYS for _, line in noisy.lines(source) if json_object(line) is None]
    bad = []
    for dataset, header in (("crm/customer", crm.HEADER), ("loyalty/member", loyalty.HEADER)):
        whole = list(noisy.records(dataset, header))
        bad += [dataset] * (noisy.counts[dataset] - len(whole))
        bad += [record for _, record in whole if not right_date(record)]
    assert noisy.counts["malformed"] == len(cut) + len(bad)
    assert cut
    assert bad


def right_date(record: dict[str, str]) -> bool:
    """Empty, or a date as the system writes it."""
    form = "%Y-%m-%d" if "customer_id" in record else "%m/%d/%Y" if record["country"] == "US" else "%d.%m.%Y"
    try:
        return not record["birth_date"] or bool(datetime.strptime(record["birth_date"], form))
    except ValueError:
        return False


@pytest.mark.spark
def test_without_noise_all_lines_can_be_read_and_nothing_is_counted(quiet):
    assert {kind: quiet.counts[kind] for kind in KINDS} == dict.fromkeys(KINDS, 0)
    for source in KEYS:
        objects = list(quiet.objects(source))
        assert len(objects) == sum(1 for _ in quiet.lines(source)) == len({o[KEYS[source]] for o in objects})


@pytest.mark.spark
@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_switched_off_counts_nothing_and_leaves_the_rows_without_it(spark, usual, kind):
    events = {"kiosk", "duplicates", "late", "out_of_order"}
    rows = web.event if kind in events else crm.customer
    without = delivered(spark, rows, replace(WORLD, noise=NOISE.without(kind)))
    assert not any(row[kind] for row in without.values())
    clean = {key: row for key, row in usual[rows].items() if not row[kind]}
    assert {key: without[key] for key in clean} == clean


# --- life


@pytest.mark.spark
def test_every_key_in_the_files_has_a_person_bar_shared_and_hidden_devices(spark, noisy):
    customers = {record["customer_id"] for _, record in noisy.records("crm/customer", crm.HEADER)}
    members = {record["member_no"] for _, record in noisy.records("loyalty/member", loyalty.HEADER)}
    assert customers <= noisy.truth(spark, "crm", "customer")
    assert members <= noisy.truth(spark, "loyalty", "member")
    orders = spark.read.parquet(str(noisy.folder / "landing/commerce/order/*")).select("account_id").collect()
    events = [*noisy.objects("web"), *noisy.objects("mobile")]
    accounts = {row.account_id for row in orders} | {event.get("user_id") for event in events}
    assert accounts - {None, "null"} <= noisy.truth(spark, "commerce", "account")
    for source, dataset in (("web", "cookie"), ("mobile", "device")):
        seen = {event[f"{dataset}_id"] for event in noisy.objects(source)} - {POISON_DEVICE}
        assert len(seen - noisy.truth(spark, source, dataset)) == 1  # the one of the store


@pytest.mark.spark
def test_without_noise_the_truth_holds_exactly_the_keys_delivered(spark, quiet):
    for source, dataset in (("web", "cookie"), ("mobile", "device")):
        seen = {event[f"{dataset}_id"] for event in quiet.objects(source)}
        assert seen == quiet.truth(spark, source, dataset)


@pytest.mark.spark
def test_updated_at_moves_if_and_only_if_the_row_changed(noisy):
    for dataset, header in (("crm/customer", crm.HEADER), ("loyalty/member", loyalty.HEADER)):
        rows = [(day, record) for day, record in noisy.records(dataset, header) if right_date(record)]
        before = {record[header[0]]: record for day, record in rows if day == DAYS[0]}
        pairs = [(before[r[header[0]]], r) for day, r in rows if day == DAYS[1] and r[header[0]] in before]
        changed = [(old, new) for old, new in pairs if old != new]
        assert 0 < len(changed) < len(pairs) / 2
        for old, new in changed:
            assert old["updated_at"] < new["updated_at"]
            assert {k: v for k, v in old.items() if k != "updated_at"} != {k: new[k] for k in old if k != "updated_at"}


@pytest.mark.spark
def test_a_mailbox_belongs_to_one_person_where_nobody_shares_one(spark, quiet):
    rows = spark.read.parquet(str(quiet.folder / "truth/record")).where("source = 'crm'").collect()
    person = {row.source_key: row.person_no for row in rows}
    owners = {(r["email"], person[r["customer_id"]]) for _, r in quiet.records("crm/customer", crm.HEADER)}
    assert max(Counter(mail for mail, _ in owners).values()) == 1


@pytest.mark.spark
def test_phones_are_valid_in_their_country_and_mean_the_same_however_written(spark):
    everyone = people(spark.range(1, 241, 1, 1), WORLD).selectExpr("country", "explode(phones) AS dialled")
    styled = everyone.selectExpr("country", "dialled", "explode(sequence(-1, 5)) AS phone_style")
    for row in styled.withColumn("phone", phone_written()).collect():
        number = phonenumbers.parse(row.phone, row.country)
        assert phonenumbers.is_valid_number(number), row
        plain = "+" + row.dialled.dial + row.dialled.area + row.dialled.three + row.dialled.four
        assert phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) == plain


@pytest.mark.spark
def test_a_visit_is_anonymous_until_the_login_and_known_ever_after(quiet):
    visits: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for event in sorted(quiet.objects("web"), key=lambda e: e["occurred_at"]):
        visits.setdefault((event["cookie_id"], event["occurred_at"][:10]), []).append(event)
    logins = 0
    for events in visits.values():
        names = [event["event"] for event in events]
        if names.count("account_logged_in") == 1 and names.count("order_completed") == 0:
            at = names.index("account_logged_in")
            logins += all("user_id" in event for event in events[at:]) and "user_id" not in events[0]
    assert logins > 5


@pytest.mark.spark
def test_nobody_gets_a_mailing_who_denied_consent_to_them(quiet):
    said = {o["subject_value"]: o["status"] for o in quiet.objects("consent") if o["purpose"] == "marketing_email"}
    mailed = {o["email"] for o in quiet.objects("email") if o["at"].startswith(DAYS[0])}
    assert mailed
    assert not {mail for mail in mailed if said.get(mail) == "denied"}


@pytest.mark.spark
def test_a_withdrawal_follows_a_grant_of_the_same_purpose(spark):
    world = replace(WORLD, days=30, noise=Noise.none())
    found = [json.loads(row["value"]) for row in delivered(spark, consent.statement, world).values()]
    status = Counter(o["status"] for o in found)
    assert status["withdrawn"] > 0
    assert status["granted"] > status["withdrawn"]
    assert {o["purpose"] for o in found} == set(consent.PURPOSES)


@pytest.mark.spark
def test_every_mailing_is_sent_before_it_is_anything_else(spark):
    rows = delivered(spark, email.engagement, replace(WORLD, noise=Noise.none()))
    events = sorted((json.loads(row["value"]) for row in rows.values()), key=lambda o: o["at"])
    seen: set[tuple[str, str]] = set()
    for event in events:
        mailing = (event["email"], event["campaign_id"])
        assert event["type"] == "sent" or mailing in seen
        seen.add(mailing)
