"""Which session a run gets: one for little data where there is little, on a laptop."""

from pathlib import Path

import pytest

from c360_spark.config.platform import Platform
from c360_spark.pipeline.job import is_small


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    for name in ("lake", "landing"):
        (tmp_path / name / "folder").mkdir(parents=True)
    (tmp_path / "lake" / "folder" / "part-0.parquet").write_bytes(b"x" * 700_000)
    return Platform(lake=str(tmp_path / "lake"), landing=str(tmp_path / "landing"), small_lake_mb=1)


def test_a_lake_below_the_limit_is_small_until_more_is_delivered(platform: Platform) -> None:
    assert is_small(platform)
    Path(platform.landing, "folder", "customers.csv").write_bytes(b"x" * 400_000)
    assert not is_small(platform)


def test_what_cannot_be_measured_does_not_stop_a_run(platform: Platform) -> None:
    Path(platform.landing, "nowhere.csv").symlink_to("gone.csv")
    assert is_small(platform)


def test_folders_that_do_not_exist_yet_are_small(tmp_path: Path) -> None:
    assert is_small(Platform(lake=str(tmp_path / "no"), landing=str(tmp_path / "none")))


@pytest.mark.parametrize(
    "changes",
    [{"small_lake_mb": 0}, {"catalog": "main"}, {"lake": "s3a://bucket/lake"}, {"landing": "s3a://bucket/in"}],
)
def test_no_lake_is_small_where_the_limit_is_off_or_data_is_elsewhere(
    platform: Platform, changes: dict[str, object]
) -> None:
    assert not is_small(platform.model_copy(update=changes))


def test_spark_submit_chooses_the_session_itself(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYSPARK_GATEWAY_PORT", "1")
    assert not is_small(platform)
