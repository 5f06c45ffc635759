"""One Spark session for the whole run, and tiny frames whose rows state only what matters."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import ArrayType, DataType, MapType, StructType

from c360_spark.config import Conf, load
from c360_spark.config.platform import Spark
from c360_spark.session import session
from c360_spark.store import Store, Written
from c360_spark.tables import Table
from tests.server import Server, installed

ROOT = Path(__file__).parent.parent
AS_OF = datetime(2026, 1, 2)
TEST_SETTINGS = {"spark.master": "local[2]", "spark.default.parallelism": "2"}
os.environ["TZ"] = "UTC"  # what Spark gives back as datetime is in local time


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """The session; everything marked `spark` shares it."""
    scratch = tmp_path_factory.mktemp("spark")
    settings = Spark(driver_memory="2g", conf=TEST_SETTINGS | {"spark.local.dir": str(scratch)})
    os.environ["PYSPARK_PYTHON"] = sys.executable
    built = session("tests", settings, small=True)
    built.sparkContext.setCheckpointDir(str(scratch / "checkpoints"))
    yield built
    built.stop()


@pytest.fixture(autouse=True)
def forgotten(request: pytest.FixtureRequest) -> Iterator[None]:
    """Delta keeps the state of each table it has met, and every test has a lake of its own: hundreds of megabytes."""
    yield
    if "spark" in request.fixturenames:
        request.getfixturevalue("spark")._jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()


@pytest.fixture(scope="session")
def conf() -> Conf:
    """conf/ as shipped, for the dev environment."""
    return load(ROOT / "conf", "dev")


@pytest.fixture
def store(spark: SparkSession, tmp_path: Path) -> Store:
    """An empty lake."""
    return Store(spark, str(tmp_path / "lake"))


@pytest.fixture(scope="session")
def cluster() -> Iterator[Server]:
    """A real PostgreSQL, running. In CI it must be there: a test that is skipped proves nothing."""
    programs = installed()
    if programs is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(
            "PostgreSQL is not installed: apt-get install postgresql"
        )
    server = Server(programs)
    server.start()
    yield server
    server.stop()
    server.remove()


@pytest.fixture
def server(cluster: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The same with an empty schema; CRM_DSN says where it is."""
    cluster.ask("DROP SCHEMA public CASCADE")
    cluster.ask("CREATE SCHEMA public")
    monkeypatch.setenv("CRM_DSN", cluster.dsn)
    return cluster


def contents(store: Store, of: Sequence[Table]) -> dict[str, list[str]]:
    """All rows of these tables, to be compared with those of another lake."""
    return {table.name: sorted(str(row) for row in store.read(table).collect()) for table in of}


Frame = Callable[..., DataFrame]


@pytest.fixture(scope="session")
def frame(spark: SparkSession) -> Frame:
    """`frame(tables.X, {"value": "a@x.com"}, …)`: rows of a table, the rest filled in by the registry.

    What is not given is null where it may be, else a constant of its type; in the i-th row a string key column holds
    `<name><i>`.
    """

    def make(table: Table, *rows: dict[str, Any]) -> DataFrame:
        for row in rows:
            unknown = set(row) - set(table.column_names)
            assert not unknown, f"{table.full_name} has no {unknown}"
        values = [
            tuple(row.get(c.name, None if c.nullable else _filler(c.type, c.name, i)) for c in table.columns)
            for i, row in enumerate(rows)
        ]
        return spark.createDataFrame(values, table.schema)

    return make


def _filler(type: DataType, name: str, i: int) -> Any:
    if isinstance(type, ArrayType):
        return []
    if isinstance(type, MapType | StructType):
        return {}
    fillers = {"string": f"{name}{i}", "timestamp": AS_OF, "date": date(2026, 1, 1), "boolean": False, "double": 1.0}
    return fillers.get(type.typeName(), 0)


def utc(text: str) -> datetime:
    """A naive datetime in UTC of an ISO text."""
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


class Killed(Exception):
    """Stands for the death of the driver."""


class DyingStore(Store):
    """A store whose driver dies right after its n-th commit."""

    commits_left = 0

    def _after(self, written: Written) -> Written:
        self.commits_left -= 1
        if self.commits_left == 0:
            raise Killed
        return written

    def append(self, *arguments: object) -> Written:
        return self._after(super().append(*arguments))

    def append_rows(self, table: Table, rows: Sequence[Sequence[Any]]) -> Written:
        written = super().append_rows(table, rows)
        return self._after(written) if self.is_local else written  # else it is one of `append`

    def merge_rows(self, table: Table, rows: Sequence[Sequence[Any]]) -> Written:
        there = self.is_local and self.exists(table)  # else it is one of `append_rows` or `_merge`
        written = super().merge_rows(table, rows)
        return self._after(written) if there else written

    def _merge(self, *arguments: object) -> Written:
        return self._after(super()._merge(*arguments))
