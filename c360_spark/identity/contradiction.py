"""Shared identifiers: which of the records that carry one agree on who the person is, and which contradict each other.

A record is described by given name, family name and birth date. Two descriptions agree when all three are alike, and
contradict each other when a name and the birth date are both unlike. A description that lacks one of the three says
nothing. Records of one identifier whose descriptions agree belong together, whatever becomes of the identifier.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import LongType, StructField, StructType
from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

from c360_spark import tables
from c360_spark.columns.normalize import key_part
from c360_spark.config.rules.identity import RuleSet
from c360_spark.identity.evidence import TIMES, is_blocked, trust

# The levels of the kinds `name` and `date` of probabilistic comparisons.
ALIKE, UNLIKE = 0.92, 0.8  # Jaro-Winkler similarity: at least ALIKE, below UNLIKE
FEW_EDITS, MANY_EDITS = 1, 3  # Damerau-Levenshtein distance of the digits: at most FEW_EDITS, at least MANY_EDITS
MOST = 150  # descriptions of one identifier that are compared pair by pair


class Description(NamedTuple):
    """identity.description: what one record says of the person who has an identifier."""

    bronze_id: str
    identifier_id: int
    namespace: str
    region: str
    other_id: int
    other_namespace: str
    given_name: str
    family_name: str
    birth_date: str
    seen_at: Any
    received_at: Any

    @property
    def said(self) -> tuple[str, str, str]:
        return self.given_name, self.family_name, self.birth_date


def descriptions(records: DataFrame, rules: RuleSet) -> DataFrame:
    """identity.description of rows of silver.profile_record, for the namespaces of `contradictions`.

    `other_id` is the strongest other identifier of the record, and the identifier itself where it has no other.
    """
    block = rules.contradictions
    assert block is not None
    parts = {name: key_part(part, F.col("country")) for name, part in block.parts.items()}
    complete = records.where(F.size("identifiers") > 0).withColumns({f"_{name}": part for name, part in parts.items()})
    complete = complete.where(" AND ".join(f"_{name} IS NOT NULL" for name in parts))
    members = F.array_distinct(F.transform("identifiers", lambda m: _ranked(m, rules)))
    each = complete.withColumn("members", F.array_sort(members)).withColumn("member", F.explode("members"))
    shared = each.where(F.col("member.namespace").isin(*block.namespaces) & ~F.col("member.blocked"))
    others = F.filter("members", lambda m: (m.identifier_id != F.col("member.identifier_id")) & ~m.blocked)
    other = F.coalesce(F.get(others, F.lit(0)), F.col("member"))
    return shared.withColumn("other", other).select(
        "bronze_id",
        "member.identifier_id",
        "member.namespace",
        "member.region",
        F.col("other.identifier_id").alias("other_id"),
        F.col("other.namespace").alias("other_namespace"),
        *(F.col(f"_{name}").alias(name) for name in parts),
        F.coalesce("updated_at", "created_at", "received_at").alias("seen_at"),
        "received_at",
    )


def _ranked(member: Column, rules: RuleSet) -> Column:
    """A member of a record, so that sorting puts the strongest first."""
    return F.struct(
        (-trust(member.namespace, rules)).alias("rank"),
        member.identifier_id.alias("identifier_id"),
        member.namespace.alias("namespace"),
        member.region.alias("region"),
        is_blocked(member.namespace, member.value, rules).alias("blocked"),
    )


def agreement_evidence(described: DataFrame) -> DataFrame:
    """`agreement_rows` of every identifier in `described`, rows of identity.description: rows of identity.evidence."""
    keys = ["identifier_id"]
    shared = described.groupBy(*keys).agg(F.min("other_id").alias("least"), F.max("other_id").alias("most"))
    rows = described.join(shared.where("least <> most").select(*keys), keys, "left_semi")
    micros = [F.unix_micros(name).alias(name) for name in ("seen_at", "received_at")]
    plain = rows.select(*(name for name in Description._fields if not name.endswith("_at")), *micros)
    names = tables.EVIDENCE.column_names
    # Microseconds, as pandas would read times in the zone of the machine.
    shape = StructType(
        [StructField(field.name, LongType()) if field.name in TIMES else field for field in tables.EVIDENCE.schema]
    )
    # Many identifiers in one call: most have two records, and a call of Python for each would cost more.
    found = plain.repartition(*keys).mapInPandas(_rows_of_batches, shape)
    return found.select(*(F.timestamp_micros(name).alias(name) if name in TIMES else F.col(name) for name in names))


def _rows_of_batches(batches: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    rows = (row for batch in batches for row in batch[[*Description._fields]].itertuples(index=False, name=None))
    found = rows_by_identifier(Description(*row) for row in rows)
    yield pd.DataFrame(found, columns=tables.EVIDENCE.column_names)


def rows_by_identifier(described: Iterable[Description]) -> list[tuple[Any, ...]]:
    """`agreement_rows` of each identifier, of which all descriptions are given."""
    held: defaultdict[int, list[Description]] = defaultdict(list)
    for row in described:
        held[row.identifier_id].append(row)
    return [found for rows in held.values() for found in agreement_rows(rows)]


def agreement_rows(described: Iterable[Description]) -> Iterator[tuple[Any, ...]]:
    """Rows of identity.evidence of one identifier, from all its descriptions. None where one record alone has it.

    - `agreement` links the records of a group whose descriptions agree, by their `other_id`.
    - `repetition` says of the identifier how many identifiers of a namespace repeat a person who is counted already.
    - `contradiction` says of the identifier that it is shared by persons who contradict each other.
    """
    rows, held = sorted(described), defaultdict[int, list[Description]](list)
    for row in rows:
        held[row.other_id].append(row)
    if len(held) < 2:
        return
    first, spaces = rows[0], {other: those[0].other_namespace for other, those in held.items()}
    groups, contradict = _groups(rows)
    own, repeated = (first.identifier_id, first.namespace), Counter[str]()
    for group in groups:
        centre = group[0]
        for other in group[1:]:
            both, ends = [*held[centre], *held[other]], ((centre, spaces[centre]), (other, spaces[other]))
            yield _evidence(first, "agreement", first.namespace, *ends, len(both), _times(both))
        repeated.update(Counter(spaces[other] for other in group) - Counter({spaces[other] for other in group}))
    for space, count in sorted(repeated.items()):
        yield _evidence(first, "repetition", space, own, (first.identifier_id, space), count, _times(rows))
    if contradict:
        yield _evidence(first, "contradiction", first.namespace, own, own, len(groups), _times(rows))


def _times(rows: Sequence[Description]) -> tuple[Any, Any, Any]:
    return min(r.seen_at for r in rows), max(r.seen_at for r in rows), min(r.received_at for r in rows)


def _evidence(
    first: Description, kind: str, named: str, hub: tuple[int, str], member: tuple[int, str], count: int, times: Any
) -> tuple[Any, ...]:
    (hub_id, hub_space), (member_id, member_space) = hub, member
    who = (str(first.identifier_id), f"{kind}:{named}", hub_id, member_id, kind, hub_space, member_space)
    return (*who, False, False, first.region, 0, count, 1.0, *times)


def _groups(rows: Sequence[Description]) -> tuple[list[list[int]], bool]:
    """The `other_id`s of records that agree, directly or through others, and whether two groups contradict each other.

    Beyond MOST descriptions only equal ones agree, and each is compared with the first one: a telephone exchange must
    not cost a comparison of everybody with everybody.
    """
    owners: defaultdict[tuple[str, str, str], set[int]] = defaultdict(set)
    for row in rows:
        owners[row.said].add(row.other_id)
    said = sorted(owners)
    pairs = list(combinations(said, 2)) if len(said) <= MOST else [(said[0], other) for other in said[1:]]
    parent = {row.other_id: row.other_id for row in rows}

    def root(one: int) -> int:
        while parent[one] != one:
            one = parent[one]
        return one

    def unite(several: Iterable[int]) -> None:
        roots = sorted({root(one) for one in several})
        for other in roots[1:]:
            parent[other] = roots[0]

    for several in owners.values():
        unite(several)
    if len(said) <= MOST:
        for one, other in pairs:
            if agree(one, other):
                unite((*owners[one], *owners[other]))
    groups: defaultdict[int, list[int]] = defaultdict(list)
    for other_id in sorted(parent):
        groups[root(other_id)].append(other_id)
    apart = (pair for pair in pairs if contradict(*pair) and root(min(owners[pair[0]])) != root(min(owners[pair[1]])))
    return [*groups.values()], next(apart, None) is not None


def agree(one: tuple[str, str, str], other: tuple[str, str, str]) -> bool:
    """Whether two descriptions are of one person: both names and the birth date are alike, and one of them is equal."""
    if one == other:
        return True
    names = [JaroWinkler.similarity(a, b) for a, b in zip(one[:2], other[:2], strict=True)]
    edits = DamerauLevenshtein.distance(one[2], other[2])
    return min(names) >= ALIKE and edits <= FEW_EDITS and (edits == 0 or min(names) == 1)


def contradict(one: tuple[str, str, str], other: tuple[str, str, str]) -> bool:
    """Whether two descriptions are of two persons: a name and the birth date are unlike."""
    names = [JaroWinkler.similarity(a, b) for a, b in zip(one[:2], other[:2], strict=True)]
    return min(names) < UNLIKE and DamerauLevenshtein.distance(one[2], other[2]) >= MANY_EDITS
