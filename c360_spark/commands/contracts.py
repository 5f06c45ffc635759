"""`c360 contracts`: the version gate for the contracts of conf/, also against another tree; and their owners."""

import io
import subprocess
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

from c360_spark.config import load
from c360_spark.config.contract.contract import Versions
from c360_spark.config.contract.load import CONTRACTS, load_contracts
from c360_spark.config.yaml.document import Problem, Problems
from c360_spark.contracts.gate.gate_report import Figures, as_text, figures
from c360_spark.contracts.gate.version_gate import between_trees, between_versions
from c360_spark.contracts.owners import owners
from c360_spark.errors import InputError, SetupError


def check(config: str, env: str, *, against: str | None = None) -> tuple[Figures, str]:
    """Run the version gate; returns its findings as figures and as text. `against` is a conf/ folder or a git commit.

    Raises ConfigError C201 for contracts that cannot be read, in either tree, InputError C303 when `against` is
    neither a folder nor a commit, SetupError C102 when git is needed and missing.
    """
    folder = Path(config)
    conf = load(folder, env)
    compared = list(between_versions(conf.versions))
    if against is not None:
        compared += between_trees(_other(folder, against), conf.versions)
    found = figures(conf, compared)
    return found, as_text(found, sum(map(len, conf.versions.values())))


def owner_lines(config: str, env: str) -> str:
    """The CODEOWNERS text of conf/."""
    folder = Path(config)
    if folder.is_absolute() and folder.is_relative_to(Path.cwd()):
        folder = folder.relative_to(Path.cwd())
    return owners(load(Path(config), env).contracts.values(), folder=folder.as_posix().strip("/"))


def _other(folder: Path, against: str) -> Versions:
    """The contracts of the other tree that differ from those in `folder`, or are missing there."""
    if against and Path(against).is_dir():
        return _changed(folder, Path(against), against)
    with TemporaryDirectory() as scratch:
        _from_git(folder, against, Path(scratch))
        return _changed(folder, Path(scratch), f"{against}:{folder}")


def _changed(folder: Path, other: Path, label: str) -> Versions:
    """The contracts below `other` whose files differ from those in `folder`; identical files are not parsed again."""
    below = other / "contracts"
    if not below.is_dir():
        raise InputError("C303", f"{label} has no folder contracts", hint="give another conf/ folder, or a git commit")
    differing = {
        path
        for path in below.glob(CONTRACTS)
        if path.is_file() and not _equal(path, folder / "contracts" / path.relative_to(below))
    }
    problems = Problems()
    versions = load_contracts(below, problems, only=differing, drafts=Problems())
    named = [(Path(label) / each.path.relative_to(other), each) for each in problems.found]
    Problems([Problem(path, each.line, each.column, each.message) for path, each in named]).raise_any()
    return versions


def _equal(one: Path, other: Path) -> bool:
    return other.is_file() and one.read_bytes() == other.read_bytes()


def _from_git(folder: Path, ref: str, scratch: Path) -> None:
    """Write the contracts of a commit below `scratch`; none if the commit has no contracts."""
    (scratch / "contracts").mkdir()
    found = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    if found.returncode:
        hint = "give another conf/ folder, or a git commit such as origin/main"
        raise InputError("C303", f"'{ref}' is no folder, and no commit of the repository of {folder}", hint=hint)
    commit = found.stdout.decode().strip()
    if _git(folder, "cat-file", "-e", f"{commit}:./contracts").returncode:
        return
    archive = _git(folder, "archive", "--format=tar", commit, "contracts")
    if archive.returncode:
        raise InputError("C303", f"git cannot give {ref}: {archive.stderr.decode(errors='replace').strip()}")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
        for member in tar:
            name, content = Path(member.name), tar.extractfile(member) if member.isfile() else None
            if content is not None and name.match(f"contracts/{CONTRACTS}") and ".." not in name.parts:
                (scratch / name).parent.mkdir(parents=True, exist_ok=True)
                (scratch / name).write_bytes(content.read())


def _git(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
    try:
        return subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, check=False, timeout=120)
    except FileNotFoundError:
        raise SetupError("C102", "git is not installed", hint="install git, or compare with a folder") from None
