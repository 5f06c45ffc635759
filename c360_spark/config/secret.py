"""Names of secrets: conf/ holds the name of an environment variable, never the secret itself."""

import re
from typing import Annotated

from pydantic import AfterValidator


def _name(given: str) -> str:
    """Validates the name of an environment variable. Words have at most 15 characters, which random keys exceed.

    The error does not show the value, because it may be the secret itself, put in the wrong place.
    """
    if not re.fullmatch(r"[A-Z][A-Z0-9]{0,14}(_[A-Z0-9]{1,15})*", given) or len(given) > 64:
        raise ValueError("give the name of an environment variable, such as CRM_DSN, not the secret itself")
    return given


SecretName = Annotated[str, AfterValidator(_name)]
