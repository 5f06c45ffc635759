"""resolve_identity: identifier sets and match keys → graph → persons, every change recorded.

It recomputes only what a change can reach: the affected identifiers, and every component that contains or contained
one. The result equals that of a full refresh.
"""

from collections.abc import Callable
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.identity.history import changes, differences, membership_rows, with_causes
from c360_spark.identity.link import identifiers
from c360_spark.identity.person import members, persons
from c360_spark.identity.scope import ends, touching
from c360_spark.observe.identity_health import health
from c360_spark.run.context import Run, Step, in_parallel
from c360_spark.stages.identity.evidence import IdentityInput, gather, in_frames, refuse_unapproved
from c360_spark.stages.identity.graph import Components, Graph, current_membership, partitioned, reachable
from c360_spark.stages.identity.rule_approval import approve_first
from c360_spark.stages.identity.scored_pairs import queue_review, score_pairs
from c360_spark.stages.identity.small_change import resolved


def resolve_identity(run: Run) -> None:
    """Recompute the persons that a change can reach as connected components of links, and write the differences.

    Raises ConfigError C204, before anything is written, for a rule set that is not approved; IntegrityError C503 when
    two identifiers share an id, C502 when a partition breaks an invariant: persons then stay as they were.
    """
    refuse_unapproved(run)
    score_pairs(run)
    with run.step("resolve_identity evidence") as step:
        change = gather(run, step)
    if not change.is_empty and not resolved(run, change):
        change = in_frames(run, change)
        with run.step("resolve_identity graph") as step:
            graph = reachable(run, change.affected)
            outcome = partitioned(run, step, graph)
        with run.step("resolve_identity persons") as step:
            _write(run, step, change, graph, outcome)
    if not change.is_empty:
        with run.step("resolve_identity review") as step:
            queue_review(run, step)
        with run.step("resolve_identity health") as step:
            _health(run, step)
    approve_first(run)
    change.done(run)


def _write(run: Run, step: Step, change: IdentityInput, graph: Graph, outcome: Components) -> None:
    """Write the differences, identity.identifier last.

    A repeated run reads from the components recorded there how far a change reaches.
    """
    store, rules = run.store, run.conf.rules
    found, _ = store.stage("members", members(outcome.placed, derived=rules.derived))
    known, _ = store.stage("persons before", touching(store.read(tables.PERSON), graph.scope, "anchor_id"))
    people = persons(found, known, rule_set=rules.label)
    work: list[Callable[[], None]] = [
        lambda: _moves(run, step, change, graph, found),
        lambda: step.wrote("link", store.sync(tables.LINK, outcome.links, old=graph.links_before)),
        lambda: step.wrote("person", store.sync(tables.PERSON, people, old=known)),
    ]
    in_parallel(work)
    placed = outcome.placed.select("identifier_id", "component_id")
    now = identifiers(graph.vertices, placed, outcome.links.where("status = 'active'"), rules)
    step.wrote("identifier", store.sync(tables.IDENTIFIER, now, old=graph.identifiers_before))


def _moves(run: Run, step: Step, change: IdentityInput, graph: Graph, found: DataFrame) -> None:
    """Record identifiers that moved to another person, in identity.change and identity.membership.

    The change log is written first, so that a killed run finds the same differences again.
    """
    store = run.store
    held = current_membership(run)
    current, _ = store.stage("membership before", touching(held, graph.scope, "identifier_id"))
    reasons = change.reasons
    if reasons is None:  # in a full refresh only manual decisions have a cause of their own
        decisions = F.col("kind").isin("manual", "never") & F.lit(change.cause == "rule")
        decided = ends(graph.links.where(decisions))
        reasons = decided.withColumn("cause", F.lit("manual"))
    moves, count = store.stage("moves", with_causes(differences(current, found), reasons, current, found))
    if count:
        context: dict[str, Any] = {"run_id": run.run_id, "as_of": run.as_of, "rule_set": run.conf.rules.label}
        told = changes(moves, current, found, default_cause=change.cause, **context)
        step.wrote("change", store.add(tables.CHANGE, told))
        rows = membership_rows(moves, run_id=run.run_id, as_of=run.as_of)
        step.wrote("membership", store.merge(tables.MEMBERSHIP, rows))


def _health(run: Run, step: Step) -> None:
    """Figures of the run in identity.health; replaced if the run is repeated. A run that changes nothing has none."""
    read, this_run = run.store.read, F.col("run_id") == run.run_id
    changed = read(tables.CHANGE).where(this_run)
    figures = health(read(tables.IDENTIFIER), read(tables.PERSON), changed).withColumn("run_id", F.lit(run.run_id))
    known = read(tables.HEALTH).where(this_run)
    step.wrote("health", run.store.sync(tables.HEALTH, figures, old=known))
