"""Evaluates a value once that an expression uses several times."""

from collections.abc import Callable

from pyspark.sql import Column
from pyspark.sql import functions as F


def once(value: Column, made: Callable[[Column], Column]) -> Column:
    """`made` of `value`, with `value` evaluated once.

    Without it each use would be a copy in the plan, and nested copies make plans that take seconds. Spark does not
    compile this expression, so use it only for what few rows need.
    """
    return F.transform(F.array(value), made)[0]
