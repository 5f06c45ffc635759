"""The block `probabilistic` of identity.yml: blocking, comparisons and the match model of probabilistic record linkage.

A comparison assigns each pair of records to one of a few *levels*, from exact agreement to none. The match model
(conf/models/<name>.yml) has two probabilities for each level: m for pairs of records of one person, u for pairs of two
persons, as in Fellegi and Sunter, A Theory for Record Linkage (1969). The kind and thresholds of a comparison determine
its levels.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from math import fsum
from typing import Annotated, Literal

from pydantic import Field, PositiveInt, ValidationError, model_validator

from c360_spark.config.rules.key_part import KeyPart, Normalizer
from c360_spark.config.yaml.document import Loc, did_you_mean
from c360_spark.config.yaml.model import Model

Kind = Literal["name", "date", "postcode", "phone", "email", "exact", "address"]
Engine = Literal["duckdb", "spark"]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
OTHER = "other"  # the last level of every comparison: both values are present, and no level before applies


@dataclass(frozen=True)
class Agreement:
    """One condition of a level, on the value with index `value` of a comparison.

    `similar`: Jaro-Winkler similarity of at least `limit`. `edits`: Damerau-Levenshtein distance of at most `limit`.
    `common`: the value of one of the records is in the model's list of common values.
    """

    measure: Literal["equal", "similar", "edits", "common"]
    value: int = 0
    limit: float = 0


@dataclass(frozen=True)
class Shape:
    """The shape of a kind of comparison: one normaliser for each of its columns, and its default thresholds.

    `measure` is the measure of the thresholds; None if the levels are fixed.
    """

    normalizers: tuple[Normalizer, ...]
    measure: Literal["similar", "edits"] | None = None
    thresholds: tuple[float, ...] = ()


SHAPES: dict[Kind, Shape] = {
    "name": Shape(("name",), "similar", (0.92, 0.8)),
    "date": Shape(("digits",), "edits", (1, 2)),
    "postcode": Shape(("postcode",), "edits", (1,)),
    "phone": Shape(("digits",), "edits", (1,)),
    "email": Shape(("email",)),
    "exact": Shape(("lower",)),
    "address": Shape(("name", "postcode")),
}
EQUAL = Agreement("equal")
# The second value of an e-mail address is its part before the @. Street and postcode are one comparison because they
# are not independent evidence: a shared street implies a shared postcode, and a household would pass as one person.
FIXED: dict[Kind, dict[str, tuple[Agreement, ...]]] = {
    "email": {
        "exact": (EQUAL,),
        "same_user": (Agreement("equal", 1),),
        "similar_0.92": (Agreement("similar", 0, 0.92),),
    },
    "exact": {"exact": (EQUAL,)},
    "address": {
        "exact": (EQUAL, Agreement("equal", 1)),
        "similar_street": (Agreement("similar", 0, 0.9), Agreement("equal", 1)),
        "same_postcode": (Agreement("equal", 1),),
        "same_street": (EQUAL,),
    },
}


class Comparison(Model):
    """How one property of two records is compared. `columns` of silver.profile_record default to the column with the
    comparison's name, or street and postcode for an address. `thresholds` are ordered from strictest to loosest.
    With `common_from` agreement on a value that at least this share of the records has is a level of its own.
    """

    kind: Kind
    columns: tuple[str, ...] = ()
    thresholds: tuple[float, ...] = ()
    common_from: float | None = Field(default=None, gt=0, lt=1)

    @model_validator(mode="after")
    def _fits_its_kind(self) -> "Comparison":
        shape = SHAPES[self.kind]
        if self.columns and len(self.columns) != len(shape.normalizers):
            raise ValueError(f"a comparison of kind {self.kind} has {len(shape.normalizers)} columns")
        if self.thresholds and not shape.measure:
            raise ValueError(f"a comparison of kind {self.kind} has no thresholds")
        if self.common_from and self.kind == "address":
            raise ValueError("an address has no common values: street and postcode are compared together")
        strict_first = sorted(set(self.thresholds), reverse=shape.measure == "similar")
        if list(self.thresholds) != strict_first:
            raise ValueError(f"thresholds must go from the strictest to the loosest: {strict_first}")
        if shape.measure == "similar" and any(not 0 < limit < 1 for limit in self.thresholds):
            raise ValueError("a similarity is between 0 and 1, without the ends")
        if shape.measure == "edits" and any(limit not in range(1, 10) for limit in self.thresholds):
            raise ValueError("a number of edits is a whole number from 1 to 9")
        return self

    def of(self, name: str) -> tuple[str, ...]:
        """The columns that the comparison called `name` compares."""
        return self.columns or (("street", "postcode") if self.kind == "address" else (name,))

    @property
    def levels(self) -> dict[str, tuple[Agreement, ...]]:
        """The levels before OTHER, strictest first. A threshold is part of the level's name, so that probabilities
        trained for one threshold are never applied to another.
        """
        shape, first = SHAPES[self.kind], {}
        if self.common_from:
            first = {f"exact_common_{self.common_from:g}": (EQUAL, Agreement("common"))}
        if not shape.measure:
            return {**first, **FIXED[self.kind]}
        limits = self.thresholds or shape.thresholds
        similar = {f"{shape.measure}_{x:g}": (Agreement(shape.measure, 0, x),) for x in limits}
        return {**first, "exact": (EQUAL,), **similar}


def value_columns(name: str, comparison: Comparison) -> list[str]:
    """The prepared columns of a comparison; an e-mail has a second one, the part before the @."""
    count = 2 if comparison.kind == "email" else len(SHAPES[comparison.kind].normalizers)
    return [f"compare_{name}_{i}" for i in range(count)]


class Level(Model):
    """The m and u probabilities of a level: its share among pairs with both values, of one person (m) or of two (u)."""

    m: float = Field(gt=0, le=1)
    u: float = Field(gt=0, le=1)


class Trained(Model):
    """How the probabilities of a model were trained."""

    as_of: date
    seed: int
    records: PositiveInt


class MatchModel(Model):
    """conf/models/<name>.yml. `prior` is the share of matches (pairs of one person) among all pairs of records.

    `common` has the normalised values of each comparison with `common_from` that so large a share of the records has.
    """

    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    prior: float = Field(gt=0, lt=1)
    comparisons: dict[Name, dict[str, Level]]
    common: dict[Name, tuple[str, ...]] = {}
    trained: Trained | None = None


def usual_keys(comparisons: Iterable[tuple[str, Comparison]]) -> dict[str, tuple[KeyPart, ...]]:
    """The blocking keys of a block that names none, of the columns that are compared.

    They bring together 95 to 96 of 100 true pairs of FEBRL. None of them is what a household shares.
    """
    columns = {column: c.kind for name, c in comparisons for column in c.of(name)}
    born = next((column for column, kind in columns.items() if kind == "date"), None)
    given, family = KeyPart(column="given_name"), KeyPart(column="family_name")
    keys = {
        "full_name": (given, family),
        "birth_date": (KeyPart(column=born, normalize="digits"),) if born else (),
        "initial_postcode": (KeyPart(column="given_name", prefix=1), KeyPart(column="postcode", normalize="postcode")),
    }
    return {name: parts for name, parts in keys.items() if parts and all(part.column in columns for part in parts)}


def _with_usual_keys(data: object) -> object:
    if not isinstance(data, dict) or "blocking" in data or not isinstance(data.get("comparisons"), dict):
        return data
    try:
        given = [(name, Comparison.model_validate(each)) for name, each in data["comparisons"].items()]
    except ValidationError:
        return data  # told where the comparisons are read
    keys = usual_keys(given)
    return data | {"blocking": keys} if keys else data


def _attaches_after_review(block: "Probabilistic") -> "Probabilistic":
    if block.review_at > block.attach_at:
        raise ValueError(f"review_at ({block.review_at:g}) must not be above attach_at ({block.attach_at:g})")
    return block


class Probabilistic(Model):
    """How pairs of records are selected, compared and scored.

    A pair from `attach_at` joins the groups of its two records if the mean match weight over all pairs of records of
    the two groups stands for a probability of at least `join_at`. A pair from `review_at` goes to the review queue.
    `regions` are the regions whose records take part, each with the consent purpose that it requires, or null.
    `blocking`: only records that agree on all parts of one of the blocking keys are compared; by default those of
    `usual_keys`. `max_block_pairs`: a key
    value that would make more pairs is skipped. Without `model` nothing is scored: `c360 model train` trains one, with
    `seed`, from the pairs of the blocking keys in `train_on`, or of all keys. Do not train on a key that households
    share, such as a phone: it would teach the model that given names mean little. `engine` and `local_max_records`
    never change a score.
    """

    regions: dict[str, str | None] = Field(min_length=1)
    comparisons: dict[Name, Comparison] = Field(min_length=1)
    blocking: dict[Name, tuple[KeyPart, ...]] = Field(min_length=1)
    attach_at: float = Field(ge=0, le=1)
    join_at: float = Field(default=0.5, ge=0, le=1)
    review_at: float = Field(ge=0, le=1)
    engine: Literal["auto"] | Engine = "auto"
    local_max_records: PositiveInt = 500_000
    max_block_pairs: PositiveInt = 5_000
    seed: int = Field(default=1, ge=0)
    train_on: tuple[str, ...] = ()
    model: MatchModel | None = None

    _usual = model_validator(mode="before")(_with_usual_keys)
    _order = model_validator(mode="after")(_attaches_after_review)

    def engine_for(self, records: int) -> Engine:
        """The engine for this number of records."""
        if self.engine != "auto":
            return self.engine
        return "duckdb" if records <= self.local_max_records else "spark"


def columns(block: Probabilistic) -> Iterator[tuple[Loc, str]]:
    """Every column used by comparisons and blocking keys, with its place in the block."""
    for name, comparison in block.comparisons.items():
        for i, column in enumerate(comparison.of(name)):
            yield ("comparisons", name, "columns", i), column
    for name, parts in block.blocking.items():
        for i, part in enumerate(parts):
            yield ("blocking", name, i), part.column


def complaints(block: Probabilistic) -> Iterator[tuple[Loc, str]]:
    """Reports unknown names in the block, and mismatches between the match model and the comparisons."""
    for i, key in enumerate(block.train_on):
        if key not in block.blocking:
            yield ("train_on", i), f"unknown blocking key '{key}'{did_you_mean(key, block.blocking)}"
    if block.model is None:
        return
    given = block.model.comparisons
    for name in block.model.common:
        if name not in block.comparisons or not block.comparisons[name].common_from:
            yield ("model", "common", name), f"no comparison called '{name}' has common_from"
    for name in given.keys() - block.comparisons.keys():
        yield ("model", "comparisons", name), f"unknown comparison '{name}'{did_you_mean(name, block.comparisons)}"
    for name, comparison in block.comparisons.items():
        loc: Loc = ("model", "comparisons", name)
        wanted, levels = [*comparison.levels, OTHER], given.get(name, {})
        for level in levels.keys() - set(wanted):
            yield (*loc, level), f"unknown level '{level}' of {name}{did_you_mean(level, wanted)}"
        if comparison.common_from and name not in block.model.common:
            yield ("model",), f"no common values of {name}, which has common_from"
        missing = [level for level in wanted if level not in levels]
        if missing:
            yield loc, f"{name} has no figures for {', '.join(missing)}"
        for letter in () if missing else ("m", "u"):
            total = fsum(getattr(level, letter) for level in levels.values())
            if abs(total - 1) > 0.02:
                yield loc, f"{letter} of all levels of {name} is {total:.3f} together, not 1"
