"""spark-submit job of land (c360_spark/stages/bronze/land.py); --help lists arguments."""

from c360_spark.pipeline.job import main

if __name__ == "__main__":
    main("land")
