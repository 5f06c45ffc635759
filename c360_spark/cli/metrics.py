"""`c360 metrics …`."""

from typing import Annotated

import typer

from c360_spark.cli.options import LOOK, Config, Env, Lake

metrics = typer.Typer(
    no_args_is_help=True, help="List the metrics of conf/metrics.yml, and explain those of one person."
)


@metrics.command("list", rich_help_panel=LOOK, epilog="Example: c360 metrics list --lake .demo/lake")
def list_(config: Config = "conf", env: Env = "dev", lake: Lake = None) -> None:
    """List every metric with its definition and, if --lake is given, its current totals."""
    from c360_spark.commands.metrics import listing

    print(listing(config, env, lake))


@metrics.command(rich_help_panel=LOOK, epilog="Example: c360 metrics explain p0123456789abcdef01234567")
def explain(
    person_id: Annotated[str, typer.Argument(help="id of a person")],
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
) -> None:
    """Show every metric of a person with its definition, and the lifecycle."""
    from c360_spark.commands.metrics import of_person

    print(of_person(config, env, lake, person_id))
