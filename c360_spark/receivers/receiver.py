"""What a receiver of changes is given, and how it answers. Every receiver has `send(batch)` and `close()`."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice
from typing import Any, NamedTuple, Protocol

from pyspark.sql import Row


@dataclass(frozen=True)
class Dispatch:
    """Rows of `export.pending` that are sent together: one `due` time, one `wave`, so one row a person."""

    due: datetime
    wave: int
    rows: tuple[Row, ...]


class Answer(NamedTuple):
    """What became of a change: a status and a reason as export.ack has them."""

    status: str
    reason: str | None = None


DELIVERED = Answer("delivered")


class NotTaken(Exception):
    """A receiver took nothing of a batch: `reason` for the record, `cause` for a person. Nothing of it shows values.

    What is `lasting` will not be better in a minute: wrong password, no such table.
    """

    def __init__(self, reason: str, cause: str, *, lasting: bool = False) -> None:
        super().__init__(cause)
        self.reason, self.cause, self.lasting = reason, cause, lasting


class Receiver(Protocol):
    """A destination that takes changes."""

    def send(self, dispatch: Dispatch) -> Mapping[str, Answer]:
        """Take all of a batch in one step, or raise NotTaken and take nothing. Taking it again changes nothing.

        Gives answers by idempotency key; what is not named is DELIVERED.
        """
        ...

    def close(self) -> None: ...


def dispatches(rows: Iterable[Row], size: int) -> Iterator[Dispatch]:
    """Rows in the order of `export.in_order`, cut into batches of up to `size`."""
    for (due, wave), group in groupby(rows, key=lambda row: (row["due"], row["wave"])):
        remaining: Iterator[Any] = iter(group)
        while some := tuple(islice(remaining, size)):
            yield Dispatch(due, wave, some)
