"""`c360 metrics …`."""

from typing import Annotated

import typer

from c360_spark.cli.options import Config, Env, Lake, stage

metrics = typer.Typer(no_args_is_help=True, help="Figures of persons, as conf/metrics.yml declares them.")


@metrics.command("list")
def list_(config: Config = "conf", env: Env = "dev", lake: Lake = None) -> None:
    """Every metric with its definition; with --lake, what it comes to now."""
    print(stage("commands.metrics").listing(config, env, lake))


@metrics.command()
def explain(
    person_id: Annotated[str, typer.Argument(help="id of a person")],
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
) -> None:
    """Every metric of a person with its definition, and how the person went through the lifecycle."""
    print(stage("commands.metrics").of_person(config, env, lake, person_id))
