"""Identity of a small change: its rows are those of the tables, and its hashes those of Spark."""

import pytest

from c360_spark import tables
from c360_spark.identity.small_change import rows
from c360_spark.tables import Table


@pytest.mark.parametrize(
    ("kind", "table"),
    [
        (rows.Link, tables.LINK),
        (rows.Identifier, tables.IDENTIFIER),
        (rows.Membership, tables.MEMBERSHIP),
        (rows.Person, tables.PERSON),
        (rows.Change, tables.CHANGE),
    ],
)
def test_a_row_has_the_columns_of_its_table_in_order(kind: type, table: Table):
    assert list(kind._fields) == list(table.column_names)


def test_a_row_of_evidence_lacks_only_its_id():
    assert ["evidence_id", *rows.Evidence._fields] == list(tables.EVIDENCE.column_names)
