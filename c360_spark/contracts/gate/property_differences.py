"""Finds the differences between two versions of one property."""

from collections.abc import Iterator

from c360_spark.config import Field
from c360_spark.config.contract.odcs import IdentifierUse
from c360_spark.contracts.gate.difference import Difference
from c360_spark.tables import Pii

FORMATS = {"date": ["yyyy-MM-dd"], "timestamp": ["iso"]}  # defaults where a contract gives no formats


def property_differences(old: Field, new: Field, *, where: str) -> Iterator[Difference]:
    """Yields every difference of a property except in its name and its descriptive texts."""
    yield from _schema(old, new, where)
    yield from _values(old, new, where)
    yield from _meaning(old, new, where)
    if old.settings.identifier != new.settings.identifier:
        yield from _identifier(old.settings.identifier, new.settings.identifier, where)


def _schema(old: Field, new: Field, where: str) -> Iterator[Difference]:
    before, after = old.element, new.element
    if before.logical_type != after.logical_type:
        change = {("integer", "number"): "widened", ("number", "integer"): "narrowed"}
        kind = change.get((before.logical_type, after.logical_type), "changed")
        yield Difference(f"type.{kind}", where, before.logical_type, after.logical_type)
    if old.is_required != new.is_required:
        yield Difference("required.tightened" if new.is_required else "required.loosened", where)
    if before.unique != after.unique:
        yield Difference("unique.added" if after.unique else "unique.removed", where)
    if _class(old) != _class(new):
        kind = "class.raised" if _class(new) > _class(old) else "class.lowered"
        yield Difference(kind, where, before.classification or Pii.NONE, after.classification or Pii.NONE)


def _class(field: Field) -> int:
    given = field.element.classification or Pii.NONE
    return list(Pii).index(Pii(given)) if given in list(Pii) else len(Pii)  # an unknown class counts as the strictest


def _values(old: Field, new: Field, where: str) -> Iterator[Difference]:
    before, after = old.element.logical_type_options, new.element.logical_type_options
    for name in ("minimum", "maximum"):
        low, high = getattr(before, name), getattr(after, name)
        if low != high:
            stricter = low is None or (high is not None and (high > low) == (name == "minimum"))
            yield Difference(
                f"range.{'tightened' if stricter else 'loosened'}", where, _said(name, low), _said(name, high)
            )
    if before.pattern != after.pattern:
        kind = "added" if before.pattern is None else "removed" if after.pattern is None else "changed"
        yield Difference(f"pattern.{kind}", where, before.pattern or "", after.pattern or "")
    yield from _enum(old.settings.enum, new.settings.enum, where)
    list_before, list_after = old.settings.reference, new.settings.reference
    if list_before != list_after:
        kind = "added" if list_before is None else "removed" if list_after is None else "changed"
        yield Difference(f"reference.{kind}", where, list_before or "", list_after or "")


def _said(name: str, value: float | None) -> str:
    return "" if value is None else f"{name} {value:g}"


def _enum(old: list[str], new: list[str], where: str) -> Iterator[Difference]:
    if not old or not new:
        if old or new:
            kind = "enum.introduced" if new else "enum.dropped"
            yield Difference(kind, where, ", ".join(old), ", ".join(new))
        return
    if gone := sorted(set(old) - set(new)):
        yield Difference("enum.value.removed", where, ", ".join(gone))
    if added := sorted(set(new) - set(old)):
        yield Difference("enum.value.added", where, after=", ".join(added))


def _meaning(old: Field, new: Field, where: str) -> Iterator[Difference]:
    before, after = old.settings, new.settings
    if before.canonical != after.canonical:
        kind = "added" if before.canonical is None else "removed" if after.canonical is None else "changed"
        yield Difference(f"canonical.{kind}", where, before.canonical or "", after.canonical or "")
    if before.normalize != after.normalize:
        yield Difference("normalize.changed", where, before.normalize or "", after.normalize or "")
    if before.phone_format != after.phone_format:
        kind = "changed" if before.phone_format else "added"
        yield Difference(f"phone_format.{kind}", where, before.phone_format or "", after.phone_format or "")
    if before.scale != after.scale:
        yield Difference("scale.changed", where, str(before.scale), str(after.scale))
    if before.amount_in != after.amount_in:
        yield Difference("amount_in.changed", where, before.amount_in or "", after.amount_in or "")
    if before.locale != after.locale:
        yield Difference("locale.changed", where, before.locale or "", after.locale or "")
    own = (before.on_invalid, before.canonical) != (after.on_invalid, after.canonical)  # not by another table or demand
    if own and old.is_nulled != new.is_nulled and old.is_required == new.is_required:
        kind = "on_invalid.loosened" if new.is_nulled else "on_invalid.tightened"
        yield Difference(kind, where, *("null" if field.is_nulled else "quarantine" for field in (old, new)))
    if _zone(old) != _zone(new):
        yield Difference("zone.changed", where, *map(_zone, (old, new)))
    if before.time_from != after.time_from:
        yield Difference("time_from.changed", where, before.time_from or "", after.time_from or "")
    if old.element.logical_type == new.element.logical_type:
        default = FORMATS.get(new.element.logical_type, [])
        yield from _formats(before.formats or default, after.formats or default, where)
    yield from _value_map(before.value_map, after.value_map, where)


def _zone(field: Field) -> str:
    """The time zone of times without one, as text."""
    settings = field.settings
    names = ", ".join(f"{name}: {zone}" for name, zone in sorted(settings.zones.items()))
    from_ = f"from {settings.zone_from}" + (f" ({names})" if names else "") if settings.zone_from else ""
    return f"{from_} {settings.zone or ''}".strip() or "UTC"


def _formats(old: list[str], new: list[str], where: str) -> Iterator[Difference]:
    if old == new:
        return
    said = ", ".join(old), ", ".join(new)
    if new[: len(old)] == old:
        yield Difference("format.added", where, *said)
    elif set(old) - set(new):
        yield Difference("format.removed", where, *said)
    else:
        yield Difference("format.reordered", where, *said)


def _value_map(old: dict[str, str], new: dict[str, str], where: str) -> Iterator[Difference]:
    if not old or not new:
        if old or new:
            yield Difference("value_map.changed", where, ", ".join(old), ", ".join(new))
        return
    if gone := sorted(set(old) - set(new)):
        yield Difference("value_map.removed", where, ", ".join(gone))
    if added := sorted(set(new) - set(old)):
        yield Difference("value_map.added", where, after=", ".join(added))
    for value in sorted(set(old) & set(new)):
        if old[value] != new[value]:
            yield Difference("value_map.changed", where, f"{value}: {old[value]}", f"{value}: {new[value]}")


def _identifier(old: IdentifierUse | None, new: IdentifierUse | None, where: str) -> Iterator[Difference]:
    if old is None or new is None:
        kind = "identifier.added" if old is None else "identifier.removed"
        yield Difference(kind, where, _spaces(old), _spaces(new))
        return
    if old.verified != new.verified:
        yield Difference("identifier.verified.changed", where, str(old.verified).lower(), str(new.verified).lower())
    same = (old.namespace, old.namespace_from) == (new.namespace, new.namespace_from)
    if not same or any(new.namespaces.get(kind) != space for kind, space in old.namespaces.items()):
        yield Difference("identifier.namespace.changed", where, _spaces(old), _spaces(new))
    elif old.namespaces != new.namespaces:
        yield Difference("identifier.namespaces.added", where, _spaces(old), _spaces(new))


def _spaces(use: IdentifierUse | None) -> str:
    return ", ".join(namespaces(use)) if use else ""


def namespaces(use: IdentifierUse) -> list[str]:
    """Every namespace in which a property can give an identifier."""
    return [*([use.namespace] if use.namespace else []), *use.namespaces.values()]
