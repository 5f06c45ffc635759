"""Renders the stages as Markdown from their declarations: `python -m c360_spark.pipeline.stage_graph`."""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from c360_spark.pipeline.stages import STAGES
from c360_spark.run.stage import Stage


def stage_graph() -> str:
    """The text of docs/stages.md."""
    return "".join(f"{line}\n" for part in (_preface(), _drawn(), _table()) for line in part)


def edges() -> list[tuple[str, str]]:
    """Edges of the stage graph, from writer to reader, without those implied by a longer path."""
    above: dict[str, set[str]] = {}
    found = []
    for stage in STAGES.values():
        direct = {other.name for other in STAGES.values() if other is not stage and _feeds(other, stage)} & set(above)
        further = set().union(*(above[name] for name in direct))
        above[stage.name] = direct | further
        found += [(name, stage.name) for name in above if name in direct - further]
    return found


def _feeds(one: Stage, other: Stage) -> bool:
    return any(fnmatchcase(written, read) for written in one.writes for read in other.reads)


def _preface() -> Iterator[str]:
    yield "# Stages"
    yield ""
    yield "Made from `c360_spark/pipeline/stages.py` by `make docs`; do not edit. An arrow means: reads what the other"
    yield "writes. The store refuses a stage every table that it does not declare."
    yield ""


def _drawn() -> Iterator[str]:
    yield "```mermaid"
    yield "flowchart LR"
    yield from (f"    {one} --> {other}" for one, other in edges())
    yield "```"
    yield ""


def _table() -> Iterator[str]:
    yield "| stage | what it does | reads | writes |"
    yield "|---|---|---|---|"
    for stage in STAGES.values():
        what = (stage.work.__doc__ or "").strip().split("\n\n")[0].replace("\n", " ")
        said = " ".join(what.split()).split(". ")[0].rstrip(".")
        yield f"| `{stage.name}` | {said} | {_linked(stage.reads)} | {_linked(stage.writes)} |"


def _linked(names: tuple[str, ...]) -> str:
    return ", ".join(f"[{name}](tables.md#{_anchor(name)})" for name in dict.fromkeys(names)) or "–"


def _anchor(name: str) -> str:
    families = {"bronze.*": "bronze.<source>_<dataset>", "export.*": "export.<destination>"}
    return "".join(c for c in families.get(name, name) if c.isalnum() or c == "_")


if __name__ == "__main__":
    print(stage_graph(), end="")
