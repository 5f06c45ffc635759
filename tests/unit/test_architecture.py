"""The design as rules: who may import whom, what pure code may not call, how long things may be."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml
from pyspark import SparkContext

from c360_spark.pipeline.stages import STAGES

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "c360_spark"
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}
JOBS = sorted((ROOT / "jobs").glob("*.py"))

BASE = {"errors", "tables", "config"}
PURE = {"silver", "identity", "gold", "export", "contracts", "observe", "synth"}
RUNNING = BASE | PURE | {"columns", "store", "scratch", "remote", "lookup", "landing", "packing", "session"}
MAY_SEE = {
    "errors": set(),
    "tables": {"errors"},
    "config": {"errors", "tables"},
    "columns": BASE,
    "markup": set(),
    **{name: BASE | {"columns", "markup"} for name in PURE},
    "jars": {"errors"},
    "doctor": {"errors", "jars"},
    "jvm_names": set(),
    "session": BASE | {"jars", "doctor", "scratch", "jvm_names"},
    "class_archive": {"config", "jars", "doctor", "session"},
    "differences": {"tables"},
    "store": BASE | {"remote", "scratch", "local_delta", "differences"},
    "local_delta": BASE | {"differences"},
    "scratch": BASE | {"remote"},
    "packing": set(),
    "remote": BASE | {"packing"},
    "landing": BASE | {"columns", "remote", "packing"},
    "faults": {"errors"},
    "lookup": BASE,
    "receivers": BASE | {"export"},
    "run": BASE | {"store", "scratch"},
    "stages": RUNNING | {"run", "receivers"},
    "pipeline": RUNNING | {"run", "stages", "faults"},
    "commands": RUNNING | {"run", "stages", "pipeline"},
    "cli": {"errors", "doctor", "faults", "jars", "config", "store", "observe", "stages", "pipeline", "commands"},
    "__init__": set(),
}
# What a command line may import before a command is called: `c360 --help` answers at once, and without Spark.
AT_ONCE = {"cli", "errors", "doctor", "faults", "jars"}
# Rooms within a room, each of which may see those before it.
ROOMS = {
    "stages": ["bronze", "silver", "identity", "gold", "export"],
    "config": ["yaml", "rules", "contract", "activation", "check"],
    "contracts": ["onboarding", "gate", "catalog"],
}

# Differ from run to run, follow the order rows happen to come in, or leave the engine.
UNREPEATABLE = set(
    "rand randn random uuid monotonically_increasing_id current_timestamp current_date localtimestamp now today utcnow "
    "first last first_value last_value any_value dropDuplicates drop_duplicates".split()
)
ACTIONS = set("collect toPandas toLocalIterator foreach foreachPartition show head isEmpty checkpoint persist".split())
ALLOWED: dict[tuple[str, str], str] = {}  # (file, call): why
# Modules that try to import what only an extra brings, and can be imported without it.
OPTIONAL = {"identity/scoring.py": {"duckdb", "splink"}, "receivers/postgres.py": {"pg8000"}}


@cache
def nodes(tree: ast.AST) -> list[ast.AST]:
    return list(ast.walk(tree))


def imports(tree: ast.AST) -> Iterator[tuple[str, ast.stmt]]:
    """Dotted names of what is imported: `from c360_spark import tables` gives c360_spark.tables."""
    for node in nodes(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            yield from ((f"{node.module}.{alias.name}", node) for alias in node.names)


def part(path: Path) -> str:
    """The package or module directly below c360_spark."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def where(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in nodes(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def documented(tree: ast.AST) -> dict[ast.AST, ast.Constant]:
    """Modules, classes and functions that have a docstring, with it."""
    owners = (node for node in nodes(tree) if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef))
    return {node: node.body[0].value for node in owners if ast.get_docstring(node, clean=False) is not None}


def test_imports_point_in_one_direction():
    wrong = []
    for path, tree in TREES.items():
        for name, node in imports(tree):
            seen = name.split(".")[1] if name.startswith("c360_spark.") else None
            if seen and seen != part(path) and seen not in MAY_SEE[part(path)]:
                wrong.append(f"{where(path, node)}: {part(path)} may not see {seen}")
    assert wrong == []


def test_rooms_see_those_before_them():
    wrong = []
    for path, tree in TREES.items():
        order, room = ROOMS.get(part(path), []), path.parent.name
        for name, node in imports(tree):
            _, seen, *rest = [*name.split("."), "", ""]
            if room in order and seen == part(path) and rest[0] in order and order.index(rest[0]) > order.index(room):
                wrong.append(f"{where(path, node)}: {room} may not see {rest[0]}")
    assert wrong == []


def test_jobs_see_nothing_but_stages():
    seen = {name for path in JOBS for name, _ in imports(ast.parse(path.read_text(encoding="utf-8")))}
    assert seen == {"c360_spark.pipeline.job.main"}


def test_only_the_store_touches_delta():
    assert {part(path) for path, tree in TREES.items() for name, _ in imports(tree) if name.startswith("delta.")} == {
        "store"
    }


def tried(path: Path, tree: ast.Module) -> list[ast.stmt]:
    """Imports of an extra in a `try` at the top."""
    extra = OPTIONAL.get(path.relative_to(PACKAGE).as_posix(), set())
    inside = [node for attempt in tree.body if isinstance(attempt, ast.Try) for node in attempt.body]
    return [node for name, node in imports(tree) if node in inside and name.split(".")[0] in extra]


def test_imports_stand_at_the_top_except_in_commands_and_nothing_is_loaded_by_name():
    wrong = []
    for path, tree in TREES.items():
        top = [*tree.body, *tried(path, tree)]
        if part(path) == "cli":
            top += [node for function in functions(tree) for node in function.body]
        wrong += [where(path, node) for name, node in imports(tree) if node not in top or "TYPE_CHECKING" in name]
        late = {name.id for name in nodes(tree) if isinstance(name, ast.Name)} & {"__import__", "TYPE_CHECKING"}
        late |= {node.attr for node in nodes(tree) if isinstance(node, ast.Attribute)} & {"import_module"}
        wrong += [f"{path.name}: {name}" for name in late]
    assert wrong == []


def test_the_command_line_imports_what_is_heavy_inside_its_commands():
    wrong = []
    for path, tree in TREES.items():
        for name, node in imports(tree) if part(path) == "cli" else ():
            package, seen, *_ = [*name.split("."), ""]
            fit = seen in AT_ONCE if package == "c360_spark" else package in sys.stdlib_module_names | {"typer"}
            wrong += [f"{where(path, node)}: {name}"] if node in tree.body and not fit else []
    assert wrong == []


def test_no_module_is_a_drawer_for_everything():
    drawers = {"utils", "util", "helpers", "helper", "common", "misc"}
    assert not [path for path in TREES if drawers & {path.stem, path.parent.name}]


def test_pure_code_knows_no_session_clock_dice_or_files():
    outside = {"pyspark.sql.SparkSession", "random", "time", "os", "uuid", "pathlib.Path"}
    pure = {path: tree for path, tree in TREES.items() if part(path) in PURE | {"columns"}}
    assert not [where(path, node) for path, tree in pure.items() for name, node in imports(tree) if name in outside]


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Names of methods and functions that are called, save our own: what c360_spark defines may have any name."""
    ours = {
        alias.asname or alias.name
        for node in nodes(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("c360_spark")
        for alias in node.names
    }
    ours |= {function.name for function in functions(tree)}
    for node in nodes(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if not (isinstance(node.func.value, ast.Name) and node.func.value.id in ours):
                yield node.func.attr, node
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id not in ours:
            yield node.func.id, node


def counts_rows(name: str, call: ast.Call) -> bool:
    """`frame.count()` is a job; `frame.groupBy(…).count()` is a plan."""
    of = call.func.value if isinstance(call.func, ast.Attribute) else None
    grouped = isinstance(of, ast.Call) and isinstance(of.func, ast.Attribute) and of.func.attr == "groupBy"
    return name == "count" and not call.args and not grouped


def sql(tree: ast.AST) -> Iterator[tuple[str, ast.Constant]]:
    """Unrepeatable functions called in strings, such as those of F.expr."""
    docstrings = set(documented(tree).values())
    for node in nodes(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docstrings:
            yield from ((name, node) for name in re.findall(r"(\w+) ?\(", node.value) if name.lower() in UNREPEATABLE)


def impure() -> Iterator[tuple[Path, str, ast.AST]]:
    for path, tree in TREES.items():
        if part(path) in PURE | {"columns"}:
            found = [
                (name, node) for name, node in calls(tree) if name in UNREPEATABLE | ACTIONS or counts_rows(name, node)
            ]
            yield from ((path, name, node) for name, node in (*found, *sql(tree)))


def test_pure_code_gives_equal_results_each_time_and_runs_no_job():
    found = [(path.relative_to(PACKAGE).as_posix(), name, where(path, node)) for path, name, node in impure()]
    assert [place for file, name, place in found if (file, name) not in ALLOWED] == []
    assert {(file, name) for file, name, _ in found} >= set(ALLOWED), "an exception that nobody needs any more"


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("from pyspark.sql import functions as F\nF.first('x')", ["first"]),
        ("from pyspark.sql.functions import rand\nrand()", ["rand"]),
        ("frame.dropDuplicates(['x']).collect()", ["collect", "dropDuplicates"]),
        ("frame.count()", ["count"]),
        ("F.expr('any_value(x)')", ["any_value"]),
        ("datetime.now(UTC)", ["now"]),
        ("frame.groupBy('x').count()\nF.count('x')", []),
        ("from c360_spark.synth import chance\nchance.uuid(1)", []),
        ('"""The last (or first) of them."""', []),
    ],
)
def test_the_rule_for_pure_code_finds_what_it_should(code, names):
    tree = ast.parse(code)
    found = [name for name, node in calls(tree) if name in UNREPEATABLE | ACTIONS or counts_rows(name, node)]
    assert sorted([*found, *(name for name, _ in sql(tree))]) == names


def test_files_functions_and_jobs_stay_short():
    long = [f"{path.name}: {lines}" for path in TREES if (lines := len(path.read_text().splitlines())) > 400]
    long += [f"{path.name}: {lines}" for path in JOBS if (lines := len(path.read_text().splitlines())) > 20]
    for path, tree in TREES.items():
        docstrings = documented(tree)
        for function in functions(tree):
            text = docstrings.get(function)
            lines = function.end_lineno - function.lineno + 1 - (text.end_lineno - text.lineno + 1 if text else 0)
            long += [f"{where(path, function)}: {function.name} has {lines} lines"] if lines > 40 else []
    assert long == []


def test_tasks_jobs_and_stages_bear_the_same_names():
    tasks = yaml.safe_load((ROOT / "conf" / "schedule.yml").read_text(encoding="utf-8"))
    assert {task["job"] for task in tasks.values()} == {path.stem for path in JOBS} - {"run"} == set(STAGES)
    for name in STAGES:
        (module,) = (PACKAGE / "stages").glob(f"*/{name}.py")
        stage = next((f for f in functions(TREES[module]) if f.name == name), None)
        assert stage, f"no function {name} in its module"
        assert [argument.arg for argument in stage.args.args] == ["run"]
        assert f'main("{name}")' in (ROOT / "jobs" / f"{name}.py").read_text(encoding="utf-8")


def test_notebooks_define_nothing():
    for path in sorted((ROOT / "notebooks").rglob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
        plain = "\n".join(line for line in code.splitlines() if not line.lstrip().startswith(("%", "!")))
        defined = [n for n in ast.walk(ast.parse(plain)) if isinstance(n, ast.FunctionDef | ast.ClassDef)]
        assert not defined, f"{path.name} defines {defined[0].name}"


def test_importing_every_module_starts_no_jvm():
    modules = [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in TREES]
    code = f"import {', '.join(modules)}\nfrom pyspark import SparkContext\nassert SparkContext._gateway is None"
    if SparkContext._gateway is None:  # no test has started one yet: this process will do, and saves a second
        exec(code, {})
    else:
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)
