"""`c360 audience`: preview an audience, and explain why a person is in it or not. Nothing is written."""

from collections.abc import Iterator

from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.config.activation.activation import Audience
from c360_spark.config.rules.expression import complaints, conjuncts
from c360_spark.config.yaml.document import did_you_mean
from c360_spark.errors import ConfigError, InputError
from c360_spark.run.context import TIME, Run
from c360_spark.stages.gold.build_audiences import changes, evaluate, last_evaluations
from c360_spark.stages.gold.persons_with_metrics import persons_with_metrics

SAMPLE = 5
HINT = "a condition in SQL over the columns of gold.profile, metrics and as_of"


def preview(run: Run, name: str, *, where: str | None = None) -> str:
    """Text report: how many persons would qualify, enter and leave now, by cause, and a few ids of those entering.

    `where` replaces the audience's condition. Raises InputError C203 for an unknown audience, C303 for an invalid
    condition.
    """
    audience = _audience(run, name)
    if where is not None:
        if found := complaints(where, run.conf.metrics.columns):
            raise InputError("C303", "; ".join(found), hint=HINT)
        audience = audience.model_copy(update={"where": where})
    try:
        now = evaluate(run, [audience])
    except ConfigError as error:  # every column and function is known, but Spark cannot analyse the condition
        raise InputError("C303", error.cause, hint=HINT) from None
    counts = now.agg(
        F.count(F.when(F.col("qualifies"), 1)).alias("qualified"),
        F.count(F.when(F.col("qualifies") & F.col("consented"), 1)).alias("allowed"),
    ).head()
    assert counts is not None
    changed, _ = run.store.stage(f"preview.{name}", changes(run, [audience], last_evaluations(run)))
    cause = F.coalesce("exited_cause", "entered_cause")
    by_cause = changed.groupBy(F.col("exited_at").isNull().alias("enters"), cause.alias("cause")).count()
    lines = [
        f"{name} at {run.as_of:{TIME}}: {audience.definition}",
        f"  {counts.qualified:,} qualify, {counts.allowed:,} of them granted {audience.purpose}",
    ]
    for row in by_cause.orderBy(F.desc("enters"), "cause").collect():
        lines.append(f"  {row['count']:>8,} would {'enter' if row.enters else 'leave'}: {row.cause}")
    entering = changed.where("exited_at IS NULL").orderBy("person_id").limit(SAMPLE).collect()
    return "\n".join([*lines, *(f"    {row.person_id}" for row in entering)])


def explain(run: Run, name: str, person_id: str) -> str:
    """Text report: whether each part of the condition holds for a person now, the consent, and the person's stays.

    Raises InputError C203 for an unknown audience or person.
    """
    audience = _audience(run, name)
    head = f"{person_id} and {name} at {run.as_of:{TIME}}: {audience.definition}"
    return "\n".join([head, *_told(run, audience, person_id)])


def _told(run: Run, audience: Audience, person_id: str) -> Iterator[str]:
    of_person = F.col("person_id") == person_id
    metrics = run.conf.metrics.reading(audience.where, audience.exit)
    profile = persons_with_metrics(run, metrics).where(of_person).withColumn("as_of", F.lit(run.as_of))
    members = run.store.read(tables.AUDIENCE_MEMBER).where(of_person & (F.col("audience") == audience.name))
    stays = members.orderBy("entered_at").collect()
    parts = [("qualifies", part) for part in conjuncts(audience.where)]
    parts += [("leaves", part) for part in conjuncts(audience.exit or "")]
    found = profile.select(*(F.expr(part).alias(f"p{i}") for i, (_, part) in enumerate(parts))).head()
    if found is None and not stays:
        hint = "c360 explain shows today's person of an older id or of an identifier"
        raise InputError("C203", f"no person '{person_id}' in gold.profile", hint=hint)
    if found is None:
        yield "  the person is gone"
    else:
        words = {True: "holds", False: "does not hold", None: "is unknown: a value is missing"}
        yield from (f"  {words[found[f'p{i}']]:<31} {which}: {part}" for i, (which, part) in enumerate(parts))
    consents = run.store.read(tables.CONSENT_STATE).where(of_person & (F.col("purpose") == audience.purpose)).head()
    said = f"{consents.status} since {consents.effective_from:{TIME}}" if consents else "nothing, which means no"
    yield f"  {audience.purpose}: {said}"
    for stay in stays:
        until = f"{stay.exited_at:{TIME}} ({stay.exited_cause})" if stay.exited_at else "today"
        yield f"  in from {stay.entered_at:{TIME}} ({stay.entered_cause}) until {until}"
    if not stays:
        yield "  never was in"


def _audience(run: Run, name: str) -> Audience:
    found = {audience.name: audience for audience in run.conf.audiences.values()}
    if name not in found:
        raise InputError("C203", f"no audience '{name}' in audiences/", hint=did_you_mean(name, found).lstrip("; "))
    return found[name]
