"""Alternative spellings of a value, as expressions over named columns.

A style column holds the number of the spelling, -1 for the plain value. Every style differs from the plain value, so
that the counts of noise are correct.
"""

import re
from collections.abc import Sequence

from pyspark.sql import Column
from pyspark.sql import functions as F

# ä → a and so on; translate drops characters without a counterpart (apostrophe, hyphen, blank, dot)
_ACCENTED = "àáâäãåèéêëìíîïòóôöõùúûüñçğışžý'’-. "
_PLAIN = "aaaaaaeeeeiiiiooooouuuuncgiszy"

_CAPITAL = "concat(upper(left(mailbox, 1)), substr(mailbox, 2))"
_MAIL = ("upper(mailbox)", _CAPITAL, _CAPITAL, "concat(mailbox, ' ')", f"concat(' ', {_CAPITAL}, '  ')")
_PHONE_US = (
    "concat('(', area, ') ', three, '-', four)",
    "concat_ws('-', area, three, four)",
    "concat_ws('.', area, three, four)",
    "concat('+1 (', area, ') ', three, '-', four)",
    "concat_ws('-', '1', area, three, four)",
    "concat(area, three, four)",
)
_PHONE_EU = (
    "concat('+', dial, ' ', area, ' ', three, four)",
    "concat(trunk, area, ' ', three, ' ', four)",
    "concat('00', dial, area, three, four)",
    "if(trunk = '', concat(area, three, four), concat('+', dial, ' (', trunk, ')', area, '-', three, four))",
    "concat(trunk, area, '-', three, '-', four)",
    "concat(trunk, area, three, four)",
)
_POSTCODE = {
    "NL": ("concat(postcode, ' ')", "lower(replace(postcode, ' ', ''))", "replace(postcode, ' ', '')"),
    "US": ("concat(postcode, ' ')", *["concat(postcode, '-', lpad(crc32(key) % 10000, 4, '0'))"] * 2),
    "": (
        "concat(postcode, ' ')",
        "concat(left(postcode, 2), ' ', right(postcode, 3))",
        "concat(country, '-', postcode)",
    ),
}
MAIL_STYLES, PHONE_STYLES, POSTCODE_STYLES, TYPO_STYLES = len(_MAIL), len(_PHONE_EU), 3, 3


def mail_letters(name: str) -> Column:
    """A name (SQL text) as in an e-mail address: lower case, ASCII letters only."""
    return F.translate(F.expr(f"replace(lower({name}), 'ß', 'ss')"), _ACCENTED, _PLAIN)


def mail_written() -> Column:
    """`mailbox` in the spelling `email_style`: upper case, capitalised, with blanks around it."""
    return F.expr(_case("email_style", _MAIL, "mailbox"))


def phone_written() -> Column:
    """`dialled` in the spelling `phone_style`: national or international, with blanks, dashes, brackets, (0), 00.

    The plain spelling is E.164.
    """
    plain = "concat('+', dial, area, three, four)"
    styled = f"if(dial = '1', {_case('phone_style', _PHONE_US, plain)}, {_case('phone_style', _PHONE_EU, plain)})"
    return F.expr(re.sub(r"\b(dial|trunk|area|three|four)\b", r"dialled.\1", styled))


def postcode_written() -> Column:
    """`postcode` of `country` in the spelling `postcode_style`: with country letters, a blank more or less, ZIP+4."""
    cases = {country: _case("postcode_style", ways, "postcode") for country, ways in _POSTCODE.items()}
    return F.expr(f"if(country = 'NL', {cases['NL']}, if(country = 'US', {cases['US']}, {cases['']}))")


def misspelt(name: str) -> Column:
    """A name (column) with two letters swapped, one omitted or one doubled, at letter `typo_place` (2 or more)."""
    head, here, then, rest = (
        f"left({name}, typo_place - 1)",
        f"substr({name}, typo_place, 1)",
        f"substr({name}, typo_place + 1, 1)",
        f"substr({name}, typo_place + 2)",
    )
    swapped, cut = f"concat({head}, {then}, {here}, {rest})", f"concat({head}, {then}, {rest})"
    return F.expr(
        f"CASE WHEN typo_style = 0 AND {here} <> {then} AND {then} <> '' THEN {swapped}"
        f" WHEN typo_style = 1 AND length({name}) > 3 THEN {cut}"
        f" ELSE concat({head}, {here}, {here}, {then}, {rest}) END"
    )


def _case(style: str, ways: Sequence[str], plain: str) -> str:
    whens = " ".join(f"WHEN {number} THEN {way}" for number, way in enumerate(ways))
    return f"CASE {style} {whens} ELSE {plain} END"
