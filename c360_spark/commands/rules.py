"""`c360 rules`: compare a candidate rule set with the live one, promote it, roll back."""

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from c360_spark import tables
from c360_spark.commands.rule_figures import Figures, figures
from c360_spark.config import load
from c360_spark.config.rules.identity import RuleSet
from c360_spark.config.yaml.round_trip import become, edited
from c360_spark.errors import ConfigError, InputError
from c360_spark.observe.identity_health import sizes
from c360_spark.observe.rule_comparison import held
from c360_spark.pipeline.chain import run_stage
from c360_spark.pipeline.stages import of_layers
from c360_spark.run.context import Run, hold
from c360_spark.stages.identity.graph import current_membership
from c360_spark.stages.identity.rule_approval import approvals, approve, require_approval
from c360_spark.store import Store

# Stages run for a candidate. Audiences and exports need the live history, so rule_figures derives them from it.
BESIDE = tuple(name for name in of_layers("identity", "gold") if name != "build_audiences")


def read_candidate(config: str, env: str, file: Path) -> RuleSet:
    """The rule set in `file`, validated with the rest of conf/ in place of identity.yml."""
    return load(Path(config), env, rules=file).rules


def compare(run: Run, candidate: RuleSet) -> Figures:
    """Build identity and gold with the candidate beside the live tables, as of the last run, and count the differences
    up to what destinations are sent.

    The run's rule set is taken as the live one. Raises InputError C304 when nothing has been resolved yet, ConfigError
    C204 when the run's rule set is not the one released last.
    """
    with hold(run):
        return _compared(run, candidate)


def _compared(run: Run, candidate: RuleSet) -> Figures:
    """As `compare`, when the lake is already held."""
    require_approval(run)
    live = replace(run, as_of=_last_as_of(run.store))
    side_store = Store(
        run.spark, run.store.lake, run.store.catalog, candidate=_layer(candidate), small_mb=run.store.small_mb
    )
    side = replace(live, store=side_store, conf=replace(run.conf, rules=candidate))
    for stage in BESIDE:
        run_stage(side, stage)
    return figures(live, side)


def _layer(candidate: RuleSet) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in candidate.label)


def _last_as_of(store: Store) -> datetime:
    times: list[datetime] = [
        row["as_of"] for row in store.rows(tables.RUN, "stage", "as_of") if row["stage"] == "resolve_identity"
    ]
    if not times:
        raise InputError("C304", "nothing has been resolved in this lake yet", hint="run resolve_identity first")
    return max(times)


def promote(run: Run, candidate: RuleSet, *, approved_by: str) -> Figures:
    """Release the candidate if it stays within the live rule set's `promotion` limits; returns the comparison.

    Raises ConfigError C205 without an approver, when the candidate changes too much, or when it sets a limit below what
    a current person has.
    """
    if not approved_by.strip():
        raise ConfigError("C205", "nobody approved it", hint="give a name as --approved-by")
    with hold(run):
        return _promoted(run, candidate, approved_by=approved_by)


def _promoted(run: Run, candidate: RuleSet, *, approved_by: str) -> Figures:
    too_low = list(_too_low(run, candidate))
    if too_low:
        hint = "raise the limit, or split these persons with never-links first"
        raise ConfigError("C205", "; ".join(too_low), hint=hint)
    figures, limits = _compared(run, candidate), run.conf.rules.promotion
    complaints = []
    if figures["moved_share"] > limits.max_moved_share:
        complaints.append(f"{figures['moved_share']:.1%} of identifiers would move, {limits.max_moved_share:.1%} may")
    if figures["persons"]["candidate"]["largest"] > limits.max_person_size:
        complaints.append(f"a person would have {figures['persons']['candidate']['largest']:,} identifiers")
    if complaints:
        hint = "raise `promotion` in the live identity.yml, under review, if this is meant"
        raise ConfigError("C205", "; ".join(complaints), hint=hint)
    approve(run, candidate, approved_by=approved_by, figures=json.dumps(figures))
    return figures


def _too_low(run: Run, candidate: RuleSet) -> Any:
    largest = sizes(run.store.read(tables.PERSON)).head()
    if candidate.component_limit and largest and largest.largest > candidate.component_limit:
        yield f"component_limit is {candidate.component_limit}, a living person has {largest.largest} identifiers"
    membership = current_membership(run)
    for row in held(membership, run.store.read(tables.IDENTIFIER)).orderBy("namespace").collect():
        space = candidate.namespaces.get(row.namespace)
        if space and space.max_per_person and space.max_per_person < row.most:
            yield f"max_per_person of {row.namespace} is {space.max_per_person}, a living person has {row.most}"


def rollback(run: Run, config: str, *, approved_by: str) -> str:
    """Release the previous rule set again, and write it to identity.yml; returns its label.

    Previous is the newest release with another label than the last one. Raises ConfigError C205 when there is none, or
    without an approver.
    """
    if not approved_by.strip():
        raise ConfigError("C205", "nobody approved it", hint="give a name as --approved-by")
    with hold(run):
        return _rolled_back(run, Path(config) / "identity.yml", approved_by=approved_by)


def _rolled_back(run: Run, file: Path, *, approved_by: str) -> str:
    known = approvals(run)
    before = next((rules for label, _, _, rules in known if label != known[0][0]), None)
    if before is None:
        raise ConfigError("C205", "there is no earlier rule set", hint="c360 rules list shows what was released")
    wanted = before.model_dump(mode="json", exclude_defaults=True)
    text = edited(file.read_text(encoding="utf-8") if file.exists() else "", lambda data: become(data, wanted))
    # The file first: if this dies before the release, runs refuse the file (C204), and a second rollback repairs it.
    file.with_suffix(".yml.new").write_text(text, encoding="utf-8")
    file.with_suffix(".yml.new").replace(file)
    approve(run, before, approved_by=approved_by, figures=None)
    return before.label
