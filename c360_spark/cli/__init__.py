"""`c360 …`: the suite from a terminal.

Commands import what they need inside their functions: `c360 --help` and `c360 doctor` work on a machine without Spark,
and answer at once.
"""

import sys
from collections.abc import Sequence

import typer

from c360_spark.cli.audience import audience
from c360_spark.cli.configure import configure
from c360_spark.cli.contracts import contracts
from c360_spark.cli.destination import destination
from c360_spark.cli.look import look
from c360_spark.cli.metrics import metrics
from c360_spark.cli.model import model
from c360_spark.cli.options import CONFIGURE, DECIDE, LOOK
from c360_spark.cli.quarantine import quarantine
from c360_spark.cli.review import review
from c360_spark.cli.rules import rules
from c360_spark.cli.run import running
from c360_spark.cli.source import source
from c360_spark.faults import fault

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Customer 360 lakehouse: land deliveries, resolve identities, build profiles, send changes.",
    epilog="First steps: c360 doctor, then c360 demo. Each command shows an example: c360 explain --help",
)
# Panels are shown in the order in which their first command is added. Typers without a name add commands, not a group.
app.add_typer(running)
app.add_typer(look)
app.add_typer(audience, name="audience", rich_help_panel=LOOK)
app.add_typer(metrics, name="metrics", rich_help_panel=LOOK)
app.add_typer(destination, name="destination", rich_help_panel=LOOK)
app.add_typer(quarantine, name="quarantine", rich_help_panel=LOOK)
app.add_typer(rules, name="rules", rich_help_panel=DECIDE)
app.add_typer(review, name="review", rich_help_panel=DECIDE)
app.add_typer(configure)
app.add_typer(source, name="source", rich_help_panel=CONFIGURE)
app.add_typer(contracts, name="contracts", rich_help_panel=CONFIGURE)
app.add_typer(model, name="model", rich_help_panel=CONFIGURE)


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point; `arguments` are those of the process by default. Ends by SystemExit, or by the error of a bug.

    A known failure, of the suite or of the machine, prints code, cause and hint on standard error, and ends with an
    exit code of its kind.
    """
    try:
        app(args=arguments, prog_name="c360")
    except Exception as error:
        known = fault(error)
        if known is None:
            raise
        print(known, file=sys.stderr)
        sys.exit(known.exit_code)
