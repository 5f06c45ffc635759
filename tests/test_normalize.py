"""Phone numbers: what people write → E.164."""

import phonenumbers
import pytest

from c360_spark.columns.normalize import e164


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


def test_an_extension_is_not_part_of_the_number():
    assert e164("(212) 555-0123 ext. 42", "US") == "+12125550123"
    assert e164("030 1234567 x42", "DE") == "+49301234567"
