"""A PostgreSQL server of the tests' own: a new cluster in a temporary folder, reached by a Unix socket only."""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from pg8000.native import Connection

PORT = 54329  # names the socket; nothing listens to the network
PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))


def installed() -> Path | None:
    """The folder of the newest PostgreSQL's programs."""
    found = shutil.which("initdb")
    return Path(found).parent if found else next(iter(reversed(PROGRAMS)), None)


class Server:
    """A cluster that is started, stopped and asked."""

    def __init__(self, programs: Path) -> None:
        self.programs = programs
        # Not below pytest's folder: only its owner may enter that, and PostgreSQL does not run as root.
        self.folder = Path(tempfile.mkdtemp(prefix="c360-postgres-"))
        self.as_other = []
        if os.geteuid() == 0:
            self.as_other = ["runuser", "-u", "postgres", "--"]
            os.chown(self.folder, pwd.getpwnam("postgres").pw_uid, -1)
        self._call("initdb", "-U", "tests", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C")

    @property
    def dsn(self) -> str:
        return f"postgresql://tests@:{PORT}/postgres?host={self.folder}"

    def start(self) -> None:
        options = f"-k {self.folder} -p {PORT} -c listen_addresses='' -c fsync=off"
        self._call("pg_ctl", "start", "-w", "-l", str(self.folder / "log"), "-o", options)

    def stop(self) -> None:
        """As a crash would: no connection is waited for."""
        self._call("pg_ctl", "stop", "-w", "-m", "immediate")

    def remove(self) -> None:
        shutil.rmtree(self.folder)

    def ask(self, text: str, **given: Any) -> list[list[Any]]:
        with Connection("tests", unix_sock=f"{self.folder}/.s.PGSQL.{PORT}", database="postgres") as connection:
            found = connection.run(text, **given)
        return found or []

    def _call(self, program: str, *arguments: str) -> None:
        data = ["-D", str(self.folder / "data")]
        command = [*self.as_other, str(self.programs / program), *data, *arguments]
        done = subprocess.run(
            command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        assert done.returncode == 0, done.stdout
