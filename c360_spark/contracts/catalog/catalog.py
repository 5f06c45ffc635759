"""The data catalog as static HTML files: no server, no network and, except for the search, no script."""

import re
from collections.abc import Iterator, Mapping

from c360_spark.config import Conf, Contract
from c360_spark.contracts.catalog.dataset import dataset, duration
from c360_spark.contracts.catalog.parts import (
    INDEX,
    NONE,
    badge,
    dataset_page,
    dependent_link,
    link,
    listed,
    pii,
    shown,
    table_page,
    use_link,
)
from c360_spark.contracts.catalog.table import table_content
from c360_spark.contracts.catalog.vocabulary import metrics, words
from c360_spark.contracts.gate.version_gate import between_versions
from c360_spark.contracts.lineage import Use, fed, uses
from c360_spark.markup import Markup, element, joined, table
from c360_spark.tables import Table


def catalog(conf: Conf, *, page: str, totals: Mapping[str, str] | None = None) -> dict[str, str]:
    """The content of each catalog file by file name: an index, a page per dataset, a page per table.

    `page` is the content of catalog.html, `totals` the current total of each metric as text. Deterministic: equal conf
    gives equal files. Leaves out `examples` of contracts, because they may be personal data.
    """
    known, feeds, compared = shown(conf), fed(conf), list(between_versions(conf.versions))
    found = {INDEX: _filled(page, "Contracts", _index(conf, known, feeds, totals))}
    for _, versions in sorted(conf.versions.items()):
        of_dataset = [each for each in compared if each.old.name == versions[0].name]
        content = dataset(conf, versions, of_dataset, known)
        found[dataset_page(versions[0])] = _filled(page, versions[0].name, content)
    for table_ in known.values():
        content = table_content(table_, feeds, known)
        found[table_page(table_)] = _filled(page, table_.full_name, content)
    return found


def _filled(page: str, title: str, content: Markup) -> str:
    """The page template with title and content filled in one pass, so that inserted text is never expanded again."""
    parts = {"title": element("title", f"{title} · c360"), "content": content}
    return re.sub(r"\{\{(title|content)\}\}", lambda found: parts[found[1]], page)


def _index(
    conf: Conf, known: dict[str, Table], feeds: dict[str, list[Use]], totals: Mapping[str, str] | None
) -> Markup:
    named = {name: found for name, found in feeds.items() if ".".join(name.split(".")[:2]) not in known}
    relied = [(name, [name, listed([use_link(use) for use in found])]) for name, found in sorted(named.items())]
    of_tables = [
        (None, [link(name, table_page(each)), each.grain, _feeding(name, feeds)]) for name, each in known.items()
    ]
    delivered = [
        (None, row) for _, contract in sorted(conf.contracts.items()) for row in _properties(conf, contract, known)
    ]
    count = sum(map(len, conf.versions.values()))
    return joined(
        [
            element("h1", "Contracts"),
            element("p", f"{len(conf.versions)} datasets, {count} versions, {len(known)} tables.", class_="lead"),
            element("h2", "Datasets", id="datasets"),
            table(("dataset", "what", "versions", "owner", "latency", "becomes"), _datasets(conf, known)),
            element("h2", "Tables", id="tables"),
            table(("table", "grain", "fed by"), of_tables),
            element("h2", "Properties", id="properties"),
            table(("property", "type", "PII", "becomes"), delivered),
            words(conf),
            metrics(conf, totals),
            element("h2", "Who relies on what", id="relies"),
            table(("who", "properties"), relied),
        ]
    )


def _feeding(table_name: str, feeds: dict[str, list[Use]]) -> Markup:
    """Links to the datasets that feed a table."""
    below = [found for name, found in feeds.items() if name == table_name or name.startswith(f"{table_name}.")]
    datasets = {use.contract.name: dataset_page(use.contract) for found in below for use in found}
    return joined((link(*each) for each in sorted(datasets.items())), ", ") if datasets else NONE


def _datasets(conf: Conf, known: dict[str, Table]) -> Iterator[tuple[None, list[str]]]:
    for _, versions in sorted(conf.versions.items()):
        newest = versions[-1]
        said = [
            element(
                "li",
                link(each.version, dataset_page(each), f"v{each.version}"),
                " ",
                badge(each.status),
                element("span", f" until {each.end_of_support}", class_="whole") if each.end_of_support else "",
                class_="whole",
            )
            for each in reversed(versions)
        ]
        latency = newest.promise("latency")
        made = [newest.table, *([newest.lines.table] if newest.lines else [])]
        purpose = newest.odcs.description.get("purpose")
        words = [newest.odcs.name or "", *([element("p", purpose)] if isinstance(purpose, str) else [])]
        yield (
            None,
            [
                link(newest.name, dataset_page(newest)),
                joined(words),
                element("ul", *said),
                joined([newest.owner or NONE, *([element("p", newest.steward)] if newest.steward else [])]),
                duration(latency) if latency else NONE,
                listed([dependent_link(f"silver.{name}", known) for name in made]),
            ],
        )


def _properties(conf: Conf, contract: Contract, known: dict[str, Table]) -> Iterator[list[str]]:
    """Rows for the properties of a contract, which the search finds in addition to datasets and tables."""
    for use in uses(conf, contract):
        silver = [dependent_link(name, known) for name in use.dependents if name.startswith("silver.")]
        type_, class_ = (
            (use.field.element.logical_type, use.field.element.classification) if use.field else ("constant", None)
        )
        yield [use_link(use), type_, pii(class_), listed(silver)]
