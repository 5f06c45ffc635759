"""Ids of identifiers by Python's own HMAC, and the forms in which a secret could be shown."""

import base64
import hashlib
import hmac


def id_of(secret: str, namespace: str, region: str, value: str) -> int:
    """The vertex id of an identifier."""
    text = "".join(f"{len(part)}:{part}" for part in (namespace, region, value))
    return int(hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()[:16], 16) >> 1


def forms_of(secret: str) -> dict[str, bytes]:
    """Every form in which a dump or a plan could show the secret or its HMAC pads, in lower case, by name."""
    key = secret.encode()
    block = (hashlib.sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
    parts = {"key": key, "inner": bytes(b ^ 0x36 for b in block), "outer": bytes(b ^ 0x5C for b in block)}
    forms = {}
    for name, part in parts.items():
        some = part[:24]  # a dump may be cut
        forms |= {
            f"{name} raw": some,
            f"{name} hex": some.hex().encode(),
            f"{name} spaced hex": some.hex(" ").encode(),
            f"{name} base64": base64.b64encode(some[:24]).rstrip(b"="),
            f"{name} bytes": ", ".join(str(b if b < 128 else b - 256) for b in some[:16]).encode(),
        }
    return {name: form.lower() for name, form in forms.items()}
