"""The parameters and the clock of a synthetic world. Equal parameters always give equal rows."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from pyspark.sql import Column
from pyspark.sql import functions as F

from c360_spark.errors import InputError
from c360_spark.synth.noise import Noise

DAY_SECONDS = 86_400
PEOPLE_PER_FILE = 50_000
MOST_PEOPLE = 2_500_000  # three phone numbers per person then use up all numbers of seven digits


@dataclass(frozen=True)
class World:
    """`people` persons, numbered from 1, observed on `days` days from `start`. More days never change earlier days."""

    people: int
    days: int
    seed: int
    start: date
    noise: Noise

    def __post_init__(self) -> None:
        if not 1 <= self.people <= MOST_PEOPLE:
            raise InputError("C303", f"people is {self.people:,}", hint=f"give 1 to {MOST_PEOPLE:,}")
        if not 1 <= self.days <= 366:
            raise InputError("C303", f"days is {self.days:,}", hint="give 1 to 366")
        if not -(2**63) < self.seed < 2**63:
            raise InputError("C303", f"seed is {self.seed:,}", hint="give a whole number of at most 63 bits")

    @property
    def files(self) -> int:
        """The number of files per dataset and day."""
        return -(-self.people // PEOPLE_PER_FILE)

    @property
    def dawn(self) -> int:
        """Epoch seconds of the start of day 1, UTC."""
        return int(datetime(self.start.year, self.start.month, self.start.day, tzinfo=UTC).timestamp())

    def moment(self, day: Column, second: Column) -> Column:
        """Epoch seconds at a second of a day of this world (day 1 is the first)."""
        return (F.lit(self.dawn - DAY_SECONDS) + day.cast("long") * DAY_SECONDS + second).cast("long")

    def date(self, day: str) -> Column:
        """The calendar date of a day (column) of this world."""
        return F.expr(f"date_add(DATE'{self.start}', CAST({day} AS INT) - 1)")


def date_of(moment: Column) -> Column:
    """The UTC date of epoch seconds, independent of the session's time zone."""
    return F.date_from_unix_date(F.floor(moment / DAY_SECONDS).cast("int"))


def iso(moment: Column) -> Column:
    """Epoch seconds as ISO 8601 text, `2025-11-03T09:12:44Z`, independent of the session's time zone."""
    second = F.pmod(moment, F.lit(DAY_SECONDS)).cast("int")
    clock = F.format_string("T%02d:%02d:%02dZ", *[F.floor(second / unit % 60).cast("int") for unit in (3600, 60, 1)])
    return F.concat(date_of(moment).cast("string"), clock)
