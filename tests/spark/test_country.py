"""Countries: what sources write → ISO 3166-1 alpha-2, and nothing where it may be two."""

import pytest
from babel import localedata
from iso3166 import countries
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from c360_spark.columns.country import LANGUAGES, _by_key, country, country_of
from c360_spark.columns.letters import letters

WRITTEN = {
    "DE": ["DE", "de", " De ", "DEU", "deu", "276", "276.0", "+49", "0049", "49", "Germany", "GERMANY", "Deutschland",
           "Allemagne", "Alemania", "Germania", "Duitsland", "Niemcy", "Saksa", "Almanya", "Германия", "ドイツ", "독일",
           "德国", "Bundesrepublik Deutschland", "Germany\u200b", "Ｇｅｒｍａｎｙ"],
    "GB": ["UK", "U.K.", "United Kingdom", "Great Britain", "England", "+44", "Vereinigtes Königreich", "GBR"],
    "US": ["USA", "U.S.A.", "United States", "United States of America", "the United States", "840", "U.S."],
    "AT": ["Austria", "Österreich", "O\u0308sterreich", "Autriche", "040", "AUT", "+43"],
    "TR": ["Türkiye", "TÜRKİYE", "Turkey", "Türkei", "Turquie"],
    "KR": ["Korea, Republic of", "Republic of Korea", "South Korea", "Südkorea", "대한민국"],
    "CI": ["Côte d’Ivoire", "Cote d'Ivoire", "Ivory Coast", "Elfenbeinküste"],
    "CZ": ["Czechia", "Czech Republic", "Česko", "Tschechien"],
    "NL": ["Netherlands", "The Netherlands", "Nederland", "Holland", "Pays-Bas"],
    "GR": ["Greece", "EL", "Ελλάδα", "ΕΛΛΑΔΑ"],
    "BE": ["056", "Belgium", "Belgique", "België"],
    "RU": ["Russian Federation", "Россия"],
    "VN": ["Viet Nam", "Vietnam", "Việt Nam"],
}  # fmt: skip
NONE = ["", "Narnia", "XX", "n/a", "null", "none", "Europe", "EU", "40", "372", "380", "56", "32", "1", "+1", "+7",
        "Kongo", "12345", "0", "-1", "D E", "Saint"]  # fmt: skip


def test_what_a_country_is_called_is_its_code() -> None:
    assert {text: country_of(text.replace("\u200b", "")) for texts in WRITTEN.values() for text in texts} == {
        text: code for code, texts in WRITTEN.items() for text in texts
    }


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_country_or_may_be_two_is_none(text: str) -> None:
    assert country_of(text) is None


def test_codes_and_official_names_of_every_country_are_known() -> None:
    for each in countries:
        given = (each.alpha2, each.alpha2.lower(), each.alpha3, each.name, each.apolitical_name)
        assert {text: country_of(text) for text in given} == dict.fromkeys(given, each.alpha2)


def test_every_language_names_its_countries() -> None:
    named = {language: len(localedata.load(language, merge_inherited=False)["territories"]) for language in LANGUAGES}
    assert {language: count for language, count in named.items() if count < 240} == {}


@pytest.mark.spark
def test_spark_reads_countries_as_python_does(spark: SparkSession) -> None:
    texts = [*(text for texts in WRITTEN.values() for text in texts), *NONE, *list(_by_key())[::37]]
    rows = spark.createDataFrame([(text,) for text in texts], "text string")
    found = {row.text: row.code for row in rows.select("text", letters(F.col("text"), country).alias("code")).collect()}
    assert found == {text: country_of(text.replace("\u200b", "")) for text in texts}
