"""Options that several commands share, and the panels that `--help` groups commands in."""

from pathlib import Path
from typing import Annotated

import typer

RUN, LOOK, DECIDE, CONFIGURE = "Run", "Look", "Decide", "Configure"

Config = Annotated[str, typer.Option(help="the conf/ folder, with platform.yml")]
Env = Annotated[str, typer.Option(help="environment: overlays platform.<env>.yml")]
Lake = Annotated[str | None, typer.Option(help="root of the lake; default from platform.yml")]
Landing = Annotated[str | None, typer.Option(help="root of the landing folders; default from platform.yml")]
AsOf = Annotated[str | None, typer.Option(help="time of the run, ISO 8601 in UTC; default: now")]
RunId = Annotated[str | None, typer.Option(help="id of the run; default: made from --as-of")]
Only = Annotated[str | None, typer.Option(help="land only this source or source.dataset")]
Candidate = Annotated[Path, typer.Option(help="identity.yml of the candidate rule set")]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]
Values = Annotated[bool, typer.Option("--values", help="show the values of identifiers: personal data")]
