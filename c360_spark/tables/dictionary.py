"""The data dictionary in Markdown, generated from the table registry: `python -m c360_spark.tables.dictionary`."""

from collections.abc import Iterator

from c360_spark.tables import ALL, Pii, Table, bronze, outbox


def dictionary() -> str:
    """The text of docs/tables.md."""
    tables = (bronze("<source>", "<dataset>"), *ALL, outbox("<destination>"))
    return "".join(f"{line}\n" for part in (_preface(), *map(_table, tables)) for line in part)


def _preface() -> Iterator[str]:
    yield "# Data dictionary"
    yield ""
    yield "Made from `c360_spark/tables` by `make docs`; do not edit. PII classes: " + ", ".join(Pii) + "."
    yield "Write mode says what may happen to rows at most, and the store refuses more: append adds rows, merge also"
    yield "changes them by key, sync also removes them."


def _table(table: Table) -> Iterator[str]:
    yield ""
    yield f"## {table.full_name}"
    yield ""
    yield f"Grain: {table.grain}. Key: {', '.join(f'`{k}`' for k in table.key)}. Write mode: {table.write}."
    yield ""
    yield "| column | type | null | PII | meaning |"
    yield "|---|---|---|---|---|"
    for column in table.columns:
        null = "yes" if column.nullable else ""
        pii = "" if column.pii is Pii.NONE else column.pii
        yield f"| {column.name} | `{column.type.simpleString()}` | {null} | {pii} | {column.meaning} |"


if __name__ == "__main__":
    print(dictionary(), end="")
