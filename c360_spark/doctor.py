"""Checks whether this machine is ready, in under a second, without Spark and without any other package.

`c360 doctor` prints all checks; `make setup` checks Python and Java before the long install.
"""

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from c360_spark import jars
from c360_spark.errors import C360Error, SetupError

Installed = Callable[[str], str | None]

GRAPHFRAMES = "0.12.3"
PYTHON = (3, 11)
MEMORY_GB = 4  # a demo run needs about half of it
DISK_GB = 3  # the environment and a demo lake


@dataclass(frozen=True)
class Check:
    """The result of one check. Not `ok` means that runs would fail; `ok` with a `mend` is only a remark."""

    name: str
    ok: bool
    found: str
    wanted: str
    mend: str = ""


@dataclass(frozen=True)
class Lane:
    """Versions tested together: a Spark version, the Delta version made for it, and the Java versions it runs on."""

    pyspark: str
    delta: str
    java: tuple[int, ...]


LANES = {"3.5": Lane("3.5.7", "3.3", (17,)), "4.2": Lane("4.2.0", "4.4", (17, 21))}


def checks() -> list[Check]:
    """All checks, in the order in which one would fix them."""
    return [
        *machine_checks(),
        *package_checks(installed_version),
        jars_check(jars.default_folder(), installed_version("pyspark")),
        *room_checks(jars.default_folder().parent),
        key_check(),
    ]


def machine_checks() -> list[Check]:
    """Checks of Python and Java, which `make setup` cannot install."""
    return [python_check(sys.version_info[:3]), java_check(lane_of(installed_version("pyspark")))]


def python_check(version: tuple[int, ...]) -> Check:
    """Checks the Python version; versions newer than that of CI are allowed, with a remark."""
    found, wanted = ".".join(map(str, version)), ".".join(map(str, PYTHON))
    if version[:2] < PYTHON:
        return Check("Python", False, found, wanted, f"install it, then `make setup PYTHON=python{wanted}`")
    return Check("Python", True, found, wanted, "" if version[:2] == PYTHON else f"CI runs on {wanted} only")


def java_check(lane: Lane) -> Check:
    """Checks the version of the Java that Spark would start."""
    command, wanted = jars.java_command(), " or ".join(map(str, lane.java))
    mend = f"install it (Debian: apt-get install openjdk-{lane.java[0]}-jre-headless), or set JAVA_HOME to one"
    if command is None:
        home = os.environ.get("JAVA_HOME")
        return Check("Java", False, f"no bin/java in JAVA_HOME={home}" if home else "no java on PATH", wanted, mend)
    version = java_version(command)
    fits = java_major(version) in lane.java
    return Check("Java", fits, version or f"{command} tells no version", wanted, "" if fits else mend)


def java_problem() -> str | None:
    """The problem of this machine's Java with the installed Spark; None if there is none."""
    check = java_check(lane_of(installed_version("pyspark")))
    return None if check.ok else f"found {check.found}, wanted {check.wanted}"


def java_version(command: str) -> str:
    """The quoted version in the output of `java -version`; empty if there is none."""
    try:
        done = subprocess.run([command, "-version"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    said = re.search(r'version "([^"]+)"', done.stderr + done.stdout)
    return said.group(1) if said else ""


def java_major(version: str) -> int | None:
    """The major version of Java: 17 for 17.0.15, and 8 for 1.8.0_292, the scheme up to Java 8."""
    numbers = [int(number) for number in re.findall(r"\d+", version)[:2]]
    return numbers[-1] if numbers[:1] == [1] else next(iter(numbers), None)


def lane_of(pyspark: str | None) -> Lane:
    """The lane of a pyspark version; the primary lane if pyspark is missing or its version unknown."""
    return LANES.get(_minor(pyspark or ""), LANES[jars.SPARK])


def installed_version(package: str) -> str | None:
    """The version of an installed distribution, without importing it; None if it is missing."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def package_checks(installed: Installed) -> list[Check]:
    """Checks of packages whose versions must fit each other; `installed` has the contract of `installed_version`."""
    lane = lane_of(installed("pyspark"))
    wanted: list[tuple[str, str, Callable[[str], bool]]] = [
        ("pyspark", " or ".join(lane.pyspark for lane in LANES.values()), lambda version: _minor(version) in LANES),
        ("delta-spark", f"{lane.delta}.*, made for this Spark", lambda version: _minor(version) == lane.delta),
        ("graphframes-py", GRAPHFRAMES, lambda version: version == GRAPHFRAMES),
        ("typing_extensions", "any", bool),  # an undeclared dependency of graphframes-py
        ("pandas", "below 3", lambda version: int(version.split(".")[0]) < 3),
        ("pyarrow", "any", bool),
    ]
    return [_package_check(name, installed(name), text, fits, lane) for name, text, fits in wanted]


def _package_check(name: str, version: str | None, wanted: str, fits: Callable[[str], bool], lane: Lane) -> Check:
    if version is None or not fits(version):
        return Check(name, False, version or "not installed", wanted, "run `make setup`")
    untried = name == "pyspark" and version != lane.pyspark
    return Check(name, True, version, wanted, f"{lane.pyspark} is the one tried in CI" if untried else "")


def jars_check(folder: Path, pyspark: str | None) -> Check:
    """Checks that every jar matches its checksum and is built for the installed Spark."""
    wanted = f"{len(jars.expected(folder))} verified for Spark {jars.SPARK}"
    if pyspark is not None and _minor(pyspark) != jars.SPARK:
        return Check("jars", False, f"made for Spark {jars.SPARK}, pyspark is {pyspark}", wanted, "run `make setup`")
    wrong = jars.problems(folder)
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        return Check("jars", False, wrong[0] + more, wanted, "run `make jars`")
    return Check("jars", True, f"{len(jars.expected(folder))} in {folder}", wanted)


def room_checks(folder: Path) -> list[Check]:
    """Checks free memory and disk; gives remarks only, because small data needs little of either."""
    disk = shutil.disk_usage(folder if folder.exists() else Path.cwd()).free / 1e9
    remark = "" if disk >= DISK_GB else "free some disk before a large run"
    found = [Check("free disk", True, f"{disk:.0f} GB", f"{DISK_GB} GB", remark)]
    memory = _available_gb()
    if memory is not None:
        remark = "" if memory >= MEMORY_GB else "close something, or expect a slow run"
        found.insert(0, Check("free memory", True, f"{memory:.1f} GB", f"{MEMORY_GB} GB", remark))
    return found


def key_check() -> Check:
    """Reports whether the secret for identifiers is set, which is never a failure; its value is never shown."""
    found = "set" if os.environ.get("C360_IDENTITY_KEY") else "not set (the dev environment has its own)"
    return Check("C360_IDENTITY_KEY", True, found, "set, outside dev")


def _available_gb() -> float | None:
    """The available memory on Linux; None on other systems, where free memory is defined differently."""
    meminfo = Path("/proc/meminfo")
    said = re.search(r"MemAvailable:\s+(\d+) kB", meminfo.read_text()) if meminfo.exists() else None
    return int(said.group(1)) / 1e6 if said else None


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def render(found: Sequence[Check]) -> str:
    """The checks as aligned text, one line each; a remedy follows on its own line."""
    name = max((len(check.name) for check in found), default=0)
    text = min(max((len(check.found) for check in found), default=0), 44)  # a long path shifts only its own line
    lines = []
    for check in found:
        mark = "FAIL" if not check.ok else "note" if check.mend else "ok"
        lines.append(f"{mark:<4}  {check.name:<{name}}  {check.found:<{text}}  wanted: {check.wanted}")
        if check.mend:
            lines.append(f"{'':<{name + 8}}→ {check.mend}")
    return "\n".join(lines)


def require_machine() -> None:
    """Raises SetupError C101 if Java is missing or unsuitable, C102 if Python is too old."""
    for check in machine_checks():
        if not check.ok:
            code = "C101" if check.name == "Java" else "C102"
            raise SetupError(code, f"{check.name}: found {check.found}, wanted {check.wanted}", hint=check.mend)


def main(arguments: Sequence[str] = ()) -> int:
    """Prints all checks; with --machine checks only Python and Java, and prints nothing if they fit.

    Returns exit code 10 if a check fails.
    """
    if "--machine" in arguments:
        try:
            require_machine()
        except C360Error as error:
            print(error, file=sys.stderr)
            return error.exit_code
        return 0
    found = checks()
    print(render(found))
    return 0 if all(check.ok for check in found) else SetupError.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
