"""reconcile: see c360_spark/stages/gold/reconcile.py. spark-submit it; --help lists the arguments."""

from c360_spark.pipeline.job import main

if __name__ == "__main__":
    main("reconcile")
