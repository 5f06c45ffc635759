"""build_audiences: profiles and consent → gold.audience_member."""

from functools import reduce

from pyspark.sql import DataFrame

from c360_spark import tables
from c360_spark.gold.audience import qualified, stays
from c360_spark.stages.run import Run


def build_audiences(run: Run) -> None:
    """Let people into audiences and out of them, at `as_of`."""
    profiles, consents = run.store.read(tables.PROFILE), run.store.read(tables.CONSENT_STATE)
    members = run.store.read(tables.AUDIENCE_MEMBER)
    with run.step("build_audiences") as step:
        changed = []
        for audience in run.conf.audiences.values():
            found = qualified(profiles, consents, audience, as_of=run.as_of)
            changed.append(stays(members, found, profiles, audience, as_of=run.as_of))
        if changed:
            rows = reduce(DataFrame.unionByName, changed)
            step.wrote("audience_member", run.store.merge(tables.AUDIENCE_MEMBER, rows))
