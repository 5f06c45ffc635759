"""Normalisers: delivered text → the one spelling by which values are compared. Null means: not usable.

Identity and destinations use the same; what a single destination wants beyond them is in destination.py.
"""

from collections.abc import Callable
from functools import partial

from pyspark.sql import Column
from pyspark.sql import functions as F

from c360_spark.columns import phone as phones
from c360_spark.columns.domain import plain_domain
from c360_spark.columns.letters import letters, lower_case, plain_letters
from c360_spark.columns.once import once
from c360_spark.columns.placeholder import is_placeholder
from c360_spark.columns.postcode import plain_postcode
from c360_spark.columns.punycode import unicode_host
from c360_spark.config.identity import RuleSet
from c360_spark.config.part import KeyPart

EMAIL = r"^[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\".]{2,}$"


def normalized(name: str, value: Column, country: Column, *, spelled: bool = False) -> Column:
    """`value` by the normaliser called `name` in conf/. `country` tells how to read a national phone number, and how
    many digits a postcode has. What is `spelled` has been through `letters`: to do it once keeps plans small.
    """
    if name == "phone":
        return phones.phone(_trimmed(value) if spelled else trim(value), country).number
    made = partial(plain_postcode, country=country) if name == "postcode" else OF_LETTERS[name]
    return made(value) if spelled else letters(value, made)


def by_namespace(namespace: Column, value: Column, rules: RuleSet) -> Column:
    """`value` as the row's namespace normalises it; phone numbers as they are, which need their + and country code."""
    found = value
    for name, space in rules.namespaces.items():
        if space.normalize in NORMALIZERS:
            found = F.when(namespace == name, NORMALIZERS[space.normalize](value)).otherwise(found)
    return found


def key_part(part: KeyPart, country: Column) -> Column:
    """One part of a key of a customer record; null where the record lacks it, or has what stands for nothing."""
    given = F.col(part.column).cast("string")

    def made(text: Column) -> Column:
        value = normalized(part.normalize, text, country, spelled=True)
        return F.when(~is_placeholder(part.column, text, part), value)

    # Python, which reads phone numbers, cannot stand within a lambda.
    value = normalized("phone", given, country) if part.normalize == "phone" else letters(given, made)
    return F.substring(value, 1, part.prefix) if part.prefix else value


def trim(value: Column) -> Column:
    """One spelling of letters, without blanks around them; null when nothing is left."""
    return letters(value, _trimmed)


def name(value: Column) -> Column:
    """Lower case, without accents, punctuation and doubled blanks: `Müller-Lüdenscheidt` → `muller ludenscheidt`."""
    return letters(value, plain_name)


def email(value: Column) -> Column:
    """Lower case without blanks and `mailto:`; null unless it looks like local@domain.tld. Dots and tags are kept: they
    matter. Before the @ a Turkish ı is an i, which capitals have made of it.
    """
    return letters(value, _email)


def digits(value: Column) -> Column:
    """Digits only. A float's `.0` is none."""
    return letters(value, _digits)


def plain_name(text: Column) -> Column:
    """`name` of text that has been through `letters`."""
    words = F.regexp_replace(plain_letters(lower_case(text)), r"[^\p{L}\p{M}\p{N}]+", " ")
    return F.nullif(F.trim(words), F.lit(""))


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


def _digits(text: Column) -> Column:
    found = F.regexp_replace(F.regexp_replace(text, r"^(\s*[+-]?\d+)\.0+\s*$", "$1"), r"\D", "")
    return F.nullif(found, F.lit(""))


# By the name in conf/ what is made of text that has been through `letters`. American Soundex is equal for many
# misspellings.
OF_LETTERS: dict[str, Callable[[Column], Column]] = {
    "trim": _trimmed,
    "lower": lambda text: lower_case(_trimmed(text)),
    "upper": lambda text: F.upper(_trimmed(text)),
    "email": _email,
    "name": plain_name,
    "soundex": lambda text: F.soundex(plain_name(text)),
    "postcode": plain_postcode,
    "digits": _digits,
    "domain": plain_domain,
}
NORMALIZERS: dict[str, Callable[[Column], Column]] = {
    name: partial(letters, made=made) for name, made in OF_LETTERS.items()
}
