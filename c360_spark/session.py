"""The one place that builds a SparkSession.

On a laptop it also picks the master and the jars. Under spark-submit those belong to the submit command (`--master`,
`--jars` or `--packages`), and every setting given there wins over the defaults here.
"""

import os
import sys
import time
from pathlib import Path

from pyspark import SparkConf
from pyspark.sql import SparkSession

from c360_spark.config.platform import Spark
from c360_spark.doctor import java_problem
from c360_spark.errors import SetupError
from c360_spark.jars import default_folder, jar_paths
from c360_spark.scratch import local_scratch

DEFAULTS = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.sql.session.timeZone": "UTC",
    "spark.executorEnv.TZ": "UTC",
    "spark.sql.ansi.enabled": "false",
    "spark.sql.legacy.timeParserPolicy": "CORRECTED",  # a date that fits no format is null, not an exception
    # Days before 1582 and times before 1900 as they are: else Spark refuses to write them.
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.int96RebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.int96RebaseModeInRead": "CORRECTED",
    # Else a file with times in nanoseconds, as pandas writes them, could not be read; its contract says epoch_ns.
    "spark.sql.legacy.parquet.nanosAsLong": "true",
    "spark.sql.adaptive.coalescePartitions.parallelismFirst": "false",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    # Names of settings whose values no page, event log or dump shows, those that hand a secret to a driver too.
    "spark.redaction.regex": "(?i)secret|password|passwd|token|access[.]?key|identity[._]?key|_dsn",
    # Sources of a MERGE are staged, so Delta need not store them once more.
    "spark.databricks.delta.merge.materializeSource": "none",
    # Defaults made for clusters: 50 tasks for every snapshot, 10,000 for every listing.
    "spark.databricks.delta.snapshotPartitions": "2",
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "2",
}
# A few thousand rows: to interpret a plan takes less time than to compile it, and two tasks do for every shuffle.
SMALL = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.shuffle.partitions": "2",
    "spark.databricks.delta.snapshotPartitions": "1",
}
LOCAL = {
    "spark.master": "local[*]",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.catalogImplementation": "in-memory",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.streaming.ui.enabled": "false",
    # delta-rs reads what Spark staged, and small tables are read as the list of their files.
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "10000",
}


def session(name: str, spark: Spark, *, small: bool = False) -> SparkSession:
    """A session with Delta and GraphFrames, tuned for little data if `small`.

    The time zone of this process becomes UTC: Spark takes
    the naive times that Python gives it for local ones.

    Raises SetupError C101 without Java, C103 without jars.
    """
    os.environ["TZ"] = "UTC"
    time.tzset()
    submitted = "PYSPARK_GATEWAY_PORT" in os.environ  # set by spark-submit for the Python process it starts
    settings = dict(DEFAULTS)
    settings["spark.sql.shuffle.partitions"] = str(spark.shuffle_partitions)
    if not submitted:
        settings |= LOCAL | _local_jars(spark)
    settings |= (SMALL if small else {}) | spark.conf
    conf = SparkConf()
    for setting, value in settings.items():
        conf.setIfMissing(setting, value) if submitted else conf.set(setting, value)
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    built = SparkSession.builder.appName(name).config(conf=conf).getOrCreate()
    built.sparkContext.setLogLevel("ERROR")
    return built


def _local_jars(spark: Spark) -> dict[str, str]:
    problem = java_problem()
    if problem:
        raise SetupError("C101", problem, hint="install a Java 17 runtime, or point JAVA_HOME at one")
    jars = [str(path) for path in jar_paths(default_folder())]
    scratch = local_scratch().path()
    log4j = Path(__file__).parent / "log4j2.properties"
    return {
        "spark.jars": ",".join(jars),
        "spark.driver.memory": spark.driver_memory,
        # What is spilled and shuffled is personal too, and a killed Java leaves it behind.
        "spark.local.dir": scratch,
        # A full code cache turns the compiler off: a day's run fills the default.
        "spark.driver.extraJavaOptions": "-XX:+UseParallelGC -XX:ReservedCodeCacheSize=512m "
        f"-Djava.io.tmpdir={scratch} -Dlog4j2.configurationFile=file:{log4j}",
    }
