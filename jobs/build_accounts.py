"""build_accounts: see c360_spark/stages/build_accounts.py. Run with spark-submit; --help lists the arguments."""

from c360_spark.stages.job import main

if __name__ == "__main__":
    main("build_accounts")
