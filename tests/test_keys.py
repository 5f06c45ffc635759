"""Keys cannot be confused, and keyed ones need the secret."""

import hashlib
import hmac

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from c360_spark.columns.keys import digest, identifier_id, joined, joined_list, keyed_digest

pytestmark = pytest.mark.spark
SECRET = "a secret of tests"
ROWS = [("ab", "c"), ("a", "bc"), (None, "x"), ("", "x"), ("1:a", None), ("1", "a")]


def test_different_values_never_make_the_same_text_or_digest(spark: SparkSession) -> None:
    pair = (F.col("a"), F.col("b"))
    made = spark.createDataFrame(ROWS, "a string, b string").select(joined(*pair), digest(*pair)).collect()
    assert len({row[0] for row in made}) == len({row[1] for row in made}) == len(ROWS)


def test_the_keyed_digest_is_the_hmac_of_rfc_2104(spark: SparkSession) -> None:
    pair = (F.col("a"), F.col("b"))
    made = spark.createDataFrame(ROWS, "a string, b string").select(joined(*pair), keyed_digest(SECRET, *pair))
    for text, found in made.collect():
        assert found == hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()


def test_an_identifier_id_depends_on_secret_namespace_region_and_value(spark: SparkSession) -> None:
    rows = [(n, r, v) for n in ("email", "phone") for r in ("EU", "US") for v in map(str, range(50))]
    frame = spark.createDataFrame(rows, "n string, r string, v string")
    ids = [
        frame.select(identifier_id(secret, F.col("n"), F.col("r"), F.col("v")).alias("id")).collect()
        for secret in (SECRET, "another secret, longer")
    ]
    found = [row.id for each in ids for row in each]
    assert len(set(found)) == 2 * len(rows)
    assert min(found) >= 0
    assert max(found) > 2**61  # 63 bits are used
    short = frame.select(identifier_id(SECRET, F.col("n"), F.col("r"), F.col("v"), bits=6).alias("id")).collect()
    assert {row.id for row in short} <= set(range(64))


def test_a_key_counts_letters_as_everybody_does_and_is_the_same_for_a_list(spark: SparkSession) -> None:
    texts = ["", "Müller", "王芳", "👩‍🔬", "e\u0301", " a "]
    row = spark.createDataFrame([[*texts, None]], ", ".join(f"c{i} string" for i in range(len(texts) + 1)))
    columns = [F.col(name) for name in row.columns]
    made = row.select(joined(*columns).alias("joined"), joined_list(F.array(*columns)).alias("list"), digest(*columns))
    found = made.head()
    wanted = "".join(f"{len(text)}:{text}" for text in texts) + "-"
    assert (found.joined, found.list, found[2]) == (wanted, wanted, hashlib.sha256(wanted.encode()).hexdigest())
    with pytest.raises(ValueError, match="longer than 64 bytes"):
        keyed_digest("ä" * 33, columns[0])
