"""HTML elements; all text is escaped, except Markup."""

import re
from collections.abc import Iterable, Sequence
from html import escape

VOID = frozenset({"input", "br"})


class Markup(str):
    """Text that is HTML already, so it is not escaped."""

    __slots__ = ()


def element(name: str, *inside: str, **attributes: str | None) -> Markup:
    """One HTML element. Content that is not Markup is escaped.

    Attributes that are None are left out; in attribute names `_` becomes `-`, and a `_` at the end is dropped.
    """
    given = [(key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items() if value is not None]
    start = " ".join([name, *(f'{key}="{escape(value)}"' for key, value in given)])
    return Markup(f"<{start}>" if name in VOID else f"<{start}>{joined(inside)}</{name}>")


def joined(parts: Iterable[str], between: str = "") -> Markup:
    """Parts joined by `between`; all of them are escaped unless they are Markup."""
    return Markup(_safe(between).join(map(_safe, parts)))


def _safe(text: str) -> str:
    return text if isinstance(text, Markup) else escape(text)


def anchor(name: str) -> str:
    """The id of an anchor for `name` within a page: an id has no blanks."""
    return re.sub(r"\s+", "-", name)


def table(columns: Sequence[str], rows: Iterable[tuple[str | None, Sequence[str]]]) -> Markup:
    """An HTML table: each row has the name for its anchor (or None), and a cell for each of the `columns`.

    Cells carry their column's name, so that a narrow screen can show a row as a card.
    """
    body = [
        element(
            "tr",
            *(element("td", cell, data_label=column) for column, cell in zip(columns, cells, strict=True)),
            id=None if name is None else anchor(name),
        )
        for name, cells in rows
    ]
    top = element("thead", element("tr", *(element("th", name, scope="col") for name in columns)))
    return element("table", top, element("tbody", *body))
