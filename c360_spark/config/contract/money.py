"""Currencies and number formats: ISO 4217 from the package `iso4217`, locales of CLDR from `babel`."""

import re
from dataclasses import dataclass
from functools import lru_cache

import iso4217
from babel import Locale, UnknownLocaleError, numbers

# Amount columns of silver, in minor units of the row's currency: cents for EUR, yen for JPY, fils for KWD.
AMOUNTS = frozenset(("total_minor", "unit_price_minor", "amount_minor"))
BLANKS = " \u00a0\u2009\u202f"
APOSTROPHES = "'\u2019"


def _digits() -> dict[str, int]:
    """Decimal digits by currency: from ISO 4217 for currencies in use, from CLDR for withdrawn ones. Codes that are no
    currency, such as XXX and XAU, are left out.
    """
    current = {each.code: each.exponent for each in iso4217.Currency}
    withdrawn = {code for code in numbers.list_currencies() if code not in current and not code.startswith("X")}
    return {
        **{code: numbers.get_currency_precision(code) for code in sorted(withdrawn)},
        **{code: digits for code, digits in current.items() if digits is not None},
    }


DIGITS = _digits()


@dataclass(frozen=True)
class Writing:
    """A number format: the characters that separate groups, the decimal point, and the signs of each currency as
    (currency, sign).
    """

    groups: str
    point: str
    signs: tuple[tuple[str, str], ...]

    @property
    def number(self) -> str:
        """Regular expression of an unsigned number: groups of three digits, or of two and three as in India."""
        group, point = f"[{re.escape(self.groups)}]", re.escape(self.point)
        whole = rf"\d{{1,3}}(?:{group}\d{{3}})+|\d{{1,2}}(?:{group}\d{{2}})+{group}\d{{3}}|\d+"
        return rf"(?:{whole})(?:{point}\d*)?|{point}\d+"


@lru_cache
def writing(locale: str) -> Writing:
    """The number format of a locale such as de_DE. Raises ValueError for an unknown locale."""
    try:
        known = Locale.parse(locale.replace("-", "_"))
    except (UnknownLocaleError, ValueError, TypeError):
        raise ValueError(f"'{locale}' is no locale, such as de_DE or en_US") from None
    group, point = numbers.get_group_symbol(known), numbers.get_decimal_symbol(known)
    groups = next((kind for kind in (BLANKS, APOSTROPHES) if group in kind), group)
    return Writing(groups, point, tuple((code, sign) for code in DIGITS for sign in _signs(code, known)))


def _signs(code: str, locale: Locale) -> list[str]:
    """Texts that may accompany an amount: the code, the sign in the locale and in English, and for CA$ also $ alone."""
    signs = {code, numbers.get_currency_symbol(code, locale), numbers.get_currency_symbol(code, "en")}
    return sorted(signs | {sign[-1] for sign in signs if not sign[-1].isalpha() and sign[-1] != "."})
