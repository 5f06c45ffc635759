"""Questions to a lake without a JVM: as it is, as it was, and when what it was is gone."""

from datetime import UTC, datetime
from pathlib import Path

import deltalake
import pyarrow as pa
import pytest

from c360_spark import tables
from c360_spark.errors import InputError
from c360_spark.lookup import Lookup

QUESTION = "SELECT person_id FROM p"


def test_a_table_is_read_as_it_was_until_it_is_vacuumed_and_then_that_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "identity" / "person"
    for person in ("old", "new"):
        deltalake.write_deltalake(folder, pa.table({"person_id": [person]}), mode="overwrite")
    table = deltalake.DeltaTable(folder)
    first = datetime.fromtimestamp(table.history()[-1]["timestamp"] / 1000, UTC).replace(tzinfo=None)

    def then() -> list[str]:
        lookup = Lookup(str(tmp_path))
        lookup.go_back([tables.PERSON], first)
        return [row["person_id"] for row in lookup.ask(QUESTION, p=tables.PERSON)]

    assert then() == ["old"]
    table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    with pytest.raises(InputError, match="no longer has its files of that time") as told:
        then()
    assert told.value.code == "C304"
    assert Lookup(str(tmp_path)).ask(QUESTION, p=tables.PERSON) == [{"person_id": "new"}]


def test_a_table_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no table identity\.person"):
        Lookup(str(tmp_path)).ask(QUESTION, p=tables.PERSON)
