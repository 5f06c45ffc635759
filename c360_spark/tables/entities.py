"""The entity-relationship diagram of all tables, in Markdown: `python -m c360_spark.tables.entities`."""

from collections.abc import Iterator

from c360_spark.tables import ALL, Column, Table


def entities() -> str:
    """The text of docs/entities.md."""
    return "".join(f"{line}\n" for line in (*_preface(), "```mermaid", "erDiagram", *_diagram(), "```"))


def _preface() -> Iterator[str]:
    yield "# Entities"
    yield ""
    yield "Made from `c360_spark/tables` by `make docs`; do not edit. Keys and columns that point at other tables are"
    yield "shown; [tables.md](tables.md) has all columns. Nothing in the lake enforces a reference: rows of history may"
    yield "point at what is gone, and lines at an order that their source does not deliver."
    yield ""


def _diagram() -> Iterator[str]:
    related = {to.rpartition(".")[0] for table in ALL for to in table.references.values()}
    tables = [table for table in ALL if table.references or table.full_name in related]
    for table in tables:
        for column, to in table.references.items():
            yield f"    {_name(to.rpartition('.')[0])} {_ends(table, column, to)} {_name(table.full_name)} : {column}"
    for table in tables:
        yield f'    {_name(table.full_name)}["{table.full_name}"] {{'
        yield from (f"        {_attribute(table, column)}" for column in table.columns if _drawn(table, column))
        yield "    }"


def _name(full_name: str) -> str:
    """A table name for Mermaid, which allows no dots in names."""
    return full_name.replace(".", "_")


def _ends(table: Table, column: str, to: str) -> str:
    """The cardinality of a reference, in Mermaid's notation.

    Referenced side: exactly one row; zero or one if the column is nullable; many if the referenced column is not a key,
    such as an order number, which several versions share. Referring side: at most one row if the column is its key,
    else any number.
    """
    name, _, pointed_at = to.rpartition(".")
    unique = next(each.key for each in ALL if each.full_name == name) == (pointed_at,)
    nullable = next(each.nullable for each in table.columns if each.name == column)
    one = "|o" if nullable else "||"
    return f"{one if unique else '}o'}--{'o|' if table.key == (column,) else 'o{'}"


def _drawn(table: Table, column: Column) -> bool:
    return column.name in table.key or column.name in table.references


def _attribute(table: Table, column: Column) -> str:
    marks = [mark for mark, held in (("PK", table.key), ("FK", table.references)) if column.name in held]
    return f"{column.type.typeName()} {column.name} {', '.join(marks)}"


if __name__ == "__main__":
    print(entities(), end="")
