"""The observed structure of a sample: every property with its values, as silver would read them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

Path = tuple[str, ...]


class Leaf(NamedTuple):
    """One delivered value. `kind` is its type in the file: string, integer, number or boolean."""

    text: str
    kind: str


@dataclass(frozen=True)
class Sample:
    """Records as nested dictionaries of `Leaf` values and lists. `notes` report oddities of the file, `glob` matches
    its name, `written` are the file-format settings for sources.yml.
    """

    format: str
    records: list[dict[str, Any]]
    notes: tuple[str, ...] = ()
    glob: str = "*"
    written: Mapping[str, str] = field(default_factory=dict)
    zone: str = ""  # named by a line above the header


@dataclass
class Observed:
    """One property of a record. `records` is the number of parent records; `shapes` counts values, objects, arrays."""

    path: Path
    records: int
    leaves: list[Leaf] = field(default_factory=list)
    shapes: dict[str, int] = field(default_factory=dict)
    inner: list["Observed"] = field(default_factory=list)
    items: list["Observed"] = field(default_factory=list)
    lists: list[list[dict[str, Any]]] = field(default_factory=list)  # for an array: the objects of each record's array
    depth: int = 0  # nesting depth of arrays within arrays

    @property
    def name(self) -> str:
        return self.path[-1]

    @property
    def shape(self) -> str:
        """`value`, `object` or `array`; mixed shapes can only be read as text, so they count as `value`."""
        return next(iter(self.shapes)) if len(self.shapes) == 1 else "value"

    @cached_property
    def texts(self) -> list[str]:
        """The values present, as in silver, which trims texts and treats empty ones as absent."""
        return [text for leaf in self.leaves if (text := leaf.text.strip())]

    @property
    def kinds(self) -> set[str]:
        return {leaf.kind for leaf in self.leaves if leaf.text.strip()}

    @property
    def complete(self) -> bool:
        """Whether every record has a value here."""
        return bool(self.records) and len(self.texts) == self.records


def observed(records: Iterable[dict[str, Any]], above: Path = ()) -> list[Observed]:
    """The properties of `records`, in order of first appearance."""
    found: dict[str, Observed] = {}
    all_of = list(records)
    below: dict[str, list[Any]] = {}
    for record in all_of:
        for name, value in record.items():
            each = found.setdefault(name, Observed((*above, name), len(all_of)))
            if value is None:
                continue
            shape = "object" if isinstance(value, dict) else "array" if isinstance(value, list) else "value"
            if shape == "value":
                each.leaves.append(value)
            if shape != "value" or value.text.strip():
                each.shapes[shape] = each.shapes.get(shape, 0) + 1
            below.setdefault(name, []).append(value)
    for name, each in found.items():
        values = below.get(name, [])
        if each.shape == "object":
            each.inner = observed((value for value in values if isinstance(value, dict)), each.path)
            for inner in each.inner:
                _of_all(inner, len(all_of))
        elif each.shape == "array":
            flat = [item for value in values if isinstance(value, list) for item in value]
            each.depth = max((_depth(item) for item in flat), default=0)
            each.lists = [
                [item for item in value if isinstance(item, dict)] for value in values if isinstance(value, list)
            ]
            each.items = observed(item for items in each.lists for item in items)
            each.leaves = [item for item in flat if isinstance(item, Leaf)]
    return list(found.values())


def scalars(properties: Iterable[Observed]) -> list[Observed]:
    """All scalar properties, including those within objects, in order."""
    return [
        leaf
        for each in properties
        for leaf in (scalars(each.inner) if each.shape == "object" else [each])
        if leaf.shape == "value"
    ]


def _of_all(each: Observed, records: int) -> None:
    """Sets the record count of a property to that of the outer records: it is missing where its object is missing."""
    each.records = records
    for inner in each.inner:
        _of_all(inner, records)


def _depth(value: Any) -> int:
    return 1 + max((_depth(item) for item in value), default=0) if isinstance(value, list) else 0
