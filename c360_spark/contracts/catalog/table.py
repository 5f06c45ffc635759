"""The catalog page of a table: its columns as the registry declares them, and the contracts that feed each."""

from c360_spark.contracts.catalog.parts import NONE, badge, codes, facts, link, listed, pii, table_page, use_link
from c360_spark.contracts.lineage import Use
from c360_spark.markup import Markup, element, joined, table
from c360_spark.tables import Table

COLUMNS = ("column", "type", "PII", "meaning", "fed by")


def table_content(given: Table, feeds: dict[str, list[Use]], known: dict[str, Table]) -> Markup:
    """The page of a table. `feeds` maps full column names to uses; uses of the whole table come above the columns."""
    rows = []
    for column in given.columns:
        name = [element("b", column.name)]
        name += [badge("key")] if column.name in given.key else []
        name += [badge("never null", "required")] if not column.nullable and column.name not in given.key else []
        fed_by = [use_link(use) for use in feeds.get(f"{given.full_name}.{column.name}", [])]
        to = given.references.get(column.name)
        words = [column.meaning, *([element("p", "refers to ", _column(to, known))] if to else [])]
        type_ = element("code", column.type.simpleString())
        rows.append((column.name, [joined(name, " "), type_, pii(column.pii), joined(words), listed(fed_by)]))
    whole = [use_link(use) for use in feeds.get(given.full_name, [])]
    return joined(
        [
            element("h1", given.full_name),
            element("p", f"Grain: {given.grain}.", class_="lead"),
            facts(_facts(given, known)),
            *([element("h2", "Fed by"), listed(whole)] if whole else []),
            element("h2", "Columns"),
            table(COLUMNS, rows),
        ]
    )


def _facts(given: Table, known: dict[str, Table]) -> list[tuple[str, str]]:
    back = [
        link(f"{other.full_name}.{column}", table_page(other), column)
        for other in known.values()
        for column, to in other.references.items()
        if to.rpartition(".")[0] == given.full_name
    ]
    return [
        ("key", codes(given.key)),
        ("write mode", given.write),
        ("referred to by", joined(back, ", ") if back else NONE),
    ]


def _column(to: str, known: dict[str, Table]) -> Markup:
    table_name, _, column = to.rpartition(".")
    return link(to, table_page(known[table_name]), column)
