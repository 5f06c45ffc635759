"""Country normaliser: names in common languages, ISO 3166 codes and dialling codes → ISO 3166-1 alpha-2.

Names come from Unicode CLDR (Babel) and ISO 3166 (iso3166). A text that can mean two countries gives none.
"""

import re
from collections.abc import Iterator
from functools import cache

import phonenumbers
from babel import localedata
from iso3166 import countries
from pyspark.sql import Column
from pyspark.sql import functions as F

from c360_spark.columns.letters import plain_text
from c360_spark.columns.normalize import plain_name

# The more common ones first: names are searched in this order.
LANGUAGES = (
    "en de fr es it nl pt pl cs da sv no fi hu ro sk sl hr sr_Latn tr el bg uk ru et lv lt ga mt ca is vi id he ar"
    " ja ko zh zh_Hant"
).split()
SHARED_CODES = frozenset({1, 7})  # shared by several large countries: +1 may mean Canada
CODES = {"UK": "GB", "EL": "GR"}  # as the European Union writes them
# Other names in use, or in use until recently.
NAMES = {
    "AE": "uae|emirates",
    "BA": "bosnia|bosnien",
    "CD": "dr congo|drc|congo kinshasa|democratic republic of congo|congo the democratic republic of the|zaire",
    "CG": "congo brazzaville|republic of congo|republic of the congo",
    "CI": "ivory coast|elfenbeinkuste",
    "CV": "cape verde|kap verde",
    "CZ": "czech republic|tschechische republik|republique tcheque|republica checa|ceska republika|cesko",
    "DE": "federal republic of germany|bundesrepublik deutschland|brd",
    "ES": "espana",
    "FK": "falkland islands",
    "GB": "u k|great britain|britain|england|scotland|wales|northern ireland|grossbritannien|grande bretagne"
    "|gran bretagna|gran bretana|united kingdom of great britain and northern ireland",
    "HK": "hong kong|hongkong",
    "IR": "persia",
    "KP": "north korea",
    "KR": "south korea|korea|republic of korea",
    "LA": "laos",
    "MK": "macedonia|fyrom|macedonia the former yugoslav republic of",
    "MM": "burma|myanmar",
    "MO": "macau|macao",
    "NL": "holland|the netherlands",
    "PS": "palestine",
    "RU": "russia",
    "SY": "syria",
    "SZ": "swaziland",
    "TL": "east timor",
    "TR": "turkey|turkei|turquie",
    "TW": "taiwan|taiwan province of china",
    "US": "usa|united states of america|u s a|u s|america|vereinigte staaten von amerika|estados unidos de america"
    "|etats unis d amerique|ee uu|eeuu",
    "VA": "vatican",
    "VN": "vietnam|viet nam",
}


def country(text: Column) -> Column:
    """ISO 3166-1 alpha-2 code of a country text that has been through `letters`.

    Null where the text is no country or may be two: `40` is Romania's dialling code, and Austria's number in ISO 3166.
    """
    code = F.upper(F.trim(text))
    return F.when(code.rlike("^[A-Z]{2}$") & F.lit(" ".join(sorted(_alpha_2()))).contains(code), code).otherwise(
        _looked_up(text)
    )


def country_of(text: str) -> str | None:
    """The same as `country`, for one Python string."""
    code = text.strip().upper()
    return code if code in _alpha_2() else _by_key().get(_key(text))


def _looked_up(text: Column) -> Column:
    """Looks a text up in one string literal: Spark would search a map entry by entry, and print it in every plan."""
    number = F.regexp_replace(F.regexp_replace(F.trim(text), r"\.0+$", ""), r"^00(?=\d{1,3}$)", "+")
    dialled = F.translate(number, " ()", "")
    word = F.regexp_replace(plain_name(text), "^the ", "")
    key = F.when(dialled.rlike(r"^\+?\d{1,4}$"), dialled).otherwise(word)
    after = F.call_function("substring_index", F.lit(_table()), F.concat(F.lit("\n"), key, F.lit("=")), F.lit(-1))
    return F.nullif(F.regexp_extract(F.substring(after, 1, 2), "^[A-Z]{2}$", 0), F.lit(""))


def _key(text: str) -> str:
    number = re.sub(r"^00(?=\d{1,3}$)", "+", re.sub(r"\.0+$", "", text.strip()))
    dialled = re.sub(r"[ ()]", "", number)
    return dialled if re.fullmatch(r"\+?\d{1,4}", dialled) else _word(text)


def _word(text: str) -> str:
    return re.sub("^the ", "", plain_text(text))


@cache
def _alpha_2() -> frozenset[str]:
    return frozenset(each.alpha2 for each in countries)


@cache
def _table() -> str:
    """The lookup text. It is searched from its end, so the more common names are last."""
    return "\n" + "\n".join(f"{key}={code}" for key, code in reversed(_by_key().items())) + "\n"


@cache
def _by_key() -> dict[str, str]:
    """Codes by key, in the order of LANGUAGES; a key that means different countries in two languages is left out."""
    codes = {each.alpha3.lower(): each.alpha2 for each in countries} | {k.lower(): v for k, v in CODES.items()}
    found: dict[str, str | None] = dict(codes)
    for key, code in (*_ours(), *_of_iso(), *_of_cldr(), *_numbers()):
        if key in codes:
            continue
        found[key] = code if found.setdefault(key, code) == code else None
    return {key: code for key, code in found.items() if code is not None}


def _ours() -> Iterator[tuple[str, str]]:
    yield from ((_word(word), code) for code, words in NAMES.items() for word in words.split("|"))


def _of_iso() -> Iterator[tuple[str, str]]:
    """Official names, also as `Republic of Korea` where the list has `Korea, Republic of`."""
    for each in countries:
        for official in (each.name, each.apolitical_name):
            first, _, rest = official.partition(", ")
            words = (official, f"{rest} {first}", re.sub(r"\s*[(\[].*", "", official))
            yield from ((_word(word), each.alpha2) for word in words)


def _of_cldr() -> Iterator[tuple[str, str]]:
    for language in LANGUAGES:
        names = localedata.load(language).get("territories", {})  # by Locale it takes ten times as long
        yield from ((_word(names[code]), code) for code in sorted(_alpha_2()) if code in names)


def _numbers() -> Iterator[tuple[str, str]]:
    """Dialling codes after a +, and bare numbers that can mean one country only."""
    numeric = {each.numeric: each.alpha2 for each in countries}
    dialled = {
        str(code): phonenumbers.region_code_for_country_code(code)
        for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE
        if code not in SHARED_CODES
    }
    dialled = {code: region for code, region in dialled.items() if region in _alpha_2()}
    yield from ((f"+{code}", region) for code, region in dialled.items())
    for number in {*dialled, *numeric, *(code.lstrip("0") for code in numeric)}:
        written = numeric.get(number.zfill(3))  # spreadsheets drop leading zeros
        meant = {written, dialled.get(number)} - {None}
        yield from ((number, str(code)) for code in meant)  # `_by_key` leaves out a key with two countries
