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
from c360_spark.doctor import java_problem, java_version
from c360_spark.errors import SetupError
from c360_spark.jars import class_archive, default_folder, jar_paths, java_command
from c360_spark.jvm_names import remember_names
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
# For a few thousand rows, interpreting a plan is faster than compiling it, one task faster than several, and what makes
# large queries fast costs more than it saves (docs/decisions/0031-small-sessions.md).
SMALL = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.subexpressionElimination.enabled": "false",  # without compiled code it keeps a cache for every row
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.files.minPartitionNum": "1",
    "spark.sql.constraintPropagation.enabled": "false",
    "spark.sql.optimizer.dynamicPartitionPruning.enabled": "false",
    "spark.sql.optimizer.runtime.bloomFilter.enabled": "false",
    "spark.sql.ui.explainMode": "simple",  # a plan is described for each query, even without a UI
    "spark.databricks.delta.snapshotPartitions": "1",
}
JAVA = (
    "-XX:+UseParallelGC",
    "-XX:MetaspaceSize=400m",  # below it, classes that are loaded do not start a collection of the whole heap
    "-XX:ReservedCodeCacheSize=512m",  # a full code cache turns the JIT compiler off, and a day's run fills the default
)
# Half of a short run's CPU time went into compiling: ten times the default thresholds leave the rest as fast.
SMALL_JAVA = (
    "-XX:Tier4InvocationThreshold=50000",
    "-XX:Tier4MinInvocationThreshold=20000",
    "-XX:Tier4CompileThreshold=100000",
    "-XX:Tier4BackEdgeThreshold=400000",
)
NO_WARNINGS = "-Xlog:disable -Xlog:all=error:stderr"  # Java warns of each class that an archive cannot hold
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
    submitted = is_submitted()
    settings = dict(DEFAULTS)
    settings["spark.sql.shuffle.partitions"] = str(spark.shuffle_partitions)
    if not submitted:
        settings |= LOCAL | _local_jars(spark) | {"spark.driver.extraJavaOptions": _java_options(small=small)}
    settings |= (SMALL if small else {}) | spark.conf
    conf = SparkConf()
    for setting, value in settings.items():
        conf.setIfMissing(setting, value) if submitted else conf.set(setting, value)
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    remember_names()
    built = SparkSession.builder.appName(name).config(conf=conf).getOrCreate()
    if not small and not submitted:  # the session may have been there, tuned for the little data of another command
        for setting in SMALL.keys() - settings.keys():
            built.conf.unset(setting)
    built.sparkContext.setLogLevel("ERROR")
    return built


def is_submitted() -> bool:
    """Whether spark-submit started this process: then it chose the master, the jars and the memory."""
    return "PYSPARK_GATEWAY_PORT" in os.environ


def _local_jars(spark: Spark) -> dict[str, str]:
    problem = java_problem()
    if problem:
        raise SetupError("C101", problem, hint="install a Java 17 runtime, or point JAVA_HOME at one")
    jars = [str(path) for path in jar_paths(default_folder())]
    return {
        "spark.driver.extraClassPath": os.pathsep.join(jars),
        "spark.driver.memory": spark.driver_memory,
        # Spilled and shuffled data is personal too, and a killed JVM leaves it behind.
        "spark.local.dir": local_scratch().path(),
    }


def _java_options(*, small: bool) -> str:
    log4j = Path(__file__).parent / "log4j2.properties"
    options = [*JAVA, *(SMALL_JAVA if small else ())]
    paths = [f"-Djava.io.tmpdir={local_scratch().path()}", f"-Dlog4j2.configurationFile=file:{log4j}"]
    archive = class_archive(default_folder(), java_version(java_command() or ""))
    if archive.is_file():
        options.append(NO_WARNINGS)
        paths.append(f"-XX:SharedArchiveFile={archive}")
    return " ".join([*options, *(f'"{path}"' for path in paths)])  # quoted, as a folder's name may have a blank
