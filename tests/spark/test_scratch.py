"""What a process writes down in between goes with it, also when it was killed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from c360_spark.scratch import FOLDER, Scratch, local_scratch, sweep
from c360_spark.store import Store
from tests.conftest import ROOT

pytestmark = pytest.mark.spark

LEFT_BEHIND = """
import os, sys
from pathlib import Path
from c360_spark.scratch import Scratch
scratch = Scratch(sys.argv[1])
folder = Path(scratch.path("staged"))
folder.mkdir()
(folder / "part").write_text("anna@mail.de")
if sys.argv[2] == "kill": os.kill(os.getpid(), 9)
"""


def left(lake: Path) -> list[str]:
    return [path.name for path in lake.rglob("*") if path.is_file()]


def started(lake: Path, end: str) -> None:
    subprocess.run([sys.executable, "-c", LEFT_BEHIND, f"{lake}/{FOLDER}", end], cwd=ROOT, check=False)


def test_what_a_process_staged_is_gone_when_it_ends(tmp_path: Path) -> None:
    started(tmp_path, "end")
    assert left(tmp_path) == []


def test_what_a_killed_process_staged_goes_with_the_next_run_and_what_a_living_one_has_stays(
    spark: SparkSession, tmp_path: Path
) -> None:
    started(tmp_path, "kill")
    assert "part" in left(tmp_path)
    for old in ("_staging/live/x", "_checkpoints/land"):
        (tmp_path / old).mkdir(parents=True)
        (tmp_path / old / "old").touch()
    own = Scratch(f"{tmp_path}/{FOLDER}")
    (Path(own.path()) / "own").touch()
    sweep(str(tmp_path), spark)
    assert [name for name in left(tmp_path) if not name.endswith(".lock")] == ["own"]
    own.clear()
    assert [name for name in left(tmp_path) if not name.endswith(".lock")] == []
    del own
    assert left(tmp_path) == []


def test_a_store_keeps_no_copy_once_it_is_cleared(spark: SparkSession, tmp_path: Path) -> None:
    store = Store(spark, str(tmp_path))
    rows, count = store.stage("some rows", spark.range(3).select(F.lit("anna@mail.de").alias("email")))
    assert (count, rows.count()) == (3, 3)
    store.scratch.clear()
    assert [name for name in left(tmp_path) if "part" in name] == []
    assert store.stage("some rows", spark.range(2))[1] == 2
    del store, rows
    assert left(tmp_path) == []


def test_what_spark_spills_lies_in_a_folder_of_the_user_alone() -> None:
    folder = Path(local_scratch().path())
    assert folder.parent.stat().st_mode & 0o077 == 0
    assert folder.parent.stat().st_uid == os.getuid()
