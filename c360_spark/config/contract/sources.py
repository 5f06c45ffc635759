"""sources.yml: the location and file format of each dataset's deliveries."""

import codecs
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, RootModel, model_validator

from c360_spark.config.yaml.model import Model


def _encoding(name: str) -> str:
    """Python's canonical name of a text encoding."""
    try:
        known = codecs.lookup(name)
    except LookupError:
        raise ValueError(f"'{name}' is no encoding, such as utf-8, utf-16, cp1252 or latin-1") from None
    if not known._is_text_encoding:
        raise ValueError(f"'{name}' is no encoding of text")
    return known.name


def _separator(text: str) -> str:
    if len(text) != 1 or text in '"\r\n' or text.isalnum():
        raise ValueError('the separator is one character, such as ; or "\\t"')
    return text


class Route(Model):
    """Routes records to other datasets of the same source: `to` maps each value of `field` to a dataset."""

    field: Annotated[str, Field(pattern=r"^[^.]+(\.[^.]+)*$")]
    to: Annotated[dict[str, str], Field(min_length=1)]


@dataclass(frozen=True)
class Routed:
    """The origin of a dataset without files of its own: the records of `dataset` whose `field` has one of `values`."""

    dataset: str
    field: str
    values: tuple[str, ...]


class Source(Model):
    """The arrival of one dataset. `path` is below the landing root and may hold sub-folders, such as one per day.

    For csv, `separator` separates the cells, and the header is the first line that begins with `header_starts`; lines
    above it are skipped. For json, `records` is the path of the array, such as `data` or `result.items`, if the file is
    not an array itself. `encoding` is Python's name of the text encoding. `route` is for files that hold records of
    several datasets.
    """

    format: Literal["csv", "jsonl", "json", "parquet"]
    path: str
    glob: str = "*"
    delivery: Literal["full", "delta"] = "delta"  # full: each file is a full extract with every existing record
    max_deleted_share: float = Field(default=0.2, ge=0, le=1)  # a full delivery that deletes more must be confirmed
    separator: Annotated[str, AfterValidator(_separator)] = ","
    header_starts: Annotated[str, Field(min_length=1)] | None = None
    records: Annotated[str, Field(pattern=r"^[^.]+(\.[^.]+)*$")] | None = None
    encoding: Annotated[str, AfterValidator(_encoding)] = "utf-8"
    route: Route | None = None

    @model_validator(mode="after")
    def _fitting(self) -> "Source":
        for name, format in (("separator", "csv"), ("header_starts", "csv"), ("records", "json")):
            if name in self.model_fields_set and self.format != format:
                raise ValueError(f"{name} is for {format}, not for {self.format}")
        if self.format == "parquet" and "encoding" in self.model_fields_set:
            raise ValueError("encoding is for text, not for parquet")
        if self.route and (self.format == "csv" or self.delivery == "full"):
            raise ValueError("route is for json, jsonl and parquet, and for delta deliveries")
        return self

    @property
    def written(self) -> dict[str, str]:
        """The settings of the file format that differ from their defaults."""
        names = ("separator", "header_starts", "records", "encoding")
        return {
            name: getattr(self, name) for name in names if getattr(self, name) != type(self).model_fields[name].default
        }

    @property
    def routed(self) -> dict[str, tuple[str, ...]]:
        """The values of the route's field, by the dataset that they route to."""
        to = self.route.to if self.route else {}
        return {
            name: tuple(value for value, other in to.items() if other == name) for name in dict.fromkeys(to.values())
        }

    @property
    def form(self) -> str:
        """The file format and its settings as text. A file that was read with another form is read again."""
        return ", ".join([self.format, *(f"{name} {value!r}" for name, value in self.written.items())])

    @property
    def is_by_line(self) -> bool:
        """Whether Spark can read the files itself: Parquet, or UTF-8 text with one record per line (save CSV records
        with a quoted line break).
        """
        plain = self.encoding == "utf-8" and self.header_starts is None
        return self.format == "parquet" or (self.format in ("csv", "jsonl") and plain)


class Sources(RootModel[dict[str, dict[str, Source]]]):
    """source → dataset → how it arrives."""
