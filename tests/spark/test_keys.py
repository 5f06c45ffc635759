"""Keys cannot be confused, and keyed ones need the secret."""

import hashlib
import hmac

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from c360_spark.columns.keys import digest, digest_of, identifier_id, joined, joined_list, keyed_digest, with_key
from tests.ids import forms_of, id_of

pytestmark = pytest.mark.spark
SECRET = "a secret of tests"
ROWS = [("ab", "c"), ("a", "bc"), (None, "x"), ("", "x"), ("1:a", None), ("1", "a")]


def test_different_values_never_make_the_same_text_or_digest(spark: SparkSession) -> None:
    pair = (F.col("a"), F.col("b"))
    made = spark.createDataFrame(ROWS, "a string, b string").select(joined(*pair), digest(*pair)).collect()
    assert len({row[0] for row in made}) == len({row[1] for row in made}) == len(ROWS)


@pytest.mark.parametrize("secret", [SECRET, "ä" * 32, "ä" * 33, "x" * 64, "x" * 65, "x" * 1000])
def test_the_keyed_digest_is_the_hmac_of_rfc_2104_whatever_the_length_of_the_key(
    spark: SparkSession, secret: str
) -> None:
    rows, pair = spark.createDataFrame(ROWS, "a string, b string"), (F.col("a"), F.col("b"))
    made = with_key(rows, secret).select(joined(*pair), keyed_digest(*pair))
    for text, found in made.collect():
        assert found == hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def test_an_identifier_id_depends_on_secret_namespace_region_and_value(spark: SparkSession) -> None:
    rows = [(n, r, v) for n in ("email", "phone") for r in ("EU", "US") for v in map(str, range(50))]
    frame, parts = spark.createDataFrame(rows, "n string, r string, v string"), map(F.col, "nrv")
    key = [*parts]
    found = {
        secret: [row.id for row in with_key(frame, secret).select(identifier_id(*key).alias("id")).collect()]
        for secret in (SECRET, "another secret, longer")
    }
    assert found == {secret: [id_of(secret, *row) for row in rows] for secret in found}
    every = [each for ids in found.values() for each in ids]
    assert len(set(every)) == 2 * len(rows)
    assert min(every) >= 0
    assert max(every) > 2**61  # 63 bits are used
    short = with_key(frame, SECRET).select(identifier_id(*key, bits=6).alias("id")).collect()
    assert {row.id for row in short} <= set(range(64))


def test_no_plan_shows_the_key_or_its_pads(spark: SparkSession, capsys: pytest.CaptureFixture[str]) -> None:
    rows = spark.createDataFrame(ROWS, "a string, b string")
    made = with_key(rows, SECRET).select(keyed_digest(F.col("a"), F.col("b")))
    for mode in ("extended", "formatted", "cost", "codegen"):
        made.explain(mode=mode)
    told = capsys.readouterr().out
    assert "_key_inner" in told
    assert [name for name, form in forms_of(SECRET).items() if form in told.lower().encode()] == []


def test_a_key_counts_letters_as_everybody_does_and_is_the_same_for_a_list(spark: SparkSession) -> None:
    texts = ["", "Müller", "王芳", "👩‍🔬", "e\u0301", " a "]
    row = spark.createDataFrame([[*texts, None]], ", ".join(f"c{i} string" for i in range(len(texts) + 1)))
    columns = [F.col(name) for name in row.columns]
    made = row.select(joined(*columns).alias("joined"), joined_list(F.array(*columns)).alias("list"), digest(*columns))
    found = made.head()
    wanted = "".join(f"{len(text)}:{text}" for text in texts) + "-"
    assert (found.joined, found.list, found[2]) == (wanted, wanted, hashlib.sha256(wanted.encode()).hexdigest())
    assert digest_of(*texts, None) == found[2]
