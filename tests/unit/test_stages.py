"""What stages declare: the order that follows from it, and that nothing else can be affected."""

import inspect
from fnmatch import fnmatchcase

import pytest

from c360_spark import tables
from c360_spark.config import Conf
from c360_spark.pipeline.chain import _left
from c360_spark.pipeline.stage_graph import edges, stage_graph
from c360_spark.pipeline.stages import STAGES, of_layers
from c360_spark.run.stage import READS, WRITES, Stage, StageStore
from c360_spark.store import Store
from tests.conftest import ROOT

BESIDE = {"ops.watermark", "ops.run"}  # of every stage, of what runs them


class Plain(Store):
    """A store that nothing is asked of."""

    def __init__(self) -> None:
        self.lake, self.catalog, self.candidate, self.is_local = "/lake", None, None, True


def ancestors(conf: Conf, task: str) -> set[str]:
    tasks = conf.schedule.root
    above = {name for name, each in tasks.items() if each.job in {tasks[n].job for n in tasks[task].depends_on}}
    return above.union(*(ancestors(conf, each) for each in above))


def test_whatever_is_declared_is_a_table():
    known = {table.full_name for table in tables.ALL}
    for stage in STAGES.values():
        assert {name for name in (*stage.reads, *stage.writes) if not name.endswith("*")} <= known


def test_every_table_is_written_by_one_stage():
    for table in tables.ALL:
        writers = [
            stage.name for stage in STAGES.values() if any(fnmatchcase(table.full_name, n) for n in stage.writes)
        ]
        if table in (tables.REJECTED, tables.ACK):  # in the layer of outboxes
            assert writers == ["export"] + ["deliver"] * (table is tables.ACK)
        else:
            assert len(writers) == (table.full_name not in BESIDE), table.full_name


def test_a_stage_reads_what_stages_before_it_have_written_and_the_schedule_knows(conf: Conf):
    written: dict[str, str] = {}
    tasks = {each.job: name for name, each in conf.schedule.root.items()}
    for stage in STAGES.values():
        written |= dict.fromkeys(stage.writes, stage.name)
        for name in stage.reads:
            if name not in BESIDE:
                assert name in written, f"{stage.name} reads {name} before it is written"
                assert tasks[written[name]] in ancestors(conf, tasks[stage.name]), f"{stage.name} needs {written[name]}"


def test_layers_are_those_that_are_written():
    assert of_layers("silver") == ["canonicalise"]
    assert of_layers("identity") == ["resolve_identity"]
    assert of_layers("bronze", "export") == ["land", "export", "deliver"]


def test_every_method_of_the_store_that_takes_a_table_is_checked():
    taking = {n for n, m in vars(Store).items() if callable(m) and "table" in inspect.signature(m).parameters}
    assert {name for name in taking if not name.startswith("_")} == {*READS, *WRITES}


def test_a_stage_is_refused_a_table_that_it_does_not_declare():
    stage = Stage("weigh", print, reads=("silver.order", "bronze.*"), writes=("gold.metric",))
    store = StageStore(Plain(), stage)
    assert store.path(tables.ORDER) == "/lake/silver/order"
    assert store.path(tables.bronze("web", "event")) == "/lake/bronze/web_event"
    assert store.path(tables.METRIC) == "/lake/gold/metric"
    with pytest.raises(TypeError, match=r"weigh does not declare that it reads silver\.event"):
        store.read(tables.EVENT)
    with pytest.raises(TypeError, match=r"weigh does not declare that it writes silver\.order"):
        store.append_rows(tables.ORDER, [])
    assert store.lake == "/lake"
    assert stage.may_write(tables.WATERMARK)


def test_the_graph_of_stages_is_not_stale_and_draws_what_does_not_follow_from_two_others():
    written = ROOT / "docs" / "stages.md"
    assert written.read_text(encoding="utf-8") == stage_graph(), "run `make docs`"
    assert ("build_events", "build_metrics") in edges()
    assert ("land", "resolve_identity") not in edges()


def test_the_time_left_is_that_of_the_last_run_and_unknown_where_a_stage_was_never_done():
    seconds = {"land": 50.0, "export": 75.4}
    assert _left(["land", "export"], seconds) == "  (about 2 min 05 s left, by the last run)"
    assert _left(["land", "deliver"], seconds) == ""
