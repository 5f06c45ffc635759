"""land: delivered files → bronze, byte for byte, each content once (idempotent).

Every run lists all files of the landing folder and compares them with `ops.landing_file`: a file that is not recorded
there in its present state is read. The hash of its *content* decides whether it was landed before. So no file is
skipped silently: each is landed, or recorded in `ops.landing_file` with the reason why not, and reported.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from c360_spark import remote, tables
from c360_spark.config.contract.sources import Source
from c360_spark.config.platform import is_remote
from c360_spark.errors import InputError
from c360_spark.landing.claim import Dataset, claim
from c360_spark.landing.intake import Missed, Taken, take
from c360_spark.landing.listing import Found, listing, printable
from c360_spark.run.context import Run, in_parallel
from c360_spark.stages.bronze.landed_delivery import Delivery, Sighting, names
from c360_spark.store import Store
from c360_spark.tables import Table

Values = tuple[Any, ...]
Row = dict[str, Any]
TELL = 3  # files named for each status; the others are counted
FINAL = ("landed", "repeat", "empty", "unreadable")  # an unchanged file with such a status is not read again
WORDS = {
    "unclaimed": "belong to no dataset of sources.yml and stay where they are",
    "ignored": "are not taken by the dataset that they lie below",
    "ambiguous": "are taken by two datasets, so by none",
    "refused": "are not read",
    "waiting": "could not be read; the next run tries again",
    "unreadable": "are not of their format, or damaged; deliver them again, whole",
    "empty": "hold no records",
    "held": "are full deliveries that lack too many records; nothing of them is landed",
}


def land(run: Run) -> None:
    """Land every new file below the landing folder, and report the files not landed with the reason.

    Raises InputError C301 when the landing folder is missing, C303 when it contains the lake, C203 for a file to accept
    that does not wait to be landed; IntegrityError C501 when bronze gets another number of records than was counted.
    """
    _require(run)
    known = {row["file_path"]: row for row in run.store.rows(tables.LANDING_FILE, *tables.LANDING_FILE.column_names)}
    with run.step("land") as step:
        sightings, new = _sorted_out(run, listing(run.spark, run.conf.platform.landing), known)
        deliveries = _deliveries(run, new)
        in_parallel([each.read for each in deliveries])
        _require_accepted(run, deliveries)
        for each in deliveries:
            each.hold()
        _note(run, deliveries)
        in_parallel([each.write for each in deliveries])
        sightings += [sighting for each in deliveries for sighting in each.sightings()]
        changed = [each for each in sightings if _is_new(each, known.get(each.found.path))]
        rows = [(*each.row, run.as_of) for each in changed]
        _write(run.store, tables.LANDING_FILE, rows, lambda row: row[0] in known)
        landed = [f"{'.'.join(each.dataset)} {sum(each.counts.values()):,}" for each in deliveries if each.fresh]
        step.results.append(", ".join(landed) or "no new files")
    _tell(run, sightings, changed)


def _require(run: Run) -> None:
    root, lake = run.conf.platform.landing, run.store.lake
    there = remote.exists(run.spark, root) if is_remote(root) else Path(root).is_dir()
    if not there:
        raise InputError("C301", f"no landing folder '{root}'", hint="give it with --landing or in platform.yml")
    if Path(lake).is_relative_to(root):
        raise InputError("C303", f"the lake {lake} lies in the landing folder {root}", hint="give each its own folder")


def _require_accepted(run: Run, deliveries: Sequence[Delivery]) -> None:
    files = [taken for each in deliveries for taken, _ in each.taken]
    for given in run.accept:
        if not any(names(given, taken) for taken in files):
            hint = "c360 files --status held names those that wait"
            raise InputError("C203", f"no file '{given}' waits to be landed", hint=hint)


def _sorted_out(
    run: Run, found: Sequence[Found], known: Mapping[str, Row]
) -> tuple[list[Sighting], dict[Dataset, list[Found]]]:
    """Files that are not read, with the reason, and files to read, by dataset.

    A file with a FINAL status that has not changed is in neither.
    """
    sources = {name: arrival for name, arrival in run.conf.sources.items() if name not in run.conf.routed}
    wanted = run.conf.landed(run.only)
    sightings: list[Sighting] = []
    new: dict[Dataset, list[Found]] = {}
    for each in found:
        taken_by = claim(each.path, sources, drafted=run.conf.drafted)
        if run.only and taken_by.dataset not in wanted:
            continue
        if each.problem:
            sightings.append(Sighting(each, "refused", each.problem))
        elif taken_by.dataset is None:
            sightings.append(Sighting(each, taken_by.status, taken_by.reason))
        elif not _is_done(each, taken_by.dataset, sources[taken_by.dataset], known.get(each.path)):
            new.setdefault(taken_by.dataset, []).append(each)
    return sightings, new


def _is_done(found: Found, dataset: Dataset, arrival: Source, before: Row | None) -> bool:
    if before is None or before["status"] not in FINAL:
        return False
    same = before["signature"] == found.signature
    return same and (before["source"], before["dataset"], before["format"]) == (*dataset, arrival.form)


def _deliveries(run: Run, new: Mapping[Dataset, list[Found]]) -> list[Delivery]:
    """Copy the new files, and look up which of their contents are in ops.delivery."""
    numbers = {found: n for n, found in enumerate(sorted(found for files in new.values() for found in files))}
    deliveries = []
    for dataset, files in new.items():
        folder = run.store.scratch.path("landing", ".".join(dataset))
        copies = take(run.spark, files, folder)
        taken = [(each, numbers[each.found]) for each in copies if isinstance(each, Taken)]
        missed = [each for each in copies if isinstance(each, Missed)]
        deliveries.append(Delivery(run, dataset, run.conf.sources[dataset], folder, taken, missed))
    ids = {each.delivery_id for delivery in deliveries for each, _ in delivery.taken}
    by_dataset = {delivery.dataset: delivery for delivery in deliveries}
    names = ("source", "dataset", "delivery_id", "file_path", "status")
    for row in run.store.rows(tables.DELIVERY, *names) if ids else ():
        delivery = by_dataset.get((row["source"], row["dataset"]))
        if delivery and row["delivery_id"] in ids:
            delivery.on_record[row["delivery_id"], row["file_path"]] = row["status"]
    return deliveries


def _note(run: Run, deliveries: Sequence[Delivery]) -> None:
    """Write the ledger before bronze: whatever bronze holds is in ops.delivery, whenever the run is killed."""
    known = {(*each.dataset, *key) for each in deliveries for key in each.on_record}
    _write(
        run.store, tables.DELIVERY, [row for each in deliveries for row in each.ledger()], lambda row: row[:4] in known
    )


def _write(store: Store, table: Table, rows: Sequence[Values], is_known: Callable[[Values], bool]) -> None:
    """Upsert by key: append rows with new keys, which costs less than a merge; merge the others."""
    for known, write in ((False, store.append_rows), (True, store.merge_rows)):
        some = [row for row in rows if is_known(row) == known]
        if some:
            write(table, some)


def _is_new(sighting: Sighting, before: Row | None) -> bool:
    names = tables.LANDING_FILE.column_names[:-1]
    return before is None or sighting.row != tuple(before[name] for name in names)


def _tell(run: Run, sightings: Sequence[Sighting], changed: Sequence[Sighting]) -> None:
    """Report files that were not landed: new ones by name, those reported before by number."""
    for status, words in WORDS.items():
        files = sorted({(printable(each.found.path), each.reason or "") for each in changed if each.status == status})
        if files:
            names = [f"{path} ({reason})" if reason else path for path, reason in files[:TELL]]
            more = f" and {len(files) - TELL:,} more" if len(files) > TELL else ""
            run.say(f"land: {len(files):,} files {words}: {', '.join(names)}{more}")
    old = Counter(each.status for each in sightings if each.status in WORDS and each not in changed)
    if old:
        told = ", ".join(f"{n:,} {status}" for status, n in sorted(old.items()))
        run.say(f"land: told before and still so: {told} (c360 files names them)")
