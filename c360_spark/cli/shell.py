"""`c360 shell`: several commands in one process, so in one Spark session."""

import readline  # noqa: F401  gives `input` a history
import shlex
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence

PROMPT = "c360> "
LEAVE = ("exit", "quit")

Command = Callable[[Sequence[str]], None]  # runs the arguments of a command line, and ends by SystemExit where it fails


def answer(command: Command) -> int:
    """Run each line of standard input as a command, up to its end or `exit`.

    At a terminal a failure leaves the shell open. In a script it ends it, with the exit code of the command.
    """
    if sys.stdin.isatty():
        for line in _typed():
            if _run(command, line) is None:
                break
        return 0
    for line in sys.stdin:
        code = _run(command, line)
        if code is None or code:
            return code or 0
    return 0


def _typed() -> Iterator[str]:
    while True:
        try:
            yield input(PROMPT)
        except KeyboardInterrupt:
            print()
        except EOFError:
            print()
            return


def _run(command: Command, line: str) -> int | None:
    """The exit code of a line; None where it ends the shell."""
    try:
        arguments = shlex.split(line, comments=True)
    except ValueError as error:
        print(f"this line cannot be read: {error}", file=sys.stderr)
        return 2
    arguments = arguments[1:] if arguments[:1] == ["c360"] else arguments
    if arguments[:1] and arguments[0] in LEAVE:
        return None
    if arguments[:1] == ["shell"]:
        print("this is the shell", file=sys.stderr)
        return 2
    try:
        if arguments:
            command(arguments)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except Exception:  # a bug: told as such, and the other commands still work
        traceback.print_exc()
        return 1
    return 0
