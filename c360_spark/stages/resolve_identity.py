"""resolve_identity: identifier sets and match keys → graph → persons, with every change on record."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.errors import IntegrityError
from c360_spark.identity import graph
from c360_spark.identity.components import Engine, components
from c360_spark.identity.evidence import key_pairs, set_pairs
from c360_spark.identity.history import changes, differences, membership_rows
from c360_spark.identity.invariants import broken
from c360_spark.identity.person import members, persons
from c360_spark.stages.run import Run, Step


def resolve_identity(run: Run) -> None:
    """Recompute the graph and write what differs.

    Raises IntegrityError C503 when two identifiers share an id, C502 when a partition breaks an invariant; persons are
    then as they were before.
    """
    with run.step("resolve_identity graph") as step:
        _graph(run, step)
    with run.step("resolve_identity components") as step:
        found = _members(run, step)
    with run.step("resolve_identity persons") as step:
        _persons(run, step, found)


def _graph(run: Run, step: Step) -> None:
    rules, secret, stage = run.conf.rules, run.conf.platform.identity_key.secret(), run.store.stage
    evidence = set_pairs(run.store.read(tables.IDENTIFIER_SET), rules)
    if rules.match_keys:
        evidence = evidence.unionByName(key_pairs(run.store.read(tables.PROFILE_RECORD), rules, secret=secret))
    pairs, _ = stage("pairs", evidence)
    crowded, _ = stage("crowded", graph.crowds(pairs, rules))
    edges, _ = stage("links", graph.links(pairs, crowded, rules))
    vertices, _ = stage("identifiers", graph.identifiers(pairs, crowded, edges, rules))
    if not vertices.where("check_min <> check_max").isEmpty():
        raise IntegrityError("C503", "two identifiers have one identifier_id", hint="use another identity key")
    step.wrote("link", run.store.sync(tables.LINK, edges))
    step.wrote("identifier", run.store.sync(tables.IDENTIFIER, vertices.select(*tables.IDENTIFIER.column_names)))


def _members(run: Run, step: Step) -> DataFrame:
    # Read back: components are computed from what is on record.
    links = run.store.read(tables.LINK).where("status = 'active'").select("left_id", "right_id")
    engine = _engine(run, links)
    labelled, _ = run.store.stage("components", components(links, engine=engine))
    derived = {key.namespace for key in run.conf.rules.match_keys.values()}
    found, _ = run.store.stage("members", members(run.store.read(tables.IDENTIFIER), labelled, derived=derived))
    violations = {row.invariant: row["count"] for row in broken(labelled, links).collect()}
    if violations:
        raise IntegrityError("C502", "; ".join(f"{what} ({n:,} times)" for what, n in violations.items()))
    sizes = found.groupBy("person_id").count().agg(F.count(F.lit(1)).alias("persons"), F.max("count").alias("largest"))
    figures = sizes.head()
    assert figures is not None
    step.results.append(
        f"{engine} engine: {figures.persons:,} persons, the largest of {figures.largest or 0} identifiers"
    )
    return found


def _engine(run: Run, links: DataFrame) -> Engine:
    wanted = run.conf.platform.components
    if wanted.engine != "auto":
        return wanted.engine
    return "local" if links.count() <= wanted.local_max_links else "graphframes"


def _persons(run: Run, step: Step, found: DataFrame) -> None:
    rule_set = run.conf.rules.label
    current = run.store.read(tables.MEMBERSHIP).where("valid_to_run IS NULL")
    moves, count = run.store.stage("moves", differences(current, found))
    # The change log comes first and membership last: a killed run finds the same differences again.
    if count:
        told = changes(moves, current, found, run_id=run.run_id, as_of=run.as_of, rule_set=rule_set)
        step.wrote("change", run.store.add(tables.CHANGE, told))
    step.wrote(
        "person", run.store.sync(tables.PERSON, persons(found, run.store.read(tables.PERSON), rule_set=rule_set))
    )
    step.wrote("membership", run.store.merge(tables.MEMBERSHIP, membership_rows(moves, run_id=run.run_id)))
