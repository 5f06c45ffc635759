"""`c360 quarantine …`."""

import json
from typing import Annotated

import typer

from c360_spark.cli.options import AsJson, Config, Env, Lake, stage

quarantine = typer.Typer(
    no_args_is_help=True, help="See what was rejected, and bring it in once the contract is mended."
)

Dataset = Annotated[str | None, typer.Option(help="only this source.dataset")]
Reason = Annotated[str | None, typer.Option(help="only this code, such as type, or type:birth_date")]
Since = Annotated[str | None, typer.Option(help="only what was received since this time")]
Payload = Annotated[bool, typer.Option("--values", help="show the record as delivered: it is personal")]


@quarantine.command("list")
def list_quarantine(
    dataset: Dataset = None,
    reason: Reason = None,
    since: Since = None,
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
    output: AsJson = False,
) -> None:
    """Why records were rejected, the most frequent reason first."""
    module = stage("commands.quarantine")
    rows = module.listed(config=config, env=env, lake=lake, dataset=dataset, reason=reason, since=since)
    print(json.dumps(rows, indent=2, default=str) if output else module.as_text(rows))


@quarantine.command()
def show(
    bronze_id: Annotated[str, typer.Argument(help="the record, or how its bronze_id begins")],
    values: Payload = False,
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
) -> None:
    """One rejected record, with all its reasons."""
    module = stage("commands.quarantine")
    print(json.dumps(module.shown(bronze_id, config=config, env=env, lake=lake, values=values), indent=2, default=str))


@quarantine.command()
def replay(dataset: Dataset = None, config: Config = "conf", env: Env = "dev", lake: Lake = None) -> None:
    """Make silver of what has records in quarantine once more. Times stay; a second replay changes nothing."""
    begun = stage("pipeline.job").begin(config=config, env=env, lake=lake)
    stage("commands.quarantine").replay(begun, dataset)
