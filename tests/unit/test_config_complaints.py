"""A copy of conf/ with many mistakes: each is told at its line and column, all in one error, and nothing else is."""

import re
import shutil
from pathlib import Path

import pytest

from c360_spark.config import load
from c360_spark.errors import ConfigError

SHIPPED = Path(__file__).parents[2] / "conf"


def contract(dataset):
    return f"contracts/{dataset}/1.0.0.odcs.yaml"


CRM, LOYALTY, ORDER, WEB = map(contract, ("crm/customer", "loyalty/member", "commerce/order", "web/event"))
MOBILE, CASE, EMAIL, CONSENT = map(contract, ("mobile/event", "support/case", "email/engagement", "consent/statement"))
RULES, GOLD, BUYERS, LETTER = "identity.yml", "gold.yml", "audiences/recent_buyers.yml", "destinations/newsletter.yml"
SIGNED = "author: a, reason: b, added: 2026-01-01"
BRIDGE = "regions: [EU, US], legal_basis: consent, author: a, added: 2026-01-01, expires: 2027-01-01"
NAMED = "{namespace: crm.customer_id, region: EU, value: C"
OF_RECORD = "column of silver.profile_record"
GIVEN_NAME = "{property: canonical, value: given_name}"
LINES = "logicalType: array\n        customProperties: [{property: canonicalTable, value: order_line}]"


def typo(given, right, what="name"):
    return f"unknown {what} '{given}'; did you mean '{right}'?"


def choice(name, given, right):
    return f"'{name}' cannot be '{given}'; did you mean '{right}'?"


# What stands in a file, what is put in its place, and the complaint; ¦ is where that is to be found.
ALONE = [
    ("platform.yml", "driver_memory:", "¦driver_memry:", typo("driver_memry", "driver_memory")),
    ("platform.yml", "engine: auto", "¦engin: local", typo("engin", "engine")),
    ("platform.yml", "partitions: 4", "partitions: 4\n  ¦conf: 4g", "'spark.conf': Input should be a valid dictionary"),
    ("platform.dev.yml", "insecure_default", "¦insecure_defalt", typo("insecure_defalt", "insecure_default")),
    ("sources.yml", "delivery: full", "¦delivry: full", typo("delivry", "delivery")),
    ("sources.yml", "format: parquet", "¦format: parket", choice("commerce.order.format", "parket", "parquet")),
    (RULES, "default_region:", "¦defalt_region: X\ndefault_region:", typo("defalt_region", "default_region")),
    (RULES, "normalize: email", "¦normalise: email", typo("normalise", "normalize")),
    (RULES, "normalize: upper", "¦normalize: uper", choice("namespaces.loyalty.member_no.normalize", "uper", "upper")),
    (RULES, "LU, NL", "LU, ¦NO", "'regions.EU.8' must be text, but YAML reads it as False; put it in quotes"),
    (RULES, "{column: given_name,", "{¦colum: x, column: given_name,", typo("colum", "column")),
    ("consent.yml", "analytics:", "¦analytic: {}\n  analytics:", "'purposes.analytic.description' is missing"),
    ("consent.yml", "{description: news", "{¦text: x, description: news", "unknown name 'text'; known: description"),
    ("profile.yml", "attributes:", "¦atributes:", typo("atributes", "attributes")),
    ("profile.yml", "priority, recency]", "priority, ¦recensy]", choice("default.order.2", "recensy", "recency")),
    (GOLD, "inactivity_minutes:", "¦inactivity_minute:", typo("inactivity_minute", "inactivity_minutes")),
    (GOLD, "max_size: 8", "¦max_size: 1", "'households.max_size': Input should be greater than or equal to 2"),
    (GOLD, "max_persons:", "¦max_person:", typo("max_person", "max_persons")),
    (GOLD, "min_persons: 2", "¦min_persons: 0", "'accounts.domains.min_persons': Input should be greater than 0"),
    ("schedule.yml", "depends_on: [land]", "¦dependson: [land]", typo("dependson", "depends_on")),
    (BUYERS, "where:", "¦purposes: []\nwhere:", typo("purposes", "purpose")),
    (LETTER, "hash: sha256", "¦hash: sha265", choice("fields.email_sha256.hash", "sha265", "sha256")),
    (CRM, "domain:", "¦domian:", typo("domian", "domain")),
    (CRM, "required: true", "¦requierd: true", typo("requierd", "required")),
    (CRM, "{pattern:", "{¦patern:", typo("patern", "pattern")),
    (CRM, "{property: canonicalTable,", "{property: canonicalTable, ¦values: 1,", typo("values", "value")),
    (CRM, "logicalType: date\n", "¦logicalType: dat\n", choice("schema.0.properties.5.logicalType", "dat", "date")),
    (WEB, "{property: constants,", "¦{property: constant,", typo("constant", "constants")),
    (WEB, "- name: properties", "- customProperties: [¦{property: a, value: b}]\n        name: p", "unknown name 'a'"),
    (LOYALTY, "{property: normalize, value: em", "¦{property: normalise, value: em", typo("normalise", "normalize")),
    (LOYALTY, "{namespace: email}", "{¦namespac: email}", typo("namespac", "namespace")),
    (
        LOYALTY,
        "{property: normalize, value: phone",
        "¦{property: normalize, value: fone",
        choice("normalize", "fone", "phone"),
    ),
    (LOYALTY, f"- {GIVEN_NAME}", f"- {GIVEN_NAME}\n          - ¦{GIVEN_NAME}", "'canonical' is given twice"),
    (
        ORDER,
        "- name: lines",
        f"- ¦name: a\n        {LINES}\n      - name: lines",
        "'items' is missing: what a line holds",
    ),
    (MOBILE, "version: 1.0.0", "¦version: 1.0.1", "version 1.0.1 does not match the file's name"),
]
SURNAME = typo("famly_name", "family_name", "column of gold.profile")
TOGETHER = [
    ("taxonomy.yml", "stage: interest", "¦stage: intrest", typo("intrest", "interest", "stage")),
    ("taxonomy.yml", "aliases: [purchase]", "aliases: [¦Page-View]", "'Page-View' is also a word for page_viewed"),
    (
        "taxonomy.yml",
        "{web: [sku]}",
        "{web: [¦skuu]}",
        "no contract of channel web gives properties.skuu; did you mean 'sku'?",
    ),
    ("reference.yml", "values: [CHF,", "¦values: [CHF, CHF,", "'CHF' stands here twice"),
    (
        ORDER,
        "{property: reference, value: currency}",
        "¦{property: reference, value: currncy}",
        typo("currncy", "currency", "list"),
    ),
    (
        EMAIL,
        "{property: valueMap, value: {sent: email_sent,",
        "¦{property: valueMap, value: {sent: email_snt,",
        typo("email_snt", "email_sent", "event"),
    ),
    (GOLD, "[web.cookie_id", "[¦web.cooky_id", typo("web.cooky_id", "web.cookie_id", "namespace")),
    (GOLD, "Europe/Berlin,", "Europe/Berlin, ¦EUR: UTC,", typo("EUR", "EU", "region")),
    (GOLD, "US: America/New_York", "¦US: America/NewYork", typo("America/NewYork", "America/New_York", "time zone")),
    (GOLD, "[email_sent,", "[¦email_snt,", typo("email_snt", "email_sent", "event")),
    (GOLD, "{column: street", "¦{column: stret", typo("stret", "street", "column of gold.profile")),
    (GOLD, "surname: {column: family_name", "¦surname: {column: famly_name", SURNAME),
    (
        GOLD,
        "[commerce.account_id]",
        "[¦crm.customer_id]",
        "'crm.customer_id' has no crowd_limit in identity.yml: who shares one is one person, not a household",
    ),
    (
        GOLD,
        "named_by: account",
        "¦named_by: acount",
        typo("acount_key", "account_key", "attribute of customer records"),
    ),
    (GOLD, "keys_of: crm", "¦keys_of: cmr", typo("cmr", "crm", "source of companies")),
    (GOLD, "free_mail: free_mail", "¦free_mail: free_mial", typo("free_mial", "free_mail", "list")),
    (
        "reference.yml",
        "ac.at, ac.jp",
        "¦at, ac.jp",
        "'at' is no ending of two parts, such as co.uk, which gold.yml takes it for",
    ),
    (
        "sources.yml",
        "  event: {format: jsonl, path: web",
        "  ¦evnt: {format: jsonl, path: web",
        "no active contract in contracts/web/evnt/",
    ),
    (WEB, "apiVersion", "¦apiVersion", "sources.yml has no web: event: entry"),
    (RULES, "US: [US]", "US: [US]\n  ¦DACH: [CH, DE]", "country 'DE' is in a region already"),
    (
        RULES,
        "\nblocked_patterns:\n",
        "\nblocked_patterns:\n  - ¦'*'\n",
        "pattern refused at character 1: nothing to repeat; write \\* for the character",
    ),
    (
        RULES,
        "namespace: key.name",
        "¦namespace: key.nam",
        typo("key.nam_birth_postcode", "key.name_birth_postcode", "namespace"),
    ),
    (
        RULES,
        "bridges: {}",
        f"bridges: {{one: {{namespaces: [¦emial], {BRIDGE}}}}}",
        typo("emial", "email", "namespace"),
    ),
    (
        RULES,
        "never_links: []",
        f"never_links: [¦{{left: {NAMED}1}}, right: {NAMED}1}}, {SIGNED}}}]",
        "both ends are the same identifier",
    ),
    (
        RULES,
        "never_links: [",
        f"never_links: [{{left: {NAMED}1}}, right: {NAMED}2}}, {SIGNED}}}, "
        f"¦{{left: {NAMED}2}}, right: {NAMED}1}}, {SIGNED}}}, ",
        "the same pair stands here already",
    ),
    (
        RULES,
        "force_links: []",
        f"force_links: [{{left: {NAMED}1}}, right: {{namespace: email, ¦region: UE, value: a}}, {SIGNED}}}]",
        "unknown region 'UE'; known: DACH, EU, OTHER, US",
    ),
    (RULES, "- {column: family_name", "- ¦{column: familyname", typo("familyname", "family_name", OF_RECORD)),
    (
        "profile.yml",
        ", loyalty.member]\n",
        ", ¦loyalty.members]\n",
        typo("loyalty.members", "loyalty.member", "dataset"),
    ),
    ("profile.yml", "loyalty_tier:", "¦loyalty_teir:", typo("loyalty_teir", "loyalty_tier", "attribute")),
    (
        "profile.yml",
        "overrides: []",
        f"overrides: [{{person: {NAMED}1}}, ¦attribute: citi, value: Ulm, {SIGNED}}}]",
        typo("citi", "city", "attribute"),
    ),
    (BUYERS, "name: recent_buyers", "¦name: buyers", typo("buyers", "recent_buyers", "name for this file")),
    (
        BUYERS,
        "purpose: marketing_email",
        "¦purpose: marketing_mail",
        typo("marketing_mail", "marketing_email", "purpose"),
    ),
    (BUYERS, "where: email", "¦where: emial", typo("emial", "email", "column")),
    (LETTER, "audience: recent_buyers", "¦audience: recent_buyer", typo("recent_buyer", "recent_buyers", "audience")),
    (LETTER, "{column: country}", "{¦column: county}", typo("county", "country", "column of gold.profile or metric")),
    ("schedule.yml", "[build_profiles]", "[¦build_profile]", typo("build_profile", "build_profiles", "task")),
    (
        CRM,
        "{property: canonical, value: family_name",
        "¦{property: canonical, value: familyname",
        typo("familyname", "family_name", OF_RECORD),
    ),
    (
        CRM,
        "{property: canonical, value: city",
        "¦{property: canonical, value: street",
        "silver.profile_record.street is given twice",
    ),
    (
        CRM,
        "{property: canonical, value: attributes.customer_id",
        "¦{property: canonical, value: attributes",
        typo("attributes", "attributes.<name>", OF_RECORD),
    ),
    (
        CRM,
        "logicalType: date\n",
        "logicalType: date\n        ¦logicalTypeOptions: {minimum: 1900}\n",
        "minimum and maximum are for numbers, not for date",
    ),
    (
        ORDER,
        "logicalTypeOptions: {minimum: 0}",
        "¦logicalTypeOptions: {minimum: 9.5, maximum: 9}",
        "no number is at least 9.5 and at most 9",
    ),
    (
        ORDER,
        "- {property: canonical, value: status}",
        "- ¦{property: enum, value: [a, b, a]}\n          - {property: canonical, value: status}",
        "enum lists 'a' twice",
    ),
    (
        CASE,
        "- {property: canonical, value: opened_at}",
        "- {property: canonical, value: opened_at}\n          - ¦{property: enum, value: [a]}",
        "enum is for string and integer, not for timestamp",
    ),
    (ORDER, "- name: sku\n", "- name: sku\n              ¦unique: true\n", "a value of a line cannot be unique"),
    (
        ORDER,
        "- name: account_id\n",
        "- name: account_id\n        ¦unique: true\n",
        "unique would not be checked: it is by the property's canonical column",
    ),
    (
        ORDER,
        "- name: channel\n",
        "- name: channel\n        ¦unique: true\n",
        "account_id is unique already: one property can be",
    ),
    (CRM, "team:", "¦team:", "an active contract needs a steward: a member of team with role: steward"),
    (CRM, "role: steward", "role: stewart", None),
    (
        LOYALTY,
        "logicalTypeOptions: {pattern: '^L[0-9]+$'}",
        "logicalTypeOptions: {¦pattern: '*'}",
        "pattern refused at character 1: nothing to repeat; write \\* for the character",
    ),
    (
        ORDER,
        "{property: canonical, value: quantity",
        "¦{property: canonical, value: quantities",
        typo("quantities", "quantity", "column of silver.order_line"),
    ),
    (
        ORDER,
        "value: sku}",
        "value: sku}\n                - ¦{property: identifier, value: {namespace: email}}",
        "a line identifies nobody, its record does",
    ),
    (
        ORDER,
        "{property: identifier, value: {namespace: phone}}",
        "¦{property: identifier, value: {namespace: fone}}",
        typo("fone", "phone", "namespace"),
    ),
    (MOBILE, "- name: event\n    ", "- ¦name: event\n    ", typo("events", "event", "canonicalTable")),
    (MOBILE, "canonicalTable, value: event", "canonicalTable, value: events", None),
    (
        CASE,
        "{property: identifier, value: {namespace: email}}",
        "¦{property: identifier, value: {}}",
        "identifier needs a namespace, or namespaceFrom with namespaces",
    ),
    (EMAIL, "- name: engagement", "- ¦name: engagement", "no property gives silver.event.occurred_at"),
    (EMAIL, "value: occurred_at", "value: properties.at", None),
    (
        CONSENT,
        "{property: identifier, value: {namespaceFrom: subject_type",
        "¦{property: identifier, value: {namespaceFrom: subject_typ",
        typo("subject_typ", "subject_type", "property"),
    ),
]


@pytest.mark.parametrize("mistakes", [ALONE, TOGETHER], ids=["in_a_file", "between_files"])
def test_every_mistake_is_told_at_its_place_in_one_error_in_order(tmp_path, mistakes):
    folder = tmp_path / "conf"
    shutil.copytree(SHIPPED, folder)
    for number, (file, old, new, _) in enumerate(mistakes):
        text = (folder / file).read_text()
        assert old in text, f"{file} has changed: no {old!r}"
        (folder / file).write_text(text.replace(old, new.replace("¦", f"¦{number}¦"), 1))
    places = sorted(place for file in {file for file, *_ in mistakes} for place in unmarked(folder / file))
    with pytest.raises(ConfigError) as error:
        load(folder, "dev")
    told = error.value.cause.replace(f"{folder}/", "").split("\n  ")
    expected = [f"{path.relative_to(folder)}:{line}:{column}: {mistakes[n][3]}" for path, line, column, n in places]
    assert told == [f"{len(expected)} problems", *expected]


def unmarked(path):
    """Takes the marks out of a file and gives their places."""
    places, lines = [], path.read_text().split("\n")
    for i in range(len(lines)):
        while mark := re.search(r"¦(\d+)¦", lines[i]):
            places.append((path, i + 1, mark.start() + 1, int(mark.group(1))))
            lines[i] = lines[i].replace(mark.group(), "", 1)
    path.write_text("\n".join(lines))
    return places
