"""Pairs on tiny sets of records: both engines, any order, and what is a person and what a household."""

import random
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from c360_spark.config.rules.probabilistic import Engine, Probabilistic
from c360_spark.errors import ConfigError, SetupError
from c360_spark.identity import scoring
from c360_spark.identity.probabilistic import crowded_blocks, pairs, prepared
from tests.conftest import ROOT

pytestmark = pytest.mark.spark
pytest.importorskip("splink", reason="needs the extra `probabilistic`", exc_type=ImportError)

COLUMNS = ("region", "given_name", "family_name", "birth_date", "street", "postcode", "email", "phone")
ANNA = ("EU", "Anna", "Müller", "1980-05-17", "Lindenstr. 4", "10969", None, None)
Row = tuple[Any, ...]
Records = Callable[..., DataFrame]


@pytest.fixture(scope="module")
def block() -> Probabilistic:
    """As documented, with the shipped figures; every pair that is compared is given."""
    text = (ROOT / "docs" / "probabilistic.md").read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    model = yaml.safe_load((ROOT / "conf" / "models" / "customer.yml").read_text(encoding="utf-8"))
    given = yaml.safe_load(text)["probabilistic"]
    return Probabilistic.model_validate(given | {"model": model, "review_at": 0})


@pytest.fixture
def records(spark: SparkSession) -> Records:
    def made(*rows: Row, key: str = "bigint") -> DataFrame:
        numbered = [(i if key == "bigint" else f"r{i:03}", *row) for i, row in enumerate(rows)]
        schema = f"record_id {key}, " + ", ".join(f"{name} string" for name in COLUMNS)
        return spark.createDataFrame(numbered, schema).withColumn("country", F.lit("DE"))

    return made


def scored(ready: DataFrame, rules: Probabilistic, engine: Engine = "duckdb") -> list[Row]:
    return [tuple(row) for row in pairs(ready, rules, engine=engine).collect()]


def likeliness(found: list[Row]) -> float:
    """The probability of the only pair."""
    assert [row[:2] for row in found] == [(0, 1)]
    return float(found[0][2])


def crowd(number: int) -> list[Row]:
    """Records of which some are one person's with errors; names in several scripts, and gaps."""
    chance, rows = random.Random(11), []
    names = [
        "Anna",
        "Schmidt",
        "Katharina",
        "Müller-Lüdenscheidt",
        "Мария",
        "Олег",
        "佐藤",
        "O'Neill",
        "Zoë",
        "Alexandra",
    ]
    for _ in range(number):
        row = [
            "EU",
            chance.choice(names),
            chance.choice(names),
            f"19{chance.choice((70, 80))}-0{chance.randint(1, 2)}-1{chance.randint(0, 3)}",
            f"{chance.choice(('Lindenstr.', 'Lindenweg', 'Hauptstr.'))} {chance.randint(1, 3)}",
            chance.choice(("10969", "10999")),
            f"{chance.choice(('anna', 'oleg'))}@{chance.choice(('mail.de', 'post.de'))}",
            chance.choice(("+4930123456", "+4930123465", "+49891")),
        ]
        rows.append(tuple(row))
        if chance.random() < 0.5:
            place = chance.randint(1, 7)
            value = str(row[place])
            cut = chance.randrange(len(value))
            row[place] = chance.choice((None, value[:cut] + value[cut + 1 :], value[:cut] + value[cut:][::-1]))
            rows.append(tuple(row))
    return rows


def test_both_engines_give_equal_pairs_in_any_order_of_the_records(block: Probabilistic, records: Records) -> None:
    kinds = {"email": {"kind": "email"}, "phone": {"kind": "phone"}, "city": {"kind": "exact", "columns": ["region"]}}
    figures = {
        "email": ("exact", "same_user", "similar_0.92", "other"),
        "phone": ("exact", "edits_1", "other"),
        "city": ("exact", "other"),
    }
    assert block.model is not None
    more = {name: {level: {"m": 1 / (i + 2), "u": 0.2} for i, level in enumerate(of)} for name, of in figures.items()}
    model = block.model.model_dump() | {"comparisons": block.model.model_dump()["comparisons"] | more}
    both = {**block.model_dump(), "comparisons": block.model_dump()["comparisons"] | kinds, "model": model}
    rules = Probabilistic.model_validate(both)
    ready = prepared(records(*crowd(35)), rules).cache()
    found = scored(ready, rules)
    assert len(found) > 40
    assert len({row[2] for row in found}) > 20  # many levels meet
    assert found == sorted(found)
    assert all(left < right for left, right, *_ in found)
    assert len({row[:2] for row in found}) == len(found)
    assert sorted(scored(ready, rules, "spark")) == found
    shuffled = ready.orderBy(F.xxhash64("record_id")).repartition(5)
    assert scored(shuffled, rules) == found
    assert sorted(scored(shuffled, rules, "spark")) == found
    ready.unpersist()


def test_spark_leaves_nothing_behind_that_holds_names(
    spark: SparkSession, block: Probabilistic, records: Records
) -> None:
    before = len(spark.sparkContext._jsc.getPersistentRDDs())
    scored(prepared(records(ANNA, ANNA), block), block, "spark")
    assert spark.sql("SHOW VIEWS LIKE '__splink*'").collect() == []
    assert len(spark.sparkContext._jsc.getPersistentRDDs()) == before


def test_a_mistyped_name_with_equal_birth_date_and_postcode_is_one_person(
    block: Probabilistic, records: Records
) -> None:
    typo = ("EU", "Anna", "Mülller", "1980-05-17", None, "10969", None, None)
    assert likeliness(scored(prepared(records(ANNA, typo), block), block)) >= block.attach_at


@pytest.mark.parametrize(
    "other",
    [
        ("EU", "Andreas", "Müller", "1978-11-02", "Lindenstr. 4", "10969", None, None),
        ("EU", "Ada", "Müller", "2011-08-30", "Lindenstr. 4", "10969", None, None),
    ],
    ids=["a couple", "a child"],
)
def test_a_household_is_not_one_person(block: Probabilistic, records: Records, other: Row) -> None:
    """As shipped, a person is asked at 0.9."""
    assert likeliness(scored(prepared(records(ANNA, other), block), block)) < 0.9


def test_twins_are_for_a_person_to_decide(block: Probabilistic, records: Records) -> None:
    twin = ("EU", "Alma", *ANNA[2:])
    assert 0.9 <= likeliness(scored(prepared(records(ANNA, twin), block), block)) < block.attach_at


def test_what_is_missing_is_neither_for_nor_against(block: Probabilistic, records: Records) -> None:
    bare = ("EU", "Anna", "Müller", "1980-05-17", None, None, None, None)
    elsewhere = ("EU", "Anna", "Müller", "1980-05-17", "Torweg 9", "80331", None, None)
    unknown, against, for_it = (
        likeliness(scored(prepared(records(ANNA, row), block), block)) for row in (bare, elsewhere, ANNA)
    )
    assert against < unknown < for_it
    blank = prepared(records(("EU", " ", "", None, None, "-", None, None)), block).head()
    assert blank is not None
    assert [value for name, value in blank.asDict().items() if name != "record_id"] == [None] * 8


def test_pairs_below_the_review_threshold_are_not_given(block: Probabilistic, records: Records) -> None:
    ready = prepared(records(*crowd(35), key="string"), block).cache()
    found = scored(ready, block)
    middle = sorted(row[2] for row in found)[len(found) // 2]
    strict = block.model_copy(update={"review_at": middle})
    for engine in ("duckdb", "spark"):
        assert sorted(scored(ready, strict, engine)) == [row for row in found if row[2] >= middle]
    ready.unpersist()


def test_pairs_stay_within_the_regions_that_take_part(block: Probabilistic, records: Records) -> None:
    rows = [(region, *ANNA[1:]) for region in ("EU", "US", "OTHER", "OTHER")]
    assert scored(prepared(records(*rows), block), block) == []


def test_a_value_that_too_many_share_makes_no_pairs_and_is_counted(block: Probabilistic, records: Records) -> None:
    rows = [("EU", f"A{i}", f"B{i}", f"199{i}-01-01", None, "10969", None, None) for i in range(4)]
    rows += [("EU", "Olga", f"C{i}", "1970-01-01", None, "20095", None, None) for i in range(3)]
    strict = block.model_copy(update={"max_block_pairs": 3})
    ready = prepared(records(*rows), strict)
    assert [tuple(row) for row in crowded_blocks(ready, strict).collect()] == [("initial_postcode", 1, 4)]
    for engine in ("duckdb", "spark"):
        assert sorted(row[:2] for row in scored(ready, strict, engine)) == [(4, 5), (4, 6), (5, 6)]
    assert len(scored(ready, block)) == 9


def test_no_records_make_no_pairs(block: Probabilistic, records: Records) -> None:
    nobody = prepared(records(ANNA), block).where("false")
    assert [scored(nobody, block, engine) for engine in ("duckdb", "spark")] == [[], []]


def test_without_figures_or_without_the_extra_it_says_what_to_do(
    block: Probabilistic, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = prepared(records(ANNA), block)
    with pytest.raises(ConfigError, match="c360 model train") as unfinished:
        pairs(ready, block.model_copy(update={"model": None}), engine="duckdb")
    assert unfinished.value.code == "C202"
    monkeypatch.setattr(scoring, "MISSING", "splink")
    with pytest.raises(SetupError, match=r"c360-spark\[probabilistic\]") as bare:
        pairs(ready, block, engine="duckdb")
    assert bare.value.code == "C102"
