"""Checks the owner, service levels, quality rules and up-casts of a contract."""

import re
from collections.abc import Iterator

from c360_spark.config.contract.contract import Contract
from c360_spark.config.contract.upcast import makes, reads
from c360_spark.config.rules.expression import complaints
from c360_spark.config.yaml.document import Problem, did_you_mean

HANDLE = re.compile(r"^[A-Za-z0-9][A-Za-z0-9@._/-]*$")
RULE_NAME = re.compile(r"^[a-z][a-z0-9_]*$")


def lifecycle(contract: Contract, versions: tuple[Contract, ...]) -> Iterator[Problem]:
    """Yields the problems of one contract; `versions` are all versions of its dataset."""
    document = contract.document
    if contract.status == "active":
        if not contract.owner:
            yield document.problem(("team",), "an active contract needs its owner: team with a name")
        if not contract.steward:
            yield document.problem(("team",), "an active contract needs a steward: a member of team with role: steward")
        for name in (contract.owner, contract.steward):
            if name and not HANDLE.match(name):
                yield document.problem(
                    ("team",), f"'{name}' must be one word, as the code host knows the team or person"
                )
    promised = [sla.name for sla in contract.odcs.sla_properties]
    for i, name in enumerate(promised):
        if name in promised[:i]:
            yield document.problem(("slaProperties", i), f"'{name}' is promised twice")
    names = {field.name for field in contract.fields}
    wanted = contract.settings.version_from
    if wanted is not None and wanted not in names:
        message = f"unknown property '{wanted}'{did_you_mean(wanted, names)}"
        yield document.problem(setting(contract, "versionFrom"), message)
    yield from _rules(contract, names)
    yield from _upcasts(contract, names, versions)


def setting(contract: Contract, name: str) -> tuple[str | int, ...]:
    """The place of one of the suite's settings of the contract; () if the contract lacks it."""
    given = [own.property for own in contract.odcs.custom_properties]
    return ("customProperties", given.index(name)) if name in given else ()


def previous_major(contract: Contract, versions: tuple[Contract, ...]) -> Contract | None:
    """The newest released version of the nearest earlier major version."""
    earlier = [other for other in versions if other.released and other.number[0] < contract.number[0]]
    return max(earlier, key=lambda other: other.number, default=None)


def _rules(contract: Contract, names: set[str]) -> Iterator[Problem]:
    seen: set[str] = set()
    for i, rule in enumerate(contract.odcs.schema_[0].quality):
        loc = ("schema", 0, "quality", i)
        if rule.type != "custom":
            continue
        if rule.engine is None or rule.implementation is None:
            yield contract.document.problem(loc, "a custom rule needs engine: c360 and implementation: a condition")
        if "/" in (rule.implementation or "") or "%" in (rule.implementation or ""):
            yield contract.document.problem(
                (*loc, "implementation"), "a rule cannot divide: by zero it would end the run"
            )
        for complaint in complaints(rule.implementation, names) if rule.implementation is not None else []:
            message = complaint.replace("unknown column", "unknown property")
            yield contract.document.problem((*loc, "implementation"), message)
        if rule.name is None or not RULE_NAME.match(rule.name):
            yield contract.document.problem(loc, "a custom rule needs a name of lower-case letters, digits and _")
        elif rule.name in seen:
            yield contract.document.problem(loc, f"a rule '{rule.name}' stands here already")
        seen.add(rule.name or "")


def _upcasts(contract: Contract, names: set[str], versions: tuple[Contract, ...]) -> Iterator[Problem]:
    """Checks that each step reads a property of the previous major version or of an earlier step, and writes a property
    of this version.
    """
    document, loc = contract.document, setting(contract, "upcasts")
    old = previous_major(contract, versions)
    if not contract.upcasts:
        return
    if contract.settings.no_upcast is not None:
        yield document.problem(setting(contract, "noUpcast"), "there are upcasts")
    if old is None:
        yield document.problem(loc, f"no released version before {contract.number[0]}.0.0 to lift from")
        return
    known = {field.name for field in old.fields}
    for i, step in enumerate(contract.upcasts):
        where, source = (*loc, "value", i), reads(step)
        if source is not None and source not in known:
            message = f"unknown property '{source}' of version {old.version}{did_you_mean(source, known)}"
            yield document.problem(where, message)
        for target in makes(step):
            if target not in names:
                message = f"unknown property '{target}' of version {contract.version}{did_you_mean(target, names)}"
                yield document.problem(where, message)
        known |= set(makes(step))
