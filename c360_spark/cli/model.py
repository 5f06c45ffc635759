"""`c360 model …`."""

import re
from pathlib import Path
from typing import Annotated

import typer

from c360_spark.cli.options import AsOf, Config, Env, Lake, stage
from c360_spark.errors import InputError

model = typer.Typer(no_args_is_help=True, help="The figures by which pairs of records are scored.")
NAME, VERSION = "[a-z][a-z0-9_]*", r"\d+\.\d+\.\d+"


@model.callback()
def _group() -> None:
    """Keeps `train` a command of its own while it is the only one."""


@model.command()
def train(
    name: Annotated[str, typer.Option(help="writes models/<name>.yml in the folder of --config")],
    version: Annotated[str, typer.Option(help="of the new model, such as 1.0.0")],
    rules: Annotated[Path | None, typer.Option(help="another identity.yml, by whose probabilistic block to go")] = None,
    config: Config = "conf",
    env: Env = "dev",
    lake: Lake = None,
    as_of: AsOf = None,
) -> None:
    """Estimate a match model from the customer records of the lake."""
    for given, pattern, such in ((name, NAME, "customer"), (version, VERSION, "1.0.0")):
        if not re.fullmatch(pattern, given):
            raise InputError("C303", f"'{given}' will not do here", hint=f"such as {such}")
    begun = stage("pipeline.job").begin(config=config, env=env, lake=lake, as_of=as_of)
    if rules:
        begun = begun.ruled_by(stage("commands.rules").read_candidate(config, env, rules))
    stage("commands.train_model").train_model(begun, Path(config) / "models" / f"{name}.yml", version=version)
