"""Options that several commands share, and how commands load what they call."""

import importlib
from pathlib import Path
from typing import Annotated, Any

import typer

Config = Annotated[str, typer.Option(help="folder with platform.yml")]
Env = Annotated[str, typer.Option(help="environment: overlays platform.<env>.yml")]
Lake = Annotated[str | None, typer.Option(help="root of the lake; default from platform.yml")]
Landing = Annotated[str | None, typer.Option(help="root of the landing folders; default from platform.yml")]
AsOf = Annotated[str | None, typer.Option(help="the time of the run, ISO 8601 in UTC; default: now")]
RunId = Annotated[str | None, typer.Option(help="default: made from --as-of")]
Only = Annotated[str | None, typer.Option(help="land only this source or source.dataset")]
Candidate = Annotated[Path, typer.Option(help="the other identity.yml")]
AsJson = Annotated[bool, typer.Option("--json", help="as JSON")]
Values = Annotated[bool, typer.Option("--values", help="show the values of identifiers: they are personal")]


def stage(module: str) -> Any:
    """A module of the suite, loaded when its command is called."""
    return importlib.import_module(f"c360_spark.{module}")
