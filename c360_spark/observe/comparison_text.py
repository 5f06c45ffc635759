"""The comparison of two rule sets as text for a terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

Figures = Mapping[str, Any]


def as_text(figures: Figures) -> str:
    """The comparison as text, one line for each kind of change."""
    return "\n".join(_lines(figures))


def _lines(figures: Figures) -> Iterator[str]:
    live, candidate = (figures["persons"][side] for side in ("live", "candidate"))
    yield f"rule set {figures['live']} → {figures['candidate']}"
    for word in ("persons", "largest", "alone"):
        yield f"  {WORDS[word]:<32} {live[word]:>9,} → {candidate[word]:,}"
    share = f"of {figures['identifiers']:,} ({figures['moved_share']:.2%})"
    yield f"  identifiers with another person  {figures['moved']:>9,} {share}"
    yield "persons " + (", ".join(f"{kind} {n:,}" for kind, n in sorted(figures["changes"].items())) or "unchanged")
    for link in figures["links"]:
        yield f"links by {link['rule']}: {link['gained']:,} gained, {link['lost']:,} lost"
    for table in figures["tables"]:
        yield f"{table['table']}: {table['live']:,} → {table['candidate']:,} rows, {table['changed']:,} differ"
    for audience in figures["audiences"]:
        yield (
            f"audience {audience['audience']}: {audience['live']:,} → {audience['candidate']:,}, "
            f"{audience['entering']:,} entering, {audience['leaving']:,} leaving"
        )
    for sent in figures["exports"]:
        yield (
            f"destination {sent['destination']} ({sent['audience']}): {sent['live']:,} → {sent['candidate']:,} sent, "
            f"{sent['add']:,} to add, {sent['update']:,} to update, {sent['remove']:,} to remove"
        )


WORDS = {"persons": "persons", "largest": "identifiers of the largest", "alone": "persons of one identifier"}
