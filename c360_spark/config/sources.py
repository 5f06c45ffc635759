"""sources.yml: how each dataset arrives."""

from typing import Literal

from pydantic import RootModel

from c360_spark.config.model import Model


class Source(Model):
    """One dataset's arrival. `path` is below the landing root and may hold sub-folders, such as one a day."""

    format: Literal["csv", "jsonl", "parquet"]
    path: str
    glob: str = "*"
    delivery: Literal["full", "delta"] = "delta"


class Sources(RootModel[dict[str, dict[str, Source]]]):
    """source → dataset → how it arrives."""
