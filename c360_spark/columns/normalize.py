"""Normalisers: delivered text → the one spelling by which values are compared. Null means: not usable.

Identity and destinations share them. What a single destination needs in addition is in destination.py.
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
from c360_spark.config.rules.identity import RuleSet
from c360_spark.config.rules.key_part import KeyPart

EMAIL = r"^[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\".]{2,}$"


def normalized(name: str, value: Column, country: Column, *, spelled: bool = False) -> Column:
    """`value` by the normaliser called `name` in conf/.

    `country` decides how a national phone number is read, and how many digits a postcode has. Set `spelled` for text
    that has been through `letters` already: doing that once keeps plans small.
    """
    if name == "phone":
        return phones.phone(trimmed(value) if spelled else trim(value), country).number

    def made(text: Column) -> Column:
        return plain_postcode(text, country) if name == "postcode" else OF_LETTERS[name](text)

    return made(value) if spelled else letters(value, made)


def by_namespace(namespace: Column, value: Column, rules: RuleSet) -> Column:
    """`value` by the normaliser of the row's namespace.

    Phone numbers stay as they are: they need their + and country code.
    """

    def made(text: Column) -> Column:
        found = text
        for normalizer, of_letters in OF_LETTERS.items():
            names = [name for name, space in rules.namespaces.items() if space.normalize == normalizer]
            if names:
                found = F.when(namespace.isin(names), of_letters(text)).otherwise(found)
        return found

    return letters(value, made)


def key_part(part: KeyPart, country: Column) -> Column:
    """One normalised part of a key; null where the row lacks it or has a placeholder value.

    The row is of silver.profile_record or gold.profile, whose texts are in one spelling of letters.
    """
    text = F.col(part.column).cast("string")
    value = normalized(part.normalize, text, country, spelled=True)
    if part.normalize != "phone":
        value = F.when(~is_placeholder(part.column, text, part), value)
    return F.substring(value, 1, part.prefix) if part.prefix else value


def trim(value: Column) -> Column:
    """Text in one spelling of letters, without blanks around it; null when nothing is left."""
    return letters(value, trimmed)


def digits(value: Column) -> Column:
    """Digits only, without a float's `.0`."""
    return letters(value, _digits)


def plain_name(text: Column) -> Column:
    """Lower case, without accents, punctuation and repeated blanks: `Müller-Lüdenscheidt` → `muller ludenscheidt`.

    `text` has been through `letters`.
    """
    words = F.regexp_replace(plain_letters(lower_case(text)), r"[^\p{L}\p{M}\p{N}]+", " ")
    return F.nullif(F.trim(words), F.lit(""))


def trimmed(text: Column) -> Column:
    return F.nullif(F.trim(F.regexp_replace(text, "\\s+", " ")), F.lit(""))


def plain_email(text: Column) -> Column:
    """An e-mail address in lower case without blanks and `mailto:`; null unless it looks like local@domain.tld.

    Dots and tags are kept: they matter. Before the @ a Turkish ı becomes i: it comes from lower-casing a capital I.
    `text` has been through `letters`.
    """
    plain = F.translate(F.replace(lower_case(text), F.lit(" "), F.lit("")), "。", ".")
    plain = F.regexp_replace(plain, r"^mailto:([^?]*).*$", "$1")
    plain = F.when(plain.rlike("xn--|ı"), once(plain, _foreign)).otherwise(plain)
    return F.nullif(F.regexp_extract(plain, EMAIL, 0), F.lit(""))  # names `plain` once, which is long in a plan


def _foreign(address: Column) -> Column:
    local, host = F.substring_index(address, "@", 1), F.substring_index(address, "@", -1)
    return F.when(address.contains("@"), F.concat(F.translate(local, "ı", "i"), F.lit("@"), unicode_host(host)))


def _digits(text: Column) -> Column:
    found = F.regexp_replace(F.regexp_replace(text, r"^(\s*[+-]?\d+)\.0+\s*$", "$1"), r"\D", "")
    return F.nullif(found, F.lit(""))


# Normalisers by name in conf/, for text that has been through `letters`. American Soundex is equal for many
# misspellings.
OF_LETTERS: dict[str, Callable[[Column], Column]] = {
    "trim": trimmed,
    "lower": lambda text: lower_case(trimmed(text)),
    "upper": lambda text: F.upper(trimmed(text)),
    "email": plain_email,
    "name": plain_name,
    "soundex": lambda text: F.soundex(plain_name(text)),
    "postcode": plain_postcode,
    "digits": _digits,
    "domain": plain_domain,
}
NORMALIZERS: dict[str, Callable[[Column], Column]] = {
    name: partial(letters, made=made) for name, made in OF_LETTERS.items()
}
