"""What a destination says about its delivery: every mistake at its place, all of them at once. No JVM."""

import re

import pytest

from c360_spark.config import load
from c360_spark.config.activation.activation import Deliver
from tests.unit.test_destination_config import DOC, folder, told

__all__ = ["folder"]  # a fixture


def write(folder, name, deliver, *, kind="crm_jdbc", field="email: {column: email}"):
    """A destination whose `deliver` begins in line 8, with its settings in line 9 and after."""
    head = (
        f"name: {name}\nkind: {kind}\ndescription: d\nowner: o\naudience: recent_buyers\npurposes: [marketing_email]\n"
    )
    settings = "".join(f"  {line}\n" for line in deliver)
    (folder / "destinations" / f"{name}.yml").write_text(f"{head}fields: {{{field}}}\ndeliver:\n{settings}")


def test_what_is_said_is_read_and_the_rest_has_a_default(folder):
    write(folder, "a", ["to: postgres", "dsn_env: CRM_DSN", "table: sales.buyer", "batch_rows: 50"])
    write(folder, "b", ["to: jsonl", "folder: mail/changes", "rows_per_second: 0.5"])
    write(folder, "c", ["to: csv", "folder: mail/changes"], kind="csv")
    found = {name: each.deliver for name, each in load(folder, "dev").destinations.items()}
    assert (found["a"].table, found["a"].batch_rows, found["a"].attempts, found["a"].backoff_s) == (
        "sales.buyer",
        50,
        5,
        1,
    )
    assert (found["b"].rows_per_second, found["c"].rows_per_second) == (0.5, None)
    assert found["newsletter"] is None


def test_a_mistake_of_one_value_is_told_without_showing_a_secret(folder):
    dsn = "postgresql://u:pa55w@h/d"
    write(folder, "a", ["to: postgre", "table: buyer; drop", f"dsn_env: {dsn}", "attempts: 0", f"password: {dsn}"])
    write(folder, "b", ["to: jsonl", "folder: ../other", "batch_rows: 1000000", "rows_per_second: 0", "backof_s: 1"])
    write(folder, "c", ["folder: /etc"])
    lines = told(folder)
    assert lines == [
        "destinations/a.yml:9:3: 'deliver.to' cannot be 'postgre'; did you mean 'postgres'?",
        "destinations/a.yml:10:3: 'deliver.table': give table or schema.table in lower case",
        "destinations/a.yml:11:3: 'deliver.dsn_env': give the name of an environment variable, such as CRM_DSN, "
        "not the secret itself",
        "destinations/a.yml:12:3: 'deliver.attempts': Input should be greater than or equal to 1",
        "destinations/a.yml:13:3: unknown name 'password'; known: attempts, backoff_s, batch_rows, dsn_env, folder, "
        "rows_per_second, table, to",
        "destinations/b.yml:10:3: 'deliver.folder': give a folder below the root, such as crm/changes",
        "destinations/b.yml:11:3: 'deliver.batch_rows': Input should be less than or equal to 10000",
        "destinations/b.yml:12:3: 'deliver.rows_per_second': Input should be greater than 0",
        "destinations/b.yml:13:3: unknown name 'backof_s'; did you mean 'backoff_s'?",
        "destinations/c.yml:8:1: 'deliver.to' is missing",
        "destinations/c.yml:9:3: 'deliver.folder': give a folder below the root, such as crm/changes",
    ]
    assert "pa55w" not in "\n".join(lines)


def test_settings_that_do_not_fit_together_are_told_too(folder):
    write(folder, "a", ["to: postgres", "folder: x"])
    write(folder, "b", ["to: jsonl", "folder: x", "dsn_env: CRM_DSN"], kind="csv")
    write(folder, "c", ["to: csv", "folder: x"])
    write(folder, "d", ["to: postgres", "dsn_env: CRM_DSN", "table: buyer"], field="person_id: {column: person_id}")
    write(folder, "e", ["to: postgres", "dsn_env: CRM_DSN", "table: buyer"], field="external_id: {column: person_id}")
    write(folder, "f", ["to: csv", "folder: x"], kind="csv", field="email: {column: email}, cause: {column: country}")
    assert told(folder) == [
        "destinations/a.yml:8:1: 'deliver.dsn_env' is missing: postgres needs it",
        "destinations/a.yml:8:1: 'deliver.table' is missing: postgres needs it",
        "destinations/a.yml:10:3: folder is not for postgres; leave it out",
        "destinations/b.yml:9:3: csv is escaped for spreadsheets; deliver it to csv, or use another kind",
        "destinations/b.yml:11:3: dsn_env is not for jsonl; leave it out",
        "destinations/c.yml:9:3: a spreadsheet would compute what crm_jdbc sends; use kind: csv, or deliver to jsonl",
        "destinations/d.yml:7:1: nobody can be matched: crm_jdbc needs external_id; email; phone, one of these",
        "destinations/d.yml:7:10: delivery fills the column person_id of postgres itself; use another name",
        "destinations/e.yml:11:3: destinations/d.yml delivers to this table too; give each its own",
        "destinations/f.yml:7:34: delivery fills the column cause of csv itself; use another name",
    ]


@pytest.mark.parametrize(
    ("outgoing", "message"),
    [
        ("", "platform.yml has no outgoing: the root of the folders that files are delivered to"),
        (
            "outgoing: s3://b/x\n",
            "outgoing is s3://b/x, but files are delivered to a folder of the machine or a mounted one",
        ),
    ],
)
def test_files_need_a_folder_to_go_to(folder, outgoing, message):
    path = folder / "platform.yml"
    kept = [line for line in path.read_text().splitlines(keepends=True) if not line.startswith("outgoing:")]
    path.write_text("".join(kept) + outgoing)
    write(folder, "a", ["to: jsonl", "folder: x"])
    assert told(folder) == [f"destinations/a.yml:9:3: {message}"]


def test_a_delivery_that_no_task_would_do_is_refused(folder):
    path = folder / "schedule.yml"
    path.write_text("".join(line for line in path.read_text().splitlines(keepends=True) if "deliver:" not in line))
    load(folder, "dev")
    write(folder, "a", ["to: jsonl", "folder: x"])
    assert told(folder) == [
        "destinations/a.yml:8:1: schedule.yml has no task with job: deliver, so nothing would be sent; "
        "add one after export"
    ]


def test_the_documentation_has_every_setting_with_its_default():
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \|([^|]*)\|$", DOC, re.MULTILINE)
    optional = ("to", "dsn_env", "table", "folder")
    wanted = {n: "" if n in optional else str(f.default).lower() for n, f in Deliver.model_fields.items()}
    assert {name: default.strip() for name, default in rows} == wanted
