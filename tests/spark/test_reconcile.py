"""A CDP's export lands, is compared with persons, and changes none of them."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from c360_spark import tables
from c360_spark.commands.cdp_report import cdp_report, findings
from c360_spark.config import Conf
from c360_spark.config.contract.sources import Source
from c360_spark.errors import InputError
from c360_spark.observe.cdp_page import as_html
from c360_spark.pipeline.stages import STAGES
from c360_spark.run.context import Run, run_id_of
from c360_spark.stages.identity.evidence import CARRIERS
from c360_spark.store import Store
from tests.conftest import AS_OF, ROOT, DyingStore, Killed
from tests.contracts import odcs, versions
from tests.stages import build_profiles, canonicalise, reconcile, resolve_identity

pytestmark = [pytest.mark.spark, pytest.mark.slow]
Frame = Callable[..., DataFrame]
MADE = (tables.CDP_RECONCILIATION, tables.CDP_MISMATCH)

CRM = {
    "C1": {"email": "a@x.de", "city": "Ulm"},
    "C2": {"email": "b@x.de"},
    "C3": {"email": "c@x.de"},
    "C4": {"email": "d@x.de", "phone": "+4930111111"},
    "C5": {"email": "e@x.de", "phone": "+4930222222"},
    "C6": {"email": "f@x.de"},
    "C7": {"email": "g@x.de"},
    "C8": {},
    "C9": {"email": "test@x.de"},  # a blocked value
    "C10": {"email": "h@x.de", "city": "Ulm", "given_name": "Änne"},
    "C11": {"email": "family@x.de"},
    "C12": {"email": "family@x.de"},  # shared by two: crowded
}
PROFILES = {
    "P1": {"email": "A@x.de ", "city": "ULM"},
    "P2": {},
    "P3": {"email": "d@x.de"},
    "P4": {"phone": "+49 30 111111"},
    "P5": {"email": "e@x.de"},
    "P6": {"phone": "+49 30 222222"},
    "P8": {"email": "new@y.de"},
    "P9": {"email": "test@x.de"},
    "P10": {},
    "P11": {"email": "h@x.de", "city": "Bonn", "given_name": "anne"},
    "P12": {"email": "a@x.de", "state": "deleted"},
    "P13": {"email": "family@x.de"},
    "P14": {"email": "family@x.de"},
}
IDENTITIES = [("P2", "email", "b@x.de"), ("P2", "email", "c@x.de"), ("P6", "email", "f@x.de")]
GROUPS = {
    "agree": ({"P1"}, {"C1"}),
    "attribute_mismatch": ({"P11"}, {"C10"}),
    "cdp_merges_more": ({"P2"}, {"C2", "C3"}),
    "cdp_splits_more": ({"P3", "P4"}, {"C4"}),
    "cdp_merges_and_splits": ({"P5", "P6"}, {"C5", "C6"}),
    "missing_here": ({"P8", "P9", "P10", "P13", "P14"}, set()),
    "missing_in_cdp": (set(), {"C7", "C8", "C9", "C11", "C12"}),
}
REASONS = {"P8": "unknown", "P9": "refused", "P10": "no_identifiers", "P13": "refused", "P14": "refused"}
REASONS |= {"C7": "unknown", **dict.fromkeys(("C8", "C9", "C11", "C12"), "other_namespaces")}


def with_cdp(conf: Conf, folder: Path) -> Conf:
    """Customers of crm, and two datasets of a CDP: its profiles, and identities of them."""
    mail = {"identifier": {"namespace": "email"}, "canonical": "email", "normalize": "email"}
    phone = {"identifier": {"namespace": "phone"}, "canonical": "phone", "normalize": "phone"}
    person = {"email": mail, "phone": phone, "city": {"canonical": "city"}, "given_name": {"canonical": "given_name"}}
    key = {"primaryKey": True, "required": True}
    number = {"id": key | {"identifier": {"namespace": "crm.customer_id", "verified": True}}}
    profile = {"id": key | {"canonical": "profile_id"}, "state": {"canonical": "status"}}
    kinds = {"namespaceFrom": "type", "namespaces": {"email": "email"}}
    identity = {
        "profile": key | {"primaryKeyPosition": 1, "canonical": "profile_id"},
        "type": key | {"primaryKeyPosition": 2},
        "value": key | {"primaryKeyPosition": 3, "identifier": kinds},
    }
    contracts = {
        ("crm", "person"): odcs("1.0.0", number | person),
        ("cdp", "profile"): odcs("1.0.0", profile | person, table="cdp_profile"),
        ("cdp", "identity"): odcs("1.0.0", identity, table="cdp_profile"),
    }
    both = {}
    for (source, dataset), contract in contracts.items():
        (found,) = versions(folder / f"{source}.{dataset}", contract).values()
        both[source, dataset] = tuple(replace(c, source=source, dataset=dataset) for c in found)
    sources = {name: Source(format="jsonl", path=".") for name in both}
    return replace(conf, sources=sources, contracts={name: c[-1] for name, c in both.items()}, versions=both)


def bronze(frame: Frame, source: str, dataset: str, records: list[dict[str, Any]]) -> tuple[tables.Table, DataFrame]:
    rows = [
        {"bronze_id": f"{dataset} {n}", "payload": json.dumps(record), "source": source, "dataset": dataset}
        for n, record in enumerate(records)
    ]
    return tables.bronze(source, dataset), frame(tables.bronze(source, dataset), *rows)


@pytest.fixture(scope="module")
def lake(spark: SparkSession, frame: Frame, conf: Conf, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Any]:
    """A lake with the export of a CDP that was compared once a first attempt was killed, and the versions of all that
    persons and profiles are made of before the export came.
    """
    folder = tmp_path_factory.mktemp("cdp")
    run = Run(spark, Store(spark, str(folder / "lake")), with_cdp(conf, folder), AS_OF, run_id_of(AS_OF))
    run.store.append(*bronze(frame, "crm", "person", [{"id": key, **rest} for key, rest in CRM.items()]))
    canonicalise(run)
    resolve_identity(run)
    before = of_persons(run)
    run.store.append(*bronze(frame, "cdp", "profile", [{"id": key, **rest} for key, rest in PROFILES.items()]))
    identities = [{"profile": profile, "type": kind, "value": value} for profile, kind, value in IDENTITIES]
    run.store.append(*bronze(frame, "cdp", "identity", identities))
    for stage in (canonicalise, resolve_identity, build_profiles):
        stage(run)
    dying = DyingStore(run.spark, run.store.lake)
    dying.commits_left = 1
    with pytest.raises(Killed):
        reconcile(replace(run, store=dying))
    reconcile(run)
    return run, before


def of_persons(run: Run) -> dict[str, int]:
    """Versions of silver but for the CDP's table, and of identity: profiles are a function of these."""
    made = [table for table in tables.ALL if table.layer in ("silver", "identity") and table != tables.CDP_PROFILE]
    return {table.full_name: run.store.version(table) for table in made}


def test_what_a_cdp_sends_is_evidence_of_nothing(lake: tuple[Run, dict[str, int]]) -> None:
    run, before = lake
    assert of_persons(run) == before
    assert before["identity.membership"] >= 0
    assert run.store.read(tables.CDP_PROFILE).count() == len(PROFILES) + len(IDENTITIES)
    assert run.store.read(tables.PERSON_XREF).count() == len(CRM)


def test_nothing_that_persons_and_profiles_are_made_of_reads_the_table_of_a_cdp() -> None:
    text = {path: path.read_text(encoding="utf-8") for path in sorted((ROOT / "c360_spark").rglob("*.py"))}
    naming = {path.name for path, code in text.items() if "tables.CDP_PROFILE" in code}
    assert naming == {"conf.py", "dependents.py", "reconcile.py", "cdp_report.py", "stages.py"}
    assert {name for name, stage in STAGES.items() if stage.may_read(tables.CDP_PROFILE)} == {
        "canonicalise",  # which writes it
        "reconcile",
        "build_audiences",  # to tell which data was late
    }
    assert tables.CDP_PROFILE not in (*CARRIERS, *tables.OWNED)


def test_groups_have_their_verdicts_and_everybody_has_one(lake: tuple[Run, Any]) -> None:
    run, _ = lake
    numbers = {r.person_id: r.source_key for r in run.store.read(tables.PERSON_XREF).collect()}
    rows = run.store.read(tables.CDP_RECONCILIATION).collect()
    found: dict[str, tuple[set[str], set[str]]] = {verdict: (set(), set()) for verdict in GROUPS}
    reasons = {}
    for row in rows:
        name = row.subject_id if row.side == "cdp" else numbers[row.subject_id]
        found[row.verdict][row.side == "person"].add(name)
        if row.reason:
            reasons[name] = row.reason
    assert found == GROUPS
    assert reasons == REASONS
    assert Counter(row.side for row in rows) == {"cdp": len(PROFILES) - 1, "person": len(CRM)}
    groups = {(row.verdict, row.group_id) for row in rows if row.group_id}
    assert len(groups) == 5


def test_attributes_that_differ_are_on_record_with_both_values(lake: tuple[Run, Any]) -> None:
    rows = lake[0].store.read(tables.CDP_MISMATCH).select("profile_id", "attribute", "our_value", "their_value")
    assert [tuple(row) for row in rows.collect()] == [("P11", "city", "Ulm", "Bonn")]


def test_comparing_again_writes_nothing_and_the_report_shows_no_value_of_anybody(
    lake: tuple[Run, Any],
) -> None:
    run, _ = lake
    before = [run.store.version(table) for table in MADE]
    text, told = cdp_report(run, "cdp", form="text", values=False), findings(run, "cdp", values=False)
    assert [run.store.version(table) for table in MADE] == before
    counts: Counter[str] = Counter()
    for row in told["counts"]:
        counts.update({side: row[side] for side in ("groups", "profiles", "persons")})
    assert counts == {"groups": 5, "profiles": len(PROFILES) - 1, "persons": len(CRM)}
    page = as_html(told, page="{{title}}{{content}}")
    values = [value for record in CRM.values() for value in record.values()]
    for shown in (text, json.dumps(told), page):
        assert not [value for value in values if value in shown]
        assert all(verdict in shown for verdict in GROUPS)
    assert "P2 has email:…" in text
    (merged,) = [sample for sample in told["samples"] if sample["verdict"] == "cdp_merges_more"]
    assert len({row["here"] for row in merged["identities"]}) == 2
    with_values = findings(run, "cdp", values=True)
    assert [(row["our_value"], row["their_value"]) for row in with_values["differences"]] == [("Ulm", "Bonn")]
    assert "email:b@x.de" in json.dumps(with_values["samples"])


def test_where_there_is_nothing_to_compare_that_is_said(lake: tuple[Run, Any], tmp_path: Path) -> None:
    run, _ = lake
    empty = replace(run, store=Store(run.spark, str(tmp_path / "nowhere")))
    with pytest.raises(InputError, match=r"no table identity.person") as failure:
        cdp_report(empty, "cdp", form="text", values=False)
    assert failure.value.code == "C304"
    assert not (tmp_path / "nowhere").exists()
    with pytest.raises(InputError, match=r"nothing of other_cdp is in silver.cdp_profile"):
        cdp_report(run, "other_cdp", form="text", values=False)
    with pytest.raises(InputError, match=r"source 'crm' is no CDP: it becomes silver.profile_record"):
        run.conf.cdps("crm")
    with pytest.raises(InputError, match=r"no source 'cpd'") as unknown:
        run.conf.cdps("cpd")
    assert "did you mean 'cdp'" in unknown.value.hint
