"""Which dataset a file of the landing folder belongs to, by sources.yml."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from c360_spark.config.sources import Source

Dataset = tuple[str, str]  # source, dataset
HIDDEN = ("_", ".")  # markers and half-written files of many tools begin so


@dataclass(frozen=True)
class Claim:
    """`dataset` takes the file; where it is None, `status` (unclaimed, ignored, ambiguous) and `reason` say why not."""

    dataset: Dataset | None = None
    status: str = ""
    reason: str = ""


def claim(path: str, sources: Mapping[Dataset, Source]) -> Claim:
    """Whose the file at `path` is: of the datasets below whose path it lies and whose glob it fits, that with the
    longest path.
    """
    name = path.rpartition("/")[2]
    near = [
        (len(_folder(arrival)), dataset) for dataset, arrival in sources.items() if path.startswith(_folder(arrival))
    ]
    fits = [(length, dataset) for length, dataset in near if fnmatchcase(name, sources[dataset].glob)]
    takers = [dataset for length, dataset in fits if length == max(fits)[0]]
    if not near:
        return Claim(status="unclaimed", reason="no dataset of sources.yml has a path that leads to it")
    if not takers:
        globs = ", ".join(sorted({f"{'.'.join(dataset)} takes {sources[dataset].glob}" for _, dataset in near}))
        return Claim(status="ignored", reason=f"glob: {globs}")
    if len(takers) > 1:
        return Claim(status="ambiguous", reason=f"{' and '.join(sorted(map('.'.join, takers)))} take it")
    if name.startswith(HIDDEN) and not sources[takers[0]].glob.startswith(HIDDEN):
        return Claim(status="ignored", reason="hidden: its name begins with _ or . and the glob does not")
    return Claim(takers[0])


def _folder(arrival: Source) -> str:
    path = arrival.path.strip("/")
    return f"{path}/" if path else ""
