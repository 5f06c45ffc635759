"""Second part of resolve_identity: the part of the graph that a change can reach, its connected components, and the
membership that they give.
"""

from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.errors import IntegrityError
from c360_spark.identity.components import Engine, broken, components
from c360_spark.identity.guard import UNDECIDED, crowds, expiry, guarded, in_graph
from c360_spark.identity.limit import broken_components, parts
from c360_spark.identity.link import divided, links, repeated, vertices, with_status
from c360_spark.identity.scope import elsewhere, ends, marked, neighbours, touching
from c360_spark.run.context import Run, Step
from c360_spark.store import Store

VERTEX = ("identifier_id", "namespace", "region", "datasets", "first_recorded_at", "status")


@dataclass(frozen=True)
class Graph:
    """The part of the graph that a run recomputes.

    `scope` are all identifiers that may change, deleted ones too; None for everything. `vertices` (VERTEX) are those
    that exist, `links` all links that may change: identity.link before limits. `identifiers_before` and `links_before`
    are the rows on record for them.
    """

    scope: DataFrame | None
    vertices: DataFrame
    links: DataFrame
    identifiers_before: DataFrame
    links_before: DataFrame


@dataclass(frozen=True)
class Components:
    """Connected components, split into parts where a limit requires it.

    `placed` are the identifiers in the graph with `component_id` and `part_id`, `links` rows of identity.link.
    """

    placed: DataFrame
    links: DataFrame


def reachable(run: Run, affected: DataFrame | None) -> Graph:
    """The part of the graph that a change can reach.

    Affected identifiers are computed from the evidence; what they reach is read from the tables, each of which is
    scanned once or twice, whatever the change. Raises IntegrityError C503 when two identifiers share an id.
    """
    store = run.store
    evidence, seen, raw = _affected(run, affected)
    near = _near(run.store, affected, raw)
    found = _with_status(run, evidence, seen, raw)
    fresh = _guarded(run, affected, found, raw, near)
    before = store.read(tables.IDENTIFIER)
    if affected is not None:
        seeds = affected.unionByName(ends(fresh.where(in_graph()))).distinct()
        apart = touching(near.where("component_id IS NULL"), affected, "identifier_id")
        reached = neighbours(before, near, seeds).unionByName(apart)
        before, _ = store.stage("identifiers before", reached)
    beside = elsewhere(before, affected, "identifier_id").select(*VERTEX)
    every, _ = store.stage("graph vertices", found.unionByName(beside))
    scope, links_before, open_again = None, store.read(tables.LINK), fresh.limit(0)
    if affected is not None:
        scope, _ = store.stage("scope", affected.unionByName(every.select("identifier_id")).distinct())
        links_before, open_again = _links_before(run.store, affected, every)
    links_now, _ = store.stage("graph links", fresh.unionByName(open_again.select(*fresh.columns)))
    return Graph(scope, every, links_now, before, links_before)


def _affected(run: Run, affected: DataFrame | None) -> tuple[DataFrame, DataFrame, DataFrame]:
    """Evidence of the affected identifiers, those that exist, and all their links, before any guard."""
    store = run.store
    evidence = store.read(tables.EVIDENCE)
    if affected is not None:
        evidence, _ = store.stage("affected evidence", touching(evidence, affected, "hub_id", "member_id"))
    seen, _ = store.stage("affected vertices", touching(vertices(evidence), affected, "identifier_id"))
    if not seen.where("check_min <> check_max").isEmpty():
        raise IntegrityError("C503", "two identifiers have one identifier_id", hint="use another identity key")
    expired_by = expiry(run.conf.rules, as_of=run.as_of)
    raw, _ = store.stage("affected links", links(evidence).withColumn("expired_by", expired_by))
    return evidence, seen, raw


def _near(store: Store, affected: DataFrame | None, raw: DataFrame) -> DataFrame:
    """Rows of identity.identifier on record, of the affected identifiers and those linked to them."""
    known = store.read(tables.IDENTIFIER)
    if affected is None:
        return known.limit(0)
    return store.stage("near", touching(known, affected.unionByName(ends(raw)).distinct(), "identifier_id"))[0]


def _with_status(run: Run, evidence: DataFrame, seen: DataFrame, raw: DataFrame) -> DataFrame:
    """The affected identifiers as VERTEX."""
    timely = raw.where("blocked_by IS NULL AND expired_by IS NULL")
    crowded = crowds(timely, repeated(evidence), run.conf.rules)
    found = with_status(seen, crowded, divided(evidence)).select(*VERTEX)
    return run.store.stage("affected identifiers", found)[0]


def _guarded(run: Run, affected: DataFrame | None, found: DataFrame, raw: DataFrame, near: DataFrame) -> DataFrame:
    """Links of the affected identifiers `found`, with the guards' objections."""
    flags = [frame.select("identifier_id", "status") for frame in (found, elsewhere(near, affected, "identifier_id"))]
    return run.store.stage("guarded", guarded(raw, flags[0].unionByName(flags[1]), run.conf.rules))[0]


def _links_before(store: Store, affected: DataFrame, every: DataFrame) -> tuple[DataFrame, DataFrame]:
    """Rows of identity.link on record, of the affected identifiers and the components they reach.

    The second frame has those links of reached components that may change, without the reasons of limits: a link that a
    limit left out may come back.
    """
    near = every.select(F.col("identifier_id").alias("left_id"), F.lit(True).alias("_near"))
    # A link between unaffected identifiers of a reached component has both ends in it: joining one end suffices.
    held = marked(store.read(tables.LINK), affected, "left_id", "right_id").join(near, "left_id", "left")
    reached = F.col("_near") & (in_graph() | (F.col("reason") == "never"))
    before, _ = store.stage("links before", held.where(F.col("_touched") | reached).drop("_near"))
    open_again = before.where("NOT _touched").withColumn("reason", F.when(~in_graph(), F.col("reason")))
    return before, open_again


def partitioned(run: Run, step: Step, graph: Graph) -> Components:
    """Connected components, each split into parts if it breaks a limit.

    Raises IntegrityError C502 when the result breaks an invariant.
    """
    store, rules = run.store, run.conf.rules
    edges = graph.links.where(in_graph())
    engine = engine_for(run, edges)
    if engine == "graphframes":
        store.place_checkpoints()
    labelled, _ = store.stage("components", components(edges, engine=engine))
    inside = graph.vertices.where("status = 'active'").join(labelled, "identifier_id", "left")
    placed = inside.withColumn("component_id", F.coalesce("component_id", "identifier_id"))
    nevers = graph.links.where("reason = 'never'").select("left_id", "right_id")
    split, count = store.stage("broken components", broken_components(placed, edges, nevers, rules))
    outcome = Components(placed.withColumn("part_id", F.col("component_id")), _final(graph.links, rules.label))
    if count:
        outcome = _apart(run, graph, placed.join(split, "component_id", "left_semi"), outcome, nevers)
    outcome = Components(store.stage("placed", outcome.placed)[0], store.stage("final links", outcome.links)[0])
    active = outcome.links.where("status = 'active'")
    violations = {row.invariant: row["count"] for row in broken(outcome.placed, active).collect()}
    if violations:
        raise IntegrityError("C502", "; ".join(f"{what} ({n:,} times)" for what, n in violations.items()))
    step.results.append(f"{engine} engine" + (f", {count:,} components taken apart" if count else ""))
    return outcome


def engine_for(run: Run, links: DataFrame) -> Engine:
    """The connected-components engine for these links, by platform.yml."""
    wanted = run.conf.platform.components
    if wanted.engine != "auto":
        return wanted.engine
    return "local" if links.count() <= wanted.local_max_links else "graphframes"


def _apart(run: Run, graph: Graph, over: DataFrame, whole: Components, nevers: DataFrame) -> Components:
    """The outcome after the components `over`, which break a limit, have been split."""
    left, right = (over.select(F.col("identifier_id").alias(f"{end}_id"), "component_id") for end in ("left", "right"))
    edges = graph.links.where(in_graph()).join(left, "left_id")
    inner = nevers.join(left, "left_id").join(right, ["right_id", "component_id"])
    ids = over.select("identifier_id", "component_id")
    compared = run.store.read(tables.COMPARED).join(ids, "identifier_id") if run.conf.rules.probabilistic else None
    made, _ = run.store.stage("parts", parts(over, edges, inner, compared, run.conf.rules))
    part = made.where("part_id IS NOT NULL").select("identifier_id", F.col("part_id").alias("part"))
    placed = whole.placed.join(part, "identifier_id", "left").withColumn("part_id", F.coalesce("part", "part_id"))
    left_out = made.where("other_id IS NOT NULL").select(
        F.col("identifier_id").alias("left_id"), F.col("other_id").alias("right_id"), F.col("reason").alias("limit")
    )
    told = graph.links.join(left_out, ["left_id", "right_id"], "left")
    told = told.withColumn("reason", F.coalesce("reason", "limit"))
    return Components(placed.drop("part"), _final(told, run.conf.rules.label))


def _final(links: DataFrame, label: str) -> DataFrame:
    undecided = F.col("reason").isin(*UNDECIDED)
    status = F.when(F.col("reason").isNull(), "active").when(undecided, "review").otherwise("evicted")
    return links.withColumns({"status": status, "rule_set": F.lit(label)}).select(*tables.LINK.column_names)


def current_membership(run: Run) -> DataFrame:
    """The current version of identity.membership: one row for each identifier that belongs to a person."""
    return run.store.read(tables.MEMBERSHIP).where("valid_to_run IS NULL")
