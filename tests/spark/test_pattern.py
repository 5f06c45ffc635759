"""Patterns of conf/: what is taken, Java takes too and reads as written; what can hurt is refused with its reason."""

import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from c360_spark.columns.pattern import fits
from c360_spark.config import load
from c360_spark.config.rules.pattern import MAX_DEPTH, MAX_REPEAT, MAX_TEXT, complaint
from c360_spark.errors import ConfigError
from tests.conftest import ROOT

FINE = [
    r"^C[0-9]+$",
    r"^[A-Za-z]{2}$",
    r"^(\d)\1{5,}$",
    r"^no-?reply@",
    r"@example\.(com|org)$",
    r"(?i)^(mr|mrs)\b",
    r"^\+49\d{3,12}$",
    r"^(?!0000)\d{4}$",
    r"(?<=@)mail\.de$",
    r"^[\p{L} '\-]+$",
    r"^[^\s@]+@[^\s@]+\.[a-z]{2,}$",
    r"^([a-z0-9]+\.)+[a-z]{2,}$",
    r"\x41ü[ü-ÿ]",
    "a{2}?b{2,}+c*?",
]
REFUSED = {
    "(?P<year>[0-9]+)": "groups are",
    "(?<year>[0-9]+)": "groups are",
    r"(a)(?(1)b|c)": "groups are",
    r"[0-9]+\Z": "means something else",
    r"\v": "means something else",
    r"\101": "no group",
    r"(a)\2": "no group",
    "a{,3}": "counts are",
    "a{b": "counts are",
    "x{99999999999}": "counts are",
    f"x{{{MAX_REPEAT + 1}}}": "more than 1000 repeats",
    "((a{100}){10}){10}": "more than 1000 repeats",
    "(" * (MAX_DEPTH + 1) + "a" + ")" * (MAX_DEPTH + 1): "nested deeper",
    "(" * 400 + "a" + ")" * 400: "nested deeper",
    "a" * 1001: "longer than",
    "(a+)+$": "for ever",
    "(a*)*": "for ever",
    "(a|b*)+": "for ever",
    r"^(\w+\s?)*$": "for ever",
    "a**": "repeat of a repeat",
    "*a": "nothing to repeat",
    "^*": "cannot be repeated",
    "(?<=a+)b": "look behind",
    "[[:alpha:]]": "its own way",
    "[a-z&&[aeiou]]": "its own way",
    "[z-a]": "goes upwards",
    "[]": "empty class",
    "[a": "not closed",
    "(a": "not closed",
    "a)": "closes nothing",
    "a\\": "not known",
    r"\p{Klingon}": "wants a property",
    r"\xg1": "hex digits",
    "(?a)x": "groups are",
}


@pytest.mark.parametrize("pattern", FINE)
def test_usual_patterns_are_taken(pattern: str) -> None:
    assert complaint(pattern) is None


@pytest.mark.parametrize("pattern", REFUSED)
def test_what_java_does_not_know_or_can_take_for_ever_is_refused_with_its_reason(pattern: str) -> None:
    told = complaint(pattern)
    assert told is not None
    assert REFUSED[pattern] in told


PIECES = st.sampled_from(
    r"a b 0 - _ . | ( ) (?: (?= (?! (?<= (?<! (?i) [ ] [^ ^ $ * + ? {2} {2,} {1,3} {, } \d \W \b \1 \2 \p{L} \x41 "
    r"\u00e4 \. \[ \\ ü & && 😀 \Q \E \z # : < = ! , 9".split(" ")
)


@pytest.mark.spark
def test_java_takes_every_pattern_that_is_taken(spark: SparkSession) -> None:
    java = spark._jvm.java.util.regex.Pattern
    taken = 0

    @settings(max_examples=3_000, deadline=None, database=None)
    @given(st.lists(PIECES, min_size=1, max_size=8))
    def holds(pieces: list[str]) -> None:
        nonlocal taken
        pattern = "".join(pieces)
        if complaint(pattern) is None:
            java.compile(f"(?i){pattern}")
            taken += 1

    holds()
    assert taken > 300


@pytest.mark.spark
def test_a_long_value_does_not_fill_the_stack(spark: SparkSession) -> None:
    nested = "^" + "(" * MAX_DEPTH + "a|b" + ")|c" * (MAX_DEPTH - 1) + ")*$"
    assert complaint(nested) is None
    texts = spark.createDataFrame([("ab" * (MAX_TEXT // 2),), ("ab" * 100_000,)], "text string")
    found = texts.select(fits(F.col("text"), nested), fits(F.col("text"), "^[ab]+$")).collect()
    assert [tuple(row) for row in found] == [(True, True), (False, True)]


@settings(max_examples=3_000, deadline=None, database=None)
@given(st.text(st.sampled_from(r"ab01-_.|()[]^$*+?{},\dwsbpLxuQEz:<=!& ü"), max_size=30))
def test_no_text_breaks_the_check(text: str) -> None:
    complaint(text)


@pytest.mark.spark
def test_what_is_taken_finds_in_java_what_it_finds_in_python(spark: SparkSession) -> None:
    texts = [
        "C12",
        "AB",
        "777777",
        "noreply@x.de",
        "+49301234567",
        "0000",
        "mr x",
        "a@mail.de",
        "AÜ",
        "aabbcc",
        "x.y.de",
    ]
    java = spark._jvm.java.util.regex.Pattern
    for pattern in FINE:
        if r"\p" not in pattern and "+c" not in pattern:
            found = [bool(java.compile(pattern).matcher(text).find()) for text in texts]
            assert found == [bool(re.search(pattern, text, re.ASCII)) for text in texts], pattern


def test_a_refused_pattern_is_told_at_its_line(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "conf", tmp_path / "conf")
    file = tmp_path / "conf" / "identity.yml"
    text = file.read_text(encoding="utf-8").replace("blocked_patterns:\n", "blocked_patterns:\n  - '(?P<x>a)'\n", 1)
    file.write_text(text, encoding="utf-8")
    line = text.splitlines().index("  - '(?P<x>a)'") + 1
    with pytest.raises(ConfigError, match=f"identity.yml:{line}:.*pattern refused at character 1"):
        load(tmp_path / "conf", "dev")
