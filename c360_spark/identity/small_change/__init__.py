"""The identity of a small change in plain Python: what the modules beside this folder compute with Spark.

Spark needs seconds to plan some thirty queries, however few rows they have; these functions need milliseconds for a few
thousand rows. Both give equal tables: the histories of tests/spark/test_identity_incremental.py run both ways.
"""
