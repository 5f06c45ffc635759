"""The protocol of receivers: `send(dispatch)` returns answers, `close()` releases the connection."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice
from typing import Any, NamedTuple, Protocol

from pyspark.sql import Row


@dataclass(frozen=True)
class Dispatch:
    """Rows of `export.pending` that are sent together: of one `due` time and `wave`, so one row per person."""

    due: datetime
    wave: int
    rows: tuple[Row, ...]


class Answer(NamedTuple):
    """The outcome of a change: status and reason as in export.ack."""

    status: str
    reason: str | None = None


DELIVERED = Answer("delivered")


class NotTaken(Exception):
    """A receiver applied nothing of a dispatch: `reason` is for export.ack, `cause` for a reader. Neither shows values.

    A `lasting` failure does not pass by trying again: wrong password, no such table.
    """

    def __init__(self, reason: str, cause: str, *, lasting: bool = False) -> None:
        super().__init__(cause)
        self.reason, self.cause, self.lasting = reason, cause, lasting


class Receiver(Protocol):
    """A destination that accepts changes."""

    def send(self, dispatch: Dispatch) -> Mapping[str, Answer]:
        """Apply the whole dispatch in one step, or raise NotTaken and apply nothing. Applying it again changes nothing.

        Returns answers by idempotency key; a change without an answer is DELIVERED.
        """
        ...

    def close(self) -> None: ...


def dispatches(rows: Iterable[Row], size: int) -> Iterator[Dispatch]:
    """Cut rows in the order of `export.in_order` into dispatches of up to `size` rows."""
    for (due, wave), group in groupby(rows, key=lambda row: (row["due"], row["wave"])):
        remaining: Iterator[Any] = iter(group)
        while some := tuple(islice(remaining, size)):
            yield Dispatch(due, wave, some)
