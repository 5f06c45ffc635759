"""Assigns files of the landing folder to datasets, by path and glob of sources.yml."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from c360_spark.config.contract.sources import Source

ENDINGS = re.compile(r"(\.(csv|tsv|tab|txt|json|jsonl|ndjson|parquet))?(\.(gz|zst))?$", re.IGNORECASE)
Dataset = tuple[str, str]  # source, dataset
NO_PATH = "no dataset of sources.yml has a path that leads to it"
HIDDEN = ("_", ".")  # prefixes of marker files and half-written files of many tools


@dataclass(frozen=True)
class Claim:
    """The dataset that a file belongs to; if None, `status` (unclaimed, ignored, ambiguous) and `reason` say why."""

    dataset: Dataset | None = None
    status: str = ""
    reason: str = ""


def claim(path: str, sources: Mapping[Dataset, Source], *, drafted: Mapping[Dataset, Source] | None = None) -> Claim:
    """The dataset that the file at `path` belongs to: among datasets whose path contains the file and whose glob
    matches it, the one with the longest path. A dataset in `drafted`, which has no released contract yet, never gets
    the file; it is only named in the reason.
    """
    name = path.rpartition("/")[2]
    near = [
        (len(_folder(arrival)), dataset) for dataset, arrival in sources.items() if path.startswith(_folder(arrival))
    ]
    fits = [(length, dataset) for length, dataset in near if fits_glob(name, sources[dataset].glob)]
    takers = [dataset for length, dataset in fits if length == max(fits)[0]]
    if not near:
        waits = claim(path, drafted).dataset if drafted else None
        reason = f"the contract of {'.'.join(waits)} is a draft" if waits else NO_PATH
        return Claim(status="unclaimed", reason=reason)
    if not takers:
        globs = ", ".join(sorted({f"{'.'.join(dataset)} takes {sources[dataset].glob}" for _, dataset in near}))
        return Claim(status="ignored", reason=f"glob: {globs}")
    if len(takers) > 1:
        return Claim(status="ambiguous", reason=f"{' and '.join(sorted(map('.'.join, takers)))} take it")
    taker = sources[takers[0]]
    if name.startswith(HIDDEN) and not taker.glob.startswith(HIDDEN):
        return Claim(status="ignored", reason="hidden: its name begins with _ or . and the glob does not")
    above = path.removeprefix(_folder(taker)).split("/")[:-1]
    if any(folder.startswith(HIDDEN) and "=" not in folder for folder in above):  # _day=2026-01-02 is a partition
        return Claim(status="ignored", reason="hidden: a folder above it begins with _ or ., as half-written files do")
    return Claim(takers[0])


def fits_glob(name: str, glob: str) -> bool:
    """Whether a file name matches a glob. Ignores the case of the ending, treats .ndjson as .jsonl, and matches a
    compressed file by its inner ending: `*.csv` matches `A.CSV` and `a.csv.gz`.
    """
    plain, packed = _ending(name)
    wanted, wanted_packed = _ending(glob)
    return (
        fnmatchcase(name, glob)
        or fnmatchcase(plain + packed, wanted + wanted_packed)
        or (not wanted_packed and fnmatchcase(plain, wanted))
    )


def _ending(text: str) -> tuple[str, str]:
    """Splits a name or glob into the name with its ending in lower case, and a compression suffix (.gz, .zst) or ''."""
    found = ENDINGS.search(text)
    assert found is not None
    kind, _, packed, _ = (part or "" for part in found.groups())
    return text[: found.start()] + kind.lower().replace(".ndjson", ".jsonl"), packed.lower()


def _folder(arrival: Source) -> str:
    path = arrival.path.strip("/")
    return f"{path}/" if path else ""
