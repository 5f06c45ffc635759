"""How many lines are edited by hand before an export can be landed; docs/onboarding.md tells the same."""

import shutil
from pathlib import Path

import pytest

from c360_spark.commands.sample import sample
from c360_spark.commands.source import spaces
from c360_spark.config import load
from c360_spark.contracts.onboarding.proposal import proposal
from tests.cases import CASES, EXPORTS, Edited, adopt
from tests.conftest import ROOT

MOST = 6


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Edited]:
    """Of each export, once all are adopted."""
    conf = Path(shutil.copytree(ROOT / "conf", tmp_path_factory.mktemp("drafts") / "conf"))
    counted = adopt(conf)
    loaded = load(conf, "dev")
    assert {f"{source}.{dataset}" for source, dataset in loaded.sources} >= set(EXPORTS)
    assert loaded.draft_problems == ()
    return counted


@pytest.mark.parametrize("name", EXPORTS)
def test_a_few_lines_of_a_draft_are_edited_by_hand(edited: dict[str, Edited], name: str) -> None:
    assert edited[name].contract <= MOST
    assert sum(edited[name]) <= MOST or name == "ga4.event"  # which the vocabulary, not the file, makes one more


ALIKE = {
    "stripe.charge": "stripe/charges.jsonl",
    "zendesk.user": "zendesk/users.jsonl",
    "ads.conversion": "google_ads/conversions_no_param.csv",
}


@pytest.mark.parametrize("name", ALIKE)
def test_an_export_that_is_written_otherwise_is_drafted_alike(name: str) -> None:
    """A record a line for an array in an object; no line above the header, so that its zone has to be asked for."""
    known = spaces(load(ROOT / "conf", "dev"))
    one, other = (proposal(*name.split("."), sample(CASES / file), known) for file in (EXPORTS[name].file, ALIKE[name]))
    assert one.made.keys() == other.made.keys()
    differ = {
        (path[-1], setting)
        for path in one.made
        for setting in one.made[path].settings.keys() | other.made[path].settings.keys()
        if one.made[path].settings.get(setting) != other.made[path].settings.get(setting)
    }
    assert differ == ({("Conversion Time", "zone")} if name == "ads.conversion" else set())


def test_the_docs_tell_the_lines_that_are_edited_by_hand(edited: dict[str, Edited]) -> None:
    text = (ROOT / "docs/onboarding.md").read_text(encoding="utf-8")
    told = [tuple(cell.strip() for cell in line.split("|")[1:-1]) for line in text.splitlines() if line.count("|") == 6]
    for name, export in EXPORTS.items():
        file, (contract, words) = export.file.split("/")[1], edited[name]
        assert (export.system, f"`{file}`", str(contract), str(words or ""), export.why) in told
