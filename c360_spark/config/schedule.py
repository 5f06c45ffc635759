"""schedule.yml: the dependency graph of the jobs."""

from pydantic import Field, RootModel

from c360_spark.config.yaml.model import Model


class Task(Model):
    """One task: the stage `jobs/<job>.py` runs, after `depends_on`."""

    job: str
    depends_on: tuple[str, ...] = ()
    description: str = Field(min_length=1)


class Schedule(RootModel[dict[str, Task]]):
    """task name → task."""

    def ordered(self) -> list[str]:
        """Task names in topological order; ties keep the order of the file.

        Leaves out tasks of a dependency cycle, tasks that depend on an undeclared task, and tasks that depend on those.
        """
        done: list[str] = []
        waiting = dict(self.root)
        while ready := next((n for n, t in waiting.items() if set(t.depends_on) <= set(done)), None):
            done.append(ready)
            del waiting[ready]
        return done
