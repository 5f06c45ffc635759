"""`c360 source`: the draft of a contract for a new source, and a dry run of a contract on a sample."""

import re
from pathlib import Path

from c360_spark.config import Conf, load
from c360_spark.config.document import did_you_mean
from c360_spark.config.load_contract import SAFE_NAME
from c360_spark.config.vocabulary import Taxonomy
from c360_spark.errors import InputError
from c360_spark.governance.onboarding.contract_text import contract_text, sources_entry
from c360_spark.governance.onboarding.events import with_events
from c360_spark.governance.onboarding.people import Spaces
from c360_spark.governance.onboarding.proposal import Proposal, proposal
from c360_spark.governance.onboarding.summary import summary
from c360_spark.stages.sample import sample


def init(path: str, *, name: str, out: str, env: str, force: bool = False) -> str:
    """Write the draft of a contract for the sample at `path` into the conf/ folder `out`, and give what to say of it.

    Raises InputError C302 for a sample that cannot be read, C303 for a wrong name and where a file is in the way,
    ConfigError C201 when the folder is not well by itself.
    """
    source, dataset = parts(name)
    folder = Path(out)
    conf = load(folder, env)
    target = folder / "contracts" / source / dataset / "1.0.0.odcs.yaml"
    _free(conf, source, dataset, target, force=force)
    made = proposal(source, dataset, sample(Path(path)), spaces(conf))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(contract_text(made), encoding="utf-8")
    said = [into_sources(folder / "sources.yml", made), *into_taxonomy(folder / "taxonomy.yml", conf.taxonomy, made)]
    return "\n".join([summary(made), f"wrote {target}: read it, and fill in what stands in <>", *said])


def parts(name: str) -> tuple[str, str]:
    """`source.dataset` as its parts. Raises InputError C303."""
    source, _, dataset = name.partition(".")
    if not (SAFE_NAME.match(source) and SAFE_NAME.match(dataset)):
        hint = "such as crm.customer: lower-case letters, digits and _, with one dot between them"
        raise InputError("C303", f"'{name}' is no name of a dataset", hint=hint)
    return source, dataset


def spaces(conf: Conf) -> Spaces:
    """The namespaces that a source can have; those of match keys are derived."""
    derived = {key.namespace for key in conf.rules.match_keys.values()}
    patterns: dict[str, tuple[str, ...]] = {}
    for contract in conf.contracts.values():
        for field, use in contract.uses:
            pattern = field.element.logical_type_options.pattern
            if use.namespace and pattern:
                patterns[use.namespace] = (*patterns.get(use.namespace, ()), pattern)
    return Spaces(tuple(sorted(set(conf.rules.namespaces) - derived)), patterns)


def _free(conf: Conf, source: str, dataset: str, target: Path, *, force: bool) -> None:
    """Nothing is overwritten without being told to, and a released contract never is."""
    versions = conf.versions.get((source, dataset), ())
    if any(contract.released for contract in versions):
        hint = "copy its newest file to the next version and change the copy: docs/contracts.md"
        raise InputError("C303", f"{source}.{dataset} has a released contract", hint=hint)
    if target.exists() and not force:
        raise InputError("C303", f"{target} exists already", hint="--force overwrites it")


def into_sources(path: Path, made: Proposal) -> str:
    """Add the entry of the dataset as a comment: an entry without an active contract would stop every run."""
    text = path.read_text(encoding="utf-8")
    entry = sources_entry(made)
    why = "uncomment once the contract is active; delivery: full where each file holds everything"
    if re.search(rf"^[# ]*{re.escape(made.dataset)}:.*path: {made.source}/{made.dataset}\b", text, re.MULTILINE):
        return f"{path} has an entry of {made.source}.{made.dataset} already; it stays as it is"
    line = re.search(rf"^(# )?{re.escape(made.source)}:[ \t]*(#.*)?$", text, re.MULTILINE)
    if line:
        text = f"{text[: line.end()]}\n#   {entry} # {why}{text[line.end() :]}"
    else:
        text = f"{text.rstrip()}\n# {made.source}: # {why}\n#   {entry}\n"
    path.write_text(text, encoding="utf-8")
    return f"wrote its entry into {path}, as a comment: {why}"


def into_taxonomy(path: Path, taxonomy: Taxonomy, made: Proposal) -> list[str]:
    """Add the events of the sample that the vocabulary lacks: else they would wait in quarantine."""
    text, added = with_events(path.read_text(encoding="utf-8"), taxonomy, made)
    if not added:
        return []
    path.write_text(text, encoding="utf-8")
    return [f"wrote into {path}: {', '.join(added)}: describe them, or map them to the events that are there"]


def newest_version(conf: Conf, name: str) -> tuple[str, str]:
    """The name of a dataset that has a contract, a draft too. Raises InputError C203."""
    source, dataset = parts(name)
    if (source, dataset) not in conf.versions:
        known = [f"{s}.{d}" for s, d in conf.versions]
        hint = did_you_mean(name, known).lstrip("; ") or "c360 source init writes one"
        raise InputError("C203", f"no contract of '{name}' in contracts/", hint=hint)
    return source, dataset
