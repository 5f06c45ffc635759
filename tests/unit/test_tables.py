"""The laws of the registry, for every table there is."""

from pathlib import Path

import pytest
from pyspark.sql.types import ArrayType, MapType, StructType

from c360_spark import tables
from c360_spark.tables import Pii, Table, Write
from c360_spark.tables.dictionary import dictionary
from c360_spark.tables.entities import entities
from c360_spark.tables.model import STRING, STRING_MAP, Column, key

EVERY = (tables.bronze("crm", "customer"), *tables.ALL, tables.outbox("newsletter"))
NAMES_A_PERSON = {"email", "phone", "given_name", "family_name", "street", "payload"}


def test_no_two_tables_have_one_name():
    assert len({table.full_name for table in EVERY}) == len(EVERY)


def test_every_declared_table_is_in_the_registry():
    declared = [value for value in vars(tables).values() if isinstance(value, Table)]
    assert {table.full_name for table in declared} == {table.full_name for table in tables.ALL}


def test_no_two_columns_of_a_table_have_one_name():
    for table in EVERY:
        assert len({name.lower() for name in table.column_names}) == len(table.columns)


def test_a_key_is_declared_never_null_and_comparable():
    for table in EVERY:
        columns = {column.name: column for column in table.columns}
        assert table.key
        assert len(set(table.key)) == len(table.key)
        for name in table.key:
            assert not columns[name].nullable, name
            assert not isinstance(columns[name].type, ArrayType | MapType | StructType), name


def test_a_key_that_is_not_declared_is_refused():
    with pytest.raises(AssertionError, match=r"silver.thing: key columns \{'id'\} are not declared"):
        Table("silver", "thing", "one thing", ("id",), Write.APPEND, (key("name", STRING, "its name"),))


def test_grain_and_columns_have_a_meaning_in_words_that_fit_a_table_of_markdown():
    for table in EVERY:
        for text in (table.grain, *(column.meaning for column in table.columns)):
            assert text == text.strip() != ""
            assert not set("|\n") & set(text)


def test_statistics_are_kept_of_no_column_that_points_at_a_person():
    for table in EVERY:
        kept = [column for column in table.columns if column.name in table.statistics_columns]
        assert kept
        assert {column.pii for column in kept} == {Pii.NONE}
        assert not [column for column in kept if isinstance(column.type, ArrayType | MapType | StructType)]


def test_what_names_a_person_by_itself_is_marked_wherever_it_is():
    for table in EVERY:
        direct = {column.name for column in table.columns if column.pii is Pii.DIRECT}
        assert NAMES_A_PERSON & set(table.column_names) <= direct
        assert {column.name for column in table.columns if "value" in members(column)} <= direct


def members(column: Column) -> list[str]:
    element = column.type.elementType if isinstance(column.type, ArrayType) else column.type
    return element.fieldNames() if isinstance(element, StructType) else []


def test_free_maps_may_hold_anything_and_are_marked():
    for table in EVERY:
        assert not [c.name for c in table.columns if c.type == STRING_MAP and c.pii is Pii.NONE]


def test_a_schema_has_the_columns_in_order_with_their_nullability():
    for table in EVERY:
        fields = [(field.name, field.dataType, field.nullable) for field in table.schema]
        assert fields == [(column.name, column.type, column.nullable) for column in table.columns]


def test_a_column_has_one_class_wherever_it_is():
    classes = {(column.name, column.pii) for table in EVERY for column in table.columns}
    names = [name for name, _ in classes]
    assert sorted(names) == sorted(set(names))


def test_the_data_dictionary_is_not_stale():
    written = Path(__file__).parents[2] / "docs" / "tables.md"
    assert written.read_text(encoding="utf-8") == dictionary(), "run `make docs`"


def test_the_data_dictionary_names_every_column_once_and_ends_with_one_newline():
    text = dictionary()
    rows = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| column ")]
    assert len(rows) == sum(len(table.columns) for table in EVERY)
    assert text.endswith("|\n")


def test_a_reference_has_two_ends_of_one_type():
    types = {f"{table.full_name}.{column.name}": column.type for table in EVERY for column in table.columns}
    references = {f"{table.full_name}.{column}": to for table in EVERY for column, to in table.references.items()}
    assert references
    assert {name: types[name] for name in references} == {name: types[to] for name, to in references.items()}


def test_the_diagram_tells_one_from_none_and_from_many():
    drawn = entities()
    for line in (
        "identity_person ||--o| gold_profile : person_id",  # the key of both
        "identity_person ||--o{ gold_person_xref : person_id",
        "identity_person |o--o{ identity_person : survived_by",  # may be null
        "silver_order }o--o{ silver_order_line : order_id",  # an order has versions
    ):
        assert f"    {line}\n" in drawn


def test_a_reference_of_a_column_that_is_not_declared_is_refused():
    columns, to = (key("id", STRING, "its id"),), {"ids": "silver.order.bronze_id"}
    with pytest.raises(AssertionError, match=r"silver.thing: .* of no column"):
        Table("silver", "thing", "one thing", ("id",), Write.APPEND, columns, references=to)


def test_the_diagram_of_entities_is_not_stale_and_draws_every_reference_once():
    written = Path(__file__).parents[2] / "docs" / "entities.md"
    assert written.read_text(encoding="utf-8") == entities(), "run `make docs`"
    drawn = [line for line in entities().splitlines() if "--" in line and " : " in line]
    assert len(drawn) == len(set(drawn)) == sum(len(table.references) for table in tables.ALL)
