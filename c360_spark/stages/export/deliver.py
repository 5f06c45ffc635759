"""deliver: outboxes → destinations with a `deliver` setting, with an acknowledgement of every change.

A receiver applies a dispatch in one step, and the same dispatch again changes nothing there (idempotent). So
acknowledgements may be written late, in lots: after a kill the next run sends the same dispatch again, and the receiver
recognises it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import Literal

from c360_spark import tables
from c360_spark.config.activation.activation import Deliver, Destination
from c360_spark.errors import DeliveryError
from c360_spark.export.pending import in_order, in_time, parked, pending, pending_events
from c360_spark.receivers.files import DeliveredFiles
from c360_spark.receivers.postgres import Postgres
from c360_spark.receivers.receiver import DELIVERED, Answer, Dispatch, NotTaken, Receiver, dispatches
from c360_spark.run.context import Run, Step

LOT_ROWS = 20_000


def deliver(run: Run) -> None:
    """Send the unsent changes of every outbox with a `deliver` setting, in order of `sequence` for each person.

    A destination that fails does not hold up the others. Raises SetupError C102 or C106 before anything is sent, and
    DeliveryError C402 at the end, naming the destinations with unsent changes.
    """
    late, found = [], receivers(run)
    if not found:
        run.say(f"{'deliver':<28} no destination says deliver")
    for destination, settings, receiver in found:
        with run.step(f"deliver {destination.name}") as step:
            fault = _Sending(run, destination, settings, receiver, step).all()
            if destination.events and not fault:
                fault = _Sending(run, destination, settings, receiver, step, "events").all()
            receiver.close()
        if fault:
            late.append(f"{destination.name}: {fault.cause}")
    if late:
        hint = "nothing is lost: once it is mended, c360 deliver sends what waits, as the next run does"
        raise DeliveryError("C402", "; ".join(late), hint=hint)


def receivers(run: Run) -> list[tuple[Destination, Deliver, Receiver]]:
    """Destinations to deliver to, each with its settings and receiver; none is contacted yet.

    Raises SetupError C102 or C106.
    """
    asking = ((each, each.deliver) for each in run.conf.destinations.values())
    return [(each, settings, _receiver(run, each, settings)) for each, settings in asking if settings]


def _receiver(run: Run, destination: Destination, settings: Deliver) -> Receiver:
    if settings.to == "postgres":
        return Postgres(destination, settings)
    assert run.conf.platform.outgoing
    return DeliveredFiles(destination, settings, run.conf.platform.outgoing)


@dataclass
class _Sending:
    """The delivery of one outbox: answers not yet recorded, and the number of each kind."""

    run: Run
    destination: Destination
    settings: Deliver
    receiver: Receiver
    step: Step
    what: Literal["changes", "events"] = "changes"
    lot: list[tuple[object, ...]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def all(self) -> NotTaken | None:
        """Send every unsent change; returns the fault that stopped it, or None."""
        run, name, events = self.run, self.destination.name, self.what == "events"
        outbox, order = (tables.event_outbox(name), in_time) if events else (tables.outbox(name), in_order)
        due = (pending_events if events else pending)(
            run.store.read(outbox), run.store.read(tables.ACK), self.destination
        )
        waiting, count = run.store.stage(f"deliver.{outbox.name}", due)
        fault = None
        if count:
            for dispatch in dispatches(order(waiting).toLocalIterator(), self.settings.batch_rows):
                fault = self._batch(dispatch)
                if fault:
                    break
            self._acknowledge()
        if fault:
            acks, why = run.store.read(tables.ACK), fault.reason
            rest = parked(waiting, acks, self.destination, reason=why, as_of=run.as_of, run_id=run.run_id)
            self._count("parked", run.store.merge(tables.ACK, rest).total)
        found = [f"{n:,} {what}" for what, n in self.counts.items()] or ["nothing waits"]
        self.step.results += [f"events: {', '.join(found)}"] if events else found
        return fault

    def _batch(self, dispatch: Dispatch) -> NotTaken | None:
        """Try a dispatch until it is applied, with a pause that doubles after each failure; returns the last fault."""
        began = monotonic()
        for tries in range(1, self.settings.attempts + 1):
            try:
                answers = self.receiver.send(dispatch)
            except NotTaken as fault:
                if fault.lasting or tries == self.settings.attempts:
                    self._note(dispatch, {}, Answer("parked", fault.reason), tries)
                    return fault
                self._wait(fault, tries)
            else:
                self._note(dispatch, answers, DELIVERED, tries)
                break
        if self.settings.rows_per_second:
            sleep(max(0.0, len(dispatch.rows) / self.settings.rows_per_second - (monotonic() - began)))
        return None

    def _wait(self, fault: NotTaken, tries: int) -> None:
        pause = self.settings.backoff_s * 2 ** (tries - 1)
        attempt = f"attempt {tries + 1} of {self.settings.attempts} in {pause:g} s"
        self.run.say(f"{f'deliver {self.destination.name}':<28} {fault.cause}; {attempt}")
        sleep(pause)

    def _note(self, dispatch: Dispatch, answers: Mapping[str, Answer], otherwise: Answer, tries: int) -> None:
        for row in dispatch.rows:
            key, name, run = row["idempotency_key"], self.destination.name, self.run
            status, reason = answers.get(key, otherwise)
            self.lot.append((name, key, status, row["tried"] + tries, reason, run.as_of, run.run_id))
            what = reason or status if status == "delivered" else status
            # A rejected removal leaves a person at the destination who should be gone, so it is counted apart.
            self._count("removals rejected" if (what, row["operation"]) == ("rejected", "remove") else what, 1)
        if len(self.lot) >= LOT_ROWS:
            self._acknowledge()

    def _count(self, what: str, number: int) -> None:
        if number:
            self.counts[what] = self.counts.get(what, 0) + number

    def _acknowledge(self) -> None:
        if self.lot:
            self.run.store.merge_rows(tables.ACK, self.lot)
            self.lot = []
