"""Commands of the panel Run: what writes to a lake, or makes the input of one."""

import sys
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from c360_spark.cli.options import RUN, AsOf, Config, Env, Lake, Landing, Only, RunId
from c360_spark.errors import InputError

running = typer.Typer()


@running.command(rich_help_panel=RUN, epilog="Example: c360 demo --people 2000 --days 2 --out .demo")
def demo(
    people: Annotated[int, typer.Option(min=1, help="persons in the world")] = 2_000,
    days: Annotated[int, typer.Option(min=1, help="days to run, one after the other")] = 2,
    seed: Annotated[int, typer.Option(help="another seed makes another world")] = 7,
    out: Annotated[Path, typer.Option(help="folder to create; an earlier demo in it is replaced")] = Path(".demo"),
    config: Config = "conf",
) -> None:
    """Create a synthetic world and run the whole pipeline on it, day by day.

    Lists the tables written, and the match quality against the true persons of the world.
    """
    from c360_spark.commands.demo import demo

    demo(folder=out, config=config, people=people, days=days, seed=seed)


@running.command(rich_help_panel=RUN, epilog="Example: c360 synth --out world/landing --people 5000 --days 3")
def synth(
    out: Annotated[Path, typer.Option(help="landing folder to write; the truth goes to 'truth' beside it")],
    people: Annotated[int, typer.Option(min=1, help="persons in the world")] = 2_000,
    days: Annotated[int, typer.Option(min=1, help="days of deliveries")] = 2,
    seed: Annotated[int, typer.Option(help="another seed makes another world")] = 7,
    start: Annotated[str, typer.Option(help="first day")] = "2026-01-01",
    no_noise: Annotated[list[str] | None, typer.Option(help="kind of noise to switch off; repeatable")] = None,
    config: Config = "conf",
    env: Env = "dev",
) -> None:
    """Write the deliveries of a synthetic world, and the true persons behind them."""
    try:
        first = date.fromisoformat(start)
    except ValueError:
        raise InputError("C303", f"'{start}' is not a date", hint="such as 2026-01-01") from None
    from c360_spark.commands.demo import write_world

    write_world(out, config=config, env=env, people=people, days=days, seed=seed, start=first, no_noise=no_noise or [])


@running.command(rich_help_panel=RUN, epilog="Example: c360 run --landing /data/landing --lake /data/lake")
def run(
    stages: Annotated[
        list[str] | None,
        typer.Argument(help="stages to run, as docs/stages.md lists them; all of schedule.yml by default"),
    ] = None,
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
    landing: Landing = None,
    as_of: AsOf = None,
    run_id: RunId = None,
    only: Only = None,
) -> None:
    """Run the whole pipeline, or only the stages named, in the order given."""
    from c360_spark.pipeline.job import run

    given = {"config": config, "env": env, "lake": lake, "landing": landing, "as_of": as_of, "run_id": run_id}
    run(stages=stages, only=only, **given)


@running.command(rich_help_panel=RUN, epilog="Example: c360 land --accept crm/customer/2026-01-02/customer.csv")
def land(
    accept: Annotated[
        list[str] | None,
        typer.Option(help="land this held file: its path, or the beginning of its delivery id; repeatable"),
    ] = None,
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
    landing: Landing = None,
    as_of: AsOf = None,
    run_id: RunId = None,
    only: Only = None,
) -> None:
    """Land new files of the landing folder in bronze.

    --accept also lands a full delivery that was held because it lacks too many records.
    """
    from c360_spark.pipeline.job import run

    given = {"config": config, "env": env, "lake": lake, "landing": landing, "as_of": as_of, "run_id": run_id}
    run(stages=["land"], only=only, accept=accept or [], **given)


@running.command(rich_help_panel=RUN, epilog="Example: c360 deliver --lake /data/lake --retry-rejected")
def deliver(
    retry_rejected: Annotated[
        bool, typer.Option("--retry-rejected", help="also export and send again what destinations rejected")
    ] = False,
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
    as_of: AsOf = None,
    run_id: RunId = None,
) -> None:
    """Send the waiting changes to every destination that has a `deliver` block."""
    from c360_spark.pipeline.job import run

    stages = ["export", "deliver"] if retry_rejected else ["deliver"]
    given = {"config": config, "env": env, "lake": lake, "as_of": as_of, "run_id": run_id}
    run(stages=stages, retry_rejected=retry_rejected, **given)


@running.command(rich_help_panel=RUN, epilog="Example: c360 reprocess --dataset crm.customer --layer gold")
def reprocess(
    dataset: Annotated[
        list[str] | None, typer.Option(help="source or source.dataset; repeatable; default: all datasets")
    ] = None,
    layer: Annotated[str, typer.Option(help="last layer to rebuild: silver, identity or gold")] = "silver",
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
) -> None:
    """Rebuild silver of some datasets from all their bronze, with today's contracts."""
    from c360_spark.pipeline.job import begin
    from c360_spark.pipeline.reprocess import reprocess_layers

    begun = begin(config=config, env=env, lake=lake)
    wanted: list[str | None] = [*dataset] if dataset else [None]
    names = [(s, d) for only in wanted for s, d, _, _ in begun.conf.datasets(only)]
    reprocess_layers(begun, names, layer)


@running.command(rich_help_panel=RUN, epilog="Example: c360 replay --from-lake /data/lake --lake /data/lake-new")
def replay(
    from_lake: Annotated[str, typer.Option(help="lake that holds the bronze to replay")],
    lake: Annotated[str, typer.Option(help="new lake to write")],
    config: Config = "conf",
    env: Env = "dev",
) -> None:
    """Rebuild every table after bronze in a new lake, run by run.

    With the same conf/ all tables are equal, ids included; with another, see c360 diff.
    """
    from c360_spark.pipeline.job import begin
    from c360_spark.pipeline.replay import replay
    from c360_spark.store import Store

    begun = begin(config=config, env=env, lake=lake)
    replay(begun, Store(begun.spark, from_lake, small_mb=begun.store.small_mb))


@running.command(rich_help_panel=RUN, epilog="Example: c360 shell")
def shell() -> None:
    """Run several commands in one Spark session: all but the first one start at once.

    Type each as after `c360`; `exit` or Ctrl-D ends it. Standard input may be a script: the first failure ends it.
    """
    from c360_spark.cli import main
    from c360_spark.cli.shell import answer

    sys.exit(answer(main))
