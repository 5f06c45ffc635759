"""Two versions of a contract at once: each record by the one it claims or fits, all of them lifted to the newest."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, Row

from c360_spark import tables
from c360_spark.config import Conf, Contract
from c360_spark.silver.canonical import canonical
from c360_spark.silver.version import Reading, read, readings
from tests.contracts import Given, odcs, versions

Frame = Callable[..., DataFrame]
DAY = date(2026, 1, 1)
KEY: dict[str, Given] = {"id": {"primaryKey": True, "required": True}}
OLD = KEY | {
    "v": {},
    "mail": {"canonical": "email", "normalize": "email"},
    "name": {},
    "sex": {"canonical": "attributes.sex"},
}
NEW = KEY | {
    "v": {},
    "contact": {"type": "object", "properties": [{"name": "email", "logicalType": "string",
        "customProperties": [{"property": "canonical", "value": "email"}]}]},
    "given": {"canonical": "given_name", "required": True},
    "family": {"canonical": "family_name"},
    "sex": {"canonical": "attributes.sex", "enum": ["f", "m"]},
    "country": {"canonical": "country"},
}  # fmt: skip
STEPS: list[dict[str, Any]] = [
    {"rename": {"from": "mail", "to": "contact.email"}},
    {"split": {"from": "name", "to": ["given", "family"], "separator": " "}},
    {"convert": {"property": "sex", "valueMap": {"w": "f"}}},
    {"default": {"property": "country", "value": "DE"}},
]


def two(folder: Path, claim: str | None = "v", **old: Any) -> tuple[Contract, ...]:
    own: Given = {"upcasts": STEPS} | ({"versionFrom": claim} if claim else {})
    first, second = odcs("1.0.0", OLD, **old), odcs("1.1.0", OLD, **old)
    (found,) = versions(folder, first, second, odcs("2.0.0", NEW, own=own)).values()
    return found


def ways_of(found: tuple[Contract, ...], day: date = DAY) -> list[Reading]:
    return readings([contract for contract in reversed(found) if contract.accepted(day)], found)


@pytest.fixture
def silver(frame: Frame, conf: Conf) -> Callable[..., list[Row]]:
    def make(ways: list[Reading], *records: Given) -> list[Row]:
        rows = frame(tables.bronze("crm", "person"), *({"payload": json.dumps(record)} for record in records))
        made = canonical(
            read(rows, ways, headers=None), ways[0].contract, conf.rules, conf.taxonomy, secret="a secret of tests"
        )
        return made.orderBy("bronze_id").collect()

    return make


def test_every_accepted_major_version_is_read_and_lifted_where_up_casts_lead(tmp_path: Path) -> None:
    found = two(tmp_path)
    assert [(way.contract.version, way.versions, len(way.steps)) for way in ways_of(found)] == [
        ("2.0.0", ("2.0.0",), 0),
        ("1.1.0", ("1.1.0", "1.0.0"), 4),
    ]
    third = odcs("3.0.0", NEW, own={"noUpcast": "all is new"})
    (three,) = versions(tmp_path / "three", third, odcs("2.0.0", NEW), odcs("1.0.0", NEW)).values()
    assert [way.contract.version for way in ways_of(three)] == ["3.0.0"]
    (retired,) = versions(tmp_path / "retired", odcs("1.0.0", OLD, status="retired")).values()
    assert [(way.contract.version, way.versions) for way in ways_of(retired)] == [("1.0.0", ())]


@pytest.mark.spark
def test_an_old_record_is_lifted_and_a_new_one_is_read_as_it_is(
    silver: Callable[..., list[Row]], tmp_path: Path
) -> None:
    old = {"id": "1", "v": "1.0", "mail": " Ann@X.com", "name": "Ann Lee Poe", "sex": "w"}
    new = {"id": "2", "v": "v2", "contact": {"email": "bo@x.com"}, "given": "Bo", "sex": "m", "country": "US"}
    lacking = {"id": "3", "v": "1.1.0", "mail": "c@x.com"}
    rows = silver(ways_of(two(tmp_path)), old, new, lacking)
    told = [(r.contract_version, r.email, r.given_name, r.family_name, r.country, r.attributes) for r in rows[:2]]
    assert told == [
        ("1.0.0", "Ann@X.com", "Ann", "Lee Poe", "DE", {"sex": "f"}),
        ("2.0.0", "bo@x.com", "Bo", None, "US", {"sex": "m"}),
    ]
    assert [row.reasons for row in rows] == [[], [], ["missing:given"]]
    assert rows[2].contract_version == "1.1.0"


@pytest.mark.spark
def test_a_version_that_is_not_taken_is_refused_with_all_else_that_is_wrong(
    silver: Callable[..., list[Row]], tmp_path: Path
) -> None:
    new, bad = {"id": "1", "given": "Bo"}, {"id": "2", "sex": "x", "given": "Bo"}
    ended = two(tmp_path, sla={"endOfSupport": "2025-12-31"}, status="deprecated")
    rows = silver(ways_of(ended), new | {"v": "1.0.0"}, bad | {"v": "7"}, new | {"v": "2.0"}, new)
    assert [row.reasons for row in rows] == [["unsupported:v"], ["unsupported:v"], [], []]
    assert rows[1].invalid == ["enum:sex"]
    warned = two(tmp_path / "warned", sla={"endOfSupport": "2025-12-31"}, own={"afterEndOfSupport": "warn"})
    assert silver(ways_of(warned), {"id": "1", "v": "1.0.0", "name": "Bo"})[0].reasons == []


@pytest.mark.spark
def test_a_record_without_a_claim_is_of_the_newest_version_that_it_fits(
    silver: Callable[..., list[Row]], tmp_path: Path
) -> None:
    for claim in ("v", None):
        ways = ways_of(two(tmp_path / str(claim), claim))
        rows = silver(ways, {"id": "1", "name": "Ann Lee"}, {"id": "2", "given": "Bo"}, {"id": "3"}, {"name": "Al"})
        assert [row.contract_version for row in rows] == ["1.1.0", "2.0.0", "2.0.0", "2.0.0"]
        assert [row.reasons for row in rows] == [[], [], ["missing:given"], ["missing:id", "missing:given"]]
        # Only the older version knows the value: the newer one would take it as unknown.
        (row,) = silver(ways, {"id": "4", "given": "Bo", "name": "Bo Lee", "sex": "w"})
        assert (row.contract_version, row.attributes, row.invalid) == ("1.1.0", {"sex": "f"}, None)
