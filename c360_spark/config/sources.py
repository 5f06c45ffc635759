"""sources.yml: how each dataset arrives."""

from typing import Literal

from pydantic import Field, RootModel

from c360_spark.config.model import Model


class Source(Model):
    """One dataset's arrival. `path` is below the landing root and may hold sub-folders, such as one a day."""

    format: Literal["csv", "jsonl", "parquet"]
    path: str
    glob: str = "*"
    delivery: Literal["full", "delta"] = "delta"  # full: each file names every record that there is
    max_deleted_share: float = Field(default=0.2, ge=0, le=1)  # a full delivery that deletes more waits for a person


class Sources(RootModel[dict[str, dict[str, Source]]]):
    """source → dataset → how it arrives."""
