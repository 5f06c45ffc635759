"""Validates SQL expressions in conf/: only declared columns, literals and an allow-list of harmless functions."""

import re
from collections.abc import Collection

from c360_spark.config.rules.grammar import complaint
from c360_spark.config.yaml.document import did_you_mean

KEYWORDS = frozenset(
    "and or not is null in between like true false case when then else end interval day days month months year years "
    "date timestamp distinct from".split()
)
FUNCTIONS = frozenset(
    "abs coalesce concat date_add date_sub datediff element_at floor greatest least length lower months_between round "
    "to_date trim upper".split()
)
NAME = r"[A-Za-z_][A-Za-z0-9_]*"
TOKEN = re.compile(
    rf"'(?:[^'\\]|'')*'|{NAME}(?:\.{NAME})*|[0-9]+(?:\.[0-9]+)?|(--|/\*)|<=>|<=|>=|<>|!=|[()=<>+\-*/%,.\[\]]|(\S)"
)


def complaints(text: str, columns: Collection[str]) -> list[str]:
    """The reasons why `text` is not a valid expression over `columns`; empty if it is valid."""
    problems = [] if text.strip() else ["the expression is empty"]
    for match in TOKEN.finditer(text):
        word = match.group()
        if match.group(1) or match.group(2):
            problems.append(f"{word!r} is not allowed in an expression")
        elif not (word[0].isalpha() or word[0] == "_") or word.lower() in KEYWORDS:
            continue
        elif text[match.end() :].lstrip().startswith("("):
            if word.lower() not in FUNCTIONS:
                problems.append(f"function '{word}' is not allowed{did_you_mean(word.lower(), FUNCTIONS)}")
        elif word not in columns:
            # For a dotted name, report the part that is unknown.
            unknown = next((part for part in word.split(".") if part not in columns), word)
            problems.append(f"unknown column '{unknown}'{did_you_mean(unknown, columns)}")
    problems += _brackets(text)
    wrong = None if problems else complaint([match.group() for match in TOKEN.finditer(text)])
    return [wrong] if wrong else problems


def used(text: str, columns: Collection[str]) -> set[str]:
    """The columns among `columns` that an expression reads."""
    return {match.group() for match in TOKEN.finditer(text)} & set(columns)


def placed(text: str, columns: Collection[str], struct: str) -> str:
    """Rewrites an expression over `columns` to read the fields of a struct with the same names, dots included."""

    def moved(match: re.Match[str]) -> str:
        return f"{struct}.`{match.group()}`" if match.group() in columns else match.group()

    return TOKEN.sub(moved, text)


def conjuncts(text: str) -> list[str]:
    """The top-level conjuncts (parts joined by AND) of a condition; `text` must be valid."""
    parts, depth, between, start = [], 0, 0, 0
    for match in TOKEN.finditer(text):
        word = match.group().lower()
        depth += (word in ("(", "[", "case")) - (word in (")", "]", "end"))
        if word == "or" and depth == 0:
            return [text.strip()]
        if word == "between" and depth == 0:
            between += 1
        elif word == "and" and depth == 0 and between:
            between -= 1
        elif word == "and" and depth == 0:
            parts.append(text[start : match.start()].strip())
            start = match.end()
    last = text[start:].strip()
    return [*parts, last] if last else parts


def _brackets(text: str) -> list[str]:
    """Reports unbalanced brackets; ignores brackets within quotes."""
    opened: list[str] = []
    for bracket in re.findall(r"'(?:[^']|'')*'|([()\[\]])", text):
        if bracket in ("(", "["):
            opened.append(bracket)
        elif bracket and (not opened or opened.pop() + bracket not in ("()", "[]")):
            return [f"'{bracket}' closes nothing"]
    return [f"'{opened[-1]}' is not closed"] if opened else []
