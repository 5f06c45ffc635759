"""`c360 audience …`."""

from typing import Annotated

import typer

from c360_spark.cli.options import LOOK, AsOf, Config, Env, Lake

audience = typer.Typer(no_args_is_help=True, help="Preview an audience, and explain why a person is in it or not.")
Name = Annotated[str, typer.Argument(help="name of the audience")]


@audience.command(
    rich_help_panel=LOOK, epilog='Example: c360 audience preview recent_buyers --where "order_count >= 3"'
)
def preview(
    name: Name,
    where: Annotated[str | None, typer.Option(help="try this condition instead of the audience's own")] = None,
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
    as_of: AsOf = None,
) -> None:
    """Count who would qualify, enter and leave now, by cause. Nothing is written."""
    from c360_spark.commands.audience import preview
    from c360_spark.pipeline.job import begin

    run = begin(config=config, env=env, lake=lake, as_of=as_of)
    print(preview(run, name, where=where))


@audience.command(rich_help_panel=LOOK, epilog="Example: c360 audience explain recent_buyers p0123456789abcdef01234567")
def explain(
    name: Name,
    person_id: Annotated[str, typer.Argument(help="id of a person")],
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
    as_of: AsOf = None,
) -> None:
    """Explain why a person is in an audience or not.

    Shows which parts of the condition hold now, the consent, and every stay with its causes.
    """
    from c360_spark.commands.audience import explain
    from c360_spark.pipeline.job import begin

    run = begin(config=config, env=env, lake=lake, as_of=as_of)
    print(explain(run, name, person_id))
