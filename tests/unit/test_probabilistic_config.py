"""The block `probabilistic` and its match model: what is refused, at which line, and what makes another rule set."""

import re
import runpy
import shutil
import sys
from pathlib import Path

import pytest
import yaml

from c360_spark.config import load
from c360_spark.config.rules.identity import RuleSet
from c360_spark.config.rules.probabilistic import OTHER, Comparison, Probabilistic
from c360_spark.errors import ConfigError, SetupError

ROOT = Path(__file__).parents[2]
DOCUMENTED = (ROOT / "docs" / "probabilistic.md").read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
MODEL = "models/customer.yml"


@pytest.fixture
def folder(tmp_path):
    """conf/ as shipped, with the block that the documentation shows."""
    shutil.copytree(ROOT / "conf", tmp_path / "conf")
    rules = tmp_path / "conf" / "identity.yml"
    rules.write_text(f"{rules.read_text()}\n{DOCUMENTED}")
    return tmp_path / "conf"


def test_the_documented_block_is_well_and_carries_the_figures_of_its_model(folder):
    block = load(folder, "dev").rules.probabilistic
    assert block.model.version == "1.1.0"
    assert block.model.comparisons["birth_date"]["exact"].m > 0.9


def test_a_block_without_blocking_keys_has_the_usual_ones_of_what_it_compares(folder):
    rules = folder / "identity.yml"
    given = rules.read_text()
    start = given.index("  blocking:")
    rules.write_text(given[:start])
    assert [*load(folder, "dev").rules.probabilistic.blocking] == ["full_name", "birth_date", "initial_postcode"]
    rules.write_text(given[:start].replace("    address: {kind: address}\n", "").replace("  model: customer", ""))
    assert [*load(folder, "dev").rules.probabilistic.blocking] == ["full_name", "birth_date"]
    rules.write_text(re.sub(r"    (given|family)_name: .*\n|    birth_date: .*\n|  model: .*\n", "", given[:start]))
    with pytest.raises(ConfigError, match="blocking"):
        load(folder, "dev")


RULES = "identity.yml"
OF_RECORD = "unknown column of silver.profile_record"
# What stands in a file, what is put in its place, and the complaint; ¦ is where that is to be found.
ALONE = [
    (RULES, "attach_at: 0.9999", "¦attach_att: 0.99", "unknown name 'attach_att'; did you mean 'attach_at'?"),
    (RULES, "given_name: {kind: name,", "given_name: {¦kind: nam,", "cannot be 'nam'; did you mean 'name'?"),
    (RULES, "family_name: {kind: name}", "¦family_name: {kind: name, columns: [a, b]}", "of kind name has 1 column"),
    (RULES, "birth_date: {kind: date}", "¦birth_date: {kind: date, thresholds: [2, 1]}", "from the strictest to the"),
    (RULES, "address: {kind: address}", "¦address: {kind: address, thresholds: [0.5]}", "has no thresholds"),
    (MODEL, "prior: 0.", "¦prior: 1.", "'probabilistic.model.prior': Input should be less than 1"),
    (MODEL, "comparisons:", "¦comparison: {}\ncomparisons:", "'comparison'; did you mean 'comparisons'?"),
    (MODEL, "    same_street: {m", "    same_street: {¦n: 1, m", "unknown name 'n'; known: m, u"),
]
TOGETHER = [
    (RULES, "{EU: null,", "{¦EUR: null,", "unknown region 'EUR'; did you mean 'EU'?"),
    (RULES, "US: null}", "¦US: personalization}", "unknown purpose 'personalization'; did you mean 'personalisation'?"),
    (RULES, "{kind: date}", "{kind: date, columns: [¦birthdate]}", f"{OF_RECORD} 'birthdate'; did you mean"),
    (RULES, "{column: postcode, ", "¦{column: postcodes, ", f"{OF_RECORD} 'postcodes'; did you mean 'postcode'?"),
    (RULES, "attach_at:", "train_on: [¦birth]\n  attach_at:", "unknown blocking key 'birth'; did you mean"),
    (MODEL, "  birth_date:", "  ¦birthdate:", "unknown comparison 'birthdate'; did you mean 'birth_date'?"),
    (MODEL, "    same_street:", "    ¦street:", "unknown level 'street' of address; did you mean 'same_street'?"),
    (
        MODEL,
        "  given_name:\n    exact_common_0.005: {m: 0.",
        "  ¦given_name:\n    exact_common_0.005: {m: 0.9",
        "m of all levels of given_name is 1.",
    ),
]


@pytest.mark.parametrize("mistakes", [ALONE, TOGETHER], ids=["in_a_file", "between_files"])
def test_every_mistake_is_told_at_its_place(folder, mistakes):
    for number, (file, given, instead, _) in enumerate(mistakes):
        text = (folder / file).read_text()
        assert given in text, f"{file} has no {given!r}"
        (folder / file).write_text(text.replace(given, instead.replace("¦", f"¦{number}¦"), 1))
    places = {}
    for file in (RULES, MODEL):
        lines = (folder / file).read_text().split("\n")
        for i in range(len(lines)):
            while mark := re.search(r"¦(\d+)¦", lines[i]):
                places[int(mark[1])] = f"{file}:{i + 1}:{mark.start() + 1}: "
                lines[i] = lines[i].replace(mark[0], "", 1)
        (folder / file).write_text("\n".join(lines))
    with pytest.raises(ConfigError) as error:
        load(folder, "dev")
    told = str(error.value)
    for number, (*_, complaint) in enumerate(mistakes):
        assert any(places[number] in line and complaint in line for line in told.splitlines()), (complaint, told)


@pytest.mark.parametrize(
    ("given", "instead", "complaint"),
    [
        ("model: customer", "model: custmer", "no match model models/custmer.yml; did you mean 'customer'?"),
        ("review_at: 0.9", "review_at: 0.99999", "review_at (0.99999) must not be above attach_at (0.9999)"),
        ("{kind: date}", "{kind: date, thresholds: [1, 3]}", "birth_date has no figures for edits_3"),
        ("{kind: address}", "{kind: address, common_from: 0.5}", "an address has no common values"),
        ("{kind: date}", "{kind: date, common_from: 0.01}", "no common values of birth_date, which has common_from"),
    ],
)
def test_a_model_or_threshold_that_does_not_fit_is_told(folder, given, instead, complaint):
    text = (folder / RULES).read_text()
    (folder / RULES).write_text(text.replace(given, instead, 1))
    with pytest.raises(ConfigError, match=re.escape(complaint)):
        load(folder, "dev")


def test_a_file_of_figures_with_another_ending_is_not_overlooked(folder):
    (folder / "models" / "old.yaml").write_text("version: 1.0.0")
    with pytest.raises(ConfigError, match=r"files here are called models/\*.yml"):
        load(folder, "dev")


def test_a_rule_set_without_the_block_keeps_the_fingerprint_it_always_had():
    """Lakes hold a rule set to the label that is on their rows."""
    assert RuleSet(version="1.0.0", regions={}, default_region="X", namespaces={}).fingerprint == "193621e3ac1e"


def test_other_figures_are_another_rule_set_and_another_origin_of_them_is_not(folder):
    rules = load(folder, "dev").rules

    def fingerprint(**changed: object) -> str:
        return RuleSet(**rules.model_dump() | {"probabilistic": rules.probabilistic.model_dump() | changed}).fingerprint

    model, comparisons = (rules.probabilistic.model_dump()[name] for name in ("model", "comparisons"))
    assert {
        fingerprint(),
        fingerprint(model=model | {"trained": None, "version": "9.0.0"}),
        fingerprint(engine="spark", seed=9, local_max_records=1, train_on=["sound_birth"]),
    } == {rules.fingerprint}
    names = model["comparisons"]["given_name"]
    others = [
        fingerprint(model=model | {"prior": 0.01}),
        fingerprint(model=model | {"comparisons": {"given_name": names | {"exact": {"m": 0.5, "u": 0.5}}}}),
        fingerprint(attach_at=0.98),
        fingerprint(regions={"EU": None, "US": "analytics"}),
        fingerprint(blocking={"birth": [{"column": "birth_date"}]}),
        fingerprint(comparisons=comparisons | {"address": {"kind": "address", "columns": ["street", "postcode"]}}),
        fingerprint(comparisons=comparisons | {"address": {"kind": "address", "columns": ["postcode", "street"]}}),
        fingerprint(max_block_pairs=7),
    ]
    assert len({rules.fingerprint, *others}) == len(others) + 1


def test_a_rule_set_written_out_and_read_again_is_the_same(folder):
    """So is one that a roll-back writes: figures then stand in identity.yml itself."""
    rules = load(folder, "dev").rules
    dumped = yaml.safe_dump(rules.model_dump(mode="json", exclude_defaults=True), sort_keys=False)
    (folder / "identity.yml").write_text(dumped)
    again = load(folder, "dev").rules
    assert again == rules
    assert again.label == rules.label


def test_levels_are_named_by_their_thresholds_the_strictest_first():
    assert list(Comparison(kind="name").levels) == ["exact", "similar_0.92", "similar_0.8"]
    assert list(Comparison(kind="date", thresholds=(1,)).levels) == ["exact", "edits_1"]
    for kind in ("email", "exact", "address"):
        assert OTHER not in Comparison(kind=kind).levels


def test_auto_takes_duckdb_up_to_the_limit_and_a_named_engine_stays():
    block = {
        "regions": {"EU": None},
        "comparisons": {"given_name": {"kind": "name"}},
        "blocking": {"name": [{"column": "family_name"}]},
        "attach_at": 1,
        "review_at": 0,
        "local_max_records": 10,
    }
    auto, named = Probabilistic(**block), Probabilistic(**block, engine="duckdb")
    assert [auto.engine_for(10), auto.engine_for(11), named.engine_for(11)] == ["duckdb", "spark", "duckdb"]


@pytest.mark.parametrize("package", ["duckdb", "splink"])
def test_the_module_that_scores_is_read_without_the_extra_and_says_so_when_used(monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    without = runpy.run_path(str(ROOT / "c360_spark" / "identity" / "scoring.py"))
    with pytest.raises(SetupError, match=rf"{package} is not installed\n.*c360-spark\[probabilistic\]") as error:
        without["require_splink"]()
    assert error.value.code == "C102"
