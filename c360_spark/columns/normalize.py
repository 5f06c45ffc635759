"""Normalisers: delivered text → the one spelling by which values are compared. Null means: not usable."""

from collections.abc import Callable

import pandas as pd
import phonenumbers
from pyspark.sql import Column
from pyspark.sql import functions as F

from c360_spark.columns.domain import domain
from c360_spark.config.identity import RuleSet
from c360_spark.config.part import KeyPart

ACCENTED = "àáâãäåāăąçćčďđèéêëēėęěìíîïīįłľñńňòóôõöøōőŕřśšşťţùúûüūůűųýÿžźż"
PLAIN = "aaaaaaaaacccddeeeeeeeeiiiiiillnnnoooooooorrsssttuuuuuuuuyyzzz"
EMAIL = r"^[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\".]{2,}$"


def normalized(name: str, value: Column, country: Column) -> Column:
    """`value` by the normaliser called `name` in conf/. `country` tells how to read a national phone number."""
    return phone(value, country) if name == "phone" else NORMALIZERS[name](value)


def by_namespace(namespace: Column, value: Column, rules: RuleSet) -> Column:
    """`value` as the row's namespace normalises it; phone numbers as they are, which need their + and country code."""
    found = value
    for name, space in rules.namespaces.items():
        if space.normalize in NORMALIZERS:
            found = F.when(namespace == name, NORMALIZERS[space.normalize](value)).otherwise(found)
    return found


def key_part(part: KeyPart, country: Column) -> Column:
    """One part of a key of a customer record; null where the record lacks it."""
    value = normalized(part.normalize, F.col(part.column).cast("string"), country)
    return F.substring(value, 1, part.prefix) if part.prefix else value


def trim(value: Column) -> Column:
    """Without blanks around it; null when nothing is left."""
    text = F.trim(F.regexp_replace(value, r"[\s\u00a0]+", " "))
    return F.nullif(text, F.lit(""))


def lower(value: Column) -> Column:
    return F.lower(trim(value))


def upper(value: Column) -> Column:
    return F.upper(trim(value))


def email(value: Column) -> Column:
    """Lower case without blanks; null unless it looks like local@domain.tld. Dots and tags are kept: they matter."""
    text = F.lower(F.regexp_replace(value, r"[\s\u00a0]+", ""))
    return F.when(text.rlike(EMAIL), text)


def name(value: Column) -> Column:
    """Lower case, without accents, punctuation and doubled blanks: `Müller-Lüdenscheidt` → `muller ludenscheidt`."""
    text = F.regexp_replace(F.lower(value), r"[\u0300-\u036f]", "")  # accents that are characters of their own
    text = F.translate(text, ACCENTED, PLAIN)
    text = F.replace(F.replace(text, F.lit("ß"), F.lit("ss")), F.lit("æ"), F.lit("ae"))
    return trim(F.regexp_replace(text, r"[^\p{L}\p{M}\p{N}]+", " "))


def soundex(value: Column) -> Column:
    """American Soundex of the name: equal for many misspellings."""
    return F.soundex(name(value))


def postcode(value: Column) -> Column:
    """Upper case, letters and digits only; the ZIP+4 of a US code is cut off."""
    text = F.regexp_replace(F.upper(value), r"[^A-Z0-9-]", "")
    text = F.regexp_replace(F.regexp_replace(text, r"^(\d{5})-\d{4}$", "$1"), "-", "")
    return F.nullif(text, F.lit(""))


def digits(value: Column) -> Column:
    """Digits only."""
    text = F.regexp_replace(value, r"\D", "")
    return F.nullif(text, F.lit(""))


def phone(value: Column, country: Column) -> Column:
    """E.164, reading numbers without a country code as `country` dials them; null unless it is a possible number."""
    return _phone_udf(trim(value), country)


NORMALIZERS: dict[str, Callable[[Column], Column]] = {
    "trim": trim,
    "lower": lower,
    "upper": upper,
    "email": email,
    "name": name,
    "soundex": soundex,
    "postcode": postcode,
    "digits": digits,
    "domain": domain,
}


def e164(text: str | None, country: str | None) -> str | None:
    """One number in E.164, or None."""
    if not text:
        return None
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    reason = phonenumbers.is_possible_number_with_reason(number)
    if reason != phonenumbers.ValidationResult.IS_POSSIBLE:  # a local number without its area belongs to many
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _e164_series(texts: pd.Series, countries: pd.Series) -> pd.Series:
    # Parsing costs 50 µs a number: parse each distinct one of the batch once.
    pairs = pd.MultiIndex.from_arrays([texts, countries])
    codes, distinct = pd.factorize(pairs)
    numbers = [e164(*(None if pd.isna(part) else part for part in pair)) for pair in distinct]
    return pd.Series(numbers, dtype=object).take(codes).reset_index(drop=True)


def _phone_udf(value: Column, country: Column) -> Column:
    udf: Callable[[Column, Column], Column] = F.pandas_udf(_e164_series, "string")  # type: ignore[attr-defined, call-overload]
    return udf(value, country)
