"""Phone normaliser: numbers as people write them → E.164, with `;ext=` for an extension (RFC 3966).

A wrong number is worse than none: text that can be read in two ways is not read, and the reason is returned.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

import pandas as pd
import phonenumbers
from phonenumbers import CountryCodeSource, PhoneNumber, ValidationResult
from pyspark.sql import Column
from pyspark.sql import functions as F

from c360_spark.config.rules.key_part import PhoneFormat

Reading = tuple[str | None, str | None]  # the number, or why there is none

# Reasons why a text is no number. `ambiguous`: its digits are one number at home and another one abroad.
AMBIGUOUS, NO_COUNTRY, UNUSABLE = "ambiguous", "no_country", "unusable"
MOST_CHARACTERS = 250  # the limit of phonenumbers, which takes long for more
FLOAT = re.compile(r"^([^.]*[0-9]{4})\.0+$")  # from a column of floats: the last digit is not part of the number
SCIENTIFIC = re.compile(r"[0-9]e\+?[0-9]", re.IGNORECASE)  # digits are lost
NOTE = re.compile(r"\s*\([^()0-9]*\)\s*$")  # (private)
LETTER = re.compile(r"[^\W\d_]")
SECOND_NUMBER = re.compile(r"[/,;|&](?!\s*ext)|\n")
MOST_BEFORE_SLASH = 7  # digits without leading zeros, of a country code and an area code
# Former prefixes of mobile numbers, no longer part of the number: phonenumbers has dropped them too.
LEGACY = {52: ("1", "044", "045", "01")}  # Mexico, until August 2019


def phone(value: Column, country: Column, format: PhoneFormat | None = None) -> Column:
    """A phone number as `number` (E.164) and `problem`. One of them is null; both are where there is no value.

    `country` is an ISO 3166 code. Digits without + or 00 are read as `format` says. Without a `format` they are read if
    they have one meaning, and are `ambiguous` where they are valid as a number of that country and as one with a
    country code.
    """
    udf: Callable[..., Column] = F.pandas_udf(_readings, "number string, problem string")  # type: ignore[attr-defined, call-overload]
    return udf(value, country, F.lit(format).cast("string"))


def e164(text: str | None, country: str | None, format: PhoneFormat | None = None) -> str | None:
    """One number as E.164, or None."""
    return reading(text, country, format)[0]


def reading(text: str | None, country: str | None, format: PhoneFormat | None = None) -> Reading:
    """One number as E.164, or the reason why it is none; both are None where there is no text."""
    if not text or not text.strip():
        return None, None
    written = _written(text)
    if written is None:
        return None, UNUSABLE
    region = country if country in phonenumbers.SUPPORTED_REGIONS else None
    number, problem = _read(written, region, format)
    if number is None:
        return None, problem
    if _has_words(written, number) or _has_two(written):
        return None, UNUSABLE
    found = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    extension = phonenumbers.normalize_digits_only(number.extension or "")  # digits of any script
    return (f"{found};ext={extension}" if extension else found), None


def _written(text: str) -> str | None:
    """The text without what spreadsheets and people add to a number; None where digits are lost."""
    if len(text) > MOST_CHARACTERS:
        return None
    shown = "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf")
    plain = NOTE.sub("", shown.strip())
    floating = FLOAT.match(plain)
    if not plain or SCIENTIFIC.search(plain):
        return None
    plain = floating[1] if floating else plain
    return re.sub(r"^\s*\+\s*00\s*", "+", plain)


def _read(text: str, region: str | None, format: PhoneFormat | None) -> tuple[PhoneNumber | None, str | None]:
    abroad = _parsed("+" + re.sub(r"^00", "", text), None) if not text.startswith("+") else None
    number = _parsed(text, region)
    if number is None or (text.startswith("00") and not _is_possible(number)):
        # 00 is what most of the world dials before a country code.
        explicit = text.startswith("00") or (format == "international" and not text.startswith("0"))
        if explicit and abroad is not None and _is_possible(abroad):
            return abroad, None
        is_local = number is None and region is None and any(map(str.isdigit, text))
        return None, NO_COUNTRY if is_local else UNUSABLE
    if number.country_code_source in (
        CountryCodeSource.FROM_NUMBER_WITH_PLUS_SIGN,
        CountryCodeSource.FROM_NUMBER_WITH_IDD,
    ):
        return _possible(number)
    assert region is not None
    return _bare(text, region, number, abroad, format)


def _bare(
    text: str, region: str, number: PhoneNumber, abroad: PhoneNumber | None, format: PhoneFormat | None
) -> tuple[PhoneNumber | None, str | None]:
    """Reads digits that have neither + nor 00 before them."""
    if _has_trunk(text, region):
        return _possible(number)
    outside = _possible(abroad)[0] if abroad is not None else None
    if format == "international":
        return (outside, None) if outside else (None, UNUSABLE)
    has_code = number.country_code_source == CountryCodeSource.FROM_NUMBER_WITHOUT_PLUS_SIGN
    inside = None if has_code else _possible(number)[0]
    # Accept digits in the usual national form, which here has no prefix, or else a number that is valid.
    is_usual = inside is not None and _digits(_national(inside)) == _digits(text)
    if inside is not None and not (is_usual or phonenumbers.is_valid_number(inside)):
        inside = None
    if format == "national":
        return (inside, None) if inside else (None, UNUSABLE)
    is_own = outside is not None and outside.country_code == phonenumbers.country_code_for_region(region)
    is_real = outside is not None and phonenumbers.is_valid_number(outside)
    if inside is not None:
        rivals = (is_own and (is_real or not is_usual)) or (is_real and not is_usual)
        return (None, AMBIGUOUS) if rivals else (inside, None)
    if outside is None or not (is_real or (has_code and is_own)):
        return None, UNUSABLE
    # Without a +, a 0 after the code of another country makes the reading too uncertain.
    is_whole = phonenumbers.format_number(outside, phonenumbers.PhoneNumberFormat.E164) == f"+{_digits(text)}"
    return (outside, None) if is_own or is_whole else (None, UNUSABLE)


def _possible(number: PhoneNumber) -> tuple[PhoneNumber | None, str | None]:
    if _is_possible(number):
        return number, None
    digits = phonenumbers.national_significant_number(number)
    for prefix in LEGACY.get(number.country_code or 0, ()):
        shorter = PhoneNumber(number.country_code, int(digits[len(prefix) :] or 0), number.extension)
        if digits.startswith(prefix) and phonenumbers.is_valid_number(shorter):
            return shorter, None
    return None, UNUSABLE


def _is_possible(number: PhoneNumber) -> bool:
    """Whether the number is complete. A local number without its area code is not: many share it."""
    is_possible = phonenumbers.is_possible_number_with_reason(number) == ValidationResult.IS_POSSIBLE
    return is_possible and bool(number.national_number)  # of zeros alone phonenumbers gives back what was written


def _parsed(text: str, region: str | None) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(text, region, keep_raw_input=True)
    except phonenumbers.NumberParseException:
        return None


def _national(number: PhoneNumber) -> str:
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


@lru_cache(maxsize=300)
def _trunk(region: str) -> str | None:
    """The trunk prefix: dialled before a national number at home. None where it equals the country code."""
    prefix = phonenumbers.ndd_prefix_for_region(region, True)
    return None if prefix == str(phonenumbers.country_code_for_region(region)) else prefix


def _has_trunk(text: str, region: str) -> bool:
    trunk = _trunk(region)
    return _digits(text).startswith(("0", trunk) if trunk else "0")


def _has_words(text: str, number: PhoneNumber) -> bool:
    """Whether letters occur within or after the number: they would be read as digits of a keypad."""
    body = text
    if number.extension:
        body = re.sub(r"\D+$", "", text[: text.rindex(number.extension)])
    body = re.split(r";(?:phone-context|isub)=", body, maxsplit=1)[0]
    return LETTER.search(re.sub(r"^[^\d+]+", "", body)) is not None


def _has_two(text: str) -> bool:
    """Whether the text has two numbers, or one with an alternative ending: `030 1234567/68`."""
    first, *others = SECOND_NUMBER.split(text, maxsplit=1)
    digits = re.sub(r"\D", "", first).lstrip("0")
    return bool(others) and len(digits) > MOST_BEFORE_SLASH and any(map(str.isdigit, others[0]))


def _readings(texts: pd.Series, countries: pd.Series, formats: pd.Series) -> pd.DataFrame:
    # Parsing costs 50 µs or more per number, so parse each distinct one of the batch once.
    triples = pd.MultiIndex.from_arrays([texts, countries, formats])
    codes, distinct = pd.factorize(triples)
    found = [reading(*(None if pd.isna(part) else part for part in triple)) for triple in distinct]
    return pd.DataFrame(found, columns=["number", "problem"], dtype=object).take(codes).reset_index(drop=True)
