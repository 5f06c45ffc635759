"""Normalisers: delivered text → the one spelling by which values are compared. Null means: not usable.

Identity and destinations use the same; what a single destination wants beyond them is in destination.py.
"""

from collections.abc import Callable

from pyspark.sql import Column
from pyspark.sql import functions as F

from c360_spark.columns import phone as phones
from c360_spark.columns.domain import domain
from c360_spark.columns.letters import letters, lower_case, plain_letters
from c360_spark.columns.once import once
from c360_spark.columns.postcode import postcode
from c360_spark.columns.punycode import unicode_host
from c360_spark.config.identity import RuleSet
from c360_spark.config.part import KeyPart, PhoneFormat

EMAIL = r"^[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\".]{2,}$"


def normalized(name: str, value: Column, country: Column) -> Column:
    """`value` by the normaliser called `name` in conf/. `country` tells how to read a national phone number, and how
    many digits a postcode has.
    """
    if name == "phone":
        return phone(value, country)
    return postcode(value, country) if name == "postcode" else NORMALIZERS[name](value)


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
    """One spelling of letters, without blanks around them; null when nothing is left."""
    return letters(value, _trimmed)


def lower(value: Column) -> Column:
    return letters(value, lambda text: lower_case(_trimmed(text)))


def upper(value: Column) -> Column:
    return letters(value, lambda text: F.upper(_trimmed(text)))


def email(value: Column) -> Column:
    """Lower case without blanks and `mailto:`; null unless it looks like local@domain.tld. Dots and tags are kept: they
    matter. Before the @ a Turkish ı is an i, which capitals have made of it.
    """
    return letters(value, _email)


def name(value: Column) -> Column:
    """Lower case, without accents, punctuation and doubled blanks: `Müller-Lüdenscheidt` → `muller ludenscheidt`."""
    return letters(value, _name)


def soundex(value: Column) -> Column:
    """American Soundex of the name: equal for many misspellings."""
    return F.soundex(name(value))


def digits(value: Column) -> Column:
    """Digits only. A float's `.0` is none."""
    return letters(value, _digits)


def phone(value: Column, country: Column, format: PhoneFormat | None = None) -> Column:
    """E.164, reading numbers without a country code as `country` dials them; null unless it is a possible number."""
    return phones.phone(trim(value), country, format).number


def _trimmed(text: Column) -> Column:
    return F.nullif(F.trim(F.regexp_replace(text, "\\s+", " ")), F.lit(""))


def _email(text: Column) -> Column:
    plain = F.translate(F.replace(lower_case(text), F.lit(" "), F.lit("")), "。", ".")
    plain = F.regexp_replace(plain, r"^mailto:([^?]*).*$", "$1")
    plain = F.when(plain.rlike("xn--|ı"), once(plain, _foreign)).otherwise(plain)
    return F.when(plain.rlike(EMAIL), plain)


def _foreign(address: Column) -> Column:
    local, host = F.substring_index(address, "@", 1), F.substring_index(address, "@", -1)
    return F.when(address.contains("@"), F.concat(F.translate(local, "ı", "i"), F.lit("@"), unicode_host(host)))


def _name(text: Column) -> Column:
    words = F.regexp_replace(plain_letters(lower_case(text)), r"[^\p{L}\p{M}\p{N}]+", " ")
    return F.nullif(F.trim(words), F.lit(""))


def _digits(text: Column) -> Column:
    found = F.regexp_replace(F.regexp_replace(text, r"^(\s*[+-]?\d+)\.0+\s*$", "$1"), r"\D", "")
    return F.nullif(found, F.lit(""))


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
