"""`c360 destination …`."""

from typing import Annotated

import typer

from c360_spark.cli.options import AsOf, Config, Env, Lake, stage

destination = typer.Typer(no_args_is_help=True, help="What a destination would be sent.")


@destination.command()
def coverage(
    name: Annotated[str, typer.Argument(help="name of the destination")],
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
    as_of: AsOf = None,
) -> None:
    """How many members can be sent, by which match keys, and what holds back the others. Nothing is written."""
    run = stage("pipeline.job").begin(config=config, env=env, lake=lake, as_of=as_of)
    print(stage("commands.destination").coverage_report(run, name))
