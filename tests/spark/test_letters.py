"""One spelling of letters: what looks the same is the same text, whichever way it was typed."""

import unicodedata

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from c360_spark.columns import letters as module
from c360_spark.columns.letters import STEADY, letters
from c360_spark.columns.normalize import NORMALIZERS

pytestmark = pytest.mark.spark
ALL = [chr(code) for code in range(0x20, 0x20000) if unicodedata.category(chr(code))[0] in "LMNPSZ"]
UNSEEN = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f\u202a\u202c\u2066\u2069\ufe0f\u0000"
# Given names and surnames of many alphabets; each is tried as it stands and taken apart.
NAMES = (
    "Hiếu Nguyễn Jörg Müller Ștefan Țurcan Gökhan Ağaoğlu Łukasz Żółć Åsa Øystein Þórður Ðorđe Ćosić Žižek Ľubomír "
    "Ātis Ģirts Ķikuts Ņina Õnne Ġużè Ħal Ŵyn Ĉapelo Əliyev Ǧamil Ẹniọlá Ṣadé Ἀλέξανδρος Ελένη Андрей Йордан Ёлка "
    "Ґалаґан 정우성 각 ガブリエル ぺぺ ק֣וֹל आनंद क़ासिम"
).split()


def by(spark: SparkSession, normalise, texts: list[str]) -> list[str | None]:
    rows = spark.createDataFrame(list(enumerate(texts)), "i int, text string")
    found = {row.i: row.made for row in rows.select("i", normalise(F.col("text")).alias("made")).collect()}
    return [found[i] for i in range(len(texts))]


def test_every_character_comes_out_as_unicode_says(spark: SparkSession) -> None:
    wanted = [normal(c) for c in ALL]
    assert {c: x for c, x, y in zip(ALL, by(spark, letters, ALL), wanted, strict=True) if x != y} == {}


def normal(text: str) -> str:
    """NFKC, every blank a space, nothing unseen."""
    kinds = [(c, unicodedata.category(c)) for c in unicodedata.normalize("NFKC", text)]
    return "".join(" " if kind[0] == "Z" else c for c, kind in kinds if not module._is_unseen(c, kind))


def test_a_name_taken_apart_is_the_name(spark: SparkSession) -> None:
    apart = [unicodedata.normalize(form, text) for text in NAMES for form in ("NFD", "NFKD", "NFC")]
    assert by(spark, letters, apart) == [normal(text) for text in NAMES for _ in range(3)]
    again = [text.swapcase() for text in NAMES for _ in range(3)]
    names = by(spark, NORMALIZERS["name"], apart)
    assert names == [by_name for text in by(spark, NORMALIZERS["name"], NAMES) for by_name in [text] * 3]
    latin = [i for i, text in enumerate(again) if text.isalpha() and text.swapcase().lower() == text.lower()]
    swapped = by(spark, NORMALIZERS["name"], again)
    assert [swapped[i] for i in latin] == [names[i] for i in latin]


def test_marks_join_in_either_order(spark: SparkSession) -> None:
    written = ["ê\u0323", "e\u0323\u0302", "e\u0302\u0323", "\u1eb9\u0302", "u\u031b\u0301", "ú\u031b"]
    assert by(spark, letters, written) == ["ệ"] * 4 + ["ứ"] * 2


def test_what_cannot_be_seen_is_not_there(spark: SparkSession) -> None:
    texts = [f"{a}Zo{b}e{a}@x.de" for a in UNSEEN for b in UNSEEN[:3]]
    for rule in ("trim", "lower", "upper", "email"):
        assert set(by(spark, NORMALIZERS[rule], texts)) == set(by(spark, NORMALIZERS[rule], ["Zoe@x.de"]))


def test_steady_letters_are_those_that_nothing_changes() -> None:
    spans = [part.split("-") if len(part) > 1 else [part, part] for part in ranges(STEADY)]
    steady = [chr(code) for first, last in spans for code in range(ord(first), ord(last) + 1)]
    assert [c for c in steady if normal(c) != c or unicodedata.category(c)[0] == "M"] == []


def ranges(text: str) -> list[str]:
    return [text[i : i + 3] for i in range(0, len(text), 3)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Işıl Yıldız", "IŞIL YILDIZ"),
        ("ALİ İNAN", "ali inan"),
        ("Ștefan Țurcan", "Stefan Turcan"),
        ("Şahin", "Ș\u200bahin"),
        ("Łukasz Żółć", "Lukasz Zolc"),
        ("Œuvrard", "OEUVRARD"),
        ("Groß", "GROSS"),
        ("GROẞ", "Gross"),
        ("Þórður", "Thordur"),
        ("Ｍａｒｙ", "mary"),
        ("Griﬃn", "Griffin"),
        ("ΓΙΩΡΓΟΣ", "Γιώργος"),
        ("Đorđe", "Dorde"),
    ],
)
def test_two_spellings_are_one_name(spark: SparkSession, one: str, other: str) -> None:
    made = by(spark, NORMALIZERS["name"], [one, other])
    assert made[0] == made[1]
    assert made[0]


def test_letters_of_other_alphabets_are_not_mixed_up(spark: SparkSession) -> None:
    different = ["Андрей", "Андреи", "はまだ", "はまた", "가", "각", "Ana", "Anna"]
    assert len(set(by(spark, NORMALIZERS["name"], different))) == len(different)


ADDRESSES = {
    "ali.inan@firma.com.tr": ["ALİ.İNAN@FIRMA.COM.TR", "ali.inan@fi\u0307rma.com.tr", "alı.ınan@firma.com.tr"],
    "zoe@firma.de": [
        "zoe@firma.de\u200b",
        "\u202azoe@firma.de\u202c",
        "zo\u00ade@firma.de",
        "ｚｏｅ＠ｆｉｒｍａ．ｄｅ",
    ],
    "tom@firma.de": ["mailto:tom@firma.de", "MAILTO:Tom@firma.de?subject=Hi", " mailto: tom@firma.de"],
    "jörg@müller.de": ["jo\u0308rg@xn--mller-kva.de", "JÖRG@MÜLLER.DE", "jörg@XN--MLLER-KVA.de"],
    "a@münchen.bücher.de": ["a@xn--mnchen-3ya.xn--bcher-kva.de"],
    "a@例え.テスト": ["a@xn--r8jz45g.xn--zckzah", "a@例え。テスト"],
    "a@почта.рф": ["a@xn--80a1acny.xn--p1ai"],
    "a@xn--99999999999999999999.de": ["A@xn--99999999999999999999.de"],
    "a@ısı.com": ["a@xn--s-ekab.com"],
    "a@xn--ls8h.de": ["A@xn--ls8h.de"],  # an emoji, which is no letter
}


def test_spellings_of_an_address_are_one(spark: SparkSession) -> None:
    cases = [(wanted, text) for wanted, texts in ADDRESSES.items() for text in [*texts, wanted]]
    made = by(spark, NORMALIZERS["email"], [text for _, text in cases])
    assert [(text, m) for (_, text), m in zip(cases, made, strict=True)] == [(text, w) for w, text in cases]
