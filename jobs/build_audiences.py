"""spark-submit job of build_audiences (c360_spark/stages/gold/build_audiences.py); --help lists arguments."""

from c360_spark.pipeline.job import main

if __name__ == "__main__":
    main("build_audiences")
