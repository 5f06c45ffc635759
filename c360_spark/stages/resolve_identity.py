"""resolve_identity: identifier sets and match keys → graph → persons, with every change on record.

Only what a change can reach is computed: the touched identifiers and every component that one of them is or was in. The
result is that of computing everything anew.
"""

from collections.abc import Callable

from pyspark.sql import DataFrame

from c360_spark import tables
from c360_spark.identity.history import changes, differences, membership_rows
from c360_spark.identity.link import identifiers
from c360_spark.identity.person import members, persons
from c360_spark.identity.scope import touching
from c360_spark.stages.evidence import gather
from c360_spark.stages.graph import Graph, Outcome, partitioned, reachable
from c360_spark.stages.run import Run, Step, together


def resolve_identity(run: Run) -> None:
    """Recompute what has changed, and write what differs.

    Raises IntegrityError C503 when two identifiers share an id, C502 when a partition breaks an invariant; persons are
    then as they were before.
    """
    with run.step("resolve_identity evidence") as step:
        change = gather(run, step)
    if not change.is_empty:
        with run.step("resolve_identity graph") as step:
            graph = reachable(run, change.touched)
            outcome = partitioned(run, step, graph)
        with run.step("resolve_identity persons") as step:
            _write(run, step, graph, outcome)
    change.done(run)


def _write(run: Run, step: Step, graph: Graph, outcome: Outcome) -> None:
    """Write what differs, identity.identifier last: the components on record there tell a repeated run how far a change
    reaches.
    """
    store, rules = run.store, run.conf.rules
    found, _ = store.stage("members", members(outcome.placed, derived=rules.derived))
    known = touching(store.read(tables.PERSON), graph.scope, "anchor_id")
    people = persons(found, known, rule_set=rules.label)
    work: list[Callable[[], None]] = [
        lambda: _moves(run, step, graph.scope, found),
        lambda: step.wrote("link", store.sync(tables.LINK, outcome.links, old=graph.before)),
        lambda: step.wrote("person", store.sync(tables.PERSON, people, old=known)),
    ]
    together(work)
    placed = outcome.placed.select("identifier_id", "component_id")
    now = identifiers(graph.vertices, placed, outcome.links.where("status = 'active'"), rules)
    before = touching(store.read(tables.IDENTIFIER), graph.scope, "identifier_id")
    step.wrote("identifier", store.sync(tables.IDENTIFIER, now, old=before))


def _moves(run: Run, step: Step, scope: DataFrame | None, found: DataFrame) -> None:
    """Who belongs to another person now. The change log comes first: a killed run finds the same differences again."""
    store = run.store
    current = touching(store.read(tables.MEMBERSHIP).where("valid_to_run IS NULL"), scope, "identifier_id")
    moves, count = store.stage("moves", differences(current, found))
    if count:
        told = changes(moves, current, found, run_id=run.run_id, as_of=run.as_of, rule_set=run.conf.rules.label)
        step.wrote("change", store.add(tables.CHANGE, told))
        step.wrote("membership", store.merge(tables.MEMBERSHIP, membership_rows(moves, run_id=run.run_id)))
