"""The documents: links lead somewhere, indexes are complete, and retired words do not come back in names."""

import io
import re
import tokenize
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PACKAGE = ROOT / "c360_spark"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
RECORDS = sorted((DOCS / "decisions").glob("[0-9]*.md"))

FENCE = re.compile(r"^ *```.*?^ *```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
ELSEWHERE = re.compile(r"[a-z]+:")  # https:, mailto:

# Replaced by terms of docs/glossary.md: pending changes, affected persons, full refresh. A room is named by its topic.
RETIRED = {"increment", "increments", "news", "touched", "anew", "utils"}
EXEMPT = {
    "IOUtils",  # Hadoop's
}
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


@cache
def prose(path: Path) -> str:
    """The text of a page without its blocks of code."""
    return FENCE.sub("", path.read_text(encoding="utf-8"))


@cache
def anchors(path: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page: of equal ones the second ends in -1."""
    found: set[str] = set()
    for heading in HEADING.findall(prose(path)):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
        found.add(next(name for name in (slug, *(f"{slug}-{n}" for n in range(1, 99))) if name not in found))
    return found


def broken(path: Path) -> list[str]:
    """Relative links of a page that lead to no file, or to no heading of it."""
    wrong = []
    for link in LINK.findall(re.sub(r"`[^`\n]*`", "", prose(path))):
        if ELSEWHERE.match(link):
            continue
        file, _, anchor = unquote(link).partition("#")
        target = (path.parent / file).resolve() if file else path
        if not target.exists() or (anchor and anchor not in anchors(target)):
            wrong.append(link)
    return wrong


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files_and_headings(path):
    assert broken(path) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path):
    (tmp_path / "b.md").write_text("# A `b.c` <d>\n\n## Why?\n\n## Why?\n\n```\n# no heading\n```\n")
    good = "[x](b.md) [x](b.md#a-bc-d) [x](b.md#why-1) [x](#here) [x](https://example.com/y) `[x](code)`"
    bad = "[x](c.md) [x](b.md#why-2) [x](b.md#no-heading) [x](#there)"
    (tmp_path / "a.md").write_text(f"# Here\n\n{good}\n{bad}\n")
    assert broken(tmp_path / "a.md") == ["c.md", "b.md#why-2", "b.md#no-heading", "#there"]


def test_the_index_lists_every_decision_record_by_its_title():
    index = prose(DOCS / "decisions" / "README.md")
    listed = re.findall(r"^\| (\d{4}) \| \[(.+?)\]\((\S+?)\) \| (\S.*?) \|$", index, re.MULTILINE)
    wanted = []
    for path in RECORDS:
        title = re.match(r"# (\d+)\.? (.+)", path.read_text(encoding="utf-8"))
        assert title, path.name
        assert int(title[1]) == int(path.name[:4]), path.name
        wanted.append((path.name[:4], title[2], path.name))
    assert [row[:3] for row in listed] == wanted


def test_terms_of_the_glossary_are_sorted_and_linked():
    entries = re.split(r"^### ", prose(DOCS / "glossary.md"), flags=re.MULTILINE)[1:]
    terms = [entry.splitlines()[0] for entry in entries]
    assert terms == sorted(set(terms), key=str.casefold)
    assert [term for term, entry in zip(terms, entries, strict=True) if "Name: " not in entry] == []
    assert [term for term, entry in zip(terms, entries, strict=True) if not LINK.search(entry.split("Page:")[-1])] == []


def words(name: str) -> set[str]:
    return {word.lower() for word in WORD.findall(name)}


def names(text: str) -> set[str]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return {token.string for token in tokens if token.type == tokenize.NAME}


def test_retired_words_do_not_come_back_in_names():
    wrong = []
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        found = {path.stem}
        if any(word in text.lower() for word in RETIRED):  # most files are spared the tokenizer
            found |= names(text)
        wrong += [f"{path.relative_to(ROOT)}: {name}" for name in sorted(found - EXEMPT) if words(name) & RETIRED]
    assert wrong == []


@pytest.mark.parametrize("name", ["Increment", "increments", "is_news", "touchedPersons", "UTILS", "HTTPUtils"])
def test_a_retired_word_is_found_within_a_name(name):
    assert words(name) & RETIRED


@pytest.mark.parametrize("name", ["incremental", "newsletter", "getincrementaldecoder", "untouched_rows"])
def test_a_longer_word_is_another_word(name):
    assert not words(name) & RETIRED
