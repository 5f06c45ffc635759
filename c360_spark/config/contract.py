"""conf/contracts: what a dataset promises, and what each of its properties means in silver."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from c360_spark.config.document import Document, Loc, Problems, read
from c360_spark.config.model import complaints, parse
from c360_spark.config.odcs import (
    CustomProperty,
    Element,
    IdentifierUse,
    Item,
    NoSettings,
    ObjectSettings,
    Odcs,
    PropertySettings,
)

S = TypeVar("S", bound=BaseModel)
CONTRACTS = "*/*/*.odcs.yaml"
SAFE_NAME = re.compile(r"^[a-z][a-z0-9_]*$")


@dataclass(frozen=True)
class Field:
    """One scalar of a delivered record. `path` leads to it from the record; `loc` is its place in the file."""

    path: tuple[str, ...]
    loc: Loc
    element: Element
    settings: PropertySettings

    @property
    def name(self) -> str:
        return ".".join(self.path)

    def place(self, setting: str) -> Loc:
        """Where one of its own settings stands."""
        names = [given.property for given in self.element.custom_properties]
        return (*self.loc, "customProperties", names.index(setting)) if setting in names else self.loc


@dataclass(frozen=True)
class Lines:
    """An array within the record whose items become rows of a table of their own."""

    path: tuple[str, ...]
    loc: Loc
    table: str
    constants: dict[str, str]
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Contract:
    """The newest contract of one dataset."""

    source: str
    dataset: str
    version: str
    document: Document
    table: str
    constants: dict[str, str]
    fields: tuple[Field, ...]
    lines: Lines | None

    @property
    def primary_key(self) -> tuple[Field, ...]:
        keyed = [f for f in self.fields if f.element.primary_key]
        return tuple(sorted(keyed, key=lambda f: f.element.primary_key_position or 1))

    @property
    def uses(self) -> list[tuple[Field, IdentifierUse]]:
        """The properties that identify somebody."""
        return [(f, f.settings.identifier) for f in self.fields if f.settings.identifier]


def load_contracts(folder: Path, problems: Problems) -> dict[tuple[str, str], Contract]:
    """The active contract with the greatest version of every dataset, by (source, dataset)."""
    newest: dict[tuple[str, str], Contract] = {}
    for path in sorted(folder.glob(CONTRACTS)):
        contract = _load(path, problems)
        if contract is None:
            continue
        old = newest.get((contract.source, contract.dataset))
        if old is None or _order(old.version) < _order(contract.version):
            newest[contract.source, contract.dataset] = contract
    return newest


def _order(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _load(path: Path, problems: Problems) -> Contract | None:
    document = read(path, problems)
    if document is None:
        return None
    odcs = parse(document, Odcs, problems)
    if odcs is None:
        return None
    source, dataset = path.parts[-3:-1]
    for name in (source, dataset):
        if not SAFE_NAME.match(name):
            problems.found.append(document.problem((), f"folder '{name}' must be lower-case letters, digits and _"))
    if path.name != f"{odcs.version}.odcs.yaml":
        problems.found.append(document.problem(("version",), f"version {odcs.version} does not match the file's name"))
    if odcs.status not in ("active", "deprecated"):
        return None
    return _contract(source, dataset, odcs, document, problems)


def _contract(source: str, dataset: str, odcs: Odcs, document: Document, problems: Problems) -> Contract | None:
    record, loc = odcs.schema_[0], ("schema", 0)
    settings = _settings(document, loc, record.custom_properties, ObjectSettings, problems)
    fields, arrays = _walk(document, record, (), loc, problems)
    lines = _lines(document, arrays, problems)
    if settings is None or any(f is None for f in fields):
        return None
    known = tuple(f for f in fields if f is not None)
    return Contract(source, dataset, odcs.version, document, settings.canonical_table, settings.constants, known, lines)


Array = tuple[tuple[str, ...], Loc, Element]


def _walk(
    document: Document, parent: Item, path: tuple[str, ...], loc: Loc, problems: Problems
) -> tuple[list[Field | None], list[Array]]:
    """All scalars below `parent`, and its arrays that have settings."""
    fields: list[Field | None] = []
    arrays: list[Array] = []
    for i, element in enumerate(parent.properties):
        here, where = (*path, element.name), (*loc, "properties", i)
        if element.logical_type == "object":
            _settings(document, where, element.custom_properties, NoSettings, problems)
            inner_fields, inner_arrays = _walk(document, element, here, where, problems)
            fields += inner_fields
            arrays += inner_arrays
        elif element.logical_type == "array":
            arrays.append((here, where, element))
        else:
            settings = _settings(document, where, element.custom_properties, PropertySettings, problems)
            fields.append(Field(here, where, element, settings) if settings else None)
    return fields, arrays


def _lines(document: Document, arrays: list[Array], problems: Problems) -> Lines | None:
    lines = None
    for path, loc, element in arrays:
        if not element.custom_properties:
            continue
        if element.items is None:
            problems.found.append(document.problem(loc, "'items' is missing: what a line holds"))
            continue
        settings = _settings(document, loc, element.custom_properties, ObjectSettings, problems)
        fields, _ = _walk(document, element.items, (), (*loc, "items"), problems)
        if lines is not None:
            problems.found.append(document.problem(loc, "a record can have one array of lines"))
        if settings is not None:
            known = tuple(f for f in fields if f is not None)
            lines = Lines(path, loc, settings.canonical_table, settings.constants, known)
    return lines


def _settings(
    document: Document, loc: Loc, given: list[CustomProperty], model: type[S], problems: Problems
) -> S | None:
    """customProperties as one value of `model`, complaints at the entry they are about."""
    place: dict[str, Loc] = {}
    for i, setting in enumerate(given):
        if setting.property in place:
            where = (*loc, "customProperties", i)
            problems.found.append(document.problem(where, f"'{setting.property}' is given twice"))
        place[setting.property] = (*loc, "customProperties", i)
    data: dict[str, Any] = {p.property: p.value for p in given}
    try:
        return model.model_validate(data)
    except ValidationError as error:
        for (first, *rest), message in complaints(model, error):
            where = (*place.get(str(first), loc), *(["value", *rest] if rest else []))
            problems.found.append(document.problem(where, message))
        return None
