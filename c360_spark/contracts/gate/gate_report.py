"""The report of the version gate, as data and as text."""

from collections.abc import Iterator, Sequence
from typing import Any

from c360_spark.config import Conf
from c360_spark.contracts.dependents import dependents
from c360_spark.contracts.gate.version_gate import Comparison

Figures = dict[str, Any]


def figures(conf: Conf, comparisons: Sequence[Comparison]) -> Figures:
    """The report as data: `ok`, and for each comparison its versions, the version part that was `needed` and `given`,
    its differences with their dependents, and its problems.
    """
    return {
        "ok": not any(each.problems for each in comparisons),
        "comparisons": [_comparison(conf, each) for each in comparisons if each.differences or each.problems],
    }


def _comparison(conf: Conf, each: Comparison) -> Figures:
    contracts = [each.old, *([each.new] if each.new else [])]
    return {
        "dataset": each.old.name,
        "from": each.old.version,
        "to": each.new.version if each.new else None,
        "in_place": each.in_place,
        "needed": each.needed.word,
        "given": each.given.word,
        "differences": [
            {
                "kind": difference.kind,
                "bump": difference.bump.word,
                "where": difference.where,
                "before": difference.before,
                "after": difference.after,
                "dependents": dependents(conf, difference, *contracts),
            }
            for difference in each.differences
        ],
        "problems": list(each.problems),
    }


def as_text(found: Figures, contracts: int) -> str:
    """The report as text, one block per comparison: each difference with its place, values and dependents; problems."""
    wrong = sum(1 for each in found["comparisons"] if each["problems"])
    blocks = [line for each in found["comparisons"] for line in _block(each)]
    return "\n".join([*blocks, f"{contracts} contracts, {f'{wrong} comparisons WRONG' if wrong else 'all well'}"])


def _block(each: Figures) -> Iterator[str]:
    way = "is gone" if each["to"] is None else "changed in place" if each["in_place"] else f"→ {each['to']}"
    verdict = "WRONG" if each["problems"] else "well"
    yield f"{each['dataset']} {each['from']} {way}: {verdict} (needed {each['needed']}, given {each['given']})"
    for difference in each["differences"]:
        told = f"{difference['before'] or '–'} → {difference['after'] or '–'}"
        said = f"  {told}" if difference["before"] or difference["after"] else ""
        yield f"  {difference['bump']:<6}{difference['kind']:<30}{difference['where']}{said}".rstrip()
        if difference["dependents"]:
            yield f"        relied on by {', '.join(difference['dependents'])}"
    for problem in each["problems"]:
        yield f"  ! {problem}"
