"""Who answers for which contract, in the form code hosts read."""

from collections.abc import Iterable

from c360_spark.config import Contract

HEADER = "# Made by `c360 contracts owners`: the owner team and the steward of each dataset."


def owners(contracts: Iterable[Contract], *, folder: str) -> str:
    """A CODEOWNERS text: a line for each dataset. `folder` is conf/ as seen from the root of the repository."""
    lines = [
        f"/{folder}/contracts/{each.source}/{each.dataset}/ {_handle(each.owner)} {_handle(each.steward)}"
        for each in contracts
        if each.owner and each.steward
    ]
    return "\n".join([HEADER, *sorted(lines)])


def _handle(name: str | None) -> str:
    """E-mail addresses stand as they are, teams and persons with an @."""
    return f"{name}" if name and "@" in name else f"@{name}"
