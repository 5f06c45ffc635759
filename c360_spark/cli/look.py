"""Commands of the panel Look: answers about a lake. Only `reconcile` writes, its own comparison."""

import json
from enum import StrEnum
from typing import Annotated

import typer

from c360_spark.cli.options import LOOK, AsJson, Config, Env, Lake, Values

look = typer.Typer()


class Format(StrEnum):
    """How a report is printed."""

    TEXT = "text"
    JSON = "json"
    HTML = "html"


@look.command(rich_help_panel=LOOK, epilog="Example: c360 explain crm.customer_id:C0000042 --lake .demo/lake")
def explain(
    subject: Annotated[str, typer.Argument(help="a person id, or namespace:value")],
    to: Annotated[str | None, typer.Option(help="show the path to this person or identifier")] = None,
    as_of: Annotated[str | None, typer.Option(help="explain the person as it was at this time")] = None,
    output: Annotated[Format, typer.Option("--format", help="html is a drawn graph that needs no network")] = (
        Format.TEXT
    ),
    values: Values = False,
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
) -> None:
    """Explain why identifiers are one person, and what happened to it.

    Shows identifiers, links with rule and records, evicted links and why, merges and splits.
    """
    from c360_spark.commands.explain import explain

    form = output.value
    print(explain(subject, config=config, env=env, lake=lake, to=to, as_of=as_of, form=form, values=values))


@look.command(rich_help_panel=LOOK, epilog="Example: c360 evaluate --truth .demo/truth/record --lake .demo/lake")
def evaluate(
    truth: Annotated[str | None, typer.Option(help="CSV or Parquet: source, dataset, source_key, person")] = None,
    sample: Annotated[
        int | None, typer.Option(help="write a sheet of so many pairs to label, in place of a truth")
    ] = None,
    out: Annotated[str, typer.Option(help="the sheet to write")] = "pairs.csv",
    samples: Annotated[int, typer.Option(help="wrong and missed pairs to show of each kind")] = 3,
    values: Values = False,
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
    output: AsJson = False,
) -> None:
    """Measure how right the persons are, against a truth or labelled pairs.

    Precision, recall and F1, by dataset and size, with wrong and missed pairs by kind. --sample writes pairs to label:
    give them as --truth.
    """
    from c360_spark.commands.evaluate import evaluate, write_sheet
    from c360_spark.errors import InputError

    if (truth is None) == (sample is None):
        raise InputError("C303", "give --truth or --sample", hint="--sample 100 writes a sheet to label")
    if sample is not None:
        print(write_sheet(out, sample, config=config, env=env, lake=lake))
        return
    form = "json" if output else "text"
    assert truth is not None
    print(evaluate(truth, config=config, env=env, lake=lake, form=form, values=values, samples=samples))


@look.command(rich_help_panel=LOOK, epilog="Example: c360 files --status held --lake /data/lake")
def files(
    status: Annotated[str | None, typer.Option(help="only this status, such as unclaimed or ignored")] = None,
    every: Annotated[bool, typer.Option("--all", help="also files that were landed")] = False,
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
    output: AsJson = False,
) -> None:
    """List files of the landing folder that were not landed, and why."""
    from c360_spark.commands.landing_files import as_text, listed

    rows = listed(config=config, env=env, lake=lake, status=status, every=every)
    print(json.dumps(rows, indent=2, default=str) if output else as_text(rows))


@look.command(rich_help_panel=LOOK, epilog="Example: c360 diff /data/lake-new --lake /data/lake --table gold.profile")
def diff(
    other: Annotated[str, typer.Argument(help="root of the other lake")],
    table: Annotated[list[str] | None, typer.Option(help="only this table; repeatable")] = None,
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
    output: AsJson = False,
) -> None:
    """Compare the tables of two lakes: rows that only one has, and columns that differ."""
    from c360_spark.commands.diff import as_text, diff
    from c360_spark.pipeline.job import begin
    from c360_spark.store import Store

    begun = begin(config=config, env=env, lake=lake)
    found = diff(begun.store, Store(begun.spark, other, small_mb=begun.store.small_mb), table or [])
    print(json.dumps(found, indent=2, default=str) if output else as_text(found))


@look.command(rich_help_panel=LOOK, epilog="Example: c360 reconcile --cdp segment --lake .demo/lake")
def reconcile(
    cdp: Annotated[str, typer.Option(help="the CDP, as a source of sources.yml")],
    output: Annotated[Format, typer.Option("--format", help="html is a page that needs no network")] = Format.TEXT,
    values: Values = False,
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
) -> None:
    """Compare the profiles of a CDP with our persons: merges, splits, gaps, attributes.

    Recomputes the comparison tables in gold, then shows counts and a few samples of each kind.
    """
    from c360_spark.commands.cdp_report import cdp_report
    from c360_spark.pipeline.job import begin

    begun = begin(config=config, env=env, lake=lake, cdp=cdp)
    print(cdp_report(begun, cdp, form=output.value, values=values))
