"""Checks that every change of a contract has the semantic version that it requires."""

from collections.abc import Iterator
from dataclasses import dataclass

from c360_spark.config import Contract, Field
from c360_spark.config.check.lifecycle import previous_major
from c360_spark.config.contract.contract import Versions
from c360_spark.config.contract.upcast import Convert, Default, Step, makes, reads
from c360_spark.contracts.gate.contract_differences import state_differences, version_differences
from c360_spark.contracts.gate.difference import Bump, Difference


@dataclass(frozen=True)
class Comparison:
    """The comparison of two contracts of a dataset. `new` is None if the file was removed.

    `problems` is empty if the version fits the changes.
    """

    old: Contract
    new: Contract | None
    differences: tuple[Difference, ...]
    problems: tuple[str, ...]

    @property
    def in_place(self) -> bool:
        """Whether it compares one version in two trees, rather than two versions in one tree."""
        return self.new is None or self.new.version == self.old.version

    @property
    def needed(self) -> Bump:
        return max((difference.bump for difference in self.differences), default=Bump.NONE)

    @property
    def given(self) -> Bump:
        if self.new is None or self.in_place:
            return Bump.NONE
        return Bump(3 - next(i for i in range(3) if self.new.number[i] != self.old.number[i]))


def between_versions(versions: Versions) -> Iterator[Comparison]:
    """Compares every version with the newest released version before it."""
    for all_of in versions.values():
        for new in all_of:
            earlier = [other for other in all_of if other.released and other.number < new.number]
            if earlier:
                old = earlier[-1]
                compared = Comparison(old, new, tuple(version_differences(old, new)), ())
                lifted_from = previous_major(new, all_of)
                problems = [*_bump(compared), *(_path(lifted_from, new) if lifted_from else [])]
                yield Comparison(old, new, compared.differences, tuple(problems))


def between_trees(old: Versions, new: Versions) -> Iterator[Comparison]:
    """Compares every version of the old tree with the same version in the new tree."""
    for name, all_of in old.items():
        now = {contract.version: contract for contract in new.get(name, ())}
        for before in all_of:
            after = now.get(before.version)
            if after is not None:
                found = tuple(_in_place(before, after))
                changed = Comparison(before, after, found, ())
                yield Comparison(before, after, found, tuple(_kept(changed)))
            elif before.released:
                problem = "it was released and is gone: bring the file back, and retire it instead"
                yield Comparison(before, None, (), (problem,))


def _in_place(old: Contract, new: Contract) -> list[Difference]:
    """Differences of one version between two trees. A draft may change freely; only its status changes are checked."""
    found = state_differences(old, new)
    return found if old.released else [each for each in found if each.kind.startswith("status.")]


def _bump(compared: Comparison) -> Iterator[str]:
    if compared.new is not None and compared.given < compared.needed:
        wanted = _next(compared.old, compared.needed)
        yield f"{wanted} or above is needed, for the change is {compared.needed.word}"


def _kept(changed: Comparison) -> Iterator[str]:
    moved = {"status.backward", "status.skipped", "end.earlier"} & {each.kind for each in changed.differences}
    for kind in sorted(moved):
        yield f"{kind}: what was said about the life of a version holds"
    promised = [each for each in changed.differences if each.kind not in moved and each.bump > Bump.NONE]
    if promised:
        wanted = _next(changed.old, max(each.bump for each in promised))
        yield f"a released version never changes: put it back, and the change into {wanted} or above"


def _next(contract: Contract, bump: Bump) -> str:
    kept = 3 - bump
    return ".".join(map(str, [*contract.number[:kept], contract.number[kept] + 1, 0, 0][:3]))


def _path(old: Contract, new: Contract) -> Iterator[str]:
    """Reports required properties of `new` that the up-casts from `old` do not provide."""
    lacking = _lacking(old.fields, new.fields, new.upcasts)
    if new.lines:
        before = old.lines.fields if old.lines and old.lines.path == new.lines.path else None
        within = ".".join(new.lines.path)
        lacking += [f"{within}[].{name}" for name in _lacking(before, new.lines.fields, ())] if before else []
    if lacking and new.settings.no_upcast is None:
        yield (
            f"no up-cast gives {', '.join(lacking)} to a record of {old.version}: "
            "add one to upcasts, or say in noUpcast why it cannot be"
        )


def _lacking(old: tuple[Field, ...], new: tuple[Field, ...], steps: tuple[Step, ...]) -> list[str]:
    """Required properties that a record may lack after the up-cast."""
    sure = {field.name: field.is_required for field in old}
    for step in steps:
        if isinstance(step, Convert):
            continue
        found = isinstance(step, Default) or sure.pop(reads(step) or "", False)
        sure |= {target: found or sure.get(target, False) for target in makes(step)}
    return [field.name for field in new if field.is_required and not sure.get(field.name, False)]
