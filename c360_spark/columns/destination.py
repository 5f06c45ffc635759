"""Destination normalisers: a value of a person → the value that a destination accepts. Null means: cannot be sent.

Each rule of config/activation/destination_kinds.py is a function here. Built-in expressions only, and nothing throws in
either ANSI mode: the input is free text.
"""

import hashlib
from collections.abc import Callable
from decimal import Decimal

from pyspark.sql import Column
from pyspark.sql import functions as F

from c360_spark.columns import normalize
from c360_spark.columns.letters import lower_case
from c360_spark.config.activation.destination_kinds import FieldRule
from c360_spark.config.contract.money import DIGITS

PLAIN = r"^[!-~]+\z"  # nothing to trim, as in most values: the test costs less than a replacement
PHONE_MARKS = r"\(0\)|[ ().\-/\u2010-\u2015]"
TITLES = r"^((mr|mrs|ms|miss|mx|dr|prof)\.?\s+)+"
SUFFIXES = r"[\s,]+(jr|sr|ii|iii|iv)\.?$"
E164 = r"^\+[1-9][0-9]{6,14}$"
GENDERS = {"m": "m", "male": "m", "f": "f", "female": "f"}
FORMULA = r"^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]"
MAX_EMAIL = 254  # characters of an address, RFC 5321
# Placeholder values of systems that have no value.
WORTHLESS = ("null", "none", "nil", "n/a", "unknown", "undefined", "anonymous", "00000000-0000-0000-0000-000000000000")
# Placeholder values that senders have hashed; some of these are names when they are not hashed.
HASHED_BY_MISTAKE = ("", " ", "-", "0", "na", "NaN", "nan", *WORTHLESS)
FREE = ("as_is", "text")  # rules by which any text is a value, "none" too


def text(value: Column, field: FieldRule) -> Column:
    """A value as text in one spelling of letters, blanks trimmed and collapsed; null when nothing is left.

    The rule `as_is` without a hash changes nothing.
    """
    written = value.cast("string")
    if field.rule == "as_is" and not field.hashed:
        return written
    return F.when(written.rlike(PLAIN), written).otherwise(normalize.trim(written))


def sent(text: Column, field: FieldRule) -> Column:
    """The value to send, from what `text` gives; null for null, a placeholder value, or text not of the field's form.

    Where the field takes a SHA-256, a value that is one already is sent in lower case and not hashed again. Where it
    takes a readable value, a SHA-256 gives null.
    """
    value = RULES[field.rule](text)
    if not field.hashed:
        return value if field.rule in FREE else F.when(~_is_hash(text) & ~_is_word(text), value)
    digest, worthless = F.lower(text), F.lit(" ".join(sorted(worthless_hashes())))  # one literal is quick to plan
    passed = F.when(~worthless.contains(digest), digest)
    return F.when(_is_hash(text), passed).when(~_is_word(text), F.sha2(value, 256))


def problem(text: Column, sent: Column, field: FieldRule) -> Column:
    """Why `text` cannot be sent; null when it can.

    Codes: `missing` there is no value · `worthless` a placeholder value, or its hash · `hashed` a hash where the field
    takes a readable value · `invalid` not of the field's form.
    """
    wrong = F.when(text.isNull(), "missing")
    if field.hashed or field.rule not in FREE:
        wrong = wrong.when(_is_hash(text), "worthless" if field.hashed else "hashed").when(_is_word(text), "worthless")
    return F.when(sent.isNull(), wrong.otherwise("invalid"))


def escaped(value: Column) -> Column:
    """A value for a file that people open in a spreadsheet: text that begins like a formula gets a `'` before it.

    Source: OWASP, CSV Injection. Do not use it for machines, which would get a wrong value: a phone number begins with
    +.
    """
    return F.when(value.rlike(FORMULA), F.concat(F.lit("'"), value)).otherwise(value)


def worthless_hashes() -> frozenset[str]:
    """SHA-256 of the empty text and of placeholder values, in the spellings in which they occur."""
    spellings = (s for word in HASHED_BY_MISTAKE for s in (word, word.upper(), word.capitalize()))
    return frozenset(hashlib.sha256(spelling.encode()).hexdigest() for spelling in spellings)


def _is_hash(text: Column) -> Column:
    return (F.length(text) == 64) & text.rlike("^[0-9a-fA-F]{64}$")


def _is_word(text: Column) -> Column:
    return F.lower(text).isin(*WORTHLESS)


def _email(text: Column) -> Column:
    return F.when(F.length(text) <= MAX_EMAIL, normalize.plain_email(text))


def _email_google(text: Column) -> Column:
    plain = _email(text)
    local, domain = F.substring_index(plain, "@", 1), F.substring_index(plain, "@", -1)
    short = F.replace(F.substring_index(local, "+", 1), F.lit("."))
    found = F.when(~(plain.endswith("@gmail.com") | plain.endswith("@googlemail.com")), plain)
    return found.when(F.length(short) > 0, F.concat(short, F.lit("@"), domain))


def _phone_digits(text: Column) -> Column:
    """Digits with the country code.

    A number without + or 00 may be a national one: its digits would be those of somebody else abroad.
    """
    digits = F.regexp_replace(F.regexp_replace(text, PHONE_MARKS, ""), r"^(\+|00)", "")
    number = F.when(digits.rlike("^[1-9][0-9]{6,14}$"), digits)
    return F.when(text.rlike(E164), F.substring(text, 2, 15)).when(text.rlike(r"^\(?(\+|00)"), number)


def _phone_plus(text: Column) -> Column:
    return F.concat(F.lit("+"), _phone_digits(text))


def _name_untitled(text: Column) -> Column:
    name = lower_case(text)
    bare = F.regexp_replace(F.regexp_replace(name, TITLES, ""), SUFFIXES, "")
    return F.when(~text.rlike("[ ,]"), name).when(F.length(bare) > 0, bare)


def _name_plain(text: Column) -> Column:
    name = lower_case(text)
    return F.when(text.rlike(r"^[\p{L}\p{M}]+$"), name).otherwise(
        normalize.trimmed(F.regexp_replace(name, r"[\p{P}\p{S}]", ""))
    )


def _place(text: Column) -> Column:
    return F.when(text.rlike(r"[\p{L}\p{N}]"), F.regexp_replace(lower_case(text), r"[^\p{L}\p{M}\p{N}]", ""))


def _postcode(text: Column) -> Column:
    code = F.upper(text)
    return F.when(code.rlike(r"^[A-Z0-9][A-Z0-9 \-]{1,10}[A-Z0-9]$"), code)


def _postcode_plain(text: Column) -> Column:
    short = F.regexp_replace(F.lower(text), r"^([0-9]{5})-[0-9]{4}$", "$1")
    code = F.regexp_replace(short, r"[ \-]", "")
    return F.when(code.rlike("^[a-z0-9]{3,10}$"), code)


def _country(text: Column) -> Column:
    return F.when(text.rlike("^[A-Za-z]{2}$"), text)


def _birth_date(text: Column) -> Column:
    shaped = F.when(text.rlike(r"^(19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}$"), text)
    return F.when(F.try_to_timestamp(shaped, F.lit("yyyy-MM-dd")).isNotNull(), shaped)


def _gender(text: Column) -> Column:
    return F.create_map(*(F.lit(part) for pair in GENDERS.items() for part in pair))[F.lower(text)]


def _mobile_ad_id(text: Column) -> Column:
    id = F.lower(text)
    return F.when(id.rlike("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"), id)


RULES: dict[str, Callable[[Column], Column]] = {
    "as_is": lambda text: text,
    "text": lambda text: text,
    "text_35": lambda text: F.when(F.length(text) <= 35, text),
    "text_50": lambda text: F.when(F.length(text) <= 50, text),
    "lower": F.lower,
    "digits": normalize.digits,
    "email": _email,
    "email_google": _email_google,
    "phone_plus": _phone_plus,
    "phone_digits": _phone_digits,
    "name": lambda text: text,
    "name_untitled": _name_untitled,
    "name_plain": _name_plain,
    "place": _place,
    "postcode": _postcode,
    "postcode_plain": _postcode_plain,
    "country_upper": lambda text: F.upper(_country(text)),
    "country_lower": lambda text: F.lower(_country(text)),
    "birth_date": _birth_date,
    "birth_date_plain": lambda text: F.replace(_birth_date(text), F.lit("-")),
    "gender": _gender,
    "mobile_ad_id": _mobile_ad_id,
}


def in_units(minor: Column, currency: str) -> Column:
    """An amount of money in minor units, as text in units of the currency, with the decimal digits of ISO 4217.

    1999 EUR is `19.99`, 5000 JPY is `5000`, 1500 KWD is `1.500`.
    """
    digits = DIGITS[currency]
    return (minor.cast("decimal(19,0)") * Decimal(1).scaleb(-digits)).cast(f"decimal(24,{digits})").cast("string")
