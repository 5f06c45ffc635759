"""Reads conf/ and reports every problem of every file in one error."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from c360_spark.config.activation.activation import Audience, ConsentRules, Destination
from c360_spark.config.check.conf import check, waiting_routes
from c360_spark.config.conf import Conf
from c360_spark.config.contract.load import CONTRACTS, load_contracts, newest, with_references
from c360_spark.config.contract.sources import Routed, Source, Sources
from c360_spark.config.contract.vocabulary import References, Taxonomy
from c360_spark.config.platform import Platform, absolute, usable_root
from c360_spark.config.rules.gold import GoldRules
from c360_spark.config.rules.identity import RuleSet
from c360_spark.config.rules.metrics import MetricRules
from c360_spark.config.rules.survivorship import ProfileRules
from c360_spark.config.schedule import Schedule
from c360_spark.config.yaml.document import Document, Problem, Problems, did_you_mean, read
from c360_spark.config.yaml.model import parse
from c360_spark.errors import ConfigError, InputError
from c360_spark.tables import EVENT

M = TypeVar("M", bound=BaseModel)


def load(folder: Path, env: str, *, rules: Path | None = None, **overrides: str | None) -> Conf:
    """Loads and checks conf/ for an environment.

    `overrides` replace entries of platform.yml (lake, landing); `rules` is a file to read in place of identity.yml.
    A draft contract never blocks loading: its problems go to `Conf.draft_problems`, and an invalid draft is left out.

    Raises ConfigError C202 when the folder is missing, C203 for an unknown environment, and C201 with every problem of
    every file at its line. References between files are checked only when each file is valid by itself. Raises
    InputError C303 for an override that is no usable path.
    """
    if not folder.is_dir():
        raise ConfigError("C202", f"no folder '{folder}'", hint="give the folder with platform.yml as --config")
    for name, value in overrides.items():
        _refuse_unusable(name, value)
    reader = _Folder(folder, {"identity.yml": rules} if rules else {})
    conf = reader.conf(env, {name: value for name, value in overrides.items() if value is not None})
    reader.problems.raise_any()
    assert conf is not None
    found = list(check(conf, reader.documents))
    drafts = {each.document.path for all_of in conf.versions.values() for each in all_of if not each.released}
    of_drafts = [problem for problem in found if problem.path in drafts]
    reader.problems.found += [problem for problem in found if problem.path not in drafts]
    reader.problems.raise_any()
    routes = waiting_routes(conf, reader.documents["sources.yml"])
    return _promised(_without_drafts(conf, (*reader.drafts.found, *of_drafts, *routes)))


def _promised(conf: Conf) -> Conf:
    """`conf` with what contracts promise about identity in the rule set: one record of a dataset per person."""
    spaces = dict(conf.rules.namespaces)
    for contract in conf.contracts.values():
        if contract.one_per_person and contract.released and contract.key_namespace in spaces:
            space = spaces[contract.key_namespace]
            spaces[contract.key_namespace] = space.model_copy(update={"max_per_person": 1})
    return replace(conf, rules=conf.rules.model_copy(update={"namespaces": spaces}))


def _without_drafts(conf: Conf, problems: Sequence[Problem]) -> Conf:
    """`conf` without invalid drafts, and without the entries in `sources` of datasets that have no other contract."""
    wrong = {problem.path for problem in problems}
    kept = {name: tuple(c for c in all_of if c.document.path not in wrong) for name, all_of in conf.versions.items()}
    lands = {name: arrival for name, arrival in conf.sources.items() if name not in conf.routed}
    return replace(
        conf,
        versions={name: all_of for name, all_of in kept.items() if all_of},
        sources={name: arrival for name, arrival in conf.sources.items() if name in conf.contracts},
        drafted={name: arrival for name, arrival in lands.items() if name not in conf.contracts},
        draft_problems=tuple(sorted(set(problems))),
    )


def _refuse_unusable(name: str, location: str | None) -> None:
    """Raises InputError C303 for a path given as an argument that no run could use."""
    try:
        if location is not None:
            (usable_root if name == "lake" else absolute)(location)
    except ValueError as error:
        raise InputError("C303", f"--{name} {location!r}: {error}") from None


class _Folder:
    """Reads the files of a conf/ folder and collects their documents and problems."""

    def __init__(self, folder: Path, instead: dict[str, Path]) -> None:
        self.folder, self.problems, self.drafts, self.instead = folder, Problems(), Problems(), instead
        self.documents: dict[str, Document] = {}

    def conf(self, env: str, overrides: dict[str, str]) -> Conf | None:
        platform = self._platform(env, overrides)
        sources = self._value("sources.yml", Sources)
        rules = self._rules()
        profile = self._value("profile.yml", ProfileRules)
        gold = self._value("gold.yml", GoldRules, instead=GoldRules())
        metrics = self._value("metrics.yml", MetricRules, instead=MetricRules())
        consent = self._value("consent.yml", ConsentRules)
        schedule = self._value("schedule.yml", Schedule)
        versions = load_contracts(self.folder / "contracts", self.problems, drafts=self.drafts)
        has_events = any(contract.table == EVENT.name for all_of in versions.values() for contract in all_of)
        taxonomy = self._value("taxonomy.yml", Taxonomy, instead=None if has_events else Taxonomy())
        references = self._value("reference.yml", References, instead=References({}))
        self._unread("contracts", CONTRACTS)
        audiences = self._each("audiences", Audience)
        destinations = self._each("destinations", Destination)
        if not (platform and sources and rules and profile and gold and consent and schedule):
            return None
        if not (taxonomy and references and metrics):
            return None
        arrivals, routed = _arrivals(sources)
        versions = with_references(versions, references.root)
        return Conf(
            platform=platform,
            sources=arrivals,
            contracts=newest(versions),
            rules=rules,
            profile=profile,
            gold=gold,
            consent=consent,
            audiences=audiences,
            destinations=destinations,
            schedule=schedule,
            taxonomy=taxonomy,
            references=references.root,
            versions=versions,
            metrics=metrics,
            draft_problems=tuple(self.drafts.found),
            routed=routed,
        )

    def _value(self, name: str, model: type[M], *, instead: M | None = None) -> M | None:
        """Parses a file into `model`; returns `instead`, where given, when the optional file is absent."""
        if instead is not None and not (self.folder / name).exists():
            return instead
        document = self._read(name)
        return parse(document, model, self.problems) if document else None

    def _rules(self) -> RuleSet | None:
        """Parses identity.yml with the match model that it names inlined, so that one value is the whole rule set."""
        document = self._read("identity.yml")
        self._unread("models", "*.yml")
        if document is None:
            return None
        block = document.data.get("probabilistic") if isinstance(document.data, dict) else None
        name = block.get("model") if isinstance(block, dict) else None
        if block and isinstance(name, str):
            known = [path.stem for path in (self.folder / "models").glob("*.yml")]
            if name not in known:
                message = f"no match model models/{name}.yml{did_you_mean(name, known)}"
                self.problems.found.append(document.problem(("probabilistic", "model"), message))
                return None
            model = self._read(f"models/{name}.yml")
            if model is None:
                return None
            marks = {("probabilistic", "model", *loc): mark for loc, mark in model.marks.items()}
            data = document.data | {"probabilistic": block | {"model": model.data}}
            document = self.documents["identity.yml"] = Document(document.path, data, document.marks | marks)
        return parse(document, RuleSet, self.problems)

    def _each(self, folder: str, model: type[M]) -> dict[str, M]:
        paths = sorted((self.folder / folder).glob("*.yml"))
        self._unread(folder, "*.yml")
        values = {path.stem: self._value(f"{folder}/{path.name}", model) for path in paths}
        return {name: value for name, value in values.items() if value is not None}

    def _unread(self, folder: str, pattern: str) -> None:
        """Reports YAML files that match no expected name, because a file that is silently not read goes unnoticed."""
        here = self.folder / folder
        for path in {*here.rglob("*.yml"), *here.rglob("*.yaml")} - set(here.glob(pattern)):
            self.problems.found.append(Problem(path, 1, 1, f"not read: files here are called {folder}/{pattern}"))

    def _read(self, name: str) -> Document | None:
        path = self.instead.get(name, self.folder / name)
        if not path.is_file():
            self.problems.found.append(Problem(path, 1, 1, "the file is missing"))
            return None
        document = read(path, self.problems, within=None if name in self.instead else self.folder)
        if document:
            self.documents[name] = document
        return document

    def _platform(self, env: str, overrides: dict[str, str]) -> Platform | None:
        known = [p.name.split(".")[1] for p in self.folder.glob("platform.*.yml")]
        if env not in known:
            raise ConfigError(
                "C203", f"no environment '{env}': {self.folder}/platform.{env}.yml is missing{did_you_mean(env, known)}"
            )
        base, overlay = self._read("platform.yml"), self._read(f"platform.{env}.yml")
        if base is None or overlay is None:
            return None
        data = _merged(_merged(base.data, overlay.data), overrides)
        document = Document(overlay.path, data, base.marks | {loc: mark for loc, mark in overlay.marks.items() if loc})
        platform = parse(document, Platform, self.problems)
        if platform and platform.identity_key.insecure_default and env != "dev":
            where = ("identity_key", "insecure_default")
            self.problems.found.append(document.problem(where, f"a key in a file is for dev only, not for {env}"))
        return platform


def _arrivals(sources: Sources) -> tuple[dict[tuple[str, str], Source], dict[tuple[str, str], Routed]]:
    """The arrival of each dataset, and the datasets whose records are routed from the files of another one."""
    own = {(source, name): arrival for source, datasets in sources.root.items() for name, arrival in datasets.items()}
    routed = {
        (source, to): Routed(name, arrival.route.field, values)
        for (source, name), arrival in own.items()
        if arrival.route
        for to, values in arrival.routed.items()
        if (source, to) not in own
    }
    taken = {name: own[name[0], way.dataset].model_copy(update={"route": None}) for name, way in routed.items()}
    return own | taken, routed


def _merged(base: Any, overlay: Any) -> Any:
    if not isinstance(base, dict) or not isinstance(overlay, dict):
        return overlay
    return base | {name: _merged(base.get(name), value) for name, value in overlay.items()}
