"""`c360 model …`."""

import re
from pathlib import Path
from typing import Annotated

import typer

from c360_spark.cli.options import CONFIGURE, AsOf, Config, Env, Lake
from c360_spark.errors import InputError

model = typer.Typer(no_args_is_help=True, help="Train the match model that scores pairs of records.")
NAME, VERSION = "[a-z][a-z0-9_]*", r"\d+\.\d+\.\d+"


@model.callback()
def _group() -> None:
    """Keeps `train` a command of its own while it is the only one."""


@model.command(rich_help_panel=CONFIGURE, epilog="Example: c360 model train --name customer --version 1.1.0")
def train(
    name: Annotated[str, typer.Option(help="name of the model, such as customer")],
    version: Annotated[str, typer.Option(help="version of the new model, such as 1.0.0")],
    rules: Annotated[Path | None, typer.Option(help="identity.yml whose probabilistic block to use instead")] = None,
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
    as_of: AsOf = None,
) -> None:
    """Estimate a match model from the customer records of the lake.

    Writes models/<name>.yml in the folder of --config; an earlier one is replaced.
    """
    for given, pattern, such in ((name, NAME, "customer"), (version, VERSION, "1.0.0")):
        if not re.fullmatch(pattern, given):
            raise InputError("C303", f"'{given}' will not do here", hint=f"such as {such}")
    from c360_spark.commands.rules import read_candidate
    from c360_spark.commands.train_model import train_model
    from c360_spark.pipeline.job import begin

    begun = begin(config=config, env=env, lake=lake, as_of=as_of)
    if rules:
        begun = begun.ruled_by(read_candidate(config, env, rules))
    train_model(begun, Path(config) / "models" / f"{name}.yml", version=version)
