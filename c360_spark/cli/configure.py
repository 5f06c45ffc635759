"""Commands of the panel Configure: is this machine ready, and is conf/ valid?"""

import sys
from pathlib import Path

import typer

from c360_spark import doctor as machine
from c360_spark.cli.options import CONFIGURE, Config, Env
from c360_spark.jars import jar_paths

configure = typer.Typer()


@configure.command(rich_help_panel=CONFIGURE, epilog="Example: c360 doctor")
def doctor() -> None:
    """Check that this machine is ready, and say how to fix what is wrong.

    Looks at Python, Java, packages, jars, memory, disk and C360_IDENTITY_KEY. Needs no Spark.
    """
    sys.exit(machine.main())


@configure.command(rich_help_panel=CONFIGURE, epilog="Example: c360 check --config conf --env prod")
def check(config: Config = "conf", env: Env = "dev") -> None:
    """Validate every file of conf/, and list all problems with their lines.

    Problems of draft contracts are listed too; they do not make conf/ invalid.
    """
    from c360_spark.config import load
    from c360_spark.config.advice import advice

    conf = load(Path(config), env)
    for line in advice(conf):
        print(f"note: {line}")
    print(f"{config}: {len(conf.sources)} datasets, rule set {conf.rules.label}, all well")
    if conf.draft_problems:
        print("\n  ".join(["left out until this is mended:", *map(str, conf.draft_problems)]))


@configure.command(rich_help_panel=CONFIGURE, epilog="Example: c360 jars")
def jars() -> None:
    """Print the jars for spark-submit, joined by commas: --jars "$(c360 jars)"."""
    print(",".join(map(str, jar_paths())))
