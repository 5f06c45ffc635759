"""Compression of delivered files, detected by their first bytes.

The file name is no guide: browsers and mail programs decompress a file and keep its name.
"""

import io
import os
from typing import BinaryIO

import pyarrow as pa

MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}  # RFC 1952, RFC 8878; no UTF-8 text or Parquet begins so
HEAD = 4


def packing(head: bytes) -> str | None:
    """The compression, by the first HEAD bytes of a file: gzip, zstd, or None if it is not compressed."""
    return next((name for magic, name in MAGIC.items() if head.startswith(magic)), None)


def unpacked(file: BinaryIO) -> BinaryIO:
    """The decompressed content of a file that has not been read from yet. Close both.

    Reading it raises OSError without an errno if the file is damaged or ends too early.
    """
    found = packing(os.pread(file.fileno(), HEAD, 0))
    content = os.fdopen(os.dup(file.fileno()), "rb")  # a duplicate, closed with the stream that is returned
    if found is None:
        return content
    return io.BufferedReader(pa.CompressedInputStream(pa.PythonFile(content, "r"), found), 1 << 20)
