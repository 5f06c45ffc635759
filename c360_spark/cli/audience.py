"""`c360 audience …`."""

from typing import Annotated

import typer

from c360_spark.cli.options import AsOf, Config, Env, Lake, stage

audience = typer.Typer(no_args_is_help=True, help="What an audience would be, and why somebody is in it or not.")
Name = Annotated[str, typer.Argument(help="name of the audience")]


@audience.command()
def preview(
    name: Name,
    where: Annotated[str | None, typer.Option(help="try this condition in place of the audience's own")] = None,
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
    as_of: AsOf = None,
) -> None:
    """How many would qualify, enter and leave now, and why. Nothing is written."""
    run = stage("pipeline.job").begin(config=config, env=env, lake=lake, as_of=as_of)
    print(stage("commands.audience").preview(run, name, where=where))


@audience.command()
def explain(
    name: Name,
    person_id: Annotated[str, typer.Argument(help="id of a person")],
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
    as_of: AsOf = None,
) -> None:
    """Which parts of the condition hold for a person, what consent says, and every stay with its causes."""
    run = stage("pipeline.job").begin(config=config, env=env, lake=lake, as_of=as_of)
    print(stage("commands.audience").explain(run, name, person_id))
