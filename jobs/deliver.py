"""spark-submit job of deliver (c360_spark/stages/export/deliver.py); --help lists arguments."""

from c360_spark.pipeline.job import main

if __name__ == "__main__":
    main("deliver")
