"""`c360 quarantine …`."""

import json
from typing import Annotated

import typer

from c360_spark.cli.options import LOOK, RUN, AsJson, Config, Env, Lake

quarantine = typer.Typer(
    no_args_is_help=True, help="Look at rejected records, and replay them once the contract is fixed."
)

Dataset = Annotated[str | None, typer.Option(help="only this source.dataset")]
Reason = Annotated[str | None, typer.Option(help="only this code, such as type, or type:birth_date")]
Since = Annotated[str | None, typer.Option(help="only records received since this time")]
Payload = Annotated[bool, typer.Option("--values", help="show the record as delivered: personal data")]


@quarantine.command(
    "list", rich_help_panel=LOOK, epilog="Example: c360 quarantine list --dataset crm.customer --lake .demo/lake"
)
def list_quarantine(
    dataset: Dataset = None,
    reason: Reason = None,
    since: Since = None,
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
    output: AsJson = False,
) -> None:
    """Count rejected records by reason, the most frequent first."""
    from c360_spark.commands.quarantine import as_text, listed

    rows = listed(config=config, env=env, lake=lake, dataset=dataset, reason=reason, since=since)
    print(json.dumps(rows, indent=2, default=str) if output else as_text(rows))


@quarantine.command(rich_help_panel=LOOK, epilog="Example: c360 quarantine show 3f0c9a1be2d4 --lake .demo/lake")
def show(
    bronze_id: Annotated[str, typer.Argument(help="bronze_id of the record, or its beginning")],
    values: Payload = False,
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
) -> None:
    """Show one rejected record: its file, its position there, and all its reasons."""
    from c360_spark.commands.quarantine import shown

    print(json.dumps(shown(bronze_id, config=config, env=env, lake=lake, values=values), indent=2, default=str))


@quarantine.command(
    rich_help_panel=RUN, epilog="Example: c360 quarantine replay --dataset crm.customer --lake .demo/lake"
)
def replay(dataset: Dataset = None, config: Config = "conf", env: Env = "dev", lake: Lake = None) -> None:
    """Rebuild silver of datasets with quarantined records, once the contract is fixed.

    Records keep the time they were received. Idempotent: a second replay changes nothing.
    """
    from c360_spark.commands.quarantine import replay
    from c360_spark.pipeline.job import begin

    begun = begin(config=config, env=env, lake=lake)
    replay(begun, dataset)
