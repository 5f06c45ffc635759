"""`c360 source …`: bring a new source in."""

from pathlib import Path
from typing import Annotated

import typer

from c360_spark.cli.options import Config, Env, stage

source = typer.Typer(no_args_is_help=True, help="Bring a new source in: draft its contract, and try it on a sample.")
Name = Annotated[str, typer.Option(help="<source>.<dataset>, such as crm.customer")]
SampleFile = Annotated[Path, typer.Argument(help="a sample: .csv, .jsonl or .parquet, also packed as .gz or .zst")]


@source.command()
def init(
    sample: SampleFile,
    name: Name,
    out: Annotated[str, typer.Option(help="conf/ folder to write into")] = "conf",
    env: Env = "dev",
    force: Annotated[bool, typer.Option("--force", help="overwrite a draft that is there")] = False,
) -> None:
    """Draft a contract and the entry of sources.yml from a sample: each guess with its confidence and its reason."""
    print(stage("commands.source").init(str(sample), name=name, out=out, env=env, force=force))


@source.command("test")
def dry_run(sample: SampleFile, name: Name, config: Config = "conf", env: Env = "dev") -> None:
    """Dry run: what silver makes of a sample by the newest contract, a draft too. Nothing is written."""
    print(stage("commands.dry_run").dry_run(str(sample), name=name, config=config, env=env))
