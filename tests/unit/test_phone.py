"""Phone numbers: what people write → E.164, and never a number that nobody wrote."""

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from c360_spark.columns.phone import AMBIGUOUS, NO_COUNTRY, UNUSABLE, e164, reading

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
FORMATS = phonenumbers.PhoneNumberFormat


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("030 1234567", "DE", "+49301234567"),
        ("(030) 123 45 67", "DE", "+49301234567"),
        ("+49 (0)30 1234567", "DE", "+49301234567"),
        ("0049 30 1234567", "DE", "+49301234567"),
        ("+49 30/1234567", "US", "+49301234567"),
        ("0151-23456789", "DE", "+4915123456789"),
        ("00 49 151 23456789", "FR", "+4915123456789"),
        ("(212) 555-0123", "US", "+12125550123"),
        ("212.555.0123", "US", "+12125550123"),
        ("1-212-555-0123", "US", "+12125550123"),
        ("011 49 30 1234567", "US", "+49301234567"),
        ("+1 212 555 0123", "DE", "+12125550123"),
        ("001 212 555 0123", "DE", "+12125550123"),
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("+33 6 12 34 56 78", "FR", "+33612345678"),
        ("+33 (0)6 12.34.56.78", "FR", "+33612345678"),
        ("0033612345678", "DE", "+33612345678"),
        ("tel:+33612345678", "FR", "+33612345678"),
        ("+33612345678", None, "+33612345678"),
        ("０６ １２ ３４ ５６ ７８", "FR", "+33612345678"),
        ("\u202a+33 6 12 34 56 78\u202c", "FR", "+33612345678"),
    ],
)
def test_one_number_has_one_spelling(text, country, number):
    assert e164(text, country) == number


@pytest.mark.parametrize(
    ("text", "country"),
    [
        (None, "DE"),
        ("", "DE"),
        ("   ", "DE"),
        ("unknown", "DE"),
        ("n/a", "US"),
        ("-1", "US"),
        ("0", "DE"),
        ("123", "US"),
        ("+", "DE"),
        ("+999 123456789", "DE"),
        ("1" * 40, "DE"),
        ("x" * 10_000, "DE"),
        ("anna@example.com", "FR"),
        ("030 1234567", None),
        ("030 1234567", "XX"),
        ("030 1234567", "Germany"),
    ],
)
def test_what_is_no_number_is_nothing(text, country):
    assert e164(text, country) is None


def test_a_number_without_its_area_code_is_nothing():
    assert e164("555-0123", "US") is None  # else everybody with this number in any town is one person


def test_a_number_in_e164_stays_as_it_is():
    for region in ("DE", "US", "FR", "GB", "IT", "NL"):
        example = phonenumbers.example_number(region)
        number = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
        assert {e164(number, country) for country in (region, "US", None)} == {number}


def test_an_extension_keeps_two_colleagues_apart():
    line = "+12125550123"
    for text in ("(212) 555-0123 ext. 42", "2125550123x42", "212-555-0123 #42", "tel:+1-212-555-0123;ext=42"):
        assert e164(text, "US") == f"{line};ext=42"
    assert e164("(212) 555-0123 ext. 43", "US") == f"{line};ext=43"
    assert e164("030 1234567 x42", "DE") == "+49301234567;ext=42"
    assert e164(e164("030 1234567 x42", "DE"), None) == "+49301234567;ext=42"


def test_the_last_digit_of_a_float_is_none():
    assert e164("+4915123456789.0", "DE") == "+4915123456789"
    assert e164("03012345678.0", "DE") == "+493012345678"
    assert e164("2125550123.00", "US") == "+12125550123"
    assert reading("4.915123456789E12", "DE") == (None, UNUSABLE)
    assert reading("4.915e+12", "DE") == (None, UNUSABLE)


@pytest.mark.parametrize(
    ("text", "country", "national", "international"),
    [
        ("4915123456000", "DE", "+494915123456000", "+4915123456000"),
        ("4915123456789.0", "DE", "+494915123456789", "+4915123456789"),
        ("15123456000", "DE", "+4915123456000", "+15123456000"),
        ("49 30 1234567", "DE", "+4949301234567", "+49301234567"),
        ("39066982", "IT", "+3939066982", "+39066982"),
    ],
)
def test_digits_that_are_two_numbers_are_none_until_the_contract_says_which(text, country, national, international):
    found = [reading(text, country), reading(text, country, "national"), reading(text, country, "international")]
    if found[0] == (None, AMBIGUOUS):
        assert found[1:] == [(national, None), (international, None)]
    else:  # one of the two is no number at all
        assert found[0][0] in (national, international)
        assert found[0] in found[1:]


def test_what_hubspot_exports_is_ambiguous_in_germany_and_nowhere_guessed():
    assert reading("4915123456000", "DE") == (None, AMBIGUOUS)
    assert reading("4915123456000", None) == (None, NO_COUNTRY)
    assert e164("4915123456000", None, "international") == "+4915123456000"
    assert e164("4915123456000", "AT") == "+4915123456000"  # no number of Austria
    assert e164("33612345678", "FR") == "+33612345678"
    assert e164("447911123456", "GB") == "+447911123456"


def test_digits_as_they_are_written_at_home_are_a_national_number():
    for text in ("2125550123", "2015550123", "4352345678", "646 555 0123"):
        assert e164(text, "US") == "+1" + text.replace(" ", "")
    assert e164("13123456789", "CN") == "+8613123456789"
    assert e164("612345678", "ES") == "+34612345678"


def test_a_declared_format_does_not_overrule_what_a_number_says_itself():
    for format in ("national", "international"):
        assert e164("+49 30 1234567", "US", format) == "+49301234567"
        assert e164("030 1234567", "DE", format) == "+49301234567"
        assert e164("0049 30 1234567", "DE", format) == "+49301234567"


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("+5215512345678", None, "+525512345678"),
        ("+52 1 55 1234 5678", "MX", "+525512345678"),
        ("044 55 1234 5678", "MX", "+525512345678"),
        ("5215512345678", "MX", "+525512345678"),
        ("+525512345678", None, "+525512345678"),
        ("+5491123456789", None, "+5491123456789"),
        ("011 15-2345-6789", "AR", "+5491123456789"),
        ("+54 11 15 2345 6789", None, "+5491123456789"),
        ("+490301234567", None, "+49301234567"),
        ("+0049 30 1234567", None, "+49301234567"),
        ("0049301234567", None, "+49301234567"),
        ("0049301234567", "US", "+49301234567"),
        ("8 (495) 123-45-67", "RU", "+74951234567"),
    ],
)
def test_what_was_dialled_before_a_number_once_is_no_part_of_it(text, country, number):
    assert e164(text, country) == number


@pytest.mark.parametrize(
    "text",
    [
        "030 1234567 DW 42",
        "030 1234567 Mobil",
        "030 1234567/68",
        "030 123456 / 654321",
        "0151 23456789 oder 030 1234567",
        "+49 151 23456789; +49 30 1234567",
        "030 1234567, 030 7654321",
        "1-800-FLOWERS",
        "call 0800 anna",
    ],
)
def test_digits_of_words_and_of_second_numbers_are_not_added_to_a_number(text):
    for country in ("DE", "US"):
        assert reading(text, country)[0] is None


def test_a_0_after_the_code_of_another_country_is_read_only_where_it_is_known_to_be_a_code():
    assert e164("490301234567", "FR") is None
    assert e164("390612345678", "FR") == "+390612345678"
    assert e164("49301234567", "FR") == "+49301234567"
    assert e164("490301234567", "FR", "international") == e164("+490301234567", "FR") == "+49301234567"


@pytest.mark.parametrize("text", ["(000) 000-0000", "000-000-0000", "+1 000 000 0000", "000/000", "0000000000"])
def test_zeros_are_no_number(text):
    assert [reading(text, country) for country in ("US", "DE", "IT")] == [(None, UNUSABLE)] * 3


def test_an_extension_has_one_spelling():
    assert e164("+49 30 1234567 ext ١٢", "DE") == e164("030 1234567 ext 12", "DE") == "+49301234567;ext=12"


def test_words_before_a_number_and_notes_after_it_are_no_part_of_it():
    assert e164("Tel.: 030 1234567", "DE") == "+49301234567"
    assert e164("030 1234567 (privat)", "DE") == "+49301234567"


@settings(deadline=None)
@given(st.sampled_from(REGIONS), st.sampled_from([phonenumbers.PhoneNumberType.MOBILE, 0]), st.data())
def test_a_number_written_as_at_home_or_abroad_is_that_number(region, kind, data):
    example = phonenumbers.example_number_for_type(region, kind)
    if example is None:
        return
    form = data.draw(st.sampled_from([FORMATS.E164, FORMATS.INTERNATIONAL, FORMATS.NATIONAL, FORMATS.RFC3966]))
    number = phonenumbers.format_number(example, FORMATS.E164)
    assert reading(phonenumbers.format_number(example, form), region) == (number, None)


@settings(deadline=None)
@given(st.sampled_from(REGIONS), st.text("0123456789", min_size=4, max_size=15))
def test_digits_make_no_number_but_one_that_can_be_read_from_them(region, digits):
    number, problem = reading(digits, region)
    assert (number is None) == (problem is not None)
    if number:
        code = str(phonenumbers.country_code_for_region(region))
        rest = number.removeprefix("+").removeprefix(code)
        # Some places put an area code before short numbers (Jersey), or a digit before mobile ones (Argentina).
        whole = digits.endswith(rest.lstrip("0")) or digits.endswith(number[1:])
        # Where 00 (011 in America) is before the country code, a 0 may follow that is dialled at home only.
        abroad = str(phonenumbers.parse(number).country_code)
        without_0 = digits[1:].endswith(f"{abroad}0{number.removeprefix('+').removeprefix(abroad)}")
        assert whole or without_0 or number.endswith(digits) or number.startswith("+549")


@settings(deadline=None)
@given(st.sampled_from(REGIONS), st.text("0123456789", min_size=6, max_size=15))
def test_digits_valid_at_home_and_with_the_country_s_own_code_are_never_guessed(region, digits):
    code = phonenumbers.country_code_for_region(region)
    if digits.startswith("0"):
        return
    home = phonenumbers.PhoneNumber(code, int(digits))
    try:
        abroad = phonenumbers.parse(f"+{digits}", None)
    except phonenumbers.NumberParseException:
        return
    both = phonenumbers.is_valid_number(home) and phonenumbers.is_valid_number(abroad)
    if both and abroad.country_code == code and abroad.national_number != int(digits):
        assert e164(digits, region) is None
