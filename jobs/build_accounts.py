"""spark-submit job of build_accounts (c360_spark/stages/gold/build_accounts.py); --help lists arguments."""

from c360_spark.pipeline.job import main

if __name__ == "__main__":
    main("build_accounts")
