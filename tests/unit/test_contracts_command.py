"""`c360 contracts` on trees as people have them: two folders, a repository of git, files of others."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from c360_spark.cli import main
from c360_spark.commands.contracts import check, owner_lines
from c360_spark.errors import ConfigError, InputError
from tests.conftest import ROOT

CRM = "contracts/crm/customer/1.0.0.odcs.yaml"


@pytest.fixture
def conf_folder(tmp_path):
    return Path(shutil.copytree(ROOT / "conf", tmp_path / "repo" / "conf"))


@pytest.fixture
def repository(conf_folder, monkeypatch):
    """conf/ in a repository of its own, committed."""
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    git(conf_folder.parent, "init", "-q", "-b", "main")
    git(conf_folder.parent, "add", "conf")
    git(conf_folder.parent, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "first")
    return conf_folder


def git(folder, *arguments):
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True)


def change(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def next_version(folder, version):
    """A copy of the contract of customers as another version."""
    path = folder / CRM.replace("1.0.0", version)
    path.write_text((folder / CRM).read_text().replace("version: 1.0.0", f"version: {version}", 1))
    return path


def c360(monkeypatch, capsys, *arguments):
    """Exit code, output and error output."""
    monkeypatch.setattr(sys, "argv", ["c360", "contracts", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        main()
    told = capsys.readouterr()
    return int(end.value.code or 0), told.out, told.err


def test_contracts_as_shipped_are_well(monkeypatch, capsys):
    assert c360(monkeypatch, capsys, "check", "--config", ROOT / "conf") == (0, "11 contracts, all well\n", "")


def test_a_breaking_change_in_a_minor_version_ends_with_its_code_and_says_who_relies_on_it(
    monkeypatch, capsys, conf_folder
):
    change(next_version(conf_folder, "1.1.0"), "formats, value: [yyyy-MM-dd]", "formats, value: [dd.MM.yyyy]")
    ended, out, error = c360(monkeypatch, capsys, "check", "--config", conf_folder)
    assert ended == ConfigError.exit_code
    assert out.splitlines() == [
        "crm.customer 1.0.0 → 1.1.0: WRONG (needed major, given minor)",
        "  major format.removed                birth_date  yyyy-MM-dd → dd.MM.yyyy",
        "        relied on by silver.profile_record.birth_date, match key name_birth_postcode, "
        "survivorship of birth_date (default), gold.profile_attribute, gold.profile.birth_date",
        "  ! 2.0.0 or above is needed, for the change is major",
        "12 contracts, 1 comparisons WRONG",
    ]
    assert error.startswith("C206 ")
    assert "crm.customer 1.1.0: 2.0.0 or above is needed" in error
    assert "hint: docs/contracts.md" in error


def test_machines_get_the_same_as_json(monkeypatch, capsys, conf_folder):
    change(next_version(conf_folder, "1.1.0"), "      - name: city\n", "      - {name: hobby}\n      - name: city\n")
    ended, out, _ = c360(monkeypatch, capsys, "check", "--json", "--config", conf_folder)
    found = json.loads(out)
    assert (ended, found["ok"]) == (0, True)
    assert found["comparisons"][0] == {
        "dataset": "crm.customer",
        "from": "1.0.0",
        "to": "1.1.0",
        "in_place": False,
        "needed": "minor",
        "given": "minor",
        "differences": [
            {
                "kind": "property.added.optional",
                "bump": "minor",
                "where": "hobby",
                "before": "",
                "after": "",
                "dependents": [],
            }
        ],
        "problems": [],
    }


@pytest.mark.parametrize("against", ["folder", "main", "HEAD"])
def test_a_released_contract_that_changed_in_place_is_found_in_a_folder_and_in_a_commit(tmp_path, repository, against):
    if against == "folder":
        against = str(shutil.copytree(repository, tmp_path / "before"))
    assert check(str(repository), "dev", against=against)[0] == {"ok": True, "comparisons": []}
    change(repository / CRM, "formats, value: [yyyy-MM-dd]", "formats, value: [dd.MM.yyyy]")
    change(repository / "contracts/loyalty/member/1.0.0.odcs.yaml", "name: loyalty-team", "name: club-team")
    change(repository / "contracts/web/event/1.0.0.odcs.yaml", "apiVersion", "# only a comment\napiVersion")
    next_version(repository, "2.0.0")  # has nothing there to be held against
    found, _ = check(str(repository), "dev", against=against)
    told = [(each["dataset"], each["to"], each["in_place"], each["problems"]) for each in found["comparisons"]]
    kept = "a released version never changes: put it back, and the change into 2.0.0 or above"
    assert told == [("crm.customer", "1.0.0", True, [kept]), ("loyalty.member", "1.0.0", True, [])]


def test_a_released_contract_that_is_gone_is_found(repository):
    (repository / CRM).rename(repository / CRM.replace("1.0.0", "1.0.1"))
    change(repository / CRM.replace("1.0.0", "1.0.1"), "version: 1.0.0", "version: 1.0.1")
    found, text = check(str(repository), "dev", against="HEAD")
    assert not found["ok"]
    assert text.startswith("crm.customer 1.0.0 is gone: WRONG")


def test_a_commit_without_contracts_released_none(repository):
    root = repository.parent
    git(root, "rm", "-rq", "--cached", "conf")
    git(root, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "none")
    assert check(str(repository), "dev", against="HEAD")[0]["ok"]


@pytest.mark.parametrize("against", ["no-such-branch", "--output=x", "", "HEAD:conf", "main..HEAD"])
def test_what_is_neither_a_folder_nor_a_commit_is_told(repository, against):
    with pytest.raises(InputError, match="no folder, and no commit") as error:
        check(str(repository), "dev", against=against)
    assert error.value.code == "C303"


def test_a_folder_without_contracts_is_told(tmp_path, conf_folder):
    with pytest.raises(InputError, match="has no folder contracts"):
        check(str(conf_folder), "dev", against=str(tmp_path))


def test_a_mistake_in_the_other_tree_is_told_with_its_place_there(repository):
    good = (repository / CRM).read_text()
    change(repository / CRM, "domain:", "domian:")
    git(repository.parent, "add", "conf")
    git(repository.parent, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "wrong")
    (repository / CRM).write_text(good)
    with pytest.raises(ConfigError, match=rf"HEAD:{repository}/{CRM}:7:1: unknown name 'domian'"):
        check(str(repository), "dev", against="HEAD")


def test_owners_are_printed_and_written_for_the_code_host(monkeypatch, capsys, tmp_path, conf_folder):
    monkeypatch.chdir(conf_folder.parent)
    change(conf_folder / CRM, "crm-steward", "anna@shop.example")
    ended, out, _ = c360(monkeypatch, capsys, "owners")
    assert ended == 0
    assert out.splitlines()[:7] == [
        "# Made by `c360 contracts owners`: the owner team and the steward of each dataset.",
        "/conf/contracts/commerce/order/ @commerce-team @commerce-steward",
        "/conf/contracts/commerce/subscription/ @commerce-team @commerce-steward",
        "/conf/contracts/consent/statement/ @privacy-team @privacy-steward",
        "/conf/contracts/crm/account/ @crm-team @crm-steward",
        "/conf/contracts/crm/contact/ @crm-team @crm-steward",
        "/conf/contracts/crm/customer/ @crm-team anna@shop.example",
    ]
    c360(monkeypatch, capsys, "owners", "--out", tmp_path / ".github/CODEOWNERS")
    assert (tmp_path / ".github/CODEOWNERS").read_text() == out
    assert owner_lines(str(conf_folder), "dev") == out.rstrip("\n")
