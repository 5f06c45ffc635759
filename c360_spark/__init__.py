"""c360_spark: a governed Customer 360 lakehouse on PySpark, Delta Lake and GraphFrames."""

__version__ = "0.1.0"
