"""What stands for nothing makes nobody equal to anybody; what is somebody's name stays one."""

from collections.abc import Callable
from datetime import date

import pytest
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.columns.letters import letters
from c360_spark.columns.placeholder import is_placeholder
from c360_spark.config import Conf
from c360_spark.config.rules.key_part import KeyPart
from c360_spark.identity.frequent import first_days, frequent_values, without_dates

pytestmark = pytest.mark.spark
Frame = Callable[..., DataFrame]
NOTHING = {
    "given_name": ["test", "TEST", " Test ", "n/a", "N/A", "null", "NULL", "unknown", "Vorname", "xxxx", "12", "-",
                   "tes\u200bt"],
    "family_name": ["test", "n/a", "null", "NULL", "Nachname", "aaaa", "...", "ｎ/ａ"],
    "birth_date": ["1900-01-01", "1970-01-01", "0001-01-01", "9999-12-31", "1899-12-30"],
    "postcode": ["00000", "0000", "99999", "XXXXX", "n/a", "00000-0000"],
    "street": ["n/a", "unknown", "-"],
}  # fmt: skip
SOMETHING = {
    "given_name": ["Tess", "Testa", "Na", "An", "Nullah", "Bo", "X", "李", "Aaaron"],
    "family_name": ["Null", "Żółć", "Ößü", "李", "Ан", "Nullmeier", "Tester", "Kunde", "Gast", "Li", "O", "Unknownson"],
    "birth_date": ["1900-01-03", "1970-01-02", "1985-01-01", "2000-02-01"],
    "postcode": ["01067", "10000", "90000", "1000", "00501"],
    "street": ["通り", "Ö 1", "1"],
    "city": ["Å", "京"],
    "loyalty_tier": ["n/a"],
}


def blocked(column: str, value: Column, part: KeyPart | None = None) -> Column:
    return letters(value, lambda text: is_placeholder(column, text, part))


def test_only_whole_values_stand_for_nothing(spark: SparkSession) -> None:
    cases = [(c, v, wanted) for of, wanted in ((NOTHING, True), (SOMETHING, False)) for c in of for v in of[c]]
    rows = spark.createDataFrame(cases, "name string, value string, wanted boolean")
    found = F.coalesce(*(F.when(F.col("name") == n, blocked(n, F.col("value"))) for n in {c for c, _, _ in cases}))
    assert [(r.name, r.value, r.found) for r in rows.withColumn("found", found).collect()] == cases
    assert rows.select(blocked("given_name", F.lit(None).cast("string")).alias("x")).head().x is False


def test_a_part_blocks_and_allows_values_of_its_own(spark: SparkSession) -> None:
    part = KeyPart(column="postcode", blocked_values=("10115",), blocked_patterns=("^77",), allowed_values=("99999",))
    rows = spark.createDataFrame([("10115",), ("77001",), ("99999",), ("00000",), ("10117",)], "v string")
    found = [r.x for r in rows.select(blocked("postcode", F.col("v"), part).alias("x")).collect()]
    assert found == [True, True, False, True, False]


def test_a_part_without_lists_is_written_as_before() -> None:
    assert KeyPart(column="city").model_dump() == {"column": "city", "normalize": "name", "prefix": None}


def born(frame: Frame, *days: str) -> DataFrame:
    rows = [
        {"source": "crm", "dataset": "customer", "source_key": f"C{n}", "bronze_id": str(n), "birth_date": day}
        for n, day in enumerate(map(date.fromisoformat, days))
    ]
    return frame(tables.PROFILE_RECORD, *rows)


def test_a_first_of_january_that_far_too_many_have_counts_as_none(frame: Frame) -> None:
    others = [f"{year}-{month:02}-{day:02}" for year in (1985, 1990) for month in range(2, 12) for day in range(1, 11)]
    found = first_days(born(frame, *others, *["1985-01-01"] * 20, *["1990-01-01"] * 19, *["1990-05-05"] * 50))
    assert [(str(row.birth_date), row.records) for row in found.collect()] == [("1985-01-01", 20)]


def test_versions_of_one_record_are_not_many(frame: Frame) -> None:
    rows = born(frame, *["1985-01-01"] * 30).withColumn("source_key", F.lit("C1"))
    assert first_days(rows).collect() == []


def test_dates_are_blocked_besides_those_the_rules_name(conf: Conf) -> None:
    rules = without_dates(conf.rules, ["1985-01-01"])
    parts = [part for key in rules.match_keys.values() for part in key.parts]
    assert {part.column: part.blocked_values for part in parts}["birth_date"] == ("1985-01-01",)
    assert without_dates(conf.rules, ()) == conf.rules


def test_the_most_frequent_values_of_parts_are_shown_and_those_of_one_record_are_not(frame: Frame, conf: Conf) -> None:
    rows = born(frame, *["1900-01-01"] * 3, *["1985-01-01"] * 2, "1991-02-03")
    found = frequent_values(rows, conf.rules, most=5).orderBy(F.desc("records")).collect()
    assert [(row.part, row.value, row.records, row.blocked) for row in found] == [
        ("birth_date", "1900-01-01", 3, True),
        ("birth_date", "1985-01-01", 2, False),
    ]
    assert [round(row.share, 2) for row in found] == [0.5, 0.33]
