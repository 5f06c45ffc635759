"""Files as systems export them, a folder each, and what a person edits of the drafts that are made of them.

Of our own make: shapes and faults are those of well-known exports, all people are invented.
"""

import difflib
import re
from pathlib import Path
from typing import NamedTuple

from c360_spark.commands.sample import sample
from c360_spark.commands.source import into_sources, into_taxonomy, spaces
from c360_spark.config import load
from c360_spark.contracts.onboarding.contract_text import contract_text
from c360_spark.contracts.onboarding.proposal import proposal

CASES = Path(__file__).parent
PLACEHOLDERS = {
    "status: draft": "status: active",
    "<what the data is for, in one line>": "to try",
    "<owner-team>": "a-team",
    "<steward>": "anna",
}


class Export(NamedTuple):
    """A file below tests/cases/. `edits` and `words` are what is edited by hand, old text → new text: in the draft of
    its contract, beside the four placeholders, and in taxonomy.yml.
    """

    system: str
    file: str
    edits: dict[str, str] = {}
    words: dict[str, str] = {}
    why: str = ""


PAYMENT = "- name: Payment ID\n        logicalType: string\n"
PURPOSE = "{property: canonical, value: purpose}"
PURPOSES = "{property: valueMap, value: {Email marketing: marketing_email, Analytics: analytics}}"
MOBILE = """- name: Mobile Phone Number
        logicalType: string
        classification: direct
        customProperties:
"""
WANTED = {
    "channels: {web: [sku], mobile: []}": "channels: {web: [], mobile: []}",
    "channels: {web: [sku]}": "channels: {web: []}",
    "channels: {web: [order_id]}": "channels: {web: []}",
}
BERLIN = {"{property: zone, value: UTC}": "{property: zone, value: Europe/Berlin}"}
LOCAL = "`zone`, as its times are local"
EXPORTS = {
    "shopify.order": Export("Shopify orders", "shopify/orders_export.csv"),
    "stripe.charge": Export("Stripe charges", "stripe/charges_list.json"),
    "ga4.event": Export(
        "GA4 events",
        "ga4/events_20251015.jsonl",
        words=WANTED,
        why="the vocabulary no longer wants `sku` and `order_id`, which these events lack",
    ),
    "ga4.flat_event": Export("GA4 events, flat", "ga4/ga4_flat.csv", why="the vocabulary: as above, once for both"),
    "salesforce.contact": Export("Salesforce contacts", "salesforce/Contact.csv"),
    "ads.conversion": Export(
        "Google Ads conversions",
        "google_ads/conversions.csv",
        words={"<what happened>": "a lead became a customer", "<owner-team>": "sales-team"},
        why="the vocabulary: what its one event means, and whose it is",
    ),
    "mailchimp.member": Export("Mailchimp audience", "mailchimp/subscribed_members_export.csv"),
    "woo.order": Export("WooCommerce orders", "woocommerce/orders.jsonl"),
    "square.item": Export(
        "Square items",
        "square/items.csv",
        {PAYMENT: f"{PAYMENT}        primaryKey: true\n        required: true\n"},
        why="`primaryKey` and `required` of `Payment ID`",
    ),
    "onetrust.receipt": Export(
        "OneTrust receipts",
        "onetrust/receipts.jsonl",
        {PURPOSE: f"{PURPOSE}\n                    - {PURPOSES}"},
        why="`valueMap` to the purposes of consent.yml",
    ),
    "excel.kunde": Export("Excel, German, semicolons, cp1252", "excel/kunden.csv", BERLIN, why=LOCAL),
    "excel.kunde_utf16": Export("Excel, German, tabs, UTF-16", "excel/kunden_utf16.csv", BERLIN, why=LOCAL),
    "excel.kunde_komma": Export("Excel, German, commas, UTF-8", "excel/kunden_utf8_komma.csv", BERLIN, why=LOCAL),
    "hubspot.contact": Export(
        "HubSpot contacts",
        "hubspot/hubspot-crm-exports-all-contacts.csv",
        {MOBILE: f"{MOBILE}          - {{property: phoneFormat, value: international}}\n"},
        why="`phoneFormat`, as mobile numbers have a country code without +",
    ),
    "zendesk.user": Export("Zendesk users", "zendesk/users.json"),
}  # fmt: skip


class Edited(NamedTuple):
    """Lines that were edited by hand."""

    contract: int
    words: int


def adopt(conf: Path) -> dict[str, Edited]:
    """Draft the contract of each export into the folder `conf`, as `c360 source init` does, and make it active as a
    person would.
    """
    loaded, counted = load(conf, "dev"), {}
    for name, export in EXPORTS.items():
        made = proposal(*name.split("."), sample(CASES / export.file), spaces(loaded))
        contract = conf / "contracts" / Path(*name.split(".")) / "1.0.0.odcs.yaml"
        contract.parent.mkdir(parents=True)
        contract.write_text(contract_text(made), encoding="utf-8")
        words = into_taxonomy(conf / "taxonomy.yml", loaded.taxonomy, made)
        for edit in [into_sources(conf / "sources.yml", made), *words]:
            edit.path.write_text(edit.text, encoding="utf-8")
        lines = _edit(contract, PLACEHOLDERS | export.edits), _edit(conf / "taxonomy.yml", export.words)
        counted[name] = Edited(*lines)
    return counted


def _edit(path: Path, edits: dict[str, str]) -> int:
    """Comments are left out first: the reasons of guesses stand in them."""
    text = re.sub(r" +# .*|^ *#.*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    made = text
    for old, new in edits.items():
        assert made.count(old) == 1, (path, old)
        made = made.replace(old, new)
    path.write_text(made, encoding="utf-8")
    before, after = text.splitlines(), made.splitlines()
    changes = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    return sum(max(i2 - i1, j2 - j1) for kind, i1, i2, j1, j2 in changes if kind != "equal")
