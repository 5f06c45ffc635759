"""Small lakes for tests of commands that need no JVM."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import deltalake
import pyarrow as pa

from c360_spark.local_delta import arrow_schema
from c360_spark.tables import Table


def written(lake: Path, content: Mapping[Table, Sequence[Mapping[str, Any]]]) -> str:
    """A lake that holds these rows; columns that a row lacks are null. Returns its path."""
    for table, rows in content.items():
        shape = arrow_schema(table)
        whole = [{name: row.get(name) for name in shape.names} for row in rows]
        deltalake.write_deltalake(str(lake / table.layer / table.name), pa.Table.from_pylist(whole, schema=shape))
    return str(lake)
