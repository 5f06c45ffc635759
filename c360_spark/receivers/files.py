"""File receiver: writes dispatches as JSON lines or as CSV. A dispatch is one file, complete or absent."""

import csv
import errno
import hashlib
import io
import json
import os
from collections.abc import Mapping
from pathlib import Path

from pyspark.sql import Row

from c360_spark.config.activation.activation import OWN_COLUMNS, Deliver, Destination
from c360_spark.config.activation.destination_kinds import KINDS
from c360_spark.export.call import call
from c360_spark.receivers.receiver import Answer, Dispatch, NotTaken

HEAD = OWN_COLUMNS["csv"]
STAMP = "%Y%m%dT%H%M%SZ"


class DeliveredFiles:
    """Receiver for a destination's folder below `outgoing`. Whoever consumes the files may move or delete them."""

    def __init__(self, destination: Destination, settings: Deliver, outgoing: str) -> None:
        assert settings.folder
        self.destination, self.form, self.calls = destination, settings.to, KINDS[destination.kind].calls
        self.root, self.folder = Path(outgoing), Path(outgoing) / settings.folder

    def send(self, dispatch: Dispatch) -> Mapping[str, Answer]:
        """Write a dispatch to a file named by its content, so that the same dispatch gives the same file (idempotent).

        File names sort in the order in which they must be read; files of one time and wave hold different persons.
        """
        content = self._csv(dispatch) if self.form == "csv" else self._jsonl(dispatch)
        digest = hashlib.sha256(content).hexdigest()[:16]
        what = "_events" if dispatch.rows[0]["operation"] == "track" else ""
        name = f"{self.destination.name}{what}-{dispatch.due:{STAMP}}-{dispatch.wave:03}-{digest}.{self.form}"
        try:
            self._write(name, content)
        except OSError as error:
            code = errno.errorcode.get(error.errno or 0, "OSError")
            raise NotTaken(f"io:{code}", f"{self.folder / name}: {error.strerror or error}") from error
        return {}

    def close(self) -> None:
        """No-op: nothing is held open."""

    def _write(self, name: str, content: bytes) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.folder.resolve().is_relative_to(self.root.resolve()):
            raise NotTaken("io:outside", f"{self.folder} is a link that leads out of {self.root}", lasting=True)
        part = self.folder / f".{name}.part"
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.folder / name)

    def _csv(self, dispatch: Dispatch) -> bytes:
        """CSV with a byte order mark, by which spreadsheets recognise UTF-8.

        Payloads are already escaped for this kind of destination.
        """
        fields = sorted(self.destination.fields)
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow([*HEAD, *fields])
        for row in dispatch.rows:
            writer.writerow([*_own(row).values(), *(row["payload"].get(field, "") for field in fields)])
        return text.getvalue().encode("utf-8-sig")

    def _jsonl(self, dispatch: Dispatch) -> bytes:
        """One change per line, in our own format or as an identify or track call."""
        told = (call(row, self.destination) if self.calls else _change(row) for row in dispatch.rows)
        return "".join(f"{json.dumps(line, sort_keys=True)}\n" for line in told).encode("ascii")


def _change(row: Row) -> dict[str, object]:
    return {**_own(row), "payload": row["payload"]}


def _own(row: Row) -> dict[str, object]:
    """The columns that every change has besides its payload."""
    created_at = row["created_at"].isoformat(timespec="seconds") + "Z"
    return {name: row[name] for name in HEAD if name != "created_at"} | {"created_at": created_at}
