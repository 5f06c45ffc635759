"""A dataset that promises one record of each person: what identity makes of it, what is refused, what is drafted."""

import shutil
from pathlib import Path

import pytest

from c360_spark.config import load
from c360_spark.contracts.onboarding.contract_text import contract_text
from c360_spark.contracts.onboarding.observed import Leaf, Sample
from c360_spark.contracts.onboarding.people import ENOUGH, Spaces
from c360_spark.contracts.onboarding.proposal import Proposal, proposal
from c360_spark.errors import ConfigError
from tests.conftest import ROOT

PROMISE = "\n      - {property: onePerPerson, value: true}"
TABLE = "- {property: canonicalTable, value: profile_record}"
LOYALTY, CRM = "loyalty/member", "crm/customer"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "conf", tmp_path / "conf"))


def promised(folder: Path, dataset: str, table: str = TABLE) -> Path:
    """The folder, with the promise in the contract of a dataset."""
    file = folder / "contracts" / dataset / "1.0.0.odcs.yaml"
    text = file.read_text(encoding="utf-8")
    assert table in text
    file.write_text(text.replace(table, table + PROMISE), encoding="utf-8")
    return folder


def test_a_person_then_has_one_key_of_the_dataset_and_the_rule_set_is_another(folder: Path) -> None:
    before = load(folder, "dev").rules
    rules = load(promised(folder, LOYALTY), "dev").rules
    assert before.namespaces["loyalty.member_no"].max_per_person is None
    assert rules.namespaces["loyalty.member_no"].max_per_person == 1
    assert rules.fingerprint != before.fingerprint


def test_a_rule_set_that_allows_several_contradicts_it(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"max_per_person: 3 of 'crm.customer_id'"):
        load(promised(folder, CRM), "dev")


def test_it_needs_a_key_that_is_an_identifier(folder: Path) -> None:
    file = promised(folder, LOYALTY) / "contracts" / LOYALTY / "1.0.0.odcs.yaml"
    space, other = "namespace: loyalty.member_no", "namespaceFrom: email, namespaces: {x: loyalty.member_no}"
    text = file.read_text(encoding="utf-8").replace(space, other)
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="needs a primaryKey that is one identifier"):
        load(folder, "dev")


def test_it_is_for_customer_records(folder: Path) -> None:
    table = "- {property: canonicalTable, value: support_case}"
    with pytest.raises(ConfigError, match="onePerPerson is for profile_record, not for support_case"):
        load(promised(folder, "support/case", table), "dev")


SPACES = Spaces(("email", "phone", "shop.customer_id"), {})


def draft(records: int, *, twice: int = 0, key: str = "customer_id") -> Proposal:
    rows = [
        {key: f"C{i}", "first_name": f"Ada{i}", "last_name": "Byron", "email": f"Ada{max(i - twice, 0)}@x.de"}
        for i in range(records)
    ]
    sample = Sample("jsonl", [{name: Leaf(text, "string") for name, text in row.items()} for row in rows])
    return proposal("shop", "customer", sample, SPACES)


def test_a_source_without_two_records_of_one_address_is_drafted_as_one_record_a_person() -> None:
    text = contract_text(draft(ENOUGH))
    assert "{property: onePerPerson, value: true} # 0.70: no two of 100 records share email" in text


def test_few_records_or_one_shared_address_draft_nothing() -> None:
    assert "onePerPerson" not in contract_text(draft(ENOUGH - 1))
    assert "onePerPerson" not in contract_text(draft(ENOUGH, twice=1))


def test_while_the_key_is_no_identifier_a_note_asks() -> None:
    made = draft(ENOUGH, key="rec_id")
    assert made.one_per_person is None
    assert any("Once its key is an identifier, ask" in note for note in made.notes)


@pytest.mark.parametrize("key", ["row", "rec_id", "unique_id", "id"])
def test_a_unique_column_that_is_called_like_a_row_is_the_key(key: str) -> None:
    assert [prop.seen.name for prop in draft(ENOUGH, key=key).keys] == [key]
