"""Guards inside a component: limits on what one person can have, and identifiers that must stay apart.

A component that breaks a limit is taken apart and united again link by link, the strongest first. Each link that would
break a limit is left out. Parts only grow, so a link that was left out once would break the limit at any later time: in
the end the links left out are those between different parts, and the order of the input does not matter. Links of the
match model come last: they join parts as group_join says.
"""

from collections.abc import Iterable, Iterator
from functools import reduce

import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.config.rules.identity import RuleSet
from c360_spark.config.rules.probabilistic import Probabilistic
from c360_spark.identity.evidence import trust
from c360_spark.identity.forest import Forest, Limits
from c360_spark.identity.group_join import join_groups
from c360_spark.identity.match_weight import Values

KINDS = ("manual", "bridge", "shared_record", "agreement", "match_key", "probabilistic")  # the strongest first
PROBABILISTIC = KINDS.index("probabilistic")
PARTS = "identifier_id long, part_id long, other_id long, reason string"
STRENGTH = ["kind_rank", "low_trust", "high_trust", "confidence", "evidence_count", "left_id", "right_id"]
ASCENDING = [True, False, False, False, False, True, True]


def broken_components(placed: DataFrame, edges: DataFrame, nevers: DataFrame, rules: RuleSet) -> DataFrame:
    """Components that break a limit of the rule set, and those with a link of the match model: `component_id`.

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
    if rules.probabilistic:
        ends = edges.where("kind = 'probabilistic'").select(F.col("left_id").alias("identifier_id"))
        broken.append(placed.join(ends, "identifier_id", "left_semi").select("component_id"))
    if not broken:
        return placed.select("component_id").limit(0)
    return reduce(DataFrame.unionByName, broken).distinct()


def parts(
    placed: DataFrame, links: DataFrame, nevers: DataFrame, compared: DataFrame | None, rules: RuleSet
) -> DataFrame:
    """Splits components that break a limit into parts. All frames are of such components, with `component_id`.

    `compared` has rows of identity.compared_record; None if the rule set has no match model. Returns rows of two kinds:
    an identifier with its `part_id`, the smallest identifier_id of the part; and a pair that is left out,
    `identifier_id, other_id, reason`: `limit:<namespace>`, `limit:component`, `limit:never`, `limit:mean` or
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
    if compared is not None:
        frames.append(compared.select(*_row("record", left_id=F.col("identifier_id"), values=F.col("compared_values"))))
    limits, model = Limits.of(rules), rules.probabilistic

    def apart(batches: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        rows = [*batches]
        if rows:
            yield _apart(pd.concat(rows), limits, model)

    # Whole components in one task, many at once: most have a few links, and a call of Python for each would cost more.
    return reduce(DataFrame.unionByName, frames).repartition("component_id").mapInPandas(apart, PARTS)


def _row(what: str, **given: Column) -> list[Column]:
    columns = {
        "left_id": "long", "right_id": "long", "namespace": "string", "kind_rank": "int", "low_trust": "int",
        "high_trust": "int", "confidence": "double", "evidence_count": "long", "values": "array<string>",
    }  # fmt: skip
    # Zero, not null: pandas keeps a column of longs exact only while no value is missing.
    values = [
        given.get(name, F.lit(None if "string" in kind else 0)).cast(kind).alias(name) for name, kind in columns.items()
    ]
    return [F.col("component_id"), F.lit(what).alias("what"), *values]


def _apart(rows: pd.DataFrame, limits: Limits, model: Probabilistic | None = None) -> pd.DataFrame:
    """Splits components: rows of vertices, links, never-links and compared records → rows of PARTS."""
    vertices, links, nevers, records = (rows[rows["what"] == what] for what in ("vertex", "link", "never", "record"))
    forest = Forest(dict(zip(vertices["left_id"], vertices["namespace"], strict=True)), limits)
    for left, right in zip(nevers["left_id"], nevers["right_id"], strict=True):
        forest.forbid(left, right)
    ordered = links.sort_values(STRENGTH, ascending=ASCENDING, kind="stable")
    edges = zip(ordered["left_id"], ordered["right_id"], ordered["kind_rank"], strict=True)
    values = zip(records["left_id"], map(tuple, records["values"]), strict=True)
    left_out = unite(forest, [*edges], [*values], model)
    ids = [*forest.parent, *(left for left, _ in left_out)]
    nobody = [None] * len(left_out)
    return pd.DataFrame(
        {
            "identifier_id": ids,
            # Int64 from the start: converted through floats, an id would lose its last digits.
            "part_id": pd.array([*map(forest.root, forest.parent), *nobody], dtype="Int64"),
            "other_id": pd.array([*([None] * len(forest.parent)), *(r for _, r in left_out)], dtype="Int64"),
            "reason": [*([None] * len(forest.parent)), *left_out.values()],
        }
    )


def unite(
    forest: Forest,
    links: Iterable[tuple[int, int, int]],
    records: Iterable[tuple[int, Values]],
    model: Probabilistic | None,
) -> dict[tuple[int, int], str]:
    """Unites the forest along `links` (left_id, right_id, rank of the kind), given the strongest first.

    `records` are as in `join_groups`. Returns the pairs left out, with the reason of each.
    """
    left_out: dict[tuple[int, int], str] = {}
    likely = []
    for left, right, rank in links:
        if rank == PROBABILISTIC:
            likely.append((left, right))
            continue
        reason = forest.unite(left, right)
        if reason:
            left_out.setdefault((left, right), reason)
    if likely and model:
        return join_groups(forest, likely, records, model) | left_out
    return left_out
