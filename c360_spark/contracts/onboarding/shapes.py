"""Detects records that must be reshaped for silver: rows that are order lines (rowsBy), arrays of consent statements
(explode), and key-value pairs (entries).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from c360_spark.contracts.onboarding.guess import Guess, Proposed, propose
from c360_spark.contracts.onboarding.names import COLUMNS, KEYS, tokens
from c360_spark.contracts.onboarding.observed import Leaf, Observed, observed, scalars
from c360_spark.contracts.onboarding.purpose import chosen

Record = dict[str, Any]
LINES = "lines"  # the name of the array made from rows; the file has no such column
OF_LINE = (("lineitem",), ("line", "item"), ("order", "line"), ("item",))
ORDER_KEYS = [*COLUMNS["order"]["order_id"], "name"]
MOST_KEYS = 60
KEY = re.compile(r"[A-Za-z_][\w.\-]{0,60}", re.ASCII)
# GA4 fills exactly one of these per value, so a sample need not show all of them.
TYPED = ("string_value", "int_value", "float_value", "double_value")


@dataclass
class Shaped:
    """An array that the contract reshapes by `settings`; `made` are the properties of its items."""

    seen: Observed
    settings: dict[str, Guess]
    made: list[Proposed]

    @property
    def is_lines(self) -> bool:
        """Whether its items become rows of another table."""
        return "canonicalTable" in self.settings

    @property
    def sure(self) -> float:
        return min(guess.confidence for guess in self.settings.values())


def by_order(records: Sequence[Record]) -> tuple[Sequence[Record], str]:
    """Groups rows that are order lines into orders with an array of lines.

    Returns the orders and the column of the order key, or the records unchanged and '' if they are not order lines.
    """
    line = _line_columns(records)
    if len(line) < 2 or not all(_is_row(record, records[0]) for record in records):
        return records, ""
    others = [name for name in records[0] if name not in line]
    ranked = sorted(
        (ORDER_KEYS.index(word), name) for name in others if (word := "".join(tokens([name]))) in ORDER_KEYS
    )
    for _, name in ranked:
        orders = _orders(records, name)
        if orders and len(orders) < len(records) and all(_agree(rows, others) for rows in orders):
            return [_order(rows, others, line) for rows in orders], name
    return records, ""


def _is_row(record: Record, first: Record) -> bool:
    return record.keys() == first.keys() and all(isinstance(value, Leaf) for value in record.values())


def _line_columns(records: Sequence[Record]) -> list[str]:
    names = list(records[0])
    for words in OF_LINE:
        found = [name for name in names if tuple(tokens([name])[: len(words)]) == words]
        if len(found) > 1:
            return found
    return []


def _orders(records: Sequence[Record], name: str) -> list[list[Record]]:
    """Groups rows by a column; empty if a row has no value there."""
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(record[name].text.strip(), []).append(record)
    return [] if "" in found else list(found.values())


def _agree(rows: Sequence[Record], names: Sequence[str]) -> bool:
    return all(len({text for row in rows if (text := row[name].text.strip())}) <= 1 for name in names)


def _order(rows: Sequence[Record], names: Sequence[str], line: Sequence[str]) -> Record:
    first = {name: next((row[name] for row in rows if row[name].text.strip()), rows[0][name]) for name in names}
    return {**first, LINES: [{name: row[name] for name in line} for row in rows]}


def statements(arrays: Sequence[Observed]) -> Shaped | None:
    """The first array whose items are consent statements, each with a purpose and a status; None without one."""
    for seen in arrays:
        prop = [propose(item) for item in scalars(seen.items)]
        if {"purpose", "status"} <= chosen("consent", prop).keys():
            why = Guess(True, 0.9, "each of its items is a statement of its own about one purpose")
            return Shaped(seen, {"explode": why}, prop)
    return None


def item_key(array: Shaped) -> Proposed | None:
    """The property that is unique among the items of each record; ids are preferred to names."""
    names = ["purposeid", "id", "purpose", "purposename", *KEYS["consent"]]
    ranked = sorted(
        ((names.index(word), place) for place, prop in enumerate(array.made)
         if (word := "".join(tokens(prop.seen.path))) in names and prop.seen.complete)
    )  # fmt: skip
    for _, place in ranked:
        name = array.made[place].seen.name
        if all(len({item[name].text for item in items}) == len(items) for items in array.seen.lists):
            return array.made[place]
    return None


def pairs(arrays: Sequence[Observed]) -> list[Shaped]:
    """The arrays of key-value pairs whose keys are property names."""
    return [found for seen in arrays if (found := _pairs(seen))]


def _pairs(seen: Observed) -> Shaped | None:
    inner = {each.name.lower(): each for each in seen.items}
    key = next((inner[name] for name in ("key", "name") if name in inner), None)
    value = next((inner[name] for name in ("value", "val") if name in inner), None)
    if key is None or value is None or key.shape != "value" or not key.complete or value.shape == "array":
        return None
    words = set(key.texts)
    if len(words) > MOST_KEYS or not all(map(KEY.fullmatch, words)):
        return None
    parts = [part.name for part in value.inner if part.shape == "value"] if value.shape == "object" else []
    typed = TYPED if set(parts) <= set(TYPED) else tuple(parts)
    records = [{item[key.name].text.strip(): leaf for item in items if (leaf := _leaf(item.get(value.name), typed))}
               for items in seen.lists]  # fmt: skip
    prop = [propose(each) for each in observed(records)]
    values = [f"{value.name}.{part}" for part in typed] if parts else [value.name]
    why = Guess({"key": key.name, "values": values}, 0.9, f"pairs of {key.name} and {value.name}: {len(prop)} keys")
    return Shaped(seen, {"entries": why}, prop)


def _leaf(value: Any, parts: Sequence[str]) -> Leaf | None:
    if isinstance(value, dict):
        return next((value[part] for part in parts if isinstance(value.get(part), Leaf)), None)
    return value if isinstance(value, Leaf) else None
