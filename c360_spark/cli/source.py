"""`c360 source …`."""

from pathlib import Path
from typing import Annotated

import typer

from c360_spark.cli.options import CONFIGURE, Config, Env

source = typer.Typer(no_args_is_help=True, help="Add a source: draft its contract from a sample, and try the contract.")
Name = Annotated[str, typer.Option(help="<source>.<dataset>, such as crm.customer")]
SampleFile = Annotated[Path, typer.Argument(help="a sample: .csv, .tsv, .json, .jsonl or .parquet, also .gz or .zst")]


@source.command(
    rich_help_panel=CONFIGURE, epilog="Example: c360 source init --name sales.contact tests/samples/crm.csv"
)
def init(
    sample: SampleFile,
    name: Name,
    out: Annotated[str, typer.Option("--out", "--config", help="conf/ folder to write into")] = "conf",
    env: Env = "dev",
    force: Annotated[bool, typer.Option("--force", help="overwrite an existing draft")] = False,
) -> None:
    """Draft a contract and its entry of sources.yml from a sample.

    Prints each guess with its confidence and its reason.
    """
    from c360_spark.commands.source import init

    print(init(str(sample), name=name, out=out, env=env, force=force))


@source.command(
    "test", rich_help_panel=CONFIGURE, epilog="Example: c360 source test --name sales.contact tests/samples/crm.csv"
)
def dry_run(sample: SampleFile, name: Name, config: Config = "conf", env: Env = "dev") -> None:
    """Dry run: show what silver would make of a sample.

    Uses the newest contract of the dataset, also a draft. Nothing is written.
    """
    from c360_spark.commands.dry_run import dry_run

    print(dry_run(str(sample), name=name, config=config, env=env))
