"""spark-submit job of canonicalise (c360_spark/stages/silver/canonicalise.py); --help lists arguments."""

from c360_spark.pipeline.job import main

if __name__ == "__main__":
    main("canonicalise")
