"""Generates CODEOWNERS from the owner and steward of each contract."""

from collections.abc import Iterable

from c360_spark.config import Contract

HEADER = "# Made by `c360 contracts owners`: the owner team and the steward of each dataset."


def owners(contracts: Iterable[Contract], *, folder: str) -> str:
    """The text of a CODEOWNERS file, one line per dataset. `folder` is conf/ relative to the root of the repository."""
    lines = [
        f"/{folder}/contracts/{each.source}/{each.dataset}/ {_handle(each.owner)} {_handle(each.steward)}"
        for each in contracts
        if each.owner and each.steward
    ]
    return "\n".join([HEADER, *sorted(lines)])


def _handle(name: str | None) -> str:
    """The name as CODEOWNERS expects it: an e-mail address unchanged, a team or user with a leading @."""
    return f"{name}" if name and "@" in name else f"@{name}"
