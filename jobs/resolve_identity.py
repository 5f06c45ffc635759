"""spark-submit job of resolve_identity (c360_spark/stages/identity/resolve_identity.py); --help lists arguments."""

from c360_spark.pipeline.job import main

if __name__ == "__main__":
    main("resolve_identity")
