"""The terminal summary of a draft contract. It shows names, shares and counts, never a value of the sample."""

from collections.abc import Iterator

from c360_spark.contracts.onboarding.guess import Proposed
from c360_spark.contracts.onboarding.proposal import Proposal


def summary(made: Proposal) -> str:
    """The summary as text: table, key, event time, and the target of each property."""
    return "\n".join(_lines(made))


def _lines(made: Proposal) -> Iterator[str]:
    records = len(made.sample.records)
    yield f"{made.source}.{made.dataset}: {records:,} records → silver.{made.table.value} ({made.table})"
    yield f"  primary key  {' + '.join(_name(each) for each in made.keys) or 'none found'}"
    yield f"  event time   {_name(made.event_time) if made.event_time else 'none found'}"
    for each in made.made.values():
        yield "  " + f"{_name(each):<28} {each.type.value:<10} {_becomes(each)}".rstrip()
    for array in made.arrays:
        name, guess = next(iter(array.settings.items()))
        what = {"explode": "a record for each item", "entries": "a property for each key"}
        yield f"  {'.'.join(array.seen.path)} → {what.get(name, f'silver.{guess.value}')} ({guess})"
        for each in array.made:
            yield "  " + f"  {_name(each):<26} {each.type.value:<10} {_becomes(each)}".rstrip()
    yield from (f"  ! {note}" for note in made.notes)
    spaces = sorted({str(each.namespace.value) for each in made.made.values() if each.namespace})
    if spaces:
        yield f"  ! new namespaces are proposed in comments: {', '.join(spaces)}"


def _name(made: Proposed) -> str:
    return ".".join(made.seen.path)


def _becomes(made: Proposed) -> str:
    parts = []
    if "canonical" in made.settings:
        parts.append(f"→ {made.settings['canonical'].value} {made.settings['canonical'].confidence:.2f}")
    if "identifier" in made.settings:
        use = made.settings["identifier"]
        space = use.value.get("namespace") or " or ".join(sorted(set(use.value["namespaces"].values())))
        parts.append(f"identifies {space} {min(use.confidence, 0.99):.2f}")
    if "classification" in made.facts:
        parts.append(str(made.facts["classification"].value))
    return " · ".join(parts)
