"""Remembers what py4j found under a name of the JVM.

py4j 0.10.9.7, which Spark 3.5 pins, asks the JVM for every name again, and `functions` alone costs a search of all jars
for each package that may hold it: tens of thousands of times a run, a quarter of its time. Later versions of py4j
remember by themselves (py4j/py4j#596).
"""

from collections.abc import Callable
from typing import Any

from py4j.java_gateway import JavaClass, JavaMember, JavaPackage, JVMView

KEPT = (JavaPackage, JavaClass, JavaMember)  # what a name means for as long as the JVM lives; values may change


def remember_names() -> None:
    """Make packages, classes and static methods found once be found in Python from then on. Idempotent."""
    for owner in (JVMView, JavaPackage, JavaClass):
        if not hasattr(owner.__getattr__, "asks"):
            owner.__getattr__ = _remembering(owner.__getattr__)


def _remembering(ask: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    def __getattr__(self: Any, name: str) -> Any:
        answer = ask(self, name)
        if isinstance(answer, KEPT):
            self.__dict__[name] = answer  # Python looks there first
        return answer

    __getattr__.asks = ask  # type: ignore[attr-defined]
    return __getattr__
