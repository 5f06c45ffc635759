"""Connected components by either of two engines that give equal partitions, and the invariants of every partition.

`local` is one Arrow task with scipy: fastest while the links fit the memory of one worker (16 bytes per link and per
end). `graphframes` is distributed, and serves as the oracle that `local` is checked against. Write the links to storage
and read them back before you pass them in: wrong components have been reported for lazily computed input.
"""

from collections.abc import Iterable, Iterator
from typing import Literal

import numpy as np
import pyarrow as pa
from graphframes import GraphFrame
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

Engine = Literal["local", "graphframes"]
COMPONENTS = "identifier_id bigint, component_id bigint"


def components(links: DataFrame, *, engine: Engine) -> DataFrame:
    """Connected components of `links` (`left_id, right_id`, longs): `identifier_id, component_id` of every end.

    The component_id is the smallest identifier_id of the component, for either engine.
    """
    return _local(links) if engine == "local" else _graphframes(links)


def _local(links: DataFrame) -> DataFrame:
    return links.select("left_id", "right_id").coalesce(1).mapInArrow(_label, COMPONENTS)


def _label(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    ends = [(batch.column(0).to_numpy(), batch.column(1).to_numpy()) for batch in batches]
    if not ends:
        return
    left, right = (np.concatenate(column) for column in zip(*ends, strict=True))
    ids, index = np.unique(np.concatenate([left, right]), return_inverse=True)
    edges = coo_matrix((np.ones(len(left), dtype=np.int8), (index[: len(left)], index[len(left) :])), (len(ids),) * 2)
    count, labels = connected_components(edges, directed=False)
    smallest = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(smallest, labels, ids)
    for start in range(0, len(ids), 100_000):
        part = slice(start, start + 100_000)
        yield pa.RecordBatch.from_arrays(
            [pa.array(ids[part]), pa.array(smallest[labels[part]])], ["identifier_id", "component_id"]
        )


def _graphframes(links: DataFrame) -> DataFrame:
    edges = links.select(F.col("left_id").alias("src"), F.col("right_id").alias("dst")).distinct()
    vertices = edges.select(F.explode(F.array("src", "dst")).alias("id")).distinct()
    labelled: DataFrame = GraphFrame(vertices, edges).connectedComponents(algorithm="graphframes")
    smallest = labelled.groupBy("component").agg(F.min("id").alias("component_id"))
    return labelled.join(smallest, "component").select(F.col("id").alias("identifier_id"), "component_id")


def broken(placed: DataFrame, links: DataFrame) -> DataFrame:
    """Violated invariants as rows `invariant, count`; empty when all hold.

    `placed` has `identifier_id, part_id`; `links` are the active links. The invariants: every identifier is placed
    once, every end of a link is placed, and no link crosses parts.
    """
    twice = placed.groupBy("identifier_id").count().where("count > 1")
    known = placed.select("identifier_id", "part_id")
    left, right = known.toDF("left_id", "left_part"), known.toDF("right_id", "right_part")
    ends = links.select("left_id", "right_id").join(left, "left_id", "left").join(right, "right_id", "left")
    crossing = ends.where("NOT (left_part <=> right_part) OR left_part IS NULL")
    return (
        twice.select(F.lit("an identifier is placed twice").alias("invariant"))
        .unionByName(crossing.select(F.lit("a link crosses persons").alias("invariant")))
        .groupBy("invariant")
        .count()
    )
