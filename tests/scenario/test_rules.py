"""A rule set is tried beside the live one, released, and taken back: persons and outputs come back exactly."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from pyspark.sql import DataFrame, SparkSession

from c360_spark import tables
from c360_spark.commands.rule_figures import COMPARED
from c360_spark.commands.rules import BESIDE, compare, promote, rollback
from c360_spark.config import Conf
from c360_spark.config.activation.activation import Audience, Destination
from c360_spark.config.rules.identity import RuleSet
from c360_spark.errors import BusyError, ConfigError
from c360_spark.observe.rule_comparison import as_text
from c360_spark.pipeline.chain import run_stage
from c360_spark.run.context import Run, lease
from c360_spark.stages.identity.rule_approval import approve
from tests.conftest import DyingStore, Killed
from tests.spark.test_resolve_identity import C1, C2, A, Life
from tests.stages import build_profiles, resolve_identity

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
    approve(live, open_hearted, approved_by="Ada", figures=None)
    dying = DyingStore(spark, live.store.lake)
    dying.commits_left = 2  # that a run over everything has begun, and its evidence
    with pytest.raises(Killed):
        resolve_identity(replace(live, store=dying, conf=replace(conf, rules=open_hearted)))
    assert _evidence(live) != before
    rollback(live, str(tmp_path), approved_by="Ada")
    resolve_identity(live)
    assert _evidence(live) == before


def test_a_comparison_reaches_metrics_the_audiences_on_them_and_what_destinations_are_sent(
    spark: SparkSession, frame: Callable[..., DataFrame], conf: Conf, tmp_path: Path
) -> None:
    live = Life(spark, frame, conf, tmp_path / "lake").live([C1], [C2], [C1, A], [C2, A])
    regular = Audience(
        name="regular", description="d", owner="o", purpose="marketing_email", where="orders_lifetime >= 2"
    )
    stayer = regular.model_copy(update={"name": "stayer", "exit": "orders_lifetime < 1"})
    once = regular.model_copy(update={"name": "once", "where": "orders_lifetime = 1"})
    audiences = {each.name: each for each in (regular, stayer, once)}
    letter = conf.destinations["newsletter"].model_dump(by_alias=True, exclude_unset=True)
    orders = {"fields": {"external_id": {"column": "person_id"}, "orders": {"column": "orders_lifetime"}}}
    sent = {
        name: Destination.model_validate({**letter, "name": name, "audience": name, **orders})
        for name in ("stayer", "once")
    }
    live = replace(live, conf=replace(conf, audiences=audiences, destinations=sent))
    at = {"source": "shop", "dataset": "order", "received_at": live.as_of, "ordered_at": live.as_of - timedelta(1)}
    live.store.append(
        tables.ORDER,
        frame(tables.ORDER, *(at | {"source_key": c, "order_id": c, "identifier_set_id": c} for c in (C1, C2))),
    )
    given = {"purpose": "marketing_email", "status": "granted", "effective_from": live.as_of - timedelta(1)}
    live.store.append(
        tables.CONSENT, frame(tables.CONSENT, *(given | {"source_key": c, "identifier_set_id": c} for c in (C1, C2)))
    )
    for stage in (*BESIDE[1:], "build_audiences", "export"):
        run_stage(live, stage)

    figures = compare(live, _strict(conf.rules))
    # One person with two orders becomes two with one each. Who is in and not out yet stays.
    counts = ("live", "candidate", "entering", "leaving")
    assert {row["audience"]: tuple(row[name] for name in counts) for row in figures["audiences"]} == {
        "once": (0, 2, 2, 0),
        "regular": (1, 0, 0, 1),
        "stayer": (1, 1, 0, 0),
    }
    told = {row["destination"]: [row[name] for name in ("add", "update", "remove")] for row in figures["exports"]}
    assert told == {"once": [2, 0, 0], "stayer": [0, 1, 0]}
    assert {"gold.metric", "gold.profile"} <= {row["table"] for row in figures["tables"]}
    text = as_text(figures)
    assert "audience regular: 1 → 0, 0 entering, 1 leaving" in text
    assert "destination stayer (stayer): 1 → 1 sent, 0 to add, 1 to update, 0 to remove" in text

    same = compare(live, conf.rules.model_copy(update={"version": "9.9.9"}))
    assert same["tables"] == []
    assert {(row["entering"], row["leaving"]) for row in same["audiences"]} == {(0, 0)}
    assert {(row["add"], row["update"], row["remove"]) for row in same["exports"]} == {(0, 0, 0)}


def test_a_comparison_makes_every_stage_between_silver_and_audiences_and_compares_what_each_made() -> None:
    assert BESIDE == (
        "resolve_identity", "build_profiles", "build_events", "build_households", "build_accounts", "reconcile",
        "build_metrics",
    )  # fmt: skip
    history = {"gold.audience_member", "gold.audience_size", "gold.event_reattribution", "gold.lifecycle_transition"}
    within = {  # another compared table tells of it
        "gold.person_xref", "gold.profile_attribute", "gold.household", "gold.household_key", "gold.account",
        "gold.account_key", "gold.account_xref", "gold.metric_total", "gold.cdp_mismatch",
    }  # fmt: skip
    gold = {table.full_name for table in tables.ALL if table.layer == "gold"}
    assert {table.full_name for table in COMPARED} == gold - history - within


def _evidence(run: Run) -> set[Any]:
    return {tuple(row) for row in run.store.read(tables.EVIDENCE).collect()}


def _unblocked(rules: RuleSet) -> dict[str, Any]:
    return rules.namespaces | {"email": rules.namespaces["email"].model_copy(update={"blocked_patterns": ()})}


def _strict(rules: RuleSet) -> RuleSet:
    """An account of two customers is shared by too many."""
    account = rules.namespaces["commerce.account_id"].model_copy(update={"crowd_limit": 1})
    spaces = rules.namespaces | {"commerce.account_id": account}
    return rules.model_copy(update={"namespaces": spaces, "version": "1.1.0"})
