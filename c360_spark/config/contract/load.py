"""Reads conf/contracts: parses each file into a contract and reports every problem at its line."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path as File
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from c360_spark.config.contract.contract import Contract, Entries, Field, Lines, Path, Versions
from c360_spark.config.contract.lifecycle import ContractSettings
from c360_spark.config.contract.odcs import (
    ArraySettings,
    CustomProperty,
    Element,
    EntrySettings,
    Item,
    NoSettings,
    ObjectSettings,
    Odcs,
    PropertySettings,
)
from c360_spark.config.contract.vocabulary import Reference
from c360_spark.config.yaml.document import Document, Loc, Problems, read
from c360_spark.config.yaml.model import complaints, parse

S = TypeVar("S", bound=BaseModel)
CONTRACTS = "*/*/*.odcs.yaml"
UNRELEASED = re.compile(r"^status:[ \t]*[\"']?(draft|proposed)\b", re.MULTILINE)
DECISIVE = ("country", "updated_at")  # columns whose values decide more than themselves
SAFE_NAME = re.compile(r"^[a-z][a-z0-9_]*$")


def load_contracts(
    folder: File, problems: Problems, *, only: set[File] | None = None, drafts: Problems | None = None
) -> Versions:
    """Every contract version by (source, dataset), oldest first; with `only` just these files.

    If `drafts` is given, problems of drafts go there instead of to `problems`; invalid drafts are left out and block
    nothing.
    """
    found: dict[tuple[str, str], list[Contract]] = {}
    for path in sorted(folder.glob(CONTRACTS)):
        own = Problems()
        contract = _load(folder, path, own) if only is None or path in only else None
        if own.found and drafts is not None and is_draft(path):
            drafts.found += own.found
            continue
        problems.found += own.found
        if contract is not None:
            found.setdefault((contract.source, contract.dataset), []).append(contract)
    return {name: tuple(sorted(versions, key=lambda contract: contract.number)) for name, versions in found.items()}


def is_draft(path: File) -> bool:
    """Whether the text of a file declares status draft or proposed; used when it cannot be parsed as a contract."""
    try:
        return UNRELEASED.search(path.read_text(encoding="utf-8")) is not None
    except (OSError, UnicodeDecodeError):
        return False


def newest(versions: Versions) -> dict[tuple[str, str], Contract]:
    """The highest active version of each dataset; the highest deprecated one if none is active."""
    return {
        name: max(live, key=lambda contract: (contract.status == "active", contract.number))
        for name, all_of in versions.items()
        if (live := [contract for contract in all_of if contract.status in ("active", "deprecated")])
    }


def with_references(versions: Versions, references: Mapping[str, Reference]) -> Versions:
    """The contracts with `listed` of each property set to the values of its reference list; empty if it is unknown."""

    def listed(fields: tuple[Field, ...]) -> tuple[Field, ...]:
        found = [references.get(field.settings.reference or "") for field in fields]
        return tuple(
            replace(field, listed=list_.values) if list_ else field for field, list_ in zip(fields, found, strict=True)
        )

    def resolved(contract: Contract) -> Contract:
        lines = contract.lines and replace(contract.lines, fields=listed(contract.lines.fields))
        return replace(contract, fields=listed(contract.fields), lines=lines)

    return {name: tuple(map(resolved, all_of)) for name, all_of in versions.items()}


def _load(folder: File, path: File, problems: Problems) -> Contract | None:
    document = read(path, problems, within=folder)
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
    return _contract(source, dataset, odcs, document, problems)


def _contract(source: str, dataset: str, odcs: Odcs, document: Document, problems: Problems) -> Contract | None:
    record, loc = odcs.schema_[0], ("schema", 0)
    own = _settings(document, (), odcs.custom_properties, ContractSettings, problems)
    settings = _settings(document, loc, record.custom_properties, ObjectSettings, problems)
    fields, arrays = _walk(document, record, (), loc, problems)
    lines = _lines(document, arrays, problems)
    exploded = [(path, where) for path, where, _, given in arrays if given.explode]
    for path, where in exploded[1:]:
        problems.found.append(document.problem(where, f"one array can be exploded, and {'.'.join(path)} is another"))
    if own is None or settings is None or any(f is None for f in fields):
        return None
    table, constants = settings.canonical_table, settings.constants
    known = tuple(replace(field, is_nulled=_is_nulled(field, table)) for field in fields if field is not None)
    explode = exploded[0][0] if exploded else None
    entries = tuple(_entries(path, where, given.entries) for path, where, _, given in arrays if given.entries)
    return Contract(
        source, dataset, odcs.version, document, table, constants, known, lines, odcs, own, explode, entries,
        settings.one_per_person,
    )  # fmt: skip


def _is_nulled(field: Field, table: str) -> bool:
    """By default the optional properties of customer records are: there a missing value is one that nobody knows.

    Elsewhere it has a meaning of its own, such as a consent without end. The time of a record decides which version is
    current, and the country which rules hold.
    """
    if field.settings.on_invalid is None:
        return table == "profile_record" and not field.is_required and field.settings.canonical not in DECISIVE
    return field.settings.on_invalid == "null"


def _entries(path: Path, loc: Loc, given: EntrySettings) -> Entries:
    return Entries(path, loc, tuple(given.key.split(".")), tuple(tuple(value.split(".")) for value in given.values))


Array = tuple[Path, Loc, Element, ArraySettings]


def _walk(
    document: Document, parent: Item, path: tuple[str, ...], loc: Loc, problems: Problems
) -> tuple[list[Field | None], list[Array]]:
    """All scalar properties below `parent`, and its arrays that have settings."""
    fields: list[Field | None] = []
    arrays: list[Array] = []
    for i, element in enumerate(parent.properties):
        here, where = (*path, element.name), (*loc, "properties", i)
        if any(rule.type == "custom" for rule in element.quality):
            problems.found.append(document.problem((*where, "quality"), "rules stand at the record, not at a property"))
        if element.unique and element.logical_type in ("object", "array"):
            problems.found.append(document.problem((*where, "unique"), "only a single value can be unique"))
        if element.logical_type == "object":
            _settings(document, where, element.custom_properties, NoSettings, problems)
            inner_fields, inner_arrays = _walk(document, element, here, where, problems)
            fields += inner_fields
            arrays += inner_arrays
        elif element.logical_type == "array":
            given = _settings(document, where, element.custom_properties, ArraySettings, problems)
            if given is None or not element.custom_properties:
                continue
            arrays.append((here, where, element, given))
            if element.items is not None and (given.explode or given.entries):
                inner_fields, inner_arrays = _walk(document, element.items, here, (*where, "items"), problems)
                fields += inner_fields
                arrays += inner_arrays
        else:
            settings = _settings(document, where, element.custom_properties, PropertySettings, problems)
            fields.append(Field(here, where, element, settings) if settings else None)
    return [field and _with_parts(field, fields, document, problems) for field in fields], arrays


def _with_parts(field: Field, fields: list[Field | None], document: Document, problems: Problems) -> Field:
    """The field with the paths of its time of day and zone properties, which must be its siblings."""
    beside = {each.path[-1]: each.path for each in fields if each and each.path[:-1] == field.path[:-1]}
    found = {}
    for setting, name in (("timeFrom", field.settings.time_from), ("zoneFrom", field.settings.zone_from)):
        found[setting] = beside.get(name or "")
        if name and not found[setting]:
            problems.found += document.unknown(field.place(setting), name, beside, "property beside it")
    return replace(field, time_path=found["timeFrom"], zone_path=found["zoneFrom"])


def _lines(document: Document, arrays: list[Array], problems: Problems) -> Lines | None:
    lines = None
    for path, loc, element, given in arrays:
        ways = sum(map(bool, (given.canonical_table, given.explode, given.entries)))
        if ways != 1:
            problems.found.append(document.problem(loc, "say one of canonicalTable, explode and entries of an array"))
        if element.items is None:
            problems.found.append(document.problem(loc, "'items' is missing: what a line holds"))
            continue
        if not given.canonical_table:
            continue
        fields, _ = _walk(document, element.items, (), (*loc, "items"), problems)
        if lines is not None:
            problems.found.append(document.problem(loc, "a record can have one array of lines"))
        known = tuple(f for f in fields if f is not None)
        lines = Lines(path, loc, given.canonical_table, given.constants, known, given.rows_by)
    return lines


def _settings(
    document: Document, loc: Loc, given: list[CustomProperty], model: type[S], problems: Problems
) -> S | None:
    """customProperties parsed as `model`; each problem is reported at the entry that caused it."""
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
