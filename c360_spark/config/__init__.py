"""conf/ as frozen, validated values. Importing it starts no JVM."""

from c360_spark.config.conf import Conf
from c360_spark.config.contract.contract import Contract, Field, Lines
from c360_spark.config.load import load

__all__ = ["Conf", "Contract", "Field", "Lines", "load"]
