"""Identity of a small change: its rows are those of the tables, and its hashes those of Spark."""

from dataclasses import replace
from datetime import datetime
from typing import Any, cast

import pytest

from c360_spark import tables
from c360_spark.config import Conf
from c360_spark.config.platform import Components
from c360_spark.identity.small_change import rows
from c360_spark.run.context import Run
from c360_spark.stages.identity.evidence import IdentityInput
from c360_spark.stages.identity.small_change import resolved
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


def test_a_lake_that_asks_for_graphframes_gets_it_for_small_changes_too(conf: Conf):
    platform = conf.platform.model_copy(update={"components": Components(engine="graphframes")})
    nothing = cast(Any, None)  # no table is read
    run = Run(nothing, nothing, replace(conf, platform=platform), datetime(2026, 1, 1), "r")
    assert not resolved(run, IdentityInput(None, {}, {}, causes={1: {"data"}}))
