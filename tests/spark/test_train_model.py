"""A match model from a lake: what it finds, that it is the same again, and what it refuses."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from pyspark.sql import DataFrame

from c360_spark import tables
from c360_spark.commands.train_model import train_model
from c360_spark.config import Conf
from c360_spark.config.rules.key_part import KeyPart
from c360_spark.config.rules.probabilistic import MatchModel, Probabilistic, complaints
from c360_spark.errors import ConfigError, InputError
from c360_spark.identity.training import common_values
from c360_spark.run.context import Run, run_id_of
from c360_spark.store import Store
from tests.conftest import AS_OF

pytestmark = pytest.mark.spark
pytest.importorskip("splink", reason="needs the extra `probabilistic`", exc_type=ImportError)

BLOCK = Probabilistic.model_validate(
    {
        "regions": {"EU": None, "US": "analytics"},
        "comparisons": {
            "given_name": {"kind": "name", "common_from": 0.1},
            "family_name": {"kind": "name"},
            "postcode": {"kind": "postcode"},
            "birth_date": {"kind": "date"},
        },
        "blocking": {
            "name": [{"column": "given_name"}, {"column": "family_name"}],
            "postcode": [{"column": "postcode"}],
        },
        "attach_at": 0.99,
        "review_at": 0.9,
    }
)
OF = {"source": "crm", "dataset": "customer"}
Lake = Callable[..., Run]


def people(number: int, *, region: str = "EU") -> list[dict[str, Any]]:
    """Each has two records; in one of three pairs the second has another postcode. Half of them are called Ana."""
    chance, rows = random.Random(4), []
    for i in range(number):
        person = {
            "given_name": "Ana" if i % 2 else "".join(chance.choices("abcdeilmnorst", k=3)),
            "family_name": "".join(chance.choices("abcdeilmnorst", k=4)),
            "postcode": f"{chance.randrange(10**5):05}",
            "birth_date": date(1940, 1, 1) + timedelta(days=chance.randrange(25_000)),
        }
        moved = person | {"postcode": f"{chance.randrange(10**5):05}"} if i % 3 == 0 else person
        for j, values in enumerate((person, moved)):
            rows.append(values | {"bronze_id": f"b{i:04}{j}", "source_key": f"k{i:04}{j}", "region": region, **OF})
    return rows


@pytest.fixture
def lake(store: Store, conf: Conf, frame: Callable[..., DataFrame]) -> Lake:
    def made(rows: list[dict[str, Any]], block: Probabilistic | None = BLOCK) -> Run:
        if rows:
            store.append(tables.PROFILE_RECORD, frame(tables.PROFILE_RECORD, *rows))
        run = Run(store.spark, store, conf, AS_OF, run_id_of(AS_OF))
        return run.ruled_by(conf.rules.model_copy(update={"probabilistic": block}))

    return made


def test_a_model_tells_how_often_people_agree_and_is_the_same_file_again(
    lake: Lake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = people(150)
    earlier = rows[0] | {"bronze_id": "a", "given_name": "earlier", "received_at": AS_OF - timedelta(days=1)}
    run = lake([earlier, *rows, *people(5, region="US")])
    first, second = tmp_path / "models" / "first.yml", tmp_path / "models" / "second.yml"
    model = train_model(run, first, version="1.2.0")
    told = capsys.readouterr().err
    assert "blocking: 0 of 300 records (0.0%) are compared with no other" in told
    assert "  name: 300 records have it" in told
    records = run.store.read(tables.PROFILE_RECORD).orderBy("given_name").repartition(3)
    other = replace(run, store=Store(run.spark, str(tmp_path / "other")))
    other.store.append(tables.PROFILE_RECORD, records)
    train_model(other, second, version="1.2.0")
    assert first.read_bytes() == second.read_bytes()
    read = MatchModel.model_validate(yaml.safe_load(first.read_text(encoding="utf-8")))
    assert read == model
    assert model.trained is not None
    assert (model.version, model.trained.as_of, model.trained.records) == ("1.2.0", AS_OF.date(), 300)
    assert list(complaints(BLOCK.model_copy(update={"model": model}))) == []
    postcodes, names = model.comparisons["postcode"], model.comparisons["given_name"]
    assert postcodes["exact"].m == pytest.approx(2 / 3, abs=0.1)
    common = names["exact_common_0.1"]
    assert model.common == {"given_name": ("ana",)}
    assert (common.m, names["exact"].m) == (pytest.approx(0.5, abs=0.1), pytest.approx(0.5, abs=0.1))
    assert common.u == pytest.approx(0.25, abs=0.05)
    assert names["exact"].u < 0.01
    assert model.prior == pytest.approx(150 / (300 * 299 / 2), rel=0.3)


def test_a_value_of_few_records_is_not_in_the_file() -> None:
    names = ["ana"] * 12 + ["bo"] * 9 + [None] * 5 + [f"x{i}" for i in range(40)]
    records = pa.table({f"compare_{name}_0": names for name in BLOCK.comparisons})
    assert common_values(records, BLOCK) == {"given_name": ("ana",)}


@pytest.mark.parametrize(
    ("rows", "changed", "complaint"),
    [
        (people(20), {}, "40 records, at least 100 are needed"),
        (people(80, region="US"), {}, "0 records, at least 100 are needed"),
        (
            [row for row in people(150) if row["bronze_id"].endswith("0")],
            {},
            "no two records agree on the blocking key",
        ),
        (
            people(60),
            {"blocking": {"most": tuple(KeyPart(column=c) for c in ("given_name", "family_name", "postcode"))}},
            "most leaves less than two comparisons",
        ),
        (people(60), {"train_on": ("postcode",)}, "every blocking key trained on is about postcode"),
    ],
    ids=["few", "consent", "no pairs", "one left", "one key"],
)
def test_records_that_do_not_suffice_are_told(
    lake: Lake, tmp_path: Path, rows: list[dict[str, Any]], changed: dict[str, Any], complaint: str
) -> None:
    run = lake(rows, BLOCK.model_copy(update=changed))
    with pytest.raises(InputError, match=complaint) as error:
        train_model(run, tmp_path / "model.yml", version="1.0.0")
    assert error.value.code == "C306"
    assert not list(tmp_path.glob("*.yml*"))


def test_without_the_block_or_records_it_says_what_is_missing(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no block `probabilistic`") as unruled:
        train_model(lake([], None), tmp_path / "model.yml", version="1.0.0")
    with pytest.raises(InputError, match=r"no table silver.profile_record") as empty:
        train_model(lake([]), tmp_path / "model.yml", version="1.0.0")
    assert (unruled.value.code, empty.value.code) == ("C202", "C304")
