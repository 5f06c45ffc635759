"""resolve_identity: see c360_spark/stages/identity/resolve_identity.py. spark-submit it; --help lists the arguments."""

from c360_spark.pipeline.job import main

if __name__ == "__main__":
    main("resolve_identity")
