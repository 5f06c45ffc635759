"""Makes the archive of the classes that a local Spark session loads, which saves each of its starts some seconds.

Java calls it AppCDS. It fits one Java and one class path: with others Java ignores it, and a session is slower, never
broken. `make jars` runs this file.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

from pyspark.sql import functions as F

from c360_spark.config.platform import Spark
from c360_spark.doctor import java_version
from c360_spark.jars import class_archive, default_folder, java_command
from c360_spark.session import NO_WARNINGS, session

SECONDS = 120  # a JVM writes the archive when it ends, in about ten


def make(folder: Path) -> None:
    """Make the archive if it is missing, from a session that does a little of everything; remove older ones.

    A killed run leaves no archive, because the file gets its name only when it is whole.
    """
    file = class_archive(folder, java_version(java_command() or ""))
    if file.is_file():
        return
    print(f"  {file.name} for faster starts, in half a minute ", end="", flush=True)
    for other in folder.glob("classes-*.jsa"):
        other.unlink()
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder) as scratch:
        made = Path(scratch) / file.name
        _use_spark(scratch, f'"-XX:ArchiveClassesAtExit={made}" {NO_WARNINGS}')
        made.rename(file)
    print(f"{file.stat().st_size / 1e6:.0f} MB", flush=True)


def _use_spark(scratch: str, java_options: str) -> None:
    settings = Spark(driver_memory="1g", conf={"spark.driver.defaultJavaOptions": java_options})
    spark = session("class archive", settings, small=True)
    rows = spark.range(100).select("id", F.concat(F.lit("a"), "id").alias("text"), F.current_timestamp().alias("at"))
    for path in (f"{scratch}/first", f"{scratch}/second"):
        rows.write.format("delta").save(path)
        spark.sql(
            f"MERGE INTO delta.`{path}` t USING {{rows}} s ON t.id = s.id "
            "WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *",
            rows=rows,
        )
        joined = spark.read.format("delta").load(path).join(rows, "id", "full").groupBy(F.col("id") % 3)
        joined.agg(F.collect_list(F.struct("id")).alias("ids")).write.mode("overwrite").parquet(f"{scratch}/parquet")
        spark.read.parquet(f"{scratch}/parquet").select(F.explode("ids")).collect()
    gateway: Any = spark.sparkContext._gateway
    spark.stop()
    gateway.shutdown()
    gateway.proc.stdin.close()  # Spark's JVM ends with its standard input
    gateway.proc.wait(SECONDS)


def main() -> int:
    """Make the archive in the default folder. Failing is no error: sessions work without it."""
    try:
        make(default_folder())
    except Exception as error:
        print(f"\nnote: no class archive, so a Spark session takes some seconds longer to start ({error})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
