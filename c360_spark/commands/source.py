"""`c360 source init`: draft the contract of a new source from a sample, with its entries in conf/."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ruamel.yaml.comments import CommentedMap

from c360_spark.commands.sample import sample
from c360_spark.config import Conf, load
from c360_spark.config.contract.load import SAFE_NAME
from c360_spark.config.contract.sources import Routed
from c360_spark.config.contract.vocabulary import Taxonomy
from c360_spark.config.yaml.document import Problem, did_you_mean
from c360_spark.config.yaml.round_trip import edited
from c360_spark.contracts.onboarding.contract_text import contract_text, sources_entry, summary
from c360_spark.contracts.onboarding.events import lacking, with_events
from c360_spark.contracts.onboarding.observed import Leaf, Sample
from c360_spark.contracts.onboarding.people import Spaces
from c360_spark.contracts.onboarding.proposal import Proposal, proposal
from c360_spark.errors import ConfigError, InputError


def init(path: str, *, name: str, out: str, env: str, force: bool = False) -> str:
    """Write the draft of a contract for the sample at `path` into the conf/ folder `out`; returns a report.

    Edits that would make the folder invalid are left out and reported. Raises InputError C302 for a sample that cannot
    be read, C303 for an invalid name or an existing file, ConfigError C201 when the folder is invalid already.
    """
    source, dataset = parts(name)
    folder = Path(out)
    conf = load(folder, env)
    target = folder / "contracts" / source / dataset / "1.0.0.odcs.yaml"
    _free(conf, source, dataset, target, force=force)
    way = conf.routed.get((source, dataset))
    delivered = sample(Path(path))
    draft = proposal(source, dataset, own_records(Path(path), delivered, conf.routed, (source, dataset)), spaces(conf))
    draft.notes += lacking(conf.taxonomy, draft)
    # Each needs those before it: a contract of events is not valid without a taxonomy.
    edits = into_taxonomy(folder / "taxonomy.yml", conf.taxonomy, draft)
    edits += [Edit(target, contract_text(draft), f"wrote {target}: read it, and fill in what stands in <>")]
    edits += [into_sources(folder / "sources.yml", draft)] if way is None else []
    kept, report = harmless(folder, env, edits)
    for edit in kept:
        edit.path.parent.mkdir(parents=True, exist_ok=True)
        edit.path.write_text(edit.text, encoding="utf-8")
    ready = f"next: fill in what stands in <>, try it with c360 source test --name {name} {path}, set status: active"
    return "\n".join([summary(draft), *report, ready])


def own_records(path: Path, found: Sample, routed: Mapping[tuple[str, str], Routed], name: tuple[str, str]) -> Sample:
    """The sample without records that sources.yml routes elsewhere. Raises InputError C302 when none is left."""
    way = routed.get(name)
    others = [other for (source, _), other in routed.items() if (source, other.dataset) == name]
    if way:
        records = [record for record in found.records if _leads(record, way)]
    else:
        records = [record for record in found.records if not any(_leads(record, other) for other in others)]
    if not records:
        hint = "see the route in sources.yml"
        raise InputError("C302", f"{path}: none of its records is one of {'.'.join(name)}", hint=hint)
    return replace(found, records=records)


def _leads(record: Any, way: Routed) -> bool:
    for name in way.field.split("."):
        record = record.get(name) if isinstance(record, dict) else None
    return isinstance(record, Leaf) and record.text in way.values


@dataclass(frozen=True)
class Edit:
    """A change of one file of conf/: its new text, and the line that reports it."""

    path: Path
    text: str
    said: str


def harmless(folder: Path, env: str, edits: Sequence[Edit]) -> tuple[list[Edit], list[str]]:
    """The edits that keep conf/ valid, each tried on a copy after those before it; and report lines for all edits."""
    kept: list[Edit] = []
    report: list[str] = []
    problems: tuple[Problem, ...] = ()
    with TemporaryDirectory() as scratch:
        copy = Path(shutil.copytree(folder, Path(scratch) / folder.resolve().name))
        for edit in edits:
            place = copy / edit.path.relative_to(folder)
            before = place.read_bytes() if place.exists() else None
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(edit.text, encoding="utf-8")
            try:
                problems = load(copy, env).draft_problems
            except ConfigError as error:
                report.append(
                    f"kept out, as conf/ would not be valid with it: {edit.path}\n  {_here(error.cause, copy)}"
                )
                place.unlink() if before is None else place.write_bytes(before)
                continue
            kept.append(edit)
            report.append(edit.said)
        edited_files = {copy / edit.path.relative_to(folder) for edit in edits}
        of_it = [problem for problem in problems if problem.path in edited_files]
        report += [f"  still to be mended in the draft: {_here(str(problem), copy)}" for problem in of_it]
    return kept, report


def _here(text: str, copy: Path) -> str:
    return text.replace(f"{copy}/", "")


def parts(name: str) -> tuple[str, str]:
    """Splits `source.dataset`. Raises InputError C303 for an invalid name."""
    source, _, dataset = name.partition(".")
    if not (SAFE_NAME.match(source) and SAFE_NAME.match(dataset)):
        hint = "such as crm.customer: lower-case letters, digits and _, with one dot between them"
        raise InputError("C303", f"'{name}' is no name of a dataset", hint=hint)
    return source, dataset


def spaces(conf: Conf) -> Spaces:
    """Namespaces that a source can deliver, with known patterns of their values; those of match keys are derived."""
    derived = {key.namespace for key in conf.rules.match_keys.values()}
    patterns: dict[str, tuple[str, ...]] = {}
    for contract in conf.contracts.values():
        for field, use in contract.uses:
            pattern = field.element.logical_type_options.pattern
            if use.namespace and pattern:
                patterns[use.namespace] = (*patterns.get(use.namespace, ()), pattern)
    return Spaces(tuple(sorted(set(conf.rules.namespaces) - derived)), patterns)


def _free(conf: Conf, source: str, dataset: str, target: Path, *, force: bool) -> None:
    """Raises InputError C303 for an existing draft unless `force`, and for a released contract always."""
    versions = conf.versions.get((source, dataset), ())
    if any(contract.released for contract in versions):
        hint = "copy its newest file to the next version and change the copy: docs/contracts.md"
        raise InputError("C303", f"{source}.{dataset} has a released contract", hint=hint)
    if target.exists() and not force:
        raise InputError("C303", f"{target} exists already", hint="--force overwrites it")


def into_sources(path: Path, made: Proposal) -> Edit:
    """Adds the dataset's entry to sources.yml. It lands nothing before its contract is active."""
    text, known = path.read_text(encoding="utf-8"), False

    def add(data: CommentedMap) -> None:
        nonlocal known
        datasets = data.setdefault(made.source, CommentedMap())
        known = made.dataset in datasets
        if not known:  # inserted first: a comment after the last entry may belong to the next source
            datasets.insert(0, made.dataset, sources_entry(made))

    with_entry = edited(text, add)
    if known:
        return Edit(path, text, f"{path} has an entry of {made.source}.{made.dataset} already; it stays as it is")
    return Edit(path, with_entry, f"wrote its entry into {path}: add delivery: full where each file holds everything")


def into_taxonomy(path: Path, taxonomy: Taxonomy, made: Proposal) -> list[Edit]:
    """Adds event names of the sample that the taxonomy lacks: otherwise their records would go to quarantine."""
    text, added = with_events(path.read_text(encoding="utf-8") if path.exists() else "", taxonomy, made)
    if not added:
        return []
    said = f"wrote into {path}: {', '.join(added)}: describe them, or map them to the events that are there"
    return [Edit(path, text, said)]


def newest_version(conf: Conf, name: str) -> tuple[str, str]:
    """Source and dataset of a name that has a contract, also a draft.

    Raises InputError C203 when there is none, ConfigError C201 when the draft is invalid.
    """
    source, dataset = parts(name)
    wrong = [str(problem) for problem in conf.draft_problems if problem.path.parts[-3:-1] == (source, dataset)]
    if wrong:
        cause = f"the draft of {name}\n  " + "\n  ".join(wrong)
        raise ConfigError("C201", cause, hint="mend the lines named and run again")
    if (source, dataset) not in conf.versions:
        known = [f"{s}.{d}" for s, d in conf.versions]
        hint = did_you_mean(name, known).lstrip("; ") or "c360 source init writes one"
        raise InputError("C203", f"no contract of '{name}' in contracts/", hint=hint)
    return source, dataset
