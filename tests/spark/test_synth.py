"""Laws of the synthetic world: what it promises whatever its size, seed and noise."""

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import phonenumbers
import pytest
from pyspark.sql import DataFrame, SparkSession

from c360_spark.commands.synth import DATASETS, synth
from c360_spark.errors import InputError
from c360_spark.synth import consent, crm, loyalty, mobile, web
from c360_spark.synth.noise import KINDS, Noise
from c360_spark.synth.person import people
from c360_spark.synth.spelling import phone_written
from c360_spark.synth.world import World

NOISE = Noise(
    **{"typos": 0.1, "changed_contact": 0.2, "moves": 0.2, "family_email": 0.3, "household_phone": 0.3, "kiosk": 0.1},
    strangers_phone=0.1,
    **{"poison": 0.05, "duplicates": 0.05, "late": 0.1, "out_of_order": 0.1, "malformed": 0.05},
)
WORLD = World(people=240, days=2, seed=7, start=date(2025, 11, 3), noise=NOISE)
DAYS = ("2025-11-03", "2025-11-04")
KEYS = {"web": "event_id", "mobile": "event_id", "email": "event_id", "consent": "statement_id", "support": "case_id"}
WEEKLY = {("crm", "account"), ("crm", "contact"), ("commerce", "subscription")}  # extracts, the first on day 1
HEADERS = {"crm/customer": crm.HEADER, "loyalty/member": loyalty.HEADER}

Rows = Callable[[DataFrame, World], DataFrame]


@dataclass(frozen=True)
class Written:
    """A world on disk."""

    spark: SparkSession
    folder: Path
    counts: dict[str, int]

    def lines(self, dataset: str) -> Iterator[tuple[str, str]]:
        """Day and line of a text dataset, without headers."""
        for path in sorted((self.folder / "landing" / dataset).rglob("*.*")):
            lines = path.read_text(encoding="utf-8").split("\n")
            yield from ((path.parent.name, line) for line in lines[1 if path.suffix == ".csv" else 0 : -1])

    def objects(self, source: str) -> list[dict[str, Any]]:
        """The JSON objects that can be read."""
        return [found for _, line in self.lines(source) if (found := json_object(line))]

    def records(self, dataset: str) -> list[tuple[str, dict[str, str]]]:
        """Day and CSV record, those of as many columns as the header."""
        split = [(day, next(csv.reader([line]))) for day, line in self.lines(dataset)]
        names = HEADERS[dataset]
        return [(day, dict(zip(names, values, strict=True))) for day, values in split if len(values) == len(names)]

    def orders(self, column: str) -> list[str | None]:
        files = str(self.folder / "landing/commerce/order/*")
        return [row[0] for row in self.spark.read.parquet(files).select(column).collect()]

    def owner(self, source: str) -> dict[str, int]:
        """The true person of every key of a source."""
        rows = self.spark.read.parquet(str(self.folder / "truth/record")).where(f"source = '{source}'").collect()
        return {row.source_key: row.person_no for row in rows}

    def hashes(self) -> dict[str, str]:
        files = (path for path in self.folder.rglob("*") if path.is_file())
        return {str(path.relative_to(self.folder)): sha256(path.read_bytes()).hexdigest() for path in files}


def json_object(line: str) -> dict[str, Any]:
    try:
        return dict(json.loads(line))
    except ValueError:
        return {}


def right_date(record: dict[str, str]) -> bool:
    """The birth date is empty, or written as the system writes it."""
    form = "%Y-%m-%d" if "customer_id" in record else "%m/%d/%Y" if record["country"] == "US" else "%d.%m.%Y"
    try:
        return not record["birth_date"] or bool(datetime.strptime(record["birth_date"], form))
    except ValueError:
        return False


def write(spark: SparkSession, folder: Path, world: World) -> Written:
    settings = asdict(world) | {"noise": world.noise}
    return Written(spark, folder, synth(spark, folder / "landing", folder / "truth", **settings, report=print))


def delivered(spark: SparkSession, rows: Rows, world: World, *, partitions: int = 1) -> dict[Any, dict[str, Any]]:
    """The delivered rows of one dataset by key, copy and, in extracts, day."""
    frame = rows(people(spark.range(1, world.people + 1, 1, partitions), world), world)
    wanted = dict.fromkeys(["key", "duplicates", "day", "value", *[kind for kind in KINDS if kind in frame.columns]])
    found = [row.asDict() for row in frame.select(*wanted).collect()]
    return {(row["key"], row["duplicates"], rows is crm.customer and row["day"]): row for row in found}


@pytest.fixture(scope="session")
def noisy(spark, tmp_path_factory):
    return write(spark, tmp_path_factory.mktemp("noisy"), WORLD)


@pytest.fixture(scope="session")
def quiet(spark, tmp_path_factory):
    return write(spark, tmp_path_factory.mktemp("quiet"), replace(WORLD, noise=Noise.none()))


@pytest.fixture(scope="session")
def usual(spark):  # some datasets of the noisy world
    return {rows: delivered(spark, rows, WORLD) for rows in (crm.customer, web.event, mobile.event)}


def test_settings_that_make_no_world_are_refused():
    with pytest.raises(InputError, match=r"typos is 1.5, late is -1"):
        Noise(typos=1.5, late=-1)
    with pytest.raises(InputError, match="did you mean duplicates"):
        Noise().without("duplicate")
    assert Noise().without("typos", "late") == Noise(typos=0, late=0)
    for wrong in ({"people": 0}, {"people": 5_000_000}, {"days": 0}, {"days": 400}, {"seed": 2**70}):
        with pytest.raises(InputError, match=next(iter(wrong))):
            replace(WORLD, **wrong)


@pytest.mark.spark
def test_files_have_stable_names_and_nothing_else_is_left(noisy):
    delivered = [(d, day) for d in DATASETS for day in DAYS if (d.source, d.name) not in WEEKLY or day == DAYS[0]]
    names = {f"landing/{d.source}/{d.name}/{day}/{d.name}-{day}-1.{d.extension}" for d, day in delivered}
    names |= {f"truth/{name}" for name in ("person/person-1.parquet", "record/record-1.parquet", "noise.json")}
    assert set(noisy.hashes()) == names
    assert list(noisy.folder.rglob("_*")) == []
    for dataset, header in HEADERS.items():
        for path in (noisy.folder / "landing" / dataset).rglob("*.csv"):
            assert [i for i, line in enumerate(path.read_text().splitlines()) if line == ",".join(header)] == [0]


@pytest.mark.spark
def test_the_same_arguments_give_the_same_bytes_and_another_seed_does_not(spark, tmp_path, noisy, usual):
    again = write(spark, tmp_path / "again", WORLD)
    assert (again.hashes(), again.counts) == (noisy.hashes(), noisy.counts)
    assert not set(delivered(spark, mobile.event, replace(WORLD, seed=8))) & set(usual[mobile.event])


@pytest.mark.spark
def test_rows_do_not_depend_on_partitions_and_more_days_leave_the_earlier_ones(spark, usual):
    longer = delivered(spark, web.event, replace(WORLD, days=3), partitions=3)
    assert {key: row for key, row in longer.items() if row["day"] <= 2} == usual[web.event]


@pytest.mark.spark
def test_counts_are_those_of_the_files(noisy):
    for dataset in (f"{d.source}/{d.name}" for d in DATASETS if d.extension != "parquet"):
        assert noisy.counts[dataset] == len(list(noisy.lines(dataset))) > 0
    assert noisy.counts["commerce/order"] == len(noisy.orders("order_id")) > 0
    kinds = {kind: noisy.counts[kind] for kind in KINDS}
    assert json.loads((noisy.folder / "truth/noise.json").read_text()) == kinds
    assert 0 not in kinds.values()


@pytest.mark.spark
def test_the_count_of_duplicates_is_what_the_files_hold_too_much(noisy):
    keys = [line.split('"')[3] for source in KEYS for _, line in noisy.lines(source)] + noisy.orders("order_id")
    assert noisy.counts["duplicates"] == len(keys) - len(set(keys))


@pytest.mark.spark
def test_the_count_of_malformed_lines_is_what_cannot_be_read(noisy):
    bad = [line for source in KEYS for _, line in noisy.lines(source) if not json_object(line)]
    for dataset in HEADERS:
        whole = noisy.records(dataset)
        bad += ["columns"] * (noisy.counts[dataset] - len(whole))
        bad += ["date" for _, record in whole if not right_date(record)]
    assert noisy.counts["malformed"] == len(bad)
    assert {"columns", "date"} < set(bad)


@pytest.mark.spark
@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_switched_off_counts_nothing_and_leaves_the_rows_without_it(spark, usual, kind):
    rows = web.event if kind in {"kiosk", "duplicates", "late", "out_of_order"} else crm.customer
    without = delivered(spark, rows, replace(WORLD, noise=NOISE.without(kind)))
    assert not any(row[kind] for row in without.values())
    assert {key: row for key, row in usual[rows].items() if not row[kind]}.items() <= without.items()


@pytest.mark.spark
def test_every_key_in_the_files_has_a_person_bar_shared_and_hidden_devices(noisy):
    for dataset, header in HEADERS.items():
        assert {r[header[0]] for _, r in noisy.records(dataset)} <= set(noisy.owner(dataset.split("/")[0]))
    users = {event.get("user_id") for source in ("web", "mobile") for event in noisy.objects(source)}
    payers = {paid["account_id"] for paid in noisy.objects("commerce/subscription")}
    assert users | payers | set(noisy.orders("account_id")) <= {None, "null", *noisy.owner("commerce")}
    employed = {contact["customer_id"] for contact in noisy.objects("crm/contact")}
    assert 0 < len(employed) < len(noisy.owner("crm"))
    assert employed < set(noisy.owner("crm"))
    companies = {company["account_id"] for company in noisy.objects("crm/account")}
    assert {contact["account_id"] for contact in noisy.objects("crm/contact")} <= companies
    for source, key in (("web", "cookie_id"), ("mobile", "device_id")):
        strangers = {event[key] for event in noisy.objects(source)} - set(noisy.owner(source)) - {mobile.POISON_DEVICE}
        assert len(strangers) == 1  # the one in the store


@pytest.mark.spark
def test_without_noise_nothing_is_counted_all_is_readable_and_the_truth_holds_just_what_came(quiet):
    assert [quiet.counts[kind] for kind in KINDS] == [0] * len(KINDS)
    for source, key in KEYS.items():
        assert len({found[key] for found in quiet.objects(source)}) == len(list(quiet.lines(source)))
    for source, key in (("web", "cookie_id"), ("mobile", "device_id")):
        assert {event[key] for event in quiet.objects(source)} == set(quiet.owner(source))
    person = quiet.owner("crm")
    owners = {(record["email"], person[record["customer_id"]]) for _, record in quiet.records("crm/customer")}
    assert max(Counter(mail for mail, _ in owners).values()) == 1


@pytest.mark.spark
@pytest.mark.parametrize("dataset", HEADERS)
def test_updated_at_moves_if_and_only_if_the_row_changed(noisy, dataset):
    key = HEADERS[dataset][0]
    rows = [(day, record) for day, record in noisy.records(dataset) if right_date(record)]
    before = {record[key]: record for day, record in rows if day == DAYS[0]}
    pairs = [(before[r[key]], r) for day, r in rows if day == DAYS[1] and r[key] in before]
    changed = [(old, new) for old, new in pairs if old != new]
    assert 0 < len(changed) < len(pairs) / 2
    for old, new in changed:
        assert old["updated_at"] < new["updated_at"]
        assert old | {"updated_at": ""} != new | {"updated_at": ""}


@pytest.mark.spark
def test_phones_are_valid_in_their_country_and_mean_the_same_however_written(spark):
    numbers = people(spark.range(1, 241, 1, 1), WORLD).selectExpr("country", "explode(phones) AS dialled")
    styled = numbers.selectExpr("*", "explode(sequence(-1, 5)) AS phone_style").withColumn("phone", phone_written())
    for row in styled.collect():
        number = phonenumbers.parse(row.phone, row.country)
        assert phonenumbers.is_valid_number(number), row
        plain = "+" + row.dialled.dial + row.dialled.area + row.dialled.three + row.dialled.four
        assert phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) == plain


@pytest.mark.spark
def test_mailings_begin_with_being_sent_and_go_to_nobody_who_denied_consent(quiet):
    said = {o["subject_value"]: o["status"] for o in quiet.objects("consent") if o["purpose"] == "marketing_email"}
    begun = {(o["email"], o["campaign_id"]) for o in quiet.objects("email") if o["type"] == "sent"}
    assert {(o["email"], o["campaign_id"]) for o in quiet.objects("email")} == begun
    assert "denied" not in {said.get(mail) for mail, _ in begun}


@pytest.mark.spark
def test_some_withdraw_what_they_granted(spark):
    rows = delivered(spark, consent.statement, replace(WORLD, days=30, noise=Noise.none()))
    status = Counter(json.loads(row["value"])["status"] for row in rows.values())
    assert 0 < status["withdrawn"] < status["granted"]
