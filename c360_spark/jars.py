"""The jars of a local Spark session: pinned by checksum, fetched once into one folder, verified at each use.

Clusters take the same coordinates from their own repository: docs/decisions/0001-jars.md. `make jars` runs this file.
It needs only the standard library, Java, and the Ivy bundled with pyspark; Ivy's settings name the repositories.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from c360_spark.errors import C360Error, SetupError

SPARK = "3.5"  # the Spark that these jars are built for, with Scala 2.12
SECONDS = 900  # timeout of a download client


@dataclass(frozen=True)
class Pin:
    """One pinned jar. `coordinate` is group:name:version, or empty for the jar that we pack ourselves."""

    file: str
    sha256: str
    coordinate: str = ""


def _pins(table: str) -> tuple[Pin, ...]:
    words = table.split()
    return tuple(
        Pin("-".join(coordinate.split(":")[1:]) + ".jar", sha256, coordinate)
        for coordinate, sha256 in zip(words[::2], words[1::2], strict=True)
    )


# All jars that pyspark does not include. Each is fetched without its dependencies, so this list fully determines the
# classpath: no pom can add to it.
JARS = _pins("""
io.delta:delta-spark_2.12:3.3.3 4912bf902a1c453aba3bd838ff212dedd357155212f9bb37a6b47d97f2827ebc
io.delta:delta-storage:3.3.3 45ad193053fd30cebe6d9ab1889873cde39b223a0f210e00ebee8b6642476901
org.apache.spark:spark-sql-kafka-0-10_2.12:3.5.7 184f8bd4a3cd22299c49090d88b894f81fd7546b4ee64879519a0d76a685dbb8
org.apache.spark:spark-token-provider-kafka-0-10_2.12:3.5.7
    9701914db5c6d09628b58d2d2c1ccd2c9ea28f32f83dd6cb21f98b8237531ff4
org.apache.kafka:kafka-clients:3.4.1 9d0a9058c8ede79db6e54ae378ed16fe8d1bead2894635a4aa6aa0b7981668c6
org.apache.commons:commons-pool2:2.11.1 ea0505ee7515e58b1ac0e686e4d1a5d9f7d808e251a61bc371aa0595b9963f83
org.postgresql:postgresql:42.7.14 73914527305a40cce504b0d3d90b23caf565136912d607ae8ae7c5895512332c
""")

# GraphFrames is fetched in one of two ways. Some repositories do not carry its group; then the same Apache-2.0 classes
# are extracted from a wheel that ships them. Both checksums of the first way are published by others (see the decision
# record): if they do not match, the second way is used, so that a wrong pin never lets a wrong jar in.
GRAPHFRAMES = _pins("""
io.graphframes:graphframes-spark3_2.12:0.12.3 69d7909628caf42bcbe1c7e6e5a5a0901040d00583738d931af41bd72af1d3dc
io.graphframes:graphframes-graphx-spark3_2.12:0.12.3 8bbd2bbb4c7a3b137e51b4f32f49a30a2ccf70eeb07b452cffa20090dd481b96
""")
REPACKED = Pin("graphframes.jar", "2b9a3db1855d2edb0c61ccedf122599830c6cfe784b7a51c65d161227b6f1d6b")
WHEEL = "zingg==0.7.0 --hash=sha256:b4dc8de4a954262f181b4209e07925e5212cdd12dd7614f2e0e5b7c3e1638e07"
WHEEL_JAR = "zingg/jars/zingg-0.7.0.jar"
REPACKED_FOLDERS = ("org/graphframes/", "org/apache/spark/graphframes/", "org/apache/spark/sql/graphframes/")
LICENCE = "META-INF/LICENSE"  # the Apache-2.0 text, included in the jar of the wheel
NOTICE = """GraphFrames, licensed under the Apache License 2.0 (META-INF/LICENSE).
Its classes were copied unchanged out of zingg-0.7.0.jar; nothing else of that jar is in this file.
"""


def default_folder() -> Path:
    """The folder of the jars: the environment variable C360_JARS, else `.jars` beside the package of a checkout."""
    named = os.environ.get("C360_JARS")
    return Path(named) if named else Path(__file__).resolve().parent.parent / ".jars"


def expected(folder: Path) -> tuple[Pin, ...]:
    """The jars of a session's classpath: GraphFrames by coordinate if both of its jars are present, else repacked."""
    by_coordinate = all((folder / pin.file).exists() for pin in GRAPHFRAMES)
    return (*JARS, *(GRAPHFRAMES if by_coordinate else (REPACKED,)))


def problems(folder: Path, pins: Sequence[Pin] | None = None) -> list[str]:
    """One line for each jar that is missing or does not match its checksum; empty if all are valid.

    Hashes every file: 17 MB take about 30 ms, so there is no need to rely on timestamps.
    """
    lines = []
    for pin in expected(folder) if pins is None else pins:
        path = folder / pin.file
        if not path.is_file():
            lines.append(f"{path} is missing")
        elif (actual := _sha256(path)) != pin.sha256:
            lines.append(f"{path} is damaged: sha256 {actual[:12]}…, pinned {pin.sha256[:12]}…")
    return lines


def jar_paths(folder: Path | None = None) -> list[Path]:
    """The verified absolute paths for the class path. Raises SetupError C103, naming each missing or damaged jar."""
    folder = (folder or default_folder()).resolve()
    wrong = problems(folder)
    if wrong:
        raise SetupError("C103", "; ".join(wrong), hint="run `make jars`")
    return [folder / pin.file for pin in expected(folder)]


def class_archive(folder: Path, java_version: str) -> Path:
    """Where the archive of the classes of this Java, these jars and this pyspark is, or would be."""
    spec = importlib.util.find_spec("pyspark")
    parts = [str(spec and spec.origin), *(f"{pin.file} {pin.sha256}" for pin in expected(folder))]
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return folder.resolve() / f"classes-{java_version}-{digest[:12]}.jsa"


def fetch(folder: Path) -> None:
    """Fetches missing and damaged jars, with one line of progress each; leaves valid jars alone. Idempotent.

    A jar gets its final name only after its checksum is verified, so a killed run leaves no file that the next run
    would trust. Raises SetupError: C101 without Java, C102 without pyspark, C103 for a wrong checksum, C104 when a jar
    cannot be fetched.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(folder)
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder) as name:
        scratch = Path(name)
        for pin in JARS:
            _bring(pin, folder, scratch, _from_coordinate)
        if problems(folder, GRAPHFRAMES) and problems(folder, (REPACKED,)):
            _bring_graphframes(folder, scratch)


def repack(source: Path, target: Path) -> None:
    """Copies the GraphFrames classes of `source` into `target`. Reproducible: equal input gives equal bytes anywhere.

    Entries are stored uncompressed, because different builds of zlib compress differently.
    """
    with ZipFile(source) as jar, ZipFile(target, "w", ZIP_STORED) as packed:
        texts = {"META-INF/MANIFEST.MF": b"Manifest-Version: 1.0\r\n\r\n", LICENCE: jar.read(LICENCE)}
        texts["META-INF/NOTICE"] = NOTICE.encode()
        names = {name for name in jar.namelist() if name.startswith(REPACKED_FOLDERS) and not name.endswith("/")}
        for name in (*texts, *sorted(names)):
            entry = ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o644 << 16  # else they depend on the operating system
            packed.writestr(entry, texts[name] if name in texts else jar.read(name))


def java_command() -> str | None:
    """The Java that Spark would start: from JAVA_HOME if it is set, else from PATH; None if there is none."""
    home = os.environ.get("JAVA_HOME")
    return shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")


def _bring(pin: Pin, folder: Path, scratch: Path, get: Callable[[Pin, Path], Path]) -> None:
    """Fetches one jar unless it is present and valid; verifies it, then moves it to its final name atomically."""
    if not problems(folder, (pin,)):
        return
    print(f"  {pin.file} ", end="", flush=True)
    began = time.monotonic()
    path = get(pin, scratch)
    actual = _sha256(path)
    if actual != pin.sha256:
        raise SetupError("C103", f"{pin.file} arrived with sha256 {actual}, pinned is {pin.sha256}")
    megabytes = path.stat().st_size / 1e6
    path.replace(folder / pin.file)
    print(f"{megabytes:.1f} MB in {time.monotonic() - began:.1f} s", flush=True)


def _bring_graphframes(folder: Path, scratch: Path) -> None:
    try:
        for pin in GRAPHFRAMES:
            _bring(pin, folder, scratch, _from_coordinate)
    except SetupError as refused:
        print(f"cannot be had by coordinate ({refused.code}): taking the classes out of a wheel", flush=True)
        _bring(REPACKED, folder, scratch, _from_wheel)


def _from_coordinate(pin: Pin, scratch: Path) -> Path:
    java = java_command()
    if java is None:
        raise SetupError("C101", "the jars are fetched with Java", hint="install Java 17, or set JAVA_HOME to one")
    command = [java, "-jar", str(_ivy()), "-warn", "-notransitive", "-types", "jar"]
    settings = os.environ.get("C360_IVY_SETTINGS")  # describes a company's own mirror
    command += ["-settings", settings] if settings else []
    # A private, temporary cache: half-written files in a shared cache cannot interfere.
    command += ["-cache", str(scratch / "cache"), "-retrieve", str(scratch / "[artifact]-[revision].[ext]")]
    _run([*command, "-dependency", *pin.coordinate.split(":")], f"{pin.coordinate} cannot be fetched")
    return scratch / pin.file


def _ivy() -> Path:
    """The Ivy jar inside pyspark. find_spec avoids importing pyspark, which would cost a second."""
    spec = importlib.util.find_spec("pyspark")
    found = sorted(Path(spec.origin).parent.glob("jars/ivy-*.jar")) if spec and spec.origin else []
    if not found:
        raise SetupError("C102", "pyspark, whose Ivy fetches the jars, is not installed", hint="run `make setup`")
    return found[-1]


def _from_wheel(pin: Pin, scratch: Path) -> Path:
    """Extracts GraphFrames from the wheel, which is never installed: its own classes are under the AGPL."""
    (scratch / "wheel.txt").write_text(WHEEL, encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--require-hashes", "--only-binary", ":all:", "--dest", str(scratch), "-r", str(scratch / "wheel.txt")]
    _run(command, f"{WHEEL.split()[0]}, which carries GraphFrames, cannot be fetched")
    with ZipFile(next(scratch.glob("*.whl"))) as wheel:
        repack(Path(wheel.extract(WHEEL_JAR, scratch)), scratch / pin.file)
    return scratch / pin.file


def _run(command: list[str], failed: str) -> None:
    """Runs a download client; on failure raises SetupError C104 with the last lines of its output."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired as silent:
        raise SetupError("C104", f"{failed}: no answer in {SECONDS} s", hint="run `make jars` again") from silent
    if done.returncode != 0:
        said = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip(" .:\t")]
        cause = "\n    ".join([failed, *said[-6:]])
        raise SetupError("C104", cause, hint="check the network, then run `make jars` again")


def _remove_leftovers(folder: Path) -> None:
    """Removes temporary folders of killed runs, if older than an hour, so that a concurrent run keeps its own."""
    for left in folder.glob(".fetch-*"):
        if time.time() - left.stat().st_mtime > 3600:
            shutil.rmtree(left, ignore_errors=True)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> int:
    """Fetches into the default folder; returns 0 if every jar is verified, else the exit code of the error."""
    folder = default_folder()
    try:
        fetch(folder)
        paths = jar_paths(folder)
    except C360Error as error:
        print(f"\n{error}", file=sys.stderr)
        return error.exit_code
    print(f"{len(paths)} jars verified in {folder}, {sum(path.stat().st_size for path in paths) / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
