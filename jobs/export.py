"""spark-submit job of export (c360_spark/stages/export/export.py); --help lists arguments."""

from c360_spark.pipeline.job import main

if __name__ == "__main__":
    main("export")
