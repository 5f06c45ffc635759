"""One writer a lake, however it is spelled; paths and names that a run could not use are refused at once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from c360_spark.config import load
from c360_spark.config.platform import absolute, is_remote
from c360_spark.errors import BusyError, ConfigError, InputError
from c360_spark.run.context import lease
from tests.conftest import ROOT


def spellings(lake: Path) -> list[str]:
    (lake.parent / "link").symlink_to(lake)
    return [
        str(lake),
        f"{lake}/",
        f"{lake.parent}/./x/../{lake.name}",
        f"file:{lake}",
        f"file://{lake}",
        f"file://localhost{lake}",
        f"FILE:{lake}",
        str(lake.parent / "link"),
        os.path.relpath(lake),
    ]


def test_a_lake_is_held_in_every_spelling_and_freed_when_the_run_ends(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    lake.mkdir()
    for held in spellings(lake)[:3]:
        (tmp_path / "link").unlink(missing_ok=True)
        for asked in spellings(lake):
            with lease(held), pytest.raises(BusyError) as failure, lease(asked):
                pass
            assert failure.value.code == "C401", (held, asked)
            with lease(asked):
                pass


def test_the_lease_of_a_killed_process_is_free(tmp_path: Path) -> None:
    code = (
        f"import os\nfrom c360_spark.run.context import lease\nwith lease({str(tmp_path)!r}): os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    with lease(str(tmp_path)):
        pass


def test_a_location_with_another_scheme_stays_as_it_is() -> None:
    for location in ("s3a://b/lake", "abfss://c@a.dfs.core.windows.net/x", "hdfs:/x", "dbfs:/x"):
        assert is_remote(location)
        assert absolute(location) == location
    assert not is_remote("file:/x")
    assert absolute("file:///x/y") == absolute("file:/x/y") == "/x/y"


@pytest.mark.parametrize("sign", [*"*?[]{}\\`:\n\x1b", "%20"])
def test_a_lake_whose_path_spark_would_read_otherwise_is_refused_in_every_way_to_give_it(
    tmp_path: Path, sign: str
) -> None:
    with pytest.raises(InputError, match=r"C303.*--lake.*a path without") as failure:
        load(ROOT / "conf", "dev", lake=f"{tmp_path}/a{sign}b")
    assert "\x1b" not in str(failure.value)


@pytest.mark.parametrize("catalog", ["a.b", "a b", "a`b", "x; DROP TABLE y", "", "ä", "1a", "a-b", "a/../b"])
def test_the_name_of_a_catalog_has_a_strict_shape(tmp_path: Path, catalog: str) -> None:
    conf = tmp_path / "conf"
    conf.symlink_to(ROOT / "conf")
    (tmp_path / "own").mkdir()
    for path in (ROOT / "conf").iterdir():
        (tmp_path / "own" / path.name).symlink_to(path)
    (tmp_path / "own" / "platform.dev.yml").unlink()
    text = (ROOT / "conf" / "platform.dev.yml").read_text() + f"catalog: {catalog!r}\n"
    (tmp_path / "own" / "platform.dev.yml").write_text(text)
    with pytest.raises(ConfigError, match="catalog"):
        load(tmp_path / "own", "dev")
