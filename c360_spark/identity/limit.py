"""Guards inside a component: limits on what one person can have, and identifiers that must stay apart.

A component that breaks a limit is taken apart and united again link by link, the strongest first. Each link that would
break a limit is left out. Parts only grow, so a link that was left out once would break the limit at any later time: in
the end the links left out are those between different parts, and the order of the input does not matter.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce

import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.config.rules.identity import RuleSet
from c360_spark.identity.evidence import trust

KINDS = ("manual", "bridge", "shared_record", "agreement", "match_key", "probabilistic")  # the strongest first
GUESSED = KINDS.index("probabilistic")
PARTS = "component_id long, identifier_id long, part_id long, other_id long, reason string"
STRENGTH = ["kind_rank", "low_trust", "high_trust", "confidence", "evidence_count", "left_id", "right_id"]
ASCENDING = [True, False, False, False, False, True, True]


@dataclass(frozen=True)
class Limits:
    """Limits of one person: the most identifiers of each namespace, and in total.

    An identifier of a `unique` namespace makes the person known.
    """

    most: Mapping[str, int]
    size: int | None = None
    unique: frozenset[str] = frozenset()

    @classmethod
    def of(cls, rules: RuleSet) -> "Limits":
        most = {name: space.max_per_person for name, space in rules.namespaces.items() if space.max_per_person}
        return cls(most, rules.component_limit, frozenset(rules.unique_namespaces))


def broken_components(placed: DataFrame, edges: DataFrame, nevers: DataFrame, rules: RuleSet) -> DataFrame:
    """Components that break a limit of the rule set: `component_id`.

    `placed` has `identifier_id, namespace, component_id` of the identifiers in the graph, `edges` are its links,
    `nevers` the pairs `left_id, right_id` that must stay apart.
    """
    broken, limits = [], Limits.of(rules)
    if rules.component_limit:
        sizes = placed.groupBy("component_id").agg(F.count(F.lit(1)).alias("size"))
        broken.append(sizes.where(F.col("size") > rules.component_limit).select("component_id"))
    if limits.most:
        most = F.create_map(*(F.lit(part) for pair in limits.most.items() for part in pair))[F.col("namespace")]
        many = placed.where(F.col("namespace").isin(*limits.most)).groupBy("component_id", "namespace").count()
        broken.append(many.where(F.col("count") > most).select("component_id"))
    if rules.never_links:
        one, other = placed.select("identifier_id", "component_id"), placed.select("identifier_id", "component_id")
        both = nevers.join(one.toDF("left_id", "component_id"), "left_id").join(
            other.toDF("right_id", "component_id"), ["right_id", "component_id"]
        )
        broken.append(both.select("component_id"))
    if rules.probabilistic and limits.unique:
        known = placed.where(F.col("namespace").isin(*limits.unique)).groupBy("component_id").count()
        attached = edges.where("kind = 'probabilistic'").select(F.col("left_id").alias("identifier_id"))
        guessed = placed.join(attached, "identifier_id", "left_semi").select("component_id").distinct()
        broken.append(known.where("count > 1").select("component_id").join(guessed, "component_id", "left_semi"))
    if not broken:
        return placed.select("component_id").limit(0)
    return reduce(DataFrame.unionByName, broken).distinct()


def parts(placed: DataFrame, links: DataFrame, nevers: DataFrame, rules: RuleSet) -> DataFrame:
    """Splits components that break a limit into parts. All three frames are of such components, with `component_id`.

    Returns rows of two kinds: an identifier with its `part_id`, the smallest identifier_id of the part; and a pair that
    is left out, `identifier_id, other_id, reason`: `limit:<namespace>`, `limit:component`, `limit:never` or
    `limit:known`.
    """
    trusts = [trust(F.col(f"{side}_namespace"), rules) for side in ("left", "right")]
    ranks = [F.lit(part) for rank, kind in enumerate(KINDS) for part in (kind, rank)]
    rows = [
        _row("vertex", left_id=F.col("identifier_id"), namespace=F.col("namespace")),
        _row(
            "link",
            left_id=F.col("left_id"),
            right_id=F.col("right_id"),
            kind_rank=F.create_map(*ranks)[F.col("kind")],
            low_trust=F.least(*trusts),
            high_trust=F.greatest(*trusts),
            confidence=F.col("confidence"),
            evidence_count=F.col("evidence_count"),
        ),
        _row("never", left_id=F.col("left_id"), right_id=F.col("right_id")),
    ]
    frames = [frame.select(*row) for frame, row in zip((placed, links, nevers), rows, strict=True)]
    limits = Limits.of(rules)

    def apart(rows: pd.DataFrame) -> pd.DataFrame:
        return _apart(rows, limits)

    return reduce(DataFrame.unionByName, frames).groupBy("component_id").applyInPandas(apart, PARTS)


def _row(what: str, **given: Column) -> list[Column]:
    columns = {
        "left_id": "long", "right_id": "long", "namespace": "string", "kind_rank": "int", "low_trust": "int",
        "high_trust": "int", "confidence": "double", "evidence_count": "long",
    }  # fmt: skip
    # Zero, not null: pandas keeps a column of longs exact only while no value is missing.
    values = [
        given.get(name, F.lit(None if kind == "string" else 0)).cast(kind).alias(name) for name, kind in columns.items()
    ]
    return [F.col("component_id"), F.lit(what).alias("what"), *values]


def _apart(rows: pd.DataFrame, limits: Limits) -> pd.DataFrame:
    """Splits one component: rows of vertices, links and never-links → rows of PARTS."""
    vertices, links, nevers = (rows[rows["what"] == what] for what in ("vertex", "link", "never"))
    forest = Forest(dict(zip(vertices["left_id"], vertices["namespace"], strict=True)), limits)
    for left, right in zip(nevers["left_id"], nevers["right_id"], strict=True):
        forest.forbid(left, right)
    left_out: dict[tuple[int, int], str] = {}
    ordered = links.sort_values(STRENGTH, ascending=ASCENDING, kind="stable")
    for left, right, rank in zip(ordered["left_id"], ordered["right_id"], ordered["kind_rank"], strict=True):
        reason = forest.unite(left, right, guessed=rank == GUESSED)
        if reason:
            left_out.setdefault((left, right), reason)
    ids = [*forest.parent, *(left for left, _ in left_out)]
    nobody = [None] * len(left_out)
    return pd.DataFrame(
        {
            "component_id": rows["component_id"].iloc[0],
            "identifier_id": ids,
            # Int64 from the start: converted through floats, an id would lose its last digits.
            "part_id": pd.array([*map(forest.root, forest.parent), *nobody], dtype="Int64"),
            "other_id": pd.array([*([None] * len(forest.parent)), *(r for _, r in left_out)], dtype="Int64"),
            "reason": [*([None] * len(forest.parent)), *left_out.values()],
        }
    )


class Forest:
    """Union-find over one component: parts grow by links. The root of a part is its smallest identifier."""

    def __init__(self, namespaces: Mapping[int, str], limits: Limits) -> None:
        self.limits = limits
        self.parent = {vertex: vertex for vertex in namespaces}
        self.size = dict.fromkeys(namespaces, 1)
        self.held = {vertex: {space: 1} if space in limits.most else {} for vertex, space in namespaces.items()}
        self.known = {vertex for vertex, space in namespaces.items() if space in limits.unique}
        self.enemies: dict[int, set[int]] = {vertex: set() for vertex in namespaces}

    def forbid(self, left: int, right: int) -> None:
        self.enemies[left].add(right)
        self.enemies[right].add(left)

    def root(self, vertex: int) -> int:
        while self.parent[vertex] != vertex:
            self.parent[vertex] = self.parent[self.parent[vertex]]
            vertex = self.parent[vertex]
        return vertex

    def unite(self, left: int, right: int, *, guessed: bool = False) -> str | None:
        """Unites the parts of two identifiers; if that would break a limit, returns the reason instead.

        A `guessed` link comes from the model: it never unites two known persons.
        """
        one, other = sorted((self.root(left), self.root(right)))
        if one == other:
            return None
        reason = self._objection(one, other)
        if guessed and not reason and self.known.issuperset((one, other)):
            reason = "limit:known"
        if reason:
            return reason
        self.parent[other] = one
        self.size[one] += self.size.pop(other)
        for space, count in self.held.pop(other).items():
            self.held[one][space] = self.held[one].get(space, 0) + count
        self.enemies[one] |= self.enemies.pop(other)
        if other in self.known:
            self.known.add(one)
        return None

    def _objection(self, one: int, other: int) -> str | None:
        few, against = min((self.enemies[one], other), (self.enemies[other], one), key=lambda side: len(side[0]))
        if any(self.root(enemy) == against for enemy in few):
            return "limit:never"
        for space, count in sorted(self.held[other].items()):
            if count + self.held[one].get(space, 0) > self.limits.most[space]:
                return f"limit:{space}"
        if self.limits.size and self.size[one] + self.size[other] > self.limits.size:
            return "limit:component"
        return None
