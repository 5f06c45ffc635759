"""Recognises the content of texts: addresses, numbers, codes, dates. Returns only shares and formats, never texts."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from c360_spark.columns.country import country_of
from c360_spark.columns.normalize import EMAIL
from c360_spark.columns.phone import e164
from c360_spark.config.contract.money import DIGITS, writing

CURRENCIES = frozenset(DIGITS)
GRANTED = frozenset(
    "granted grant given yes true 1 optin active confirmed allow allowed accepted accept subscribed".split()
)
DENIED = frozenset("denied deny no false 0 optout refused rejected declined notgiven notoptedin disallow".split())
WITHDRAWN = frozenset("withdrawn withdraw revoked expired unsubscribed cancelled canceled".split())

# Spark's pattern, a regular expression of its texts, and Python's strptime directives.
DATES = (
    ("yyyy-MM-dd", r"\d{4}-\d{2}-\d{2}", "%Y-%m-%d"),
    ("dd.MM.yyyy", r"\d{2}\.\d{2}\.\d{4}", "%d.%m.%Y"),
    ("d.M.yyyy", r"\d{1,2}\.\d{1,2}\.\d{4}", "%d.%m.%Y"),
    ("dd/MM/yyyy", r"\d{2}/\d{2}/\d{4}", "%d/%m/%Y"),
    ("MM/dd/yyyy", r"\d{2}/\d{2}/\d{4}", "%m/%d/%Y"),
    ("d/M/yyyy", r"\d{1,2}/\d{1,2}/\d{4}", "%d/%m/%Y"),
    ("M/d/yyyy", r"\d{1,2}/\d{1,2}/\d{4}", "%m/%d/%Y"),
    ("yyyy/MM/dd", r"\d{4}/\d{2}/\d{2}", "%Y/%m/%d"),
    ("dd-MM-yyyy", r"\d{2}-\d{2}-\d{4}", "%d-%m-%Y"),
    ("MM/dd/yy", r"\d{2}/\d{2}/\d{2}", "%m/%d/%y"),
    ("dd/MM/yy", r"\d{2}/\d{2}/\d{2}", "%d/%m/%y"),
    ("dd.MM.yy", r"\d{2}\.\d{2}\.\d{2}", "%d.%m.%y"),
    ("yyyyMMdd", r"(19|20)\d{6}", "%Y%m%d"),
)
CLOCKS = (
    (" HH:mm:ss", r" \d{2}:\d{2}:\d{2}", " %H:%M:%S"),
    (" HH:mm", r" \d{2}:\d{2}", " %H:%M"),
    (" h:mm:ss a", r" \d{1,2}:\d{2}:\d{2} [AaPp][Mm]", " %I:%M:%S %p"),
    (" h:mm a", r" \d{1,2}:\d{2} [AaPp][Mm]", " %I:%M %p"),
)
TIMES = tuple(
    (f"{day}{clock}", f"{like}{more}", f"{python}{directives}")
    for day, like, python in DATES[1:-1]
    for clock, more, directives in CLOCKS
)
ISO = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?\s?(Z|UTC|[+-]\d{2}:?\d{2})?")
DATED = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}( \d.*)?|\d{8}")
# Epoch times of the years 2001 to 2033.
EPOCHS = {
    "epoch_s": (r"1[0-9]{9}", "are seconds since 1970"),
    "epoch_ms": (r"1[0-9]{12}", "are milliseconds since 1970"),
    "epoch_us": (r"1[0-9]{15}", "are microseconds since 1970"),
    "epoch_ns": (r"1[0-9]{18}", "are nanoseconds since 1970"),
}
LOCALES = ("en_US", "de_DE", "fr_FR", "de_CH")
Format = tuple[str, float, str]  # Spark's pattern, the share of texts that it parses, the words for the reason


def share(test: Callable[[str], bool], texts: Sequence[str]) -> float:
    """The share of `texts` that pass the test; tests each distinct text once."""
    counts = Counter(texts)
    return sum(count for text, count in counts.items() if test(text)) / len(texts) if texts else 0.0


def like(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda text: compiled.fullmatch(text) is not None


def is_email(text: str) -> bool:
    return re.match(EMAIL, text) is not None


def holds_email(text: str) -> bool:
    return re.search(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}", text) is not None


@lru_cache(maxsize=20_000)  # parsing takes 50 µs, and each number is tested several times
def is_international(text: str) -> bool:
    """Whether a text is a phone number in international form, valid without knowing its country."""
    return text.removeprefix("'").startswith("+") and e164(text, None) is not None  # spreadsheets keep a + behind a '


def is_dialled(text: str) -> bool:
    """Whether a text may be a phone number once its country is known."""
    return re.fullmatch(r"'?[+(]?[\d\s()/.\-]{6,20}", text) is not None and sum(map(str.isdigit, text)) >= 6


def is_value(text: str) -> bool:
    """Whether a text is a value that cannot be a property name: an e-mail address, a phone number, a date."""
    return (
        holds_email(text)
        or is_international(text)
        or re.match(r"\d{4}-\d{2}-\d{2}|\d{2}[./]\d{2}[./]\d{4}", text) is not None
    )


def is_country(text: str) -> bool:
    """Whether a text is the name or code of a country; a bare number never counts."""
    return not text.lstrip("+").isdigit() and country_of(text) is not None


def is_currency(text: str) -> bool:
    return text.upper() in CURRENCIES


is_postcode = like(r"(?=.*\d)[A-Za-z0-9][A-Za-z0-9 \-]{2,9}")
is_integer = like(r"[+-]?(0|[1-9]\d{0,17})")
is_whole = like(r"[+-]?(0|[1-9]\d{0,17})(\.0+)?")  # also written as a float
is_number = like(r"[+-]?(0|[1-9]\d*)?\.?\d+([eE][+-]?\d{1,3})?")
is_flag = like(r"(?i)true|false|yes|no")
is_bit = like(r"[01]")
is_hash = like(r"[0-9a-fA-F]{64}")
is_ip = like(r"(\d{1,3}\.){3}\d{1,3}|[0-9a-fA-F]{0,4}(:[0-9a-fA-F]{0,4}){3,7}")
is_code = like(r"[a-z0-9][a-z0-9_.\-]{0,39}|[A-Z0-9][A-Z0-9_.\-]{0,39}")


class Written(NamedTuple):
    """The detected number format: a locale and the share of texts that it parses. `unsure` is a second locale that also
    parses them, as other numbers.
    """

    locale: str
    share: float
    unsure: str = ""


def numbers_written(texts: Sequence[str]) -> Written | None:
    """The first of LOCALES that parses nine in ten of the texts as formatted numbers, such as $1,203.50; else None."""
    found = [Written(each, part) for each in LOCALES if (part := share(_written_in(each), texts)) >= 0.9]
    if not found or not any(any(c in text for c in ",.") for text in texts):
        return None
    both = [each for each in found if each.share == found[0].share and each.locale in (LOCALES[0], LOCALES[1])]
    return found[0]._replace(unsure=both[1].locale) if len(both) > 1 else found[0]


def _written_in(locale: str) -> Callable[[str], bool]:
    mark = r"([^\W\d_]|[$€£¥₹₩₺₽zł]){0,4}"
    return like(rf"\(?[-+\u2212]?\s?{mark}\.?\s?[-+]?({writing(locale).number})\s?{mark}-?\)?")


def is_iso(text: str) -> bool:
    return ISO.fullmatch(text) is not None


def is_local(text: str) -> bool:
    """Whether a time has no time zone."""
    found = ISO.fullmatch(text)
    return found is None or found.group(3) is None


def days(texts: Sequence[str]) -> list[Format]:
    """The formats that parse `texts` as dates; empty if they are not dates."""
    return _formats(DATES, texts)


def moments(texts: Sequence[str]) -> list[Format]:
    """The formats that parse `texts` as timestamps; empty if they are not timestamps."""
    iso = share(is_iso, texts)
    for name, (pattern, said) in EPOCHS.items():
        if (part := share(like(pattern), texts)) >= 0.95:
            return [(name, part, said)]
    others = _formats(TIMES, [text for text in texts if not is_iso(text)])
    parts = [("iso", iso, "are ISO 8601 times"), *((name, part * (1 - iso), said) for name, part, said in others)]
    found = sorted((each for each in parts if each[1] >= 0.05), key=lambda each: -each[1])
    return found if sum(part for _, part, _ in found) >= 0.8 else []


def _formats(formats: Iterable[tuple[str, str, str]], texts: Sequence[str]) -> list[Format]:
    """The format that parses most texts, then the best for the rest: up to three, each for 5 % of all texts or more."""
    found: list[Format] = []
    left = [text for text in texts if DATED.fullmatch(text)]
    if len(left) < 0.8 * len(texts):
        return []
    for _ in range(3):
        reads = [(len([t for t in left if _reads(each, t)]), each) for each in formats]
        most = max((count for count, _ in reads), default=0)
        if not texts or most < 0.05 * len(texts) or not most:
            break
        best = [each for count, each in reads if count == most]
        other = next((name for name, _, _ in best[1:] if _turned(best[0][0]) == name), None)
        said = f"are {best[0][0]}" + (f", or {other}: no day above 12 tells which" if other else "")
        found.append((best[0][0], most / len(texts), said))
        left = [t for t in left if not _reads(best[0], t)]
    return found if sum(part for _, part, _ in found) >= 0.8 else []


def _turned(name: str) -> str:
    """The same format with day and month swapped."""
    swap = {"dd/MM": "MM/dd", "d/M/": "M/d/"}
    return next((name.replace(a, b) for a, b in swap.items() if name.startswith(a)), "")


def _reads(format: tuple[str, str, str], text: str) -> bool:
    if re.fullmatch(format[1], text) is None:
        return False
    try:
        datetime.strptime(text, format[2])
    except ValueError:
        return False
    return True
