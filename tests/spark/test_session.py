"""The Spark session: what it asks the JVM for, and how it is tuned."""

from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from c360_spark.config.platform import Spark
from c360_spark.jvm_names import remember_names
from c360_spark.session import SMALL, session
from tests.conftest import TEST_SETTINGS

pytestmark = pytest.mark.spark


def test_a_name_of_the_jvm_is_asked_for_once(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    client = spark.sparkContext._gateway._gateway_client  # type: ignore[union-attr]
    send, asked = client.send_command, list[str]()

    def heard(command: str, *rest: Any, **named: Any) -> Any:
        asked.append(command.split("\n")[0])
        return send(command, *rest, **named)

    F.array(F.lit(1))
    monkeypatch.setattr(client, "send_command", heard)
    F.array(F.lit(2))
    remember_names()  # again, as each session does
    F.array(F.lit(3))
    assert "c" in asked, "methods are called"
    assert "r" not in asked, "and not looked up"


def test_a_session_that_is_there_is_tuned_for_each_command(spark: SparkSession) -> None:
    kept = {name: spark.conf.get(name) for name in SMALL}
    try:
        session("large", Spark(conf=TEST_SETTINGS, shuffle_partitions=7))
        assert spark.conf.get("spark.sql.codegen.wholeStage") == "true"
        assert spark.conf.get("spark.sql.adaptive.enabled") == "true"
        assert spark.conf.get("spark.sql.shuffle.partitions") == "7"
    finally:
        session("small", Spark(conf=TEST_SETTINGS), small=True)
    assert {name: spark.conf.get(name) for name in SMALL} == kept
