"""One spelling for what is one value, and nothing for what is none."""

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from c360_spark.columns.normalize import NORMALIZERS, normalized

pytestmark = pytest.mark.spark
NBSP = "\u00a0"
CASES: dict[str, list[tuple[str | None, str | None]]] = {
    "trim": [(f" a {NBSP}\t b\n", "a b"), (f" {NBSP}\t", None), ("", None), (None, None)],
    "lower": [(" Ab ", "ab"), ("ÄÖ", "äö"), (" ", None)],
    "upper": [(" l77 ", "L77"), ("", None)],
    "email": [
        (" Ann.Lee+Shop@X.COM ", "ann.lee+shop@x.com"),
        (f"ann @{NBSP}x.com", "ann@x.com"),
        ("jörg@müller.de", "jörg@müller.de"),
        ("a@b.c", None),
        ("a@b", None),
        ("@x.com", None),
        ("a@b@x.com", None),
        ("a@x.com,b@x.com", None),
        ("Ann <ann@x.com>", None),
        ('"a"@x.com', None),
        ("a@x.com.", None),
        ("n/a", None),
        ("", None),
        (None, None),
    ],
    "name": [
        ("Müller-Lüdenscheidt", "muller ludenscheidt"),
        ("  STRAẞE und Straße ", "strasse und strasse"),
        ("O'Brien, Zoë", "o brien zoe"),
        ("Łukasz Žižek", "lukasz zizek"),
        ("Ærø", "aero"),
        ("Andre\u0301s", "andres"),  # the accent as a character of its own
        ("Бор", "бор"),
        ("王芳", "王芳"),
        ("R2 D2", "r2 d2"),
        ("-- . '", None),
        ("", None),
        (None, None),
    ],
    "soundex": [("Robert", "R163"), ("Rupert", "R163"), ("Müller", "M460"), ("Mueller", "M460"), ("  ", None)],
    "postcode": [
        ("10115", "10115"),
        (" 10 115 ", "10115"),
        ("94103-1234", "94103"),
        ("sw1a 1aa", "SW1A1AA"),
        ("1234-567", "1234567"),
        ("D-10115", "D10115"),
        ("4329", "04329"),
        ("4329.0", "04329"),
        ("１０１１５", "10115"),
        ("329", "329"),
        ("--", None),
        ("", None),
        (None, None),
    ],
    "domain": [
        ("Acme.Example", "acme.example"),
        (" https://user@www.acme.example:8443/about?x=a@b ", "acme.example"),
        ("Ann@Mail.acme.co.uk", "mail.acme.co.uk"),
        ("müller.de.", "müller.de"),
        ("10.0.0.1", None),
        ("acme", None),
        ("a b.de", None),
        ("n/a", None),
        ("", None),
        (None, None),
    ],
    "digits": [("+49 (30) 12-34", "49301234"), ("1234.0", "1234"), ("１２", "12"), ("none", None), (None, None)],
    "phone": [
        ("030 123456", "+4930123456"),
        (f"+49{NBSP}30 123456", "+4930123456"),
        ("call me", None),
        (" ", None),
        (None, None),
    ],
}


def test_every_normaliser_gives_the_one_spelling_or_nothing(spark: SparkSession) -> None:
    assert set(CASES) == {*NORMALIZERS, "phone"}
    rows = [(name, raw, wanted) for name, cases in CASES.items() for raw, wanted in cases]
    frame = spark.createDataFrame(rows, "name string, raw string, wanted string")
    by_name = [F.when(F.col("name") == name, normalized(name, F.col("raw"), F.lit("DE"))) for name in CASES]
    found = frame.withColumn("found", F.coalesce(*by_name)).collect()
    assert [(row.name, row.raw, row.found) for row in found] == rows


def test_a_value_that_is_normalised_stays_as_it_is(spark: SparkSession) -> None:
    done = [(name, wanted) for name, cases in CASES.items() for _, wanted in cases if wanted and name != "soundex"]
    frame = spark.createDataFrame(done, "name string, done string")
    by_name = [F.when(F.col("name") == name, normalized(name, F.col("done"), F.lit("DE"))) for name in CASES]
    assert [(row.name, row.again) for row in frame.withColumn("again", F.coalesce(*by_name)).collect()] == done


def test_a_national_number_is_read_by_the_country_of_its_own_row(spark: SparkSession) -> None:
    rows = [("06 12 34 56 78", "FR"), ("(212) 555-0123", "US"), ("030 123456", None), ("+4930123456", None)]
    frame = spark.createDataFrame(rows * 2, "raw string, country string")
    found = frame.select(normalized("phone", F.col("raw"), F.col("country")).alias("e164")).collect()
    assert [row.e164 for row in found] == ["+33612345678", "+12125550123", None, "+4930123456"] * 2
