"""Contracts are what the Open Data Contract Standard 3.1 says, and what the standard says may stand in a contract."""

import json
from copy import deepcopy
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft201909Validator

from c360_spark import tables
from c360_spark.config.contract.lifecycle import Quality, Sla, Team, TeamMember
from c360_spark.config.contract.odcs import Element, Item, Odcs
from c360_spark.config.yaml.document import Document, Problems
from c360_spark.config.yaml.model import parse
from c360_spark.tables import Pii
from tests.unit.test_contract_lifecycle import TEXT

SHIPPED = sorted((Path(__file__).parents[2] / "conf" / "contracts").rglob("*.yaml"))
# The package with the official schema is a version ahead; these are the names of 3.2 that 3.1 does not know.
NEW_IN_3_2 = {
    "SchemaElement": {"deprecated", "synonyms"},
    "SchemaObject": {"context"},
    "SchemaBaseProperty": {"enum", "semanticType"},
    "ServiceLevelAgreementProperty": {"authoritativeDefinitions", "customProperties"},
    "CustomProperty": {"vendor"},
}


@pytest.fixture(scope="module", name="schema")
def schema_():
    return official_schema()


def official_schema():
    """The official JSON Schema, as it is for version 3.1."""
    schema = json.loads((files("open_data_contract_standard") / "schema.json").read_text(encoding="utf-8"))
    schema["properties"].pop("context", None)
    schema["required"] = ["version", "apiVersion", "kind", "id", "status"]
    for name, added in NEW_IN_3_2.items():
        known = schema["$defs"][name]["properties"]
        schema["$defs"][name]["properties"] = {key: value for key, value in known.items() if key not in added}
    return schema


@cache
def shipped(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def mistakes(schema, contract):
    return [f"{error.json_path}: {error.message}" for error in Draft201909Validator(schema).iter_errors(contract)]


def read(contract):
    problems = Problems()
    parse(Document(Path("contract"), contract, {}), Odcs, problems)
    return [problem.message for problem in problems.found]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: ".".join(path.parts[-3:-1]))
def test_a_shipped_contract_is_valid_by_the_official_schema(schema, path):
    contract = shipped(path)
    assert mistakes(schema, contract) == []
    assert contract["id"] == ".".join(path.parts[-3:-1])


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: ".".join(path.parts[-3:-1]))
def test_a_shipped_contract_names_its_owner_its_freshness_and_how_long_it_is_kept(path):
    contract = shipped(path)
    assert contract["team"]["name"].endswith("-team")
    assert {sla["property"] for sla in contract["slaProperties"]} >= {"latency", "retention"}


def test_the_official_schema_and_the_suite_find_the_same_typo(schema):
    contract = deepcopy(shipped(SHIPPED[0]))
    contract["schema"][0]["properties"][0]["requierd"] = True
    assert any("'requierd' was unexpected" in mistake for mistake in mistakes(schema, contract))
    assert read(contract) == ["unknown name 'requierd'; did you mean 'required'?"]


def names(model):
    return {field.alias or name for name, field in model.model_fields.items()}


def test_every_name_of_the_standard_may_stand_in_a_contract_and_no_other(schema):
    parts = {name: set(part["properties"]) for name, part in schema["$defs"].items() if "properties" in part}
    record = parts["SchemaElement"] | parts["SchemaObject"]
    field = parts["SchemaElement"] | parts["SchemaBaseProperty"] | {"properties", "items"}
    assert names(Odcs) == set(schema["properties"])
    assert names(Element) == names(Item) == record | field
    assert names(Team) == parts["Team"]
    assert names(TeamMember) == parts["TeamMember"]
    assert names(Sla) == parts["ServiceLevelAgreementProperty"]
    unread = {"customProperties", "method", "schedule", "scheduler", "unit"}  # they run checks of other engines
    assert names(Quality) == parts["DataQuality"] - unread | {"engine", "implementation"}


def test_a_contract_with_all_settings_of_its_life_is_valid_by_the_official_schema(schema):
    assert mistakes(schema, yaml.safe_load(TEXT)) == []


FULL = """
apiVersion: v3.1.0
kind: DataContract
id: a.b
version: 1.0.0
status: active
tenant: us
price: {priceAmount: 1, priceCurrency: EUR, priceUnit: GB}
description: {usage: u, limitations: l, authoritativeDefinitions: [{url: u, type: t}]}
team: {name: a-team, members: [{username: anna, role: owner}]}
roles: [{role: reader, access: read}]
support: [{channel: "#a", tool: slack, scope: issues}]
servers: [{server: s, type: custom}]
slaDefaultElement: a.b
schema:
  - name: b
    dataGranularityDescription: one thing
    authoritativeDefinitions: [{url: u, type: t}]
    quality: [{type: text, description: complete}]
    relationships: [{from: b.c, to: d.e}]
    properties:
      - name: c
        logicalType: number
        logicalTypeOptions: {minimum: 0, maximum: 9.5}
        partitioned: true
        partitionKeyPosition: 1
        encryptedName: c_enc
        criticalDataElement: true
        transformLogic: x + 1
        transformSourceObjects: [x]
        examples: [1, 2.5]
        relationships: [{to: d.e}]
      - name: d
        logicalType: array
        items: {logicalType: object, properties: [{name: e, logicalType: string}]}
"""


def test_a_contract_that_uses_more_of_the_standard_than_the_suite_does_is_read(schema):
    contract = yaml.safe_load(FULL)
    assert mistakes(schema, contract) == []
    assert read(contract) == []


def test_a_limit_that_the_suite_would_not_check_is_refused():
    contract = yaml.safe_load(FULL)
    contract["schema"][0]["properties"][0]["logicalTypeOptions"] = {"multipleOf": 5}
    assert read(contract) == ["unknown name 'multipleOf'; known: maximum, minimum, pattern"]


def test_what_points_at_a_person_is_classified_so_in_its_contract(conf):
    silver = {table.name: {column.name: column.pii for column in table.columns} for table in tables.CANONICAL}
    for contract in conf.contracts.values():
        for field in contract.fields:
            classified, name = field.element.classification, f"{contract.source}.{contract.dataset}: {field.name}"
            assert classified in (None, *Pii), name
            if silver[contract.table].get(field.settings.canonical) not in (None, Pii.NONE):
                assert classified == silver[contract.table][field.settings.canonical], name
            if field.settings.identifier:
                assert classified in (Pii.DIRECT, Pii.INDIRECT), name
