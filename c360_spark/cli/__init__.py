"""`c360 …`: the suite from a terminal.

Commands load what they need when they are called, so `doctor` works on a bare machine.
"""

import json
import sys
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from c360_spark import doctor as machine
from c360_spark.cli.audience import audience
from c360_spark.cli.contracts import contracts
from c360_spark.cli.destination import destination
from c360_spark.cli.metrics import metrics
from c360_spark.cli.model import model
from c360_spark.cli.options import AsJson, AsOf, Config, Env, Lake, Landing, Only, RunId, Values, stage
from c360_spark.cli.quarantine import quarantine
from c360_spark.cli.review import review
from c360_spark.cli.rules import rules
from c360_spark.cli.source import source
from c360_spark.errors import InputError
from c360_spark.faults import fault

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.add_typer(rules, name="rules")
app.add_typer(review, name="review")
app.add_typer(contracts, name="contracts")
app.add_typer(quarantine, name="quarantine")
app.add_typer(model, name="model")
app.add_typer(source, name="source")
app.add_typer(audience, name="audience")
app.add_typer(destination, name="destination")
app.add_typer(metrics, name="metrics")


class Format(StrEnum):
    """How an explanation is given."""

    TEXT = "text"
    JSON = "json"
    HTML = "html"


def main() -> None:
    """Entry point. A failure of ours or of the machine ends as code, cause and hint on standard error, and its own exit
    code.
    """
    try:
        app()
    except Exception as error:
        known = fault(error)
        if known is None:
            raise
        print(known, file=sys.stderr)
        sys.exit(known.exit_code)


@app.command()
def doctor() -> None:
    """Say what is wrong with this machine, and how to mend it."""
    sys.exit(machine.main())


@app.command()
def demo(
    people: Annotated[int, typer.Option(min=1, help="people in the world")] = 2_000,
    days: Annotated[int, typer.Option(min=1, help="days to run, each after the other")] = 2,
    seed: Annotated[int, typer.Option(help="another seed, another world")] = 7,
    out: Annotated[Path, typer.Option(help="folder to make anew")] = Path(".demo"),
    config: Config = "conf",
) -> None:
    """Make a synthetic world, run the whole chain on it day by day, and show what was made."""
    stage("commands.demo").demo(folder=out, config=config, people=people, days=days, seed=seed)


@app.command()
def synth(
    out: Annotated[Path, typer.Option(help="landing folder to write; the truth goes to 'truth' beside it")],
    people: Annotated[int, typer.Option(min=1, help="people in the world")] = 2_000,
    days: Annotated[int, typer.Option(min=1, help="days of deliveries")] = 2,
    seed: Annotated[int, typer.Option(help="another seed, another world")] = 7,
    start: Annotated[str, typer.Option(help="first day")] = "2026-01-01",
    no_noise: Annotated[list[str] | None, typer.Option(help="kind of noise to switch off; repeat for more")] = None,
    config: Config = "conf",
    env: Env = "dev",
) -> None:
    """Write the deliveries of a synthetic world: six systems, their noise, and the truth."""
    try:
        first = date.fromisoformat(start)
    except ValueError:
        raise InputError("C303", f"'{start}' is not a date", hint="such as 2026-01-01") from None
    stage("commands.demo").write_world(
        out, config=config, env=env, people=people, days=days, seed=seed, start=first, no_noise=no_noise or []
    )


@app.command()
def run(
    stages: Annotated[list[str] | None, typer.Argument(help="stages to run; all of schedule.yml by default")] = None,
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
    landing: Landing = None,
    as_of: AsOf = None,
    run_id: RunId = None,
    only: Only = None,
) -> None:
    """Run the whole chain, or some of its stages."""
    given = {"config": config, "env": env, "lake": lake, "landing": landing, "as_of": as_of, "run_id": run_id}
    stage("pipeline.job").run(stages=stages, only=only, **given)


@app.command()
def land(
    accept: Annotated[
        list[str] | None, typer.Option(help="land this held file: its path, or how its delivery id begins; repeatable")
    ] = None,
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
    landing: Landing = None,
    as_of: AsOf = None,
    run_id: RunId = None,
    only: Only = None,
) -> None:
    """Land new files, and full deliveries that were held because they lack too much."""
    given = {"config": config, "env": env, "lake": lake, "landing": landing, "as_of": as_of, "run_id": run_id}
    stage("pipeline.job").run(stages=["land"], only=only, accept=accept or [], **given)


@app.command()
def deliver(
    retry_rejected: Annotated[
        bool, typer.Option("--retry-rejected", help="export and send what destinations rejected once more")
    ] = False,
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
    as_of: AsOf = None,
    run_id: RunId = None,
) -> None:
    """Send the changes that wait to the destinations that say `deliver`."""
    stages = ["export", "deliver"] if retry_rejected else ["deliver"]
    given = {"config": config, "env": env, "lake": lake, "as_of": as_of, "run_id": run_id}
    stage("pipeline.job").run(stages=stages, retry_rejected=retry_rejected, **given)


@app.command()
def replay(
    from_lake: Annotated[str, typer.Option(help="lake whose bronze is replayed")],
    lake: Annotated[str, typer.Option(help="new lake to write")],
    config: Config = "conf",
    env: Env = "dev",
) -> None:
    """Make every table after bronze once more, in a new lake: equal with the same conf/, telling with another."""
    begun = stage("pipeline.job").begin(config=config, env=env, lake=lake)
    stage("pipeline.replay").replay(begun, stage("store").Store(begun.spark, from_lake))


@app.command()
def reprocess(
    dataset: Annotated[
        list[str] | None, typer.Option(help="source or source.dataset; repeat for more; all by default")
    ] = None,
    layer: Annotated[str, typer.Option(help="how far: silver, identity or gold")] = "silver",
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
) -> None:
    """Make silver of some datasets once more, from all their bronze, by the contracts as they are now."""
    begun = stage("pipeline.job").begin(config=config, env=env, lake=lake)
    wanted: list[str | None] = [*dataset] if dataset else [None]
    names = [(s, d) for only in wanted for s, d, _, _ in begun.conf.datasets(only)]
    stage("pipeline.reprocess").reprocess_layers(begun, names, layer)


@app.command()
def diff(
    other: Annotated[str, typer.Argument(help="root of the other lake")],
    table: Annotated[list[str] | None, typer.Option(help="only this table; repeat for more")] = None,
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
    output: AsJson = False,
) -> None:
    """Where the tables of two lakes differ: rows, and columns of rows that both have."""
    begun, module = stage("pipeline.job").begin(config=config, env=env, lake=lake), stage("commands.diff")
    found = module.diff(begun.store, stage("store").Store(begun.spark, other), table or [])
    print(json.dumps(found, indent=2, default=str) if output else module.as_text(found))


@app.command()
def explain(
    subject: Annotated[str, typer.Argument(help="a person id, or namespace:value")],
    to: Annotated[str | None, typer.Option(help="show the path to this person or identifier")] = None,
    as_of: Annotated[str | None, typer.Option(help="who it was at this time, and why")] = None,
    output: Annotated[Format, typer.Option("--format", help="text, json, or html: a graph that needs no network")] = (
        Format.TEXT
    ),
    values: Values = False,
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
) -> None:
    """Why these identifiers are one person: links, records behind them, what was taken out, what happened."""
    given = {"to": to, "as_of": as_of, "form": output.value, "values": values}
    print(stage("commands.explain").explain(subject, config=config, env=env, lake=lake, **given))


@app.command()
def reconcile(
    cdp: Annotated[str, typer.Option(help="the CDP, as a source of sources.yml")],
    output: Annotated[Format, typer.Option("--format", help="text, json, or an html page")] = Format.TEXT,
    values: Values = False,
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
) -> None:
    """Where a CDP and we differ about who is who: what each merges, splits and lacks, and attributes that differ."""
    begun = stage("pipeline.job").begin(config=config, env=env, lake=lake, cdp=cdp)
    print(stage("commands.cdp_report").cdp_report(begun, cdp, form=output.value, values=values))


@app.command()
def files(
    status: Annotated[str | None, typer.Option(help="only this status, such as unclaimed or ignored")] = None,
    every: Annotated[bool, typer.Option("--all", help="also those that were landed")] = False,
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
    output: AsJson = False,
) -> None:
    """Which files of the landing folder were not landed, and why."""
    module = stage("stages.bronze.landing_files")
    rows = module.listed(config=config, env=env, lake=lake, status=status, every=every)
    print(json.dumps(rows, indent=2, default=str) if output else module.as_text(rows))


@app.command()
def check(config: Config = "conf", env: Env = "dev") -> None:
    """Check every file of conf/, and list all problems at their lines. Those of drafts stop nothing."""
    conf = stage("config").load(Path(config), env)
    for line in stage("config.advice").advice(conf):
        print(f"note: {line}")
    print(f"{config}: {len(conf.sources)} datasets, rule set {conf.rules.label}, all well")
    if conf.draft_problems:
        print("\n  ".join(["left out until this is mended:", *map(str, conf.draft_problems)]))


@app.command()
def jars() -> None:
    """Print the jars for spark-submit: --jars $(c360 jars)."""
    print(",".join(map(str, stage("jars").jar_paths())))
