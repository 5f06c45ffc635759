"""How many rows of tables a piece of work reads, as Spark counts them for itself."""

import time

from pyspark.sql import SparkSession

OF_TABLES = ("Scan parquet", "Scan DeltaCDFRelation")  # files, and change feeds; not Delta's own log


class Reading:
    """Rows read since it was made."""

    def __init__(self, spark: SparkSession) -> None:
        self.store = spark._jsparkSession.sharedState().statusStore()
        self.first = max((each.executionId() for each in self._executions()), default=-1) + 1

    def rows(self) -> int:
        time.sleep(2)  # what Spark counts comes a moment late
        return sum(self._of(each.executionId()) for each in self._executions() if each.executionId() >= self.first)

    def _executions(self) -> list:
        found = self.store.executionsList()
        return [found.apply(i) for i in range(found.size())]

    def _of(self, execution: int) -> int:
        nodes, values = self.store.planGraph(execution).allNodes(), self.store.executionMetrics(execution)
        rows = 0
        for node in (nodes.apply(i) for i in range(nodes.size())):
            if node.name().startswith(OF_TABLES):
                metrics = [node.metrics().apply(i) for i in range(node.metrics().size())]
                found = [values.get(m.accumulatorId()) for m in metrics if m.name() == "number of output rows"]
                rows += sum(int(value.get().replace(",", "")) for value in found if value.isDefined())
        return rows
