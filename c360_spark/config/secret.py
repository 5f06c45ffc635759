"""Secrets are named in conf/, never given: each is the name of an environment variable."""

import re
from typing import Annotated

from pydantic import AfterValidator


def _name(given: str) -> str:
    """What is given is not shown: it may be the secret, put in the wrong place. A key has no word as short as these."""
    if not re.fullmatch(r"[A-Z][A-Z0-9]{0,14}(_[A-Z0-9]{1,15})*", given) or len(given) > 64:
        raise ValueError("give the name of an environment variable, such as CRM_DSN, not the secret itself")
    return given


SecretName = Annotated[str, AfterValidator(_name)]
