"""spark-submit job of build_households (c360_spark/stages/gold/build_households.py); --help lists arguments."""

from c360_spark.pipeline.job import main

if __name__ == "__main__":
    main("build_households")
