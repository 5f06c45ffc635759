"""`python -m c360_spark.cli …`: the same as `c360 …`."""

from c360_spark.cli import main

if __name__ == "__main__":
    main()
