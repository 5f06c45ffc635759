"""What load makes of conf/: files, environments, secrets, the fingerprint of the rule set."""

import shutil
from pathlib import Path

import pytest

from c360_spark.config import load
from c360_spark.config.rules.identity import RuleSet
from c360_spark.errors import BusyError, C360Error, ConfigError, DeliveryError, InputError, IntegrityError, SetupError

SHIPPED = Path(__file__).parents[2] / "conf"
KEY = "C360_IDENTITY_KEY"


@pytest.fixture
def folder(tmp_path):
    """A copy of conf/ to change."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "conf"))


def change(path, old, new):
    text = path.read_text()
    assert old in text, f"{path} has changed: no {old!r}"
    path.write_text(text.replace(old, new, 1))


def told(folder, env="dev"):
    """The complaints about a folder, one a line."""
    with pytest.raises(ConfigError) as error:
        load(folder, env)
    assert error.value.code == "C201"
    return error.value.cause.replace(f"{folder}/", "").split("\n  ")[1:]


def test_conf_as_shipped_has_a_contract_for_every_dataset(conf):
    assert conf.contracts.keys() == conf.sources.keys()
    assert conf.audiences.keys() >= {destination.audience for destination in conf.destinations.values()}


def test_conf_as_shipped_loads_for_production_too(conf):
    assert load(SHIPPED, "prod").rules == conf.rules


def test_an_environment_overlays_the_platform_and_arguments_win_over_both(folder):
    (folder / "platform.dev.yml").write_text("lake: overlaid\nspark: {driver_memory: 1g}\n")
    platform = load(folder, "dev", landing="given", lake=None).platform
    assert (platform.lake, platform.landing) == (str(Path("overlaid").absolute()), str(Path("given").absolute()))
    assert (platform.spark.driver_memory, platform.spark.shuffle_partitions) == ("1g", 4)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"no folder '.*/nowhere'") as error:
        load(tmp_path / "nowhere", "dev")
    assert error.value.code == "C202"


def test_an_unknown_environment_is_named_with_the_nearest_one():
    with pytest.raises(ConfigError, match=r"no environment 'prd': .*; did you mean 'prod'\?") as error:
        load(SHIPPED, "prd")
    assert error.value.code == "C203"


def test_an_unknown_dataset_is_named_with_the_nearest_one(conf):
    with pytest.raises(InputError, match=r"did you mean 'crm.customer'\?") as error:
        list(conf.datasets("crm.custmer"))
    assert error.value.code == "C203"


def test_a_dataset_can_be_asked_for_by_its_source_or_its_full_name(conf):
    assert [names[1] for names in conf.datasets("crm")] == ["customer", "account", "contact"]
    assert [names[:2] for names in conf.datasets("crm.customer")] == [("crm", "customer")]
    assert len(list(conf.datasets())) == len(conf.sources)


def test_missing_files_are_told_together_with_other_problems(folder):
    (folder / "consent.yml").unlink()
    (folder / "profile.yml").unlink()
    change(folder / "schedule.yml", "{job: land,", "{jib: land,")
    assert told(folder) == [
        "consent.yml:1:1: the file is missing",
        "profile.yml:1:1: the file is missing",
        "schedule.yml:2:1: 'land.job' is missing",
        "schedule.yml:2:8: unknown name 'jib'; did you mean 'job'?",
    ]


def test_a_file_that_would_not_be_read_is_told(folder):
    (folder / "audiences/vip.yaml").touch()
    (folder / "contracts/crm/2.0.0.odcs.yaml").touch()
    assert told(folder) == [
        "audiences/vip.yaml:1:1: not read: files here are called audiences/*.yml",
        "contracts/crm/2.0.0.odcs.yaml:1:1: not read: files here are called contracts/*/*/*.odcs.yaml",
    ]


def test_tasks_that_wait_for_one_another_are_told(folder):
    change(folder / "schedule.yml", "{job: land,", "{job: land, depends_on: [build_profiles],")
    assert told(folder) == [
        "schedule.yml:2:19: tasks wait for one another: "
        "land, canonicalise, resolve_identity, build_profiles, build_events, build_households, build_accounts, "
        "reconcile, build_metrics, build_audiences, export, deliver"
    ]


def test_the_newest_active_contract_holds_and_a_draft_does_not(folder):
    old = folder / "contracts/crm/customer/1.0.0.odcs.yaml"
    for version, status in (("1.10.0", "active"), ("1.9.0", "active"), ("2.0.0", "draft")):
        new = old.with_name(f"{version}.odcs.yaml")
        new.write_text(old.read_text().replace("1.0.0", version, 1).replace("status: active", f"status: {status}"))
    assert load(folder, "dev").contracts["crm", "customer"].version == "1.10.0"


def test_a_contract_without_an_active_version_is_told(folder):
    change(folder / "contracts/crm/customer/1.0.0.odcs.yaml", "status: active", "status: retired")
    assert told(folder) == ["sources.yml:3:3: no active contract in contracts/crm/customer/"]


def test_a_key_in_a_file_is_for_dev_only(folder):
    change(folder / "platform.yml", "identity_key:", "identity_key:\n  insecure_default: sixteen-letters-x")
    assert told(folder, "prod") == ["platform.yml:16:3: a key in a file is for dev only, not for prod"]


def test_production_does_not_start_without_a_good_key(monkeypatch):
    identity_key = load(SHIPPED, "prod").platform.identity_key
    for value, cause in ((None, "is not set"), ("", "is not set"), ("fifteen-letters", "is too short")):
        monkeypatch.delenv(KEY, raising=False)
        if value is not None:
            monkeypatch.setenv(KEY, value)
        with pytest.raises(SetupError, match=f"{KEY} {cause}") as error:
            identity_key.secret()
        assert error.value.code == "C105"
        assert not value or value not in str(error.value)


@pytest.mark.parametrize(
    "given",
    [
        "c2VjcmV0LWtleS1vZi1vdXI=",
        "correct horse battery staple",
        "JBSWY3DPEHPK3PXPJBSW",
        "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
        "0F1E2D3C4B5A69788796A5B4C3D2E1F0",
        "1234567890123456",
        "C360_0F1E2D3C4B5A69788796",
    ],
)
def test_a_key_in_place_of_its_name_is_refused_without_showing_it(folder, given):
    change(folder / "platform.yml", "env: C360_IDENTITY_KEY", f"env: {given}")
    (problem,) = told(folder)
    assert problem.startswith("platform.yml:")
    assert given not in problem


def test_the_key_of_the_machine_wins_over_the_public_one(monkeypatch, conf):
    monkeypatch.delenv(KEY, raising=False)
    public = conf.platform.identity_key.secret()
    monkeypatch.setenv(KEY, "the-key-of-this-machine")
    assert conf.platform.identity_key.secret() == "the-key-of-this-machine" != public


def test_every_class_of_error_has_an_exit_code_of_its_own():
    classes = [C360Error, SetupError, ConfigError, InputError, BusyError, DeliveryError, IntegrityError]
    assert set(C360Error.__subclasses__()) == set(classes[1:])
    assert len({each.exit_code for each in classes} - {0, 2}) == len(classes)  # 0 is success, 2 is wrong usage


def test_an_error_says_code_cause_and_hint():
    error = InputError("C303", "'soon' is not a time", hint="such as 2026-01-31")
    assert str(error) == "C303 an argument is invalid: 'soon' is not a time\n  hint: such as 2026-01-31"


def reordered(value, name=""):
    """The same with every list and mapping turned round, save the parts of match keys."""
    if isinstance(value, dict):
        return {name: reordered(item, name) for name, item in reversed(value.items())}
    return value[::-1] if isinstance(value, list) and name != "parts" else value


def variants(value, name=""):
    """The same with one thing changed or taken away, for every single thing in it."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from ({**value, key: other} for other in variants(item, key))
            if name in ("regions", "namespaces", "match_keys"):
                yield {other: rest for other, rest in value.items() if other != key}
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from ([*value[:i], *other, *value[i + 1 :]] for other in ([], *([v] for v in variants(item))))
    elif name == "normalize":
        yield "soundex"
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, str):
        yield f"{value}x"
    else:
        yield 1 if value is None else value - 1 if value > 1 else 2


def test_the_fingerprint_of_a_rule_set_does_not_depend_on_order(conf):
    assert RuleSet(**reordered(conf.rules.model_dump(mode="json"))).fingerprint == conf.rules.fingerprint


def test_the_fingerprint_of_a_rule_set_changes_with_every_rule(conf):
    rules = conf.rules.model_dump(mode="json", exclude={"promotion", "probabilistic"})  # how it is released is none
    others = [RuleSet(**other).fingerprint for other in variants(rules) if other["version"] == rules["version"]]
    assert len(others) > 80
    assert len({*others, conf.rules.fingerprint}) == len(others) + 1


def test_the_order_of_the_parts_of_a_match_key_is_a_rule(conf):
    rules = conf.rules.model_dump(mode="json")
    for match_key in rules["match_keys"].values():
        match_key["parts"].reverse()
    assert RuleSet(**rules).fingerprint != conf.rules.fingerprint


def test_another_version_of_equal_rules_has_another_label_and_the_same_fingerprint(conf):
    other = RuleSet(**conf.rules.model_dump() | {"version": "9.0.0"})
    assert other.fingerprint == conf.rules.fingerprint
    assert other.label == f"9.0.0+{other.fingerprint}" != conf.rules.label
