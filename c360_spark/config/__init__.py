"""Loads conf/ into frozen, validated values. Importing this package starts no JVM."""

from c360_spark.config.conf import Conf
from c360_spark.config.contract.contract import Contract, Field, Lines
from c360_spark.config.load import load

__all__ = ["Conf", "Contract", "Field", "Lines", "load"]
