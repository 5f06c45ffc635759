"""sources.yml: how each dataset arrives."""

import codecs
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, RootModel, model_validator

from c360_spark.config.yaml.model import Model


def _encoding(name: str) -> str:
    """The name that Python gives it."""
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
    """Records that are other datasets' of the source: `to` names the dataset of each text that `field` can have."""

    field: Annotated[str, Field(pattern=r"^[^.]+(\.[^.]+)*$")]
    to: Annotated[dict[str, str], Field(min_length=1)]


@dataclass(frozen=True)
class Routed:
    """Where a dataset without files of its own has its records from: those of `dataset` whose `field` has one of
    `values`.
    """

    dataset: str
    field: str
    values: tuple[str, ...]


class Source(Model):
    """One dataset's arrival. `path` is below the landing root and may hold sub-folders, such as one a day.

    Of csv: `separator` parts the cells; lines above the first one that begins with `header_starts` are no records. Of
    json: `records` leads to the array, as `data` or `result.items`, where the file is not one itself. `encoding` is
    that of text, by its name in Python. `route` is for files with records of several datasets.
    """

    format: Literal["csv", "jsonl", "json", "parquet"]
    path: str
    glob: str = "*"
    delivery: Literal["full", "delta"] = "delta"  # full: each file names every record that there is
    max_deleted_share: float = Field(default=0.2, ge=0, le=1)  # a full delivery that deletes more waits for a person
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
        """What it says of the way the files are written, beside the format."""
        names = ("separator", "header_starts", "records", "encoding")
        return {
            name: getattr(self, name) for name in names if getattr(self, name) != type(self).model_fields[name].default
        }

    @property
    def routed(self) -> dict[str, tuple[str, ...]]:
        """The values of the route's field by the dataset that they lead to."""
        to = self.route.to if self.route else {}
        return {
            name: tuple(value for value, other in to.items() if other == name) for name in dict.fromkeys(to.values())
        }

    @property
    def form(self) -> str:
        """How a file is read, in words: one that was read in another way is read again."""
        return ", ".join([self.format, *(f"{name} {value!r}" for name, value in self.written.items())])

    @property
    def is_by_line(self) -> bool:
        """Whether each line is a record, save those of CSV whose quotes hold a line break."""
        plain = self.encoding == "utf-8" and self.header_starts is None
        return self.format == "parquet" or (self.format in ("csv", "jsonl") and plain)


class Sources(RootModel[dict[str, dict[str, Source]]]):
    """source → dataset → how it arrives."""
