"""The conformance kit: what destinations publish of normalising and hashing, and what nobody should send.

Each vector names the public page it is from. All of them go through Spark in one frame.
"""

import hashlib
from collections.abc import Callable
from typing import NamedTuple

import pytest
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from c360_spark.columns.destination import HASHED_BY_MISTAKE, escaped, problem, sent, text
from c360_spark.config.activation.destination_kinds import KINDS, FieldRule

pytestmark = pytest.mark.spark
Case = tuple[FieldRule, str | None]
Found = dict[Case, tuple[str | None, str | None]]
GOOGLE, META, TIKTOK, SNAP = "google_customer_match", "meta_custom_audience", "tiktok", "snap"


class Vector(NamedTuple):
    """`given` in a field of a kind is `normal` before it is hashed, and hashed it is `published`, where that is."""

    kind: str
    field: str
    given: str
    normal: str
    published: str | None = None


def sha256(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


# Google Data Manager API, "Format user data": UserIdentifier and AddressInfo.
GOOGLE_PAGE = [
    Vector(GOOGLE, "email", "cloudy.sanfrancisco+shopping@gmail.com", "cloudysanfrancisco@gmail.com"),
    Vector(GOOGLE, "email", "user.name+NYC@Example.com", "user.name+nyc@example.com"),
    Vector(GOOGLE, "phone", "+1 (800)555-0100", "+18005550100"),
    # Google Ads Help, "Formatting guidelines for customer data files": postcodes are not hashed, nor are countries.
    Vector(GOOGLE, "postcode", "WC2H 8LG", "WC2H 8LG"),
    Vector(GOOGLE, "postcode", "94303-5300", "94303-5300"),
    Vector(GOOGLE, "country", "US", "US"),
]
# Meta Conversions API, "Customer Information Parameters": Formatting the user_data Parameters.
META_PAGE = [
    Vector(
        META,
        "email",
        "John_Smith@gmail.com",
        "john_smith@gmail.com",
        "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f",
    ),
    Vector(
        META,
        "phone",
        "+1 (650)555-1212",
        "16505551212",
        "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176",
    ),
    Vector(META, "given_name", "Mary", "mary", "6915771be1c5aa0c886870b6951b03d7eafc121fea0e80a5ea83beb7c449f4ec"),
    Vector(META, "given_name", "정", "정", "8fa8cd9c440be61d0151429310034083132b35975c4bea67fdd74158eb51db14"),
    Vector(META, "given_name", "Valéry", "valéry", "08e1996b5dd49e62a4b4c010d44e4345592a863bb9f8e3976219bac29417149c"),
    Vector(
        META, "birth_date", "1997-02-16", "19970216", "01acdbf6ec7b4f478a225f1a246e5d6767eeab1a7ffa17f025265b5b94f40f0c"
    ),
    Vector(META, "country", "US", "us", "79adb2a2fce5c6ba215fe5f27f532d4e7edbac4b6a5e09e1ef3a08084a904621"),
    Vector(META, "gender", "female", "f"),
    Vector(META, "gender", "M", "m"),
    Vector(META, "city", "Paris", "paris"),
    Vector(META, "city", "New York", "newyork"),
    Vector(META, "state", "AZ", "az"),
    Vector(META, "postcode", "94035", "94035"),
    Vector(META, "postcode", "75018", "75018"),
    Vector(META, "postcode", "1987", "1987"),
    Vector(META, "postcode", "M1 1AE", "m11ae"),
    # Meta Business Help Centre, "How to format a customer list when creating a custom audience".
    Vector(META, "phone", "+44 844 412 4653", "448444124653"),
    Vector(META, "mobile_ad_id", "AECE52E7-03EE-455A-B3C4-E57283966239", "aece52e7-03ee-455a-b3c4-e57283966239"),
]
# TikTok Business Help Center, "List of supported IDs and formats for a customer file".
TIKTOK_PAGE = [
    Vector(
        TIKTOK,
        "email",
        "JaneDoe@gmail.com",
        "janedoe@gmail.com",
        "d6117306485ed0e50afab3ac871e98f81699151f30281527d63ff5f233656c69",
    ),
    Vector(TIKTOK, "phone", "+16577770000", "+16577770000"),
    Vector(TIKTOK, "phone", "+37493828222", "+37493828222"),
    Vector(
        TIKTOK,
        "mobile_ad_id",
        "5F3A2B18-9C4D-4E7F-B8E2-17D3A1E69B25",
        "5f3a2b18-9c4d-4e7f-b8e2-17d3a1e69b25",
        "83dc3f5f32b9472613b0f038d36f22585a609d018af6f6067f50da318bf354bd",
    ),
]
# Snap Marketing API, "Best Practices": Data Hygiene.
SNAP_PAGE = [
    Vector(
        SNAP,
        "email",
        " Person@Example.com ",
        "person@example.com",
        "542d240129883c019e106e3b1b2d3f3cb3537c43c425364de8e951d5a3083345",
    ),
    Vector(SNAP, "phone", "+44 844 412 4653", "448444124653"),
    Vector(SNAP, "phone", "0044 (0)844 412 4653", "448444124653"),
]
PUBLISHED = [*GOOGLE_PAGE, *META_PAGE, *TIKTOK_PAGE, *SNAP_PAGE]
# What the rules mean for values nobody published a vector for.
OURS = [
    Vector(GOOGLE, "email", "a.b.c.d@googlemail.com", "abcd@googlemail.com"),  # every dot, not only the first
    Vector(GOOGLE, "email", "ann @\u00a0gmail.com", "ann@gmail.com"),
    Vector(GOOGLE, "email", "a.b+c@gmail.com.de", "a.b+c@gmail.com.de"),
    Vector(META, "email", "a.b+c@gmail.com", "a.b+c@gmail.com"),
    Vector(GOOGLE, "given_name", " Mrs. Anna  Maria ", "anna maria"),
    Vector(GOOGLE, "family_name", "King, Jr.", "king"),
    Vector(GOOGLE, "family_name", "O'Brien", "o'brien"),
    Vector(GOOGLE, "given_name", "Drew", "drew"),
    Vector(META, "given_name", "Vale\u0301ry", "valéry"),
    Vector(META, "family_name", "Nguye\u0302\u0303n", "nguyễn"),
    Vector(META, "given_name", "Zo\u200be", "zoe"),
    Vector(META, "given_name", "ALİ", "ali"),
    Vector(META, "given_name", "Ｍａｒｙ", "mary"),
    Vector(META, "email", "mailto:ALİ@xn--mller-kva.de", "ali@müller.de"),
    Vector(META, "family_name", "O'Brien-Smith", "obriensmith"),
    Vector(META, "given_name", "Anna  Maria", "anna maria"),
    Vector(META, "city", "Sankt Pölten", "sanktpölten"),
    Vector(META, "postcode", "94035-1234", "94035"),
    Vector(SNAP, "phone", "\u202a+49 30/1234567\u202c", "49301234567"),
    Vector("linkedin", "country", "de", "DE"),
    Vector("linkedin", "given_name", "  Mike ", "Mike"),
    Vector("linkedin", "job_title", "Software  Engineer", "Software Engineer"),
    Vector("csv", "given_name", " Anna  Maria ", "Anna Maria"),
    Vector("crm_jdbc", "birth_date", "1997-02-16", "1997-02-16"),
    Vector("crm_jdbc", "phone", "+49 30 1234567", "+49301234567"),
    Vector("email_jsonl", "email", " Ann@X.de", "ann@x.de"),
]


def rule_of(vector: Vector) -> FieldRule:
    return KINDS[vector.kind].fields[vector.field]


HASHED = sorted({rule for kind in KINDS.values() for rule in kind.fields.values() if rule.hashed}, key=str)
SHAPED = sorted({rule for kind in KINDS.values() for rule in kind.fields.values()} - {FieldRule("text")}, key=str)
DIGEST = sha256("ann@x.de")
SPELLINGS = (DIGEST, DIGEST.upper(), f" {DIGEST} ")
OF_NOTHING = [*(sha256(word) for word in HASHED_BY_MISTAKE), sha256("NULL"), sha256("None"), sha256("").upper()]
WORDS = ("null", "None", " N/A ", "UNKNOWN", "00000000-0000-0000-0000-000000000000")
BLANK = (None, "", " \t\u00a0\u3000", "\u200b\ufeff")
FREE = [(FieldRule("text"), "none"), (FieldRule("as_is"), " null "), (FieldRule("text"), DIGEST)]
MALFORMED = {
    "email": ["ann", "ann@x", "@x.de", "a@b@x.de", "Ann <a@x.de>", "a@x.de,b@x.de", "a" * 250 + "@x.de"],
    "email_google": ["ann", "+x@gmail.com", "...@gmail.com"],
    "phone_plus": ["030 1234567", "6505551212", "+0301234567", "+49", "+1 650 555 1212 ext. 3", "+" + "1" * 16],
    "phone_digits": ["030 1234567", "6505551212", "+0301234567", "call me"],
    "country_upper": ["Germany", "D", "D1", "49"],
    "country_lower": ["Germany", "D1"],
    "birth_date": ["1997-02-30", "1897-02-16", "16.2.1997", "19970216"],
    "birth_date_plain": ["1997-02-30", "2/16/1997"],
    "gender": ["x", "unsure", "männlich"],
    "mobile_ad_id": ["aece52e7", "aece52e703ee455ab3c4e57283966239", "gece52e7-03ee-455a-b3c4-e57283966239"],
    "postcode": ["!", "1", "-" * 8],
    "postcode_plain": ["!", "1", "12 (3)"],
    "place": ["!?"],
    "name_plain": ["-", "'"],
    "text_35": ["x" * 36],
    "text_50": ["x" * 51],
}
CASES: list[Case] = [
    *((rule_of(vector), vector.given) for vector in (*PUBLISHED, *OURS)),
    *((rule, spelling) for rule in {*HASHED, *SHAPED} for spelling in SPELLINGS),
    *((rule, digest) for rule in HASHED for digest in OF_NOTHING),
    *((rule, word) for rule in {*HASHED, *SHAPED} for word in (*WORDS, *BLANK)),
    *((rule, value) for rule in SHAPED for value in MALFORMED.get(rule.rule, [])),
    *FREE,
]


@pytest.fixture(scope="module")
def found(spark: SparkSession) -> Found:
    """What is sent and what is wrong, for every case: one job for all of them."""
    rules, cases = sorted({rule for rule, _ in CASES}, key=str), sorted(set(CASES), key=str)
    frame = spark.createDataFrame([(i, rules.index(r), v) for i, (r, v) in enumerate(cases)], "i int, n int, v string")

    def each(made: Callable[[FieldRule], Column]) -> Column:
        return F.coalesce(*(F.when(F.col("n") == n, made(rule)) for n, rule in enumerate(rules)))

    texts = frame.withColumn("text", each(lambda rule: text(F.col("v"), rule)))
    values = texts.withColumn("sent", each(lambda rule: sent(F.col("text"), rule)))
    wrong = values.withColumn("problem", each(lambda rule: problem(F.col("text"), F.col("sent"), rule)))
    return {cases[row.i]: (row.sent, row.problem) for row in wrong.collect()}


def test_published_and_own_vectors_are_met(found: Found) -> None:
    for vector in (*PUBLISHED, *OURS):
        wanted = vector.published or (sha256(vector.normal) if rule_of(vector).hashed else vector.normal)
        assert (vector, *found[rule_of(vector), vector.given]) == (vector, wanted, None)


def test_a_published_hash_is_that_of_its_normal_form() -> None:
    assert [v for v in PUBLISHED if v.published and v.published != sha256(v.normal)] == []


def test_the_phone_hash_tiktok_publishes_is_of_the_number_without_its_plus() -> None:
    # The page asks for E.164 with +, and accepts numbers without it; its example is of the second form.
    assert sha256("37493828222") == "65b7e6dcf6f4310f8d7cbfbd78289a753062fb054d6664fb9aaac5df66a422d4"


def test_a_hash_is_passed_on_in_lower_case_and_never_hashed_again(found: Found) -> None:
    assert {found[rule, spelling] for rule in HASHED for spelling in SPELLINGS} == {(DIGEST, None)}


def test_the_hash_of_nothing_is_worthless_wherever_a_hash_is_taken(found: Found) -> None:
    assert {found[rule, digest] for rule in HASHED for digest in OF_NOTHING} == {(None, "worthless")}


def test_a_hash_is_no_value_where_a_readable_one_is_wanted(found: Found) -> None:
    readable = [rule for rule in SHAPED if not rule.hashed]
    assert {found[rule, spelling] for rule in readable for spelling in SPELLINGS} == {(None, "hashed")}


def test_what_is_not_of_the_form_is_not_sent(found: Found) -> None:
    assert set(MALFORMED) >= {rule.rule for rule in SHAPED} - {"name", "name_untitled", "text"}
    cases = [(rule, value) for rule in SHAPED for value in MALFORMED.get(rule.rule, [])]
    assert {case: found[case] for case in cases} == dict.fromkeys(cases, (None, "invalid"))


def test_words_that_stand_for_nothing_are_worthless_and_blanks_are_missing(found: Found) -> None:
    assert {found[rule, word] for rule in {*HASHED, *SHAPED} for word in WORDS} == {(None, "worthless")}
    assert {found[rule, blank] for rule in {*HASHED, *SHAPED} for blank in BLANK} == {(None, "missing")}


def test_free_text_may_be_what_stands_for_nothing_elsewhere(found: Found) -> None:
    assert {case: found[case] for case in FREE} == {case: (case[1], None) for case in FREE}


def test_what_a_spreadsheet_would_compute_is_escaped(spark: SparkSession) -> None:
    formulas = ["=1+1", "+49301234567", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠x"]
    harmless = ["ann@x.de", "1-1", "'=1", "", None, "a=b", " =1"]
    rows = spark.createDataFrame([(value,) for value in formulas + harmless], "value string")
    found = [row.value for row in rows.select(escaped(F.col("value")).alias("value")).collect()]
    assert found == [f"'{value}" for value in formulas] + harmless


def test_every_rule_of_a_kind_is_tried_here() -> None:
    tried = {rule_of(vector).rule for vector in (*PUBLISHED, *OURS)} | {rule.rule for rule, _ in FREE}
    used = {rule.rule for kind in KINDS.values() for rule in kind.fields.values()}
    assert used <= tried
