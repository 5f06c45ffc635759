"""Contracts for tests, of which a test writes only what matters."""

import json
from pathlib import Path
from typing import Any

from c360_spark.config.contract.contract import Versions
from c360_spark.config.contract.load import load_contracts
from c360_spark.config.yaml.document import Problems

OF_STANDARD = {"logicalType", "required", "unique", "primaryKey", "classification", "logicalTypeOptions", "description"}
OF_STANDARD |= {"items", "examples", "properties", "businessName", "primaryKeyPosition"}
LIMITS = {"min": "minimum", "max": "maximum", "pattern": "pattern"}
TEAM = {"name": "a-team", "members": [{"username": "anna", "role": "steward"}]}
Given = dict[str, Any]


def own(settings: Given) -> list[Given]:
    """Settings as customProperties."""
    return [{"property": name, "value": value} for name, value in settings.items()]


def property_(name: str, given: Given | None) -> Given:
    """One property, a string where no type is given. `type`, `min`, `max` and `pattern` are short forms, `lines` holds
    the properties of lines, and names that are not the standard's are own settings.
    """
    given = {"logicalType" if key == "type" else key: value for key, value in (given or {}).items()}
    limits = {LIMITS[key]: given.pop(key) for key in LIMITS if key in given}
    given |= {"logicalTypeOptions": limits} if limits else {}
    standard = {key: value for key, value in given.items() if key in OF_STANDARD}
    if "lines" in given:
        inner = [property_(*each) for each in given.pop("lines").items()]
        standard |= {"logicalType": "array", "items": {"logicalType": "object", "properties": inner}}
        given.setdefault("canonicalTable", "order_line")
    settings = own({key: value for key, value in given.items() if key not in OF_STANDARD})
    return {"name": name, "logicalType": "string", **standard, **({"customProperties": settings} if settings else {})}


def odcs(version: str, properties: Given, *, status: str = "active", **given: Any) -> Given:
    """A contract of crm.person. Of `given`, `table`, `constants`, `rules`, `sla` and `own` are short forms."""
    record = {"canonicalTable": given.pop("table", "profile_record")}
    record |= {"constants": given.pop("constants")} if "constants" in given else {}
    record |= {"onePerPerson": given.pop("onePerPerson")} if "onePerPerson" in given else {}
    rules = [
        {"type": "custom", "engine": "c360", "name": name, "implementation": condition}
        for name, condition in given.pop("rules", {}).items()
    ]
    sla = [
        {"property": name, **(value if isinstance(value, dict) else {"value": value})}
        for name, value in given.pop("sla", {}).items()
    ]
    settings = given.pop("own", {})
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "crm.person",
        "version": version,
        "status": status,
        "team": TEAM,
        **({"slaProperties": sla} if sla else {}),
        **({"customProperties": own(settings)} if settings else {}),
        **given,
        "schema": [
            {
                "name": "person",
                "logicalType": "object",
                "customProperties": own(record),
                **({"quality": rules} if rules else {}),
                "properties": [property_(*each) for each in properties.items()],
            }
        ],
    }


def write(folder: Path, *contracts: Given) -> Path:
    """The contracts as files of crm/person below `folder`."""
    below = folder / "crm" / "person"
    below.mkdir(parents=True, exist_ok=True)
    for contract in contracts:
        (below / f"{contract['version']}.odcs.yaml").write_text(json.dumps(contract))  # which is YAML
    return folder


def versions(folder: Path, *contracts: Given) -> Versions:
    """The contracts as they are read, which must be without problems."""
    problems = Problems()
    found = load_contracts(write(folder, *contracts), problems)
    assert [str(problem) for problem in problems.found] == []
    return found
