"""The catalog as a reader meets it: what it tells, where its links lead, and that no text in it becomes HTML."""

import shutil
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from c360_spark import tables
from c360_spark.cli import main
from c360_spark.commands.catalog import write_catalog
from c360_spark.config import load
from c360_spark.contracts.catalog import catalog as module
from c360_spark.contracts.catalog.catalog import catalog
from c360_spark.errors import InputError
from c360_spark.markup import Markup, element, joined
from tests.conftest import ROOT
from tests.contracts import odcs, versions

CONF = load(ROOT / "conf", "dev")
PAGE = Path(module.__file__).with_name("catalog.html").read_text(encoding="utf-8")
SHIPPED = catalog(CONF, page=PAGE)
HOSTILE = "</title></style><script>alert(1)</script><img src=x onerror=alert(1)>\"'`{{content}}&amp;"


class Reader(HTMLParser):
    """Elements with their attributes, anchors, links, and the text of each row."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.rows, self.text = [], {}, []
        self._row = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag == "tr":
            self._row = dict(attrs).get("id")
            self.rows.setdefault(self._row, [])

    def handle_data(self, data):
        self.text.append(data)
        if self._row:
            self.rows[self._row].append(data)

    def row(self, name):
        return "|".join(self.rows[name])

    @property
    def anchors(self):
        return [attributes["id"] for _, attributes in self.elements if "id" in attributes]

    @property
    def links(self):
        return [attributes["href"] for tag, attributes in self.elements if tag == "a"]


def of_person(tmp_path, *contracts):
    """The catalog of the shipped conf/ with crm.person as its only dataset."""
    found = versions(tmp_path, *contracts)
    conf = replace(CONF, versions=found, contracts={name: each[-1] for name, each in found.items()})
    return catalog(conf, page=PAGE)


def person(tmp_path, *contracts):
    return Reader(of_person(tmp_path, *contracts)["dataset-crm.person.html"])


def c360(monkeypatch, capsys, *arguments):
    monkeypatch.setattr(sys, "argv", ["c360", "contracts", "catalog", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        main()
    told = capsys.readouterr()
    return int(end.value.code or 0), told.out, told.err


def test_there_is_a_page_for_every_dataset_every_table_and_every_outbox():
    datasets = {f"dataset-{source}.{dataset}.html" for source, dataset in CONF.versions}
    every = [*tables.ALL, *map(tables.outbox, CONF.destinations)]
    assert set(SHIPPED) == {"index.html"} | datasets | {f"table-{table.full_name}.html" for table in every}


def test_every_link_leads_to_an_anchor_that_is_there_and_none_leads_out():
    pages = {name: Reader(text) for name, text in SHIPPED.items()}
    broken = []
    for name, page in pages.items():
        assert len(set(page.anchors)) == len(page.anchors), name
        for target in page.links:
            to, _, at = map(unquote, target.partition("#"))
            if to not in pages or (at and at not in pages[to].anchors):
                broken.append((name, target))
    assert broken == []


def test_the_catalog_needs_no_network_and_is_small():
    assert sum(len(text.encode()) for text in SHIPPED.values()) < 1_000_000
    for text in SHIPPED.values():
        assert not {"src", "srcset", "data", "action"} & {
            key for tag, attributes in Reader(text).elements for key in attributes if tag != "form"
        }
        assert not [each for each in ("http:", "https:", "@import", "url(", "//cdn") if each in text]


def test_equal_conf_gives_equal_files():
    assert catalog(load(ROOT / "conf", "dev"), page=PAGE) == SHIPPED


def test_a_property_is_told_with_its_limits_its_column_and_who_relies_on_it():
    customer = Reader(SHIPPED["dataset-crm.customer.html"])
    told = customer.row("customer_id")
    assert told.startswith("customer_id| |key|string|pattern |^C[0-9]+$|indirect|")
    assert "identifier in |crm.customer_id|, verified" in told
    assert "silver.profile_record.source_key|gold.person_xref" in told
    told = customer.row("email")
    assert "silver.profile_record.email| |direct|normalised e-mail address|normaliser |email" in told
    assert "gold.profile.email|gold.account_member|audience recent_buyers|destination newsletter: email" in told


def test_a_column_is_told_with_what_feeds_it():
    record = Reader(SHIPPED["table-silver.profile_record.html"])
    fed = "given_name|string|direct|given name|crm.customer given_name|loyalty.member given_name"
    assert record.row("given_name").startswith(fed)
    assert "email.engagement channel (constant)" in Reader(SHIPPED["table-silver.event.html"]).row("channel")
    assert "commerce.order lines[].sku" in Reader(SHIPPED["table-silver.order_line.html"]).row("sku")
    assert "crm.customer customer_id" in Reader(SHIPPED["table-gold.person_xref.html"]).text
    assert "refers to |identity.person.person_id" in Reader(SHIPPED["table-gold.profile.html"]).row("person_id")


def test_all_limits_and_ways_of_reading_are_told(tmp_path):
    told = person(
        tmp_path,
        odcs(
            "1.0.0",
            {
                "id": {"primaryKey": True, "required": True},
                "age": {"type": "integer", "min": 0, "max": 150, "description": "in years"},
                "price": {"type": "number", "scale": 100, "canonical": "loyalty_points", "min": 0.5},
                "tier": {"enum": ["gold", "silver"], "required": True},
                "sex": {"valueMap": {"w": "f"}},
                "born": {"type": "date", "formats": ["yyyy-MM-dd", "dd.MM.yyyy"], "canonical": "birth_date"},
            },
            rules={"grown_up": "age >= 18"},
        ),
    )
    assert told.row("age").startswith("age|in years|integer|0 to 150|")
    assert "number|at least 0.5|times 100|" in told.row("price")
    assert told.row("tier").startswith("tier| |required|string|one of |gold| |silver|")
    assert "one of |w → f" in told.row("sex")
    assert "read as |yyyy-MM-dd| |dd.MM.yyyy" in told.row("born")
    assert "grown_up| |age >= 18" in "|".join(told.text)


def test_versions_stand_with_their_status_promises_and_end_and_with_what_changed_between_them(tmp_path):
    sla = {"latency": {"value": 36, "unit": "h"}, "retention": {"value": 2, "unit": "y"}}
    mail = {"id": {"primaryKey": True, "required": True}, "mail": {"canonical": "email", "classification": "direct"}}
    old = odcs("1.0.0", mail, status="deprecated", sla={**sla, "endOfSupport": "2027-06-30"})
    new = odcs(
        "2.0.0",
        {"id": mail["id"], "email": mail["mail"]},
        sla=sla,
        own={"upcasts": [{"rename": {"from": "mail", "to": "email"}}]},
    )
    told = person(tmp_path, old, new)
    text = "|".join(told.text)
    assert text.index("Version 2.0.0 |active") < text.index("Version 1.0.0 |deprecated")
    assert "latency|36 hours|retention|730 days" in text
    assert "end of support|2027-06-30; later records are quarantined" in text
    assert "owner|a-team|steward|anna" in text
    assert "mail is renamed to email" in text
    assert "1.0.0 → 2.0.0 |a major version; the changes need major" in text
    assert "major|property.renamed|a property has another name, and an up-cast says so|mail|mail|email|" in text
    assert "v1.0.0-mail" in told.anchors


def test_a_version_that_is_too_small_is_told(tmp_path):
    told = person(tmp_path, odcs("1.0.0", {"a": {}, "b": {}}), odcs("1.1.0", {"a": {}}))
    assert "2.0.0 or above is needed, for the change is major" in told.text


def test_examples_are_left_out_for_they_may_be_of_somebody(tmp_path):
    pages = of_person(tmp_path, odcs("1.0.0", {"mail": {"examples": ["anna@shop.example"]}}))
    assert not [name for name, text in pages.items() if "anna@shop.example" in text]


def test_no_text_of_a_contract_becomes_html(tmp_path):
    values = {"enum": [HOSTILE], "description": HOSTILE, "businessName": HOSTILE, "pattern": HOSTILE}
    given_ = {
        "name": HOSTILE,
        "domain": HOSTILE,
        "description": {"purpose": HOSTILE, HOSTILE: HOSTILE},
        "team": {"name": HOSTILE, "members": [{"username": HOSTILE, "role": "steward"}]},
        "sla": {HOSTILE: {"value": HOSTILE, "unit": HOSTILE}},
        "constants": {"loyalty_tier": HOSTILE},
    }
    own = {"noUpcast": HOSTILE, "reviewed": {"by": HOSTILE, "date": "2026-01-02"}}
    old = odcs("1.0.0", {"id": {}, "x": {}, HOSTILE.replace(".", ""): values}, **given_, own=own)
    new = odcs("2.0.0", {"id": {}, "x": {"valueMap": {HOSTILE: HOSTILE}}}, **given_, own=own)
    pages = of_person(tmp_path, old, new)
    assert HOSTILE in "".join(Reader(pages["dataset-crm.person.html"]).text)
    for name, text in pages.items():
        elements = Reader(text).elements
        assert [tag for tag, _ in elements].count("script") == 1, name
        assert "img" not in {tag for tag, _ in elements}
        assert not [key for _, attributes in elements for key in attributes if key.startswith("on")]
        assert "<script>alert" not in text


def test_a_lone_surrogate_in_a_contract_can_be_written(tmp_path):
    folder = Path(shutil.copytree(ROOT / "conf", tmp_path / "conf"))
    path = folder / "contracts/crm/customer/1.0.0.odcs.yaml"
    text = path.read_text(encoding="utf-8")
    lone = '      - {name: "lone\\ud800", classification: none, description: "\\udfff"}'
    path.write_text(text.replace("      - name: city\n", f"{lone}\n      - name: city\n"), encoding="utf-8")
    write_catalog(str(folder), "dev", tmp_path / "out")
    assert "lone&#55296;" in (tmp_path / "out/dataset-crm.customer.html").read_text(encoding="utf-8")


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_text_and_attributes_are_read_back_as_they_were_put_in(text):
    read = Reader(element("p", text, element("b", text), title=text))
    assert "".join(read.text) == text + text
    assert read.elements == [("p", {"title": text}), ("b", {})]


def test_only_what_was_made_as_markup_stays_as_it_is():
    assert joined(["<b>", Markup("<b>"), element("br")], "&") == "&lt;b&gt;&amp;<b>&amp;<br>"
    assert element("td", "x", data_label="y", class_="z", id=None) == '<td data-label="y" class="z">x</td>'


def test_the_command_writes_the_files_and_a_second_time_the_same_bytes(monkeypatch, capsys, tmp_path):
    out = tmp_path / "deep" / "catalog"
    for _ in range(2):
        ended, told, error = c360(monkeypatch, capsys, "--config", ROOT / "conf", "--out", out)
        assert (ended, told, error) == (0, f"{len(SHIPPED)} files, begin with {out}/index.html\n", "")
        assert {path.name: path.read_bytes() for path in out.iterdir()} == {
            name: text.encode() for name, text in SHIPPED.items()
        }


def test_pages_of_what_is_gone_are_removed_and_files_of_others_stay(tmp_path):
    write_catalog(str(ROOT / "conf"), "dev", tmp_path)
    (tmp_path / "index.html").rename(tmp_path / "dataset-crm.gone.html")
    (tmp_path / "notes.html").write_text("mine")
    write_catalog(str(ROOT / "conf"), "dev", tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*SHIPPED, "notes.html"}


def test_a_page_of_others_is_not_written_over(tmp_path):
    (tmp_path / "index.html").write_text("mine")
    with pytest.raises(InputError, match="is no page of a catalog") as error:
        write_catalog(str(ROOT / "conf"), "dev", tmp_path)
    assert error.value.code == "C303"
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file cannot be written: "):
        write_catalog(str(ROOT / "conf"), "dev", tmp_path / "file")
