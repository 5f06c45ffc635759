"""Unicode normalisation for identity and destinations: texts that look the same become the same text.

Built-in expressions only, so that it works inside lambdas and costs nothing for plain text, which nearly all texts are.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import cache

from pyspark.sql import Column
from pyspark.sql import functions as F

from c360_spark.columns.once import once

# Stable letters: nothing joins, splits or replaces them, except marks that follow.
STEADY = (
    " -~\u00c0-\u0131\u0134-\u013e\u0141-\u0148\u014a-\u017e\u0218-\u021b\u0388-\u03ce\u0400-\u0481\u05d0-\u05ea"
    "\u0621-\u063a\u0641-\u064a\u1ea0-\u1ef9\u3041-\u3094\u30a1-\u30fe\u4e00-\u9fcb\uac00-\ud7a3"
)
# Unicode ranges with characters that NFKC replaces, and (MARKED) with marked Latin and Greek letters.
REPLACED = (range(0x20, 0xD800), range(0xF900, 0x10000), range(0x1D400, 0x1D800), range(0x1F100, 0x1F252))
REPLACED_TOO = (
    range(0x10780, 0x107C0),
    range(0x1D15E, 0x1D1C1),
    range(0x1EE00, 0x1EF00),
    range(0x1FBF0, 0x1FBFA),
    range(0x2F800, 0x2FA20),
)
MARKED = (range(0xC0, 0x250), range(0x1E00, 0x2000), range(0x250, 0x2B0), range(0x370, 0x400), range(0x2C60, 0x2C80))
# Visible characters that Unicode classes as format characters: Arabic signs before numbers.
PRINTED = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2"
UNSEEN = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0"
# Letters that do not decompose into a plain one, as passports (ICAO 9303) and CLDR's Latin-ASCII write them.
ALIKE = {"ı": "i", "ð": "d", "ŋ": "n", "ə": "e", "ǝ": "e", "ɛ": "e", "ɔ": "o", "ĸ": "k", "ς": "σ", "ё": "е"}
APART = {"ß": "ss", "æ": "ae", "œ": "oe", "þ": "th"}
PASSES = 3  # the most marks that a composed letter has
CODE_UNITS = "UTF-16BE"


def letters(value: Column, made: Callable[[Column], Column] = lambda text: text) -> Column:
    """`made` of `value` in Unicode NFKC without invisible characters (zero-width, bidirectional, control).

    Every blank becomes a space. Marks that do not join their letter keep their order.
    """
    replaced = F.translate(value, *_replaced())  # the tables are in the plan once, however often `made` uses its text
    spelled = once(once(once(once(replaced, _expanded), _joined), _syllables), made)
    return F.when(value.rlike(rf"^[{STEADY}]*\z"), made(value)).otherwise(spelled)


def lower_case(value: Column) -> Column:
    """Lower case. The Turkish İ becomes i, without a second dot."""
    return F.replace(F.lower(value), F.lit("i\u0307"), F.lit("i"))


def plain_letters(value: Column) -> Column:
    """Lower-case letters without diacritics: ş and ș become s, ø becomes o, ı becomes i, ß becomes ss.

    Greek accents go too. Marks of other scripts, such as Cyrillic й or Japanese が, make another letter and stay.
    """
    bare = F.translate(F.regexp_replace(value, "[\u0300-\u036f]", ""), *_plain())
    for letter, letters_ in APART.items():
        bare = F.replace(bare, F.lit(letter), F.lit(letters_))
    return F.when(value.rlike(r"^[ -~]*\z"), value).otherwise(bare)


def plain_text(text: str) -> str:
    """The normaliser `name` for one Python string, for the few texts that are known beforehand."""
    lower = unicodedata.normalize("NFKC", text).lower().replace("i\u0307", "i")
    bare = re.sub("[\u0300-\u036f]", "", lower).translate(_plain_table())
    for letter, letters_ in APART.items():
        bare = bare.replace(letter, letters_)
    kept = (c if unicodedata.category(c)[0] in "LMN" else " " for c in bare)
    return " ".join("".join(kept).split())


def _expanded(text: Column) -> Column:
    """Expands characters that stand for several, such as ﬁ."""
    several = _several()
    entries = F.split(F.lit("\n".join(several)), "\n")  # one literal: hundreds take seconds to plan
    expanded = F.aggregate(entries, text, lambda made, entry: F.replace(made, entry.substr(1, 1), entry.substr(2, 20)))
    has_one = F.translate(text, "".join(entry[0] for entry in several), "") != text
    return F.when(has_one, expanded).otherwise(text)


def _joined(text: Column) -> Column:
    """Composes letters with the marks after them, whatever the order of the marks."""
    pairs = F.lit(_pairs())

    def joined(pair: Column) -> Column:
        place = F.position(pair, pairs)
        return F.when(place > 0, pairs.substr(place + 2, F.lit(1))).otherwise(pair)

    def once(made: Column, _: Column) -> Column:
        found = F.array_distinct(F.regexp_extract_all(made, F.lit(r"(?=(.\p{M}))"), F.lit(1)))
        return F.aggregate(found, made, lambda text, pair: F.replace(text, pair, joined(pair)))

    passes = F.sequence(F.lit(1), F.lit(PASSES))
    return F.when(text.rlike(r"\p{M}"), F.aggregate(passes, text, once)).otherwise(text)


def _syllables(text: Column) -> Column:
    """Composes Korean letters into syllables, by the arithmetic of the Unicode Standard, section 3.12."""
    jamo = "[\u1100-\u1112][\u1161-\u1175]"

    def syllable(parts: Column) -> Column:
        first, second, third = (F.ascii(parts.substr(place, 1)) for place in (1, 2, 3))
        last = F.when(F.length(parts) == 3, third - 0x11A7).otherwise(0)
        code = ((first - 0x1100) * 21 + second - 0x1161) * 28 + last + 0xAC00
        return F.decode(F.unhex(F.hex(code)), CODE_UNITS)

    found = F.concat(*(F.regexp_extract_all(text, F.lit(f"{jamo}{end}"), F.lit(0)) for end in ("[\u11a8-\u11c2]", "")))
    made = F.aggregate(found, text, lambda made, parts: F.replace(made, parts, syllable(parts)))
    return F.when(text.rlike(jamo), made).otherwise(text)


@cache
def _replaced() -> tuple[str, str]:
    """Arguments of `translate`: characters and their replacements; those without a replacement are removed."""
    one, gone = {}, []
    for letter in (chr(code) for code in range(0x20)):
        one[letter] = " "
    for letter in _characters((*REPLACED, *REPLACED_TOO)):
        kind = unicodedata.category(letter)
        if _is_unseen(letter, kind):
            gone.append(letter)
        elif kind in ("Zl", "Zp", "Zs") or letter == "\x85":
            one[letter] = " "
        elif unicodedata.decomposition(letter) and len(normal := unicodedata.normalize("NFKC", letter)) == 1:
            one[letter] = normal
    changed = {letter: normal for letter, normal in one.items() if letter != normal}
    blanks = "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f"
    gone += [letter for letter in map(chr, range(0x20)) if letter not in blanks]
    kept = {letter: normal for letter, normal in changed.items() if letter not in gone}
    return "".join(kept) + "".join(gone), "".join(kept.values())


def _is_unseen(letter: str, kind: str) -> bool:
    if letter in PRINTED:
        return False
    return kind == "Cf" or letter in UNSEEN or 0xFE00 <= ord(letter) <= 0xFE0F or (kind == "Cc" and letter != "\x85")


@cache
def _several() -> list[str]:
    """Characters that NFKC expands to several: each one, followed by its expansion."""
    split = (c for c in _characters((*REPLACED, *REPLACED_TOO)) if unicodedata.decomposition(c))
    normal = ((c, unicodedata.normalize("NFKC", c)) for c in split)
    return [letter + parts for letter, parts in normal if len(parts) > 1]


@cache
def _pairs() -> str:
    """Compositions: a letter, a mark, and both as one.

    Also a letter with two marks in the other order, as Vietnamese keyboards write them.
    """
    apart = {c: unicodedata.normalize("NFD", c) for c in _characters(REPLACED) if unicodedata.decomposition(c)}
    joined = [c for c, parts in apart.items() if len(parts) > 1 and unicodedata.normalize("NFKC", c) == c]
    marks = sorted({mark for c in joined for mark in apart[c][1:]})
    bases = sorted({*joined, *(apart[c][0] for c in joined)})
    pairs = ((base + mark, unicodedata.normalize("NFC", base + mark)) for base in bases for mark in marks)
    return "".join(pair + one for pair, one in pairs if len(one) == 1)


@cache
def _plain() -> tuple[str, str]:
    """Arguments of `translate`: lower-case letters with marks, and the same letters without."""
    made = {letter: _without_marks(letter) for letter in _characters(MARKED) if letter.islower()}
    found = {letter: plain for letter, plain in made.items() if plain != letter} | ALIKE
    return "".join(found), "".join(found.values())


@cache
def _plain_table() -> dict[int, int]:
    return str.maketrans(*_plain())


def _without_marks(letter: str) -> str:
    """The plain letter by decomposition, or by name: LATIN SMALL LETTER O WITH STROKE is an o."""
    first = unicodedata.normalize("NFD", letter)[0]
    words = unicodedata.name(first, "").split()
    is_marked = words[:3] == ["LATIN", "SMALL", "LETTER"] and len(words) > 4 and words[4] == "WITH"
    return words[3].lower() if is_marked and len(words[3]) == 1 else first


def _characters(spans: Iterable[range]) -> Iterable[str]:
    return (chr(code) for span in spans for code in span)
