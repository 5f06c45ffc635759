"""A rule set is tried beside the live one, released, and taken back: persons and outputs come back exactly."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from pyspark.sql import DataFrame, SparkSession

from c360_spark import tables
from c360_spark.config import Conf
from c360_spark.config.identity import RuleSet
from c360_spark.errors import BusyError, ConfigError
from c360_spark.lease import lease
from c360_spark.observe.comparison_text import as_text
from c360_spark.stages.build_profiles import build_profiles
from c360_spark.stages.release import release
from c360_spark.stages.resolve_identity import resolve_identity
from c360_spark.stages.rules import compare, promote, rollback
from c360_spark.stages.run import Run
from tests.conftest import DyingStore, Killed
from tests.test_resolve_identity import C1, C2, A, Life

pytestmark = [pytest.mark.spark, pytest.mark.slow]
OUTPUTS = {
    tables.MEMBERSHIP: "valid_to_run IS NULL",
    tables.PERSON: "status = 'active'",
    tables.LINK: "true",
    tables.PERSON_XREF: "true",
    tables.PROFILE: "true",
}


def outputs(run: Run) -> dict[str, set[str]]:
    """What everybody reads, but for the runs that wrote it."""
    hidden = ("valid_from_run", "attributes")
    found = {t.full_name: run.store.read(t).where(c).drop(*hidden) for t, c in OUTPUTS.items()}
    return {name: {repr(row) for row in rows.collect()} for name, rows in found.items()}


def test_a_rule_set_is_compared_promoted_and_rolled_back(
    spark: SparkSession, frame: Callable[..., DataFrame], conf: Conf, tmp_path: Path
) -> None:
    life = Life(spark, frame, conf, tmp_path / "lake")
    live = life.live([C1], [C2], [C1, A], [C2, A])
    build_profiles(live)
    before = outputs(live)
    strict = _strict(conf.rules)

    figures = compare(live, strict)
    assert (figures["persons"]["live"]["persons"], figures["persons"]["candidate"]["persons"]) == (1, 2)
    assert figures["changes"] == {"split": 1}
    assert figures["links"] == [{"rule": "crm.customer", "gained": 0, "lost": 2}]
    assert "split 1" in as_text(figures)
    assert outputs(live) == before  # it was tried beside

    as_strict = replace(live, conf=replace(live.conf, rules=strict), run_id="2")
    with pytest.raises(ConfigError, match="not the one released last"):
        resolve_identity(as_strict)
    with pytest.raises(ConfigError, match="of identifiers would move"):
        promote(live, strict, approved_by="Ada")
    with lease(live.store.lake):
        for approval in (lambda: promote(live, strict, approved_by="Ada"), lambda: rollback(live, "", approved_by="A")):
            with pytest.raises(BusyError, match="C401"):
                approval()
    with pytest.raises(ConfigError, match="nobody approved"):
        promote(live, strict, approved_by=" ")
    with pytest.raises(ConfigError, match="component_limit is 2"):
        promote(live, conf.rules.model_copy(update={"component_limit": 2}), approved_by="Ada")
    generous = conf.rules.promotion.model_copy(update={"max_moved_share": 1.0})
    lenient = replace(live, conf=replace(conf, rules=conf.rules.model_copy(update={"promotion": generous})))
    promote(lenient, strict, approved_by="Ada")
    resolve_identity(as_strict)
    build_profiles(as_strict)
    assert outputs(as_strict) != before

    assert rollback(as_strict, str(tmp_path), approved_by="Ada") == conf.rules.label
    restored = RuleSet(**yaml.safe_load((tmp_path / "identity.yml").read_text()))
    assert restored.label == conf.rules.label
    back = replace(live, conf=replace(live.conf, rules=restored), run_id="3")
    resolve_identity(back)
    build_profiles(back)
    assert outputs(back) == before


def test_a_rule_set_killed_on_its_way_in_and_taken_back_leaves_no_trace(
    spark: SparkSession, frame: Callable[..., DataFrame], conf: Conf, tmp_path: Path
) -> None:
    life = Life(spark, frame, conf, tmp_path / "lake")
    live = life.live([C1], ["email:test@x.de", A])
    before = _evidence(live)
    open_hearted = conf.rules.model_copy(update={"namespaces": _unblocked(conf.rules)})
    release(live, open_hearted, approved_by="Ada", figures=None)
    dying = DyingStore(spark, live.store.lake)
    dying.commits_left = 2  # that a run over everything has begun, and its evidence
    with pytest.raises(Killed):
        resolve_identity(replace(live, store=dying, conf=replace(conf, rules=open_hearted)))
    assert _evidence(live) != before
    rollback(live, str(tmp_path), approved_by="Ada")
    resolve_identity(live)
    assert _evidence(live) == before


def _evidence(run: Run) -> set[Any]:
    return {tuple(row) for row in run.store.read(tables.EVIDENCE).collect()}


def _unblocked(rules: RuleSet) -> dict[str, Any]:
    return rules.namespaces | {"email": rules.namespaces["email"].model_copy(update={"blocked_patterns": ()})}


def _strict(rules: RuleSet) -> RuleSet:
    """An account of two customers is shared by too many."""
    account = rules.namespaces["commerce.account_id"].model_copy(update={"crowd_limit": 1})
    spaces = rules.namespaces | {"commerce.account_id": account}
    return rules.model_copy(update={"namespaces": spaces, "version": "1.1.0"})
