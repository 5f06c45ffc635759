"""reconcile: see c360_spark/stages/reconcile.py. Run with spark-submit; --help lists the arguments."""

from c360_spark.stages.job import main

if __name__ == "__main__":
    main("reconcile")
