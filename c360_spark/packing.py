"""Delivered files that are compressed. Their first bytes tell, not the name: browsers and mail programs unpack a file
and leave its name.
"""

import io
import os
from typing import BinaryIO

import pyarrow as pa

MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}  # RFC 1952, RFC 8878; no UTF-8 text begins so, nor Parquet
HEAD = 4


def packing(head: bytes) -> str | None:
    """By the first HEAD bytes of a file: gzip, zstd, or None where it is not compressed."""
    return next((name for magic, name in MAGIC.items() if head.startswith(magic)), None)


def unpacked(file: BinaryIO) -> BinaryIO:
    """The content of a file of which nothing was read yet, without its compression. Both are to be closed.

    Reading it raises OSError without an errno where it is damaged or ends too early.
    """
    found = packing(os.pread(file.fileno(), HEAD, 0))
    content = os.fdopen(os.dup(file.fileno()), "rb")  # what is opened here is closed with what is given
    if found is None:
        return content
    return io.BufferedReader(pa.CompressedInputStream(pa.PythonFile(content, "r"), found), 1 << 20)
