"""spark-submit job of all stages in order: spark-submit jobs/run.py --env prod --as-of 2026-01-02."""

from c360_spark.pipeline.job import main

if __name__ == "__main__":
    main(None)
