"""spark-submit job of reconcile (c360_spark/stages/gold/reconcile.py); --help lists arguments."""

from c360_spark.pipeline.job import main

if __name__ == "__main__":
    main("reconcile")
