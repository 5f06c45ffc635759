"""`c360 destination …`."""

from typing import Annotated

import typer

from c360_spark.cli.options import LOOK, AsOf, Config, Env, Lake

destination = typer.Typer(
    no_args_is_help=True, help="Show how many members a destination can be sent, and why not all."
)


@destination.command(rich_help_panel=LOOK, epilog="Example: c360 destination coverage newsletter --lake .demo/lake")
def coverage(
    name: Annotated[str, typer.Argument(help="name of the destination")],
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
    as_of: AsOf = None,
) -> None:
    """Count members that can be sent, by match key, and what holds back the others.

    Nothing is written.
    """
    from c360_spark.commands.destination import coverage_report
    from c360_spark.pipeline.job import begin

    run = begin(config=config, env=env, lake=lake, as_of=as_of)
    print(coverage_report(run, name))
