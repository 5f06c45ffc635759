"""A value that is computed once and used several times within one expression."""

from collections.abc import Callable

from pyspark.sql import Column
from pyspark.sql import functions as F


def once(value: Column, made: Callable[[Column], Column]) -> Column:
    """`made` of `value`. Without it each use would be a copy in the plan, and copies of copies make plans that take
    seconds. It is not compiled, so it is for what few rows need.
    """
    return F.transform(F.array(value), made)[0]
