"""Builds the SparkSession; no other module does.

On a laptop it also chooses the master and the jars. Under spark-submit those belong to the submit command (`--master`,
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
    # Keeps days before 1582 and times before 1900 unchanged: by default Spark refuses to write them.
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.int96RebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.int96RebaseModeInRead": "CORRECTED",
    # Makes files with times in nanoseconds readable, as pandas writes them; their contract says epoch_ns.
    "spark.sql.legacy.parquet.nanosAsLong": "true",
    "spark.sql.adaptive.coalescePartitions.parallelismFirst": "false",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    # Hides the values of such settings in pages, event logs and dumps, also those that hand a secret to a driver.
    "spark.redaction.regex": "(?i)secret|password|passwd|token|access[.]?key|identity[._]?key|_dsn",
    # Sources of a MERGE are staged already, so Delta need not materialise them again.
    "spark.databricks.delta.merge.materializeSource": "none",
    # The defaults are made for clusters: 50 tasks for every snapshot, 10,000 for every listing.
    "spark.databricks.delta.snapshotPartitions": "2",
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "2",
}
# For a few thousand rows, interpreting a plan is faster than compiling it, and two tasks suffice for every shuffle.
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
    # delta-rs reads what Spark staged, so times are in microseconds; lists of files are read without a listing job.
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "10000",
}


def session(name: str, spark: Spark, *, small: bool = False) -> SparkSession:
    """A SparkSession with Delta and GraphFrames, tuned for little data if `small`.

    Sets the time zone of this process to UTC, because Spark takes naive Python times for local ones.

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
        # Spilled and shuffled data is personal too, and a killed JVM leaves it behind.
        "spark.local.dir": scratch,
        # A full code cache turns the JIT compiler off, and a day's run fills the default size.
        "spark.driver.extraJavaOptions": "-XX:+UseParallelGC -XX:ReservedCodeCacheSize=512m "
        f"-Djava.io.tmpdir={scratch} -Dlog4j2.configurationFile=file:{log4j}",
    }
