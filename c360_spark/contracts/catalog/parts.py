"""Shared parts of the catalog pages: file names, links, badges, lists."""

from collections.abc import Collection, Iterable, Mapping
from urllib.parse import quote

from c360_spark import tables
from c360_spark.config import Conf, Contract
from c360_spark.contracts.lineage import Use, column_of
from c360_spark.markup import Markup, anchor, element, joined
from c360_spark.tables import Table

INDEX = "index.html"
NONE = element("span", "–", class_="soft")


def shown(conf: Conf) -> dict[str, Table]:
    """Every table that has a page, by full name: the table registry and the outbox of each destination."""
    every = (*tables.ALL, *(tables.outbox(name) for name in sorted(conf.destinations)))
    return {table.full_name: table for table in every}


def dataset_page(contract: Contract) -> str:
    """The file name of a dataset's page. Names are flat, so that links work wherever the folder is put."""
    return f"dataset-{contract.name}.html"


def table_page(table: Table) -> str:
    return f"table-{table.full_name}.html"


def link(text: str, page: str, at: str | None = None) -> Markup:
    # A lone surrogate cannot be encoded; such a name links to the page without an anchor.
    target = f"#{quote(anchor(at), errors='replace')}" if at else ""
    return element("a", text, href=quote(page) + target)


def use_link(use: Use) -> Markup:
    """A link to a property on the page of its dataset."""
    constant = "" if use.field else " (constant)"
    return link(f"{use.contract.name} {use.name}{constant}", dataset_page(use.contract), use.name)


def dependent_link(name: str, known: Mapping[str, Table]) -> Markup:
    """A link to a dependent: a column links to its table's page, anything else to the index's list of dependents."""
    column = column_of(name)
    parts = column.split(".")
    table = known.get(".".join(parts[:2]))
    if table is None:
        return link(name, INDEX, name)
    return link(name, table_page(table), parts[2] if len(parts) > 2 else None)


def badge(word: str, kind: str = "") -> Markup:
    """A word as a coloured badge; the colour depends on `kind`, by default the word."""
    return element("span", word, class_=f"badge {kind or word}")


def pii(word: str | None) -> Markup:
    return badge(word, f"pii-{word}") if word in ("direct", "indirect") else NONE


def listed(items: Collection[str]) -> Markup:
    """A list without bullets; a dash if it is empty."""
    return element("ul", *(element("li", item) for item in items)) if items else NONE


def codes(values: Iterable[str]) -> Markup:
    return joined((element("code", value) for value in values), " ")


def facts(given: Iterable[tuple[str, str | None]]) -> Markup:
    """A definition list of names and values; leaves out empty values."""
    pairs = [element("div", element("dt", name), element("dd", value)) for name, value in given if value]
    return element("dl", *pairs) if pairs else Markup()
