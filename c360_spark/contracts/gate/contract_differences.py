"""Finds the differences between two versions of a contract, and between two states of one version."""

from collections.abc import Iterator
from typing import Any

from c360_spark.config import Contract, Field
from c360_spark.config.contract.lifecycle import DURATIONS, END, Sla
from c360_spark.config.contract.odcs import Item
from c360_spark.config.contract.upcast import Rename
from c360_spark.contracts.gate.difference import Difference
from c360_spark.contracts.gate.property_differences import property_differences

STEPS = {"draft": 0, "proposed": 0, "active": 1, "deprecated": 2, "retired": 3}
# Fields that are compared separately, or that are no promise of a version. All other fields count as words.
OF_CONTRACT = {"version", "status", "team", "sla_properties", "custom_properties", "schema_"}
OF_ELEMENT = set(
    "name logical_type required unique primary_key primary_key_position classification quality logical_type_options "
    "properties items custom_properties".split()
)


def version_differences(old: Contract, new: Contract) -> list[Difference]:
    """The differences between the promises of `old` and `new`, in the order of the contract."""
    renamed = {
        step.source: step.target for step in new.upcasts if isinstance(step, Rename) and new.number[0] > old.number[0]
    }
    differences = [*_table(old.table, new.table, old.constants, new.constants, "")]
    if old.one_per_person != new.one_per_person:
        before, after = (str(contract.one_per_person).lower() for contract in (old, new))
        differences.append(Difference("one_per_person.changed", "", before, after))
    differences += _fields(old.fields, new.fields, "", renamed)
    differences += _primary_key(old, new)
    differences += _lines(old, new)
    differences += _shape(old, new)
    differences += _rules(old, new)
    differences += _service(old, new)
    if old.settings.default_country != new.settings.default_country:
        before, after = old.settings.default_country or "", new.settings.default_country or ""
        differences.append(
            Difference(f"default_country.{'changed' if before else 'added'}", before=before, after=after)
        )
    if old.settings.version_from != new.settings.version_from:
        before, after = old.settings.version_from or "", new.settings.version_from or ""
        differences.append(Difference("version_from.changed", before=before, after=after))
    if old.upcasts != new.upcasts and old.number[0] == new.number[0]:
        differences.append(Difference("upcasts.changed"))
    differences += _words(old, new)
    if old.odcs.team != new.odcs.team:
        before, after = (f"{c.owner or 'nobody'}, {c.steward or 'nobody'}" for c in (old, new))
        differences.append(Difference("owner.changed", before=before, after=after))
    return differences


def state_differences(old: Contract, new: Contract) -> list[Difference]:
    """The differences of a version that was changed in place: in its promises and in its lifecycle."""
    differences = version_differences(old, new)
    step = STEPS[new.status] - STEPS[old.status]
    if step:
        kind = "status.forward" if step == 1 else "status.backward" if step < 0 else "status.skipped"
        differences.append(Difference(kind, before=old.status, after=new.status))
    before, after = old.end_of_support, new.end_of_support
    if before != after:
        kind = "end.set" if before is None else "end.later" if after is None or after > before else "end.earlier"
        differences.append(Difference(kind, before=str(before or ""), after=str(after or "")))
    if old.settings.after_end_of_support != new.settings.after_end_of_support:
        treatments = old.settings.after_end_of_support, new.settings.after_end_of_support
        differences.append(Difference("end.treatment.changed", "", *treatments))
    if old.settings.reviewed != new.settings.reviewed:
        differences.append(Difference("review.changed"))
    if old.settings.no_upcast != new.settings.no_upcast:
        differences.append(Difference("words.changed", "noUpcast"))
    return differences


def _table(
    old: str, new: str, old_constants: dict[str, str], new_constants: dict[str, str], where: str
) -> Iterator[Difference]:
    if old != new:
        yield Difference("table.changed", where, old, new)
    for name in sorted({*old_constants, *new_constants}):
        before, after = old_constants.get(name), new_constants.get(name)
        if before != after:
            kind = "constant.added" if before is None else "constant.changed"
            yield Difference(kind, f"{where}{name}", before or "", after or "")


def _fields(
    old: tuple[Field, ...], new: tuple[Field, ...], within: str, renamed: dict[str, str]
) -> Iterator[Difference]:
    """Differences between properties of the same name; `within` is the path prefix of an array of lines."""
    before, after = {field.name: field for field in old}, {field.name: field for field in new}
    moved = {a: b for a, b in renamed.items() if a in before and a not in after and b in after and b not in before}
    for name, field in before.items():
        where = within + name
        if name in moved:
            yield Difference("property.renamed", where, name, moved[name])
        elif name not in after:
            yield Difference("property.removed", where)
        if other := after.get(moved.get(name, name)):
            yield from property_differences(field, other, where=within + other.name)
    for name, field in after.items():
        if name not in before and name not in moved.values():
            kind = "property.added.required" if field.is_required else "property.added.optional"
            yield Difference(kind, within + name)


def _primary_key(old: Contract, new: Contract) -> Iterator[Difference]:
    before, after = (", ".join(field.name for field in contract.primary_key) for contract in (old, new))
    if before != after:
        yield Difference("primary_key.changed", "", before, after)


def _lines(old: Contract, new: Contract) -> Iterator[Difference]:
    before, after = old.lines, new.lines
    if before and (after is None or before.path != after.path):
        yield Difference("lines.removed", ".".join(before.path) + "[]")
    if after and (before is None or before.path != after.path):
        yield Difference("lines.added", ".".join(after.path) + "[]")
    if before and after and before.path == after.path:
        where = ".".join(after.path) + "[]"
        yield from _table(before.table, after.table, before.constants, after.constants, where)
        yield from _fields(before.fields, after.fields, f"{where}.", {})


def _shape(old: Contract, new: Contract) -> Iterator[Difference]:
    """Differences in the reshaping of arrays: explode, entries and rowsBy."""
    before, after = dict(_arrays(old)), dict(_arrays(new))
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            yield Difference("shape.changed", name, before.get(name, ""), after.get(name, ""))


def _arrays(contract: Contract) -> Iterator[tuple[str, str]]:
    if contract.explode:
        yield ".".join(contract.explode), "explode"
    for each in contract.entries:
        values = " or ".join(".".join(path) for path in each.values)
        yield ".".join(each.path), f"entries {'.'.join(each.key)}: {values}"
    if contract.lines and contract.lines.rows_by:
        yield ".".join(contract.lines.path), f"rows by {contract.lines.rows_by}"


def _rules(old: Contract, new: Contract) -> Iterator[Difference]:
    before, after = ({rule.name or "": rule for rule in contract.rules} for contract in (old, new))
    for name in sorted({*before, *after}):
        was, now = before.get(name), after.get(name)
        said = (was and was.implementation) or "", (now and now.implementation) or ""
        if said[0] != said[1]:
            yield Difference(f"rule.{'added' if was is None else 'removed' if now is None else 'changed'}", name, *said)
        elif was != now:
            yield Difference("words.changed", name)


def _service(old: Contract, new: Contract) -> Iterator[Difference]:
    """Differences of service levels. No latency means that records may come at any time, no retention that they are
    kept for ever.
    """
    for name in ("latency", "retention"):
        before, after = old.promise(name), new.promise(name)
        if before != after:
            longer = after is None or (before is not None and after > before)
            said = str(before or ""), str(after or "")
            yield Difference(f"{name}.{'lengthened' if longer else 'shortened'}", "", *said)


def _words(old: Contract, new: Contract) -> Iterator[Difference]:
    if _own_words(old) != _own_words(new):
        yield Difference("words.changed")
    before, after = (dict(_texts(contract.odcs.schema_[0], "")) for contract in (old, new))
    for name, texts in before.items():
        if name in after and texts != after[name]:
            yield Difference("words.changed", name)


def _own_words(contract: Contract) -> tuple[dict[str, Any], list[Sla], list[str]]:
    """The words of the contract itself: unread fields, service levels that the suite ignores, and notes on settings."""
    foreign = [sla for sla in contract.odcs.sla_properties if sla.name not in (*DURATIONS, END)]
    notes = [own.description for own in contract.odcs.custom_properties if own.description]
    return contract.odcs.model_dump(exclude=OF_CONTRACT), foreign, notes


def _texts(element: Item, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The words of the record and of each property at any depth, by name."""
    texts = {field: getattr(element, field) for field in type(element).model_fields if field not in OF_ELEMENT}
    said = [rule for rule in element.quality if rule.type == "text"]
    notes = [own.description for own in element.custom_properties if own.description]
    yield name, texts | {"quality": said, "notes": notes}
    for inner in element.properties:
        yield from _texts(inner, f"{name}.{inner.name}".lstrip("."))
    if element.items is not None:
        yield from _texts(element.items, f"{name}[]")
