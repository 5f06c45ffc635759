"""A standalone Spark cluster of one master and one worker, whose executors have everything but this project."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pyspark

SPARK = Path(pyspark.__file__).parent


class SparkCluster:
    """Started in `folder`. `python` is that of the executors."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.processes = folder, list[subprocess.Popen[bytes]]()
        self.url = f"spark://127.0.0.1:{_free_port()}"
        self.python = _environment(folder / "environment")

    def start(self) -> None:
        port, web = self.url.rpartition(":")[2], ["--webui-port", "0"]
        deploy = "org.apache.spark.deploy"
        self._run(f"{deploy}.master.Master", "--host", "127.0.0.1", "--port", port, *web)
        _await(lambda: _listens(int(port)))
        work = ["--work-dir", str(self.folder / "work"), "--cores", "2", "--memory", "3g"]
        self._run(f"{deploy}.worker.Worker", "--host", "127.0.0.1", *web, *work, self.url)

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            process.wait(30)

    def submit(self, job: str, *arguments: str, conf: dict[str, str], jars: str, project: Path) -> str:
        """What spark-submit said, of a job that has to succeed."""
        settings = conf | {
            "spark.pyspark.driver.python": sys.executable,
            "spark.pyspark.python": str(self.python),
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.executor.memory": "1g",
        }
        command = [str(SPARK / "bin" / "spark-submit"), "--master", self.url, "--driver-memory", "1g", "--jars", jars]
        command += [part for name, value in settings.items() for part in ("--conf", f"{name}={value}")]
        command += ["--py-files", str(project), job, *arguments]
        env = {**self._env(), "TZ": "America/New_York"}  # where the machine stands never matters
        done = subprocess.run(
            command, cwd=self.folder, env=env, capture_output=True, text=True, timeout=900, check=False
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        return done.stdout + done.stderr

    def _run(self, name: str, *arguments: str) -> None:
        command = [str(SPARK / "bin" / "spark-class"), name, *arguments]
        with (self.folder / f"{name.rpartition('.')[2]}.log").open("wb") as log:
            self.processes.append(
                subprocess.Popen(command, env=self._env(), stdout=log, stderr=subprocess.STDOUT, cwd=self.folder)
            )

    def _env(self) -> dict[str, str]:
        found = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        return found | {"SPARK_LOCAL_IP": "127.0.0.1", "SPARK_HOME": str(SPARK), "SPARK_NO_DAEMONIZE": "1"}


def _environment(folder: Path) -> Path:
    """A virtual environment that sees the packages of this one, but not the project, which is installed by a finder."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    site = next((folder / "lib").glob("python*")) / "site-packages"
    own = next(path for path in map(Path, sys.path) if path.name == "site-packages")
    (site / "packages.pth").write_text(f"{own}\n", encoding="utf-8")
    python = folder / "bin" / "python"
    without = subprocess.run([str(python), "-c", "import c360_spark"], cwd="/", capture_output=True, check=False)
    assert b"No module named 'c360_spark'" in without.stderr
    return python


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _await(done: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "the master did not start"
        time.sleep(0.2)
