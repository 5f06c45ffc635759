"""First part of the baseline in duckdb_chain.py: the database and its macros, delivered files → bronze → silver."""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import phonenumbers
import pyarrow as pa
import yaml

CONF = Path("conf")
Field = dict[str, Any]  # a property of a contract, with its custom properties and `column`, that of its delivered text
PLACEHOLDERS = """n/a none nil unknown unbekannt undefined null dummy test testing anonymous xx xxx - -- ? . 12345 00000
    99999 1900-01-01 1901-01-01 1970-01-01 1980-01-01 2000-01-01 9999-12-31""".split()
SEEN_AT = ("occurred_at", "ordered_at", "opened_at", "effective_from")
VERSIONED = ("profile_record", "order", "support_case", "subscription", "account")  # others keep the first row of a key
MACROS = r"""
CREATE TYPE member AS STRUCT(identifier_id BIGINT, namespace VARCHAR, region VARCHAR, value VARCHAR, verified BOOLEAN);
CREATE MACRO part(x) AS coalesce(length(x) || ':' || x, '-');
CREATE MACRO joined(xs) AS array_to_string(list_transform(xs, lambda x: part(x)), '');
CREATE MACRO digest(xs) AS sha256(joined(xs));
CREATE MACRO keyed(x) AS sha256(unhex('<outer>') || unhex(sha256(unhex('<inner>') || encode(x))));
CREATE MACRO identifier_id(space, region, x) AS
    (('0x' || left(keyed(part(space) || part(region) || part(x)), 16))::UBIGINT >> 1)::BIGINT;
CREATE MACRO by_trim(x, country) AS CASE WHEN regexp_full_match(x, '[!-~]+') THEN x ELSE nullif(trim(regexp_replace(
    regexp_replace(nfc_normalize(x), '\p{Cf}', '', 'g'), '\s+', ' ', 'g')), '') END;
CREATE MACRO by_lower(x, country) AS lower(by_trim(x, country));
CREATE MACRO by_upper(x, country) AS upper(by_trim(x, country));
CREATE MACRO by_email(x, country) AS nullif(regexp_extract(regexp_replace(replace(by_lower(x, country), ' ', ''),
    '^mailto:([^?]*).*$', '\1'), '^[^@\s,;<>"]+@[^@\s,;<>"]+\.[^@\s,;<>".]{2,}$'), '');
CREATE MACRO by_name(x, country) AS nullif(trim(regexp_replace(translate(replace(replace(replace(strip_accents(
    lower(x)), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'øđłı', 'odli'), '[^\p{L}\p{M}\p{N}]+', ' ', 'g')), '');
CREATE MACRO with_zeros(code, country) AS CASE WHEN regexp_full_match(code, '[1-9]\d{1,3}') AND code::INT >=
    MAP {'DE': 1001, 'ES': 1001, 'FR': 1000, 'IT': 10, 'US': 501}[country] THEN lpad(code, 5, '0') ELSE code END;
CREATE MACRO by_postcode(x, country) AS with_zeros(nullif(replace(regexp_replace(regexp_replace(
    upper(x), '[^A-Z0-9-]', '', 'g'), '^(\d{5})-\d{4}$', '\1'), '-', ''), ''), country);
CREATE MACRO by_domain(x, country) AS nullif(regexp_extract(lower(trim(x)), '^(?:[a-z][a-z0-9+.-]*://|mailto:)?' ||
    '(?:[^/?#]*@)?(?:www\.)?((?:[^\s.@/:,;<>"]{1,63}\.)+[^\s.@/:,;<>"\d][^\s.@/:,;<>"]{1,62})', 1), '');
CREATE MACRO own_domain(host) AS CASE WHEN regexp_extract(host, '[^.]+\.[^.]+$') NOT IN <suffixes>
    THEN regexp_extract(host, '[^.]+\.[^.]+$') ELSE nullif(regexp_extract(host, '[^.]+\.[^.]+\.[^.]+$'), '') END;
CREATE MACRO company_domain(x) AS CASE WHEN own_domain(by_domain(x, '')) NOT IN <free_mail> AND by_domain(x, '')
    NOT IN <free_mail> THEN own_domain(by_domain(x, '')) END;
CREATE MACRO account_of(domain, xs) AS 'a' || left(CASE WHEN domain IS NULL THEN digest(['record'] || xs)
    ELSE digest(['domain', domain]) END, 24);
CREATE MACRO genuine(x) AS CASE WHEN lower(trim(x)) NOT IN <placeholders> THEN x END;
CREATE MACRO region_of(country) AS coalesce(<regions>[country], '<default_region>');
CREATE MACRO trust(space) AS <trusts>[space];
CREATE MACRO is_blocked(space, x) AS <blocked>;
CREATE MACRO event_of(x) AS <events>[x];
CREATE MACRO needs(sent) AS <needs>[sent];
"""


class Chain:
    """One run: the database, the folders, the day and the as-of time in SQL."""

    def __init__(self, landing: Path, out: Path, day: date, threads: int) -> None:
        self.landing, self.out, self.day, self.now = landing, out, day, f"TIMESTAMP '{day + timedelta(days=1)}'"
        self.db = duckdb.connect(config={"threads": threads, "temp_directory": str(out / "spilt")})
        for layer in ("bronze", "silver", "now", "identity", "gold", "export"):
            self.db.execute(f"CREATE SCHEMA {layer}")

    def run(self, script: str) -> int:
        """Runs queries. The comment above each names what it makes: `<layer>.<table>` a Parquet file that later queries
        read, any other name a temporary table. Returns the number of rows of the last file.
        """
        rows = 0
        for name, sql in re.findall(r"^ *-- (\S+)\n(.*?)(?=^ *-- |\Z)", script, re.MULTILINE | re.DOTALL):
            layer, _, table = name.rpartition(".")
            if not layer:
                self.db.execute(f"CREATE TEMP TABLE {name} AS {sql}")
                continue
            path = self.out / layer / f"{table}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            rows = self.db.execute(f"COPY ({sql}) TO '{path}' (FORMAT parquet)").fetchall()[0][0]
            self.db.execute(f"""CREATE VIEW {layer}."{table}" AS FROM '{path}'""")
        return rows


def said(name: str) -> dict[str, Any]:
    """A file of conf/."""
    found: dict[str, Any] = yaml.safe_load((CONF / name).read_text(encoding="utf-8"))
    return found


def quoted(values: Iterable[object]) -> str:
    """Values as texts in SQL, with commas."""
    return ", ".join("'" + str(value).replace("'", "''") + "'" for value in values)


def prepare(chain: Chain) -> int:
    """The macros, with the rules of conf/ and the secret key of HMAC (RFC 2104) in them."""
    rules, lists, events = said("identity.yml"), said("reference.yml"), said("taxonomy.yml")["events"]
    key = os.environ.get("C360_IDENTITY_KEY", said("platform.dev.yml")["identity_key"]["insecure_default"]).encode()
    key = (hashlib.sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
    spaces = rules["namespaces"]
    patterns = [("true", pattern) for pattern in rules["blocked_patterns"]]
    patterns += [(f"space = '{n}'", pattern) for n, s in spaces.items() for pattern in s.get("blocked_patterns", ())]
    tests = [f"{of} AND regexp_matches(x, '(?i){pattern}')" for of, pattern in patterns]
    given = {
        "inner": bytes(byte ^ 0x36 for byte in key).hex(),
        "outer": bytes(byte ^ 0x5C for byte in key).hex(),
        "suffixes": f"({quoted(lists['public_suffixes']['values'])})",
        "free_mail": f"({quoted(lists['free_mail']['values'])})",
        "placeholders": f"({quoted(PLACEHOLDERS)})",
        "default_region": rules["default_region"],
        "blocked": " OR ".join([f"lower(x) IN ({quoted(map(str.lower, rules['blocked_values']))})", *tests]),
    }
    maps = {
        "regions": {country: name for name, codes in rules["regions"].items() for country in codes},
        "trusts": {name: space["trust"] for name, space in spaces.items()},
        "events": {word: name for name, event in events.items() for word in (name, *event.get("aliases", ()))},
        "needs": {f"{n}@{channel}": need for n, e in events.items() for channel, need in e["channels"].items()},
    }
    given |= {name: f"MAP {values}" for name, values in maps.items()}
    chain.db.execute(re.sub("<([a-z_]+)>", lambda found: given[found[1]], MACROS))
    return 0


def land(chain: Chain) -> int:
    """Each record of each file as delivered, received a microsecond later for each file."""
    parts: dict[str, list[str]] = {}
    for number, path in enumerate(sorted(chain.landing.glob(f"*/*/{chain.day}/*"))):
        source, dataset = path.relative_to(chain.landing).parts[:2]
        header, lines, payload = "NULL", f"read_parquet('{path}')", "to_json(o)"
        with path.open("rb") as file:
            delivery = hashlib.file_digest(file, "sha256").hexdigest()
        if path.suffix != ".parquet":
            shape = "{'line': 'VARCHAR'}, delim = '\x01', quote = '', escape = '', header = false, auto_detect = false"
            lines, payload = f"read_csv('{path}', columns = {shape})", "line"
        if path.suffix == ".csv":
            with path.open(encoding="utf-8") as text:
                header = quoted([text.readline().rstrip("\r\n")])
        parts.setdefault(f"{source}_{dataset}", []).append(f"""
            SELECT left(digest(['{source}', '{dataset}', '{delivery}', position::VARCHAR]), 32) AS bronze_id,
                '{source}' AS source, '{dataset}' AS dataset, '{delivery}' AS delivery_id, position, payload,
                left(sha256(payload), 32) AS payload_hash, {header} AS header,
                {chain.now} + INTERVAL {number} MICROSECONDS AS received_at, received_at::DATE AS received_date
            FROM (SELECT {payload} AS payload, row_number() OVER () - 1 AS position FROM {lines} o)
            WHERE position > 0 OR {header} IS NULL""")
    return sum(chain.run(f"-- bronze.{name}\n{' UNION ALL '.join(each)}") for name, each in parts.items())


@dataclass(frozen=True)
class Contract:
    """What a contract of conf/contracts says of a dataset."""

    source: str
    dataset: str
    version: str
    table: str
    constants: dict[str, str]
    fields: list[Field]
    lines: list[Field]  # of each item of the array that it has, if any

    @classmethod
    def read(cls, path: Path) -> "Contract":
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
        (schema,), (source, dataset) = told["schema"], told["id"].split(".")
        given = {each["property"]: each["value"] for each in schema["customProperties"]}
        lines = [f for each in schema["properties"] if "items" in each for f in fields(each["items"]["properties"])]
        constants, own = given.get("constants", {}), list(fields(schema["properties"]))
        return cls(source, dataset, told["version"], given["canonicalTable"], constants, own, lines)

    @property
    def bronze(self) -> str:
        return f"bronze.{self.source}_{self.dataset}"

    @property
    def parsed(self) -> str:
        return f"parsed_{self.source}_{self.dataset}"

    def identifiers(self) -> Iterator[tuple[str, str, str, bool]]:
        """Column, condition, namespace and whether it is verified, of each use of a property as an identifier."""
        for field in self.fields:
            use = field.get("identifier", {})
            verified, column = use.get("verified", False), field["column"]
            if "namespace" in use:
                yield column, "true", use["namespace"], verified
            for kind, space in use.get("namespaces", {}).items():
                yield column, f"f_{use['namespaceFrom']} = '{kind}'", space, verified

    def columns(self) -> dict[str, str]:
        """The columns of its canonical table beside those that all tables have, as SQL over texts."""
        found, maps = {"updated_at": "NULL::TIMESTAMP", "created_at": "NULL::TIMESTAMP"}, {}
        found |= {name: f"'{value}'" for name, value in self.constants.items()}
        for field in self.fields:
            name, _, entry = field.get("canonical", "").partition(".")
            is_spelled = self.table in ("profile_record", "account") and field["logicalType"] == "string"
            rule = field.get("normalize", "trim" if is_spelled else None)
            value = normal(rule, field["column"]) if rule else typed(field, field["column"])
            if entry:
                maps.setdefault(name, []).append(f"{{k: '{entry}', v: {value}}}")
            elif name not in ("", "country"):
                found[name] = value
        for name, entries in maps.items():
            found[name] = f"map_from_entries(list_filter([{', '.join(entries)}], lambda each: each.v IS NOT NULL))"
        if self.table == "event":
            found["event_name"] = f"coalesce(event_of({found['event_name']}), {found['event_name']})"
        return found


def fields(properties: list[dict[str, Any]], above: str = "") -> Iterator[Field]:
    """The properties of a contract that are values, those of objects too, under names with dots."""
    for each in properties:
        name, given = above + each["name"], {p["property"]: p["value"] for p in each.get("customProperties", [])}
        if each["logicalType"] == "object":
            yield from fields(each["properties"], f"{name}.")
        elif each["logicalType"] != "array":
            yield {**each, **given, "name": name, "column": "f_" + name.replace(".", "_")}


def normal(rule: str, column: str) -> str:
    """The normalised value of a text; a phone number has been read before."""
    return "number" if rule == "phone" else f"by_{rule}({column}, country)"


def typed(field: Field, text: str) -> str:
    """The typed value of a text, null where it does not fit."""
    kind, formats = field["logicalType"], field.get("formats", ["yyyy-MM-dd"])
    if "valueMap" in field:
        return f"MAP {field['valueMap']}[{text}]"
    if kind == "date":
        shapes = [each.replace("yyyy", "%Y").replace("MM", "%m").replace("dd", "%d") for each in formats]
        return f"try_strptime({text}, {shapes})::DATE"
    if formats == ["epoch_ms"]:
        return f"make_timestamp(try_cast({text} AS BIGINT) * 1000)"
    casts = {"integer": "BIGINT", "timestamp": "TIMESTAMP"}
    return f"try_cast({text} AS {casts[kind]})" if kind in casts else text


def reasons(field: Field, text: str) -> Iterator[str]:
    """The reasons to reject a record for a text, as SQL that is null where they do not apply."""
    value, limits = typed(field, text), field.get("logicalTypeOptions", {})
    listed = said("reference.yml")[field["reference"]]["values"] if "reference" in field else field.get("enum")
    tests = [("missing", f"{text} IS NULL")] if field.get("required") else []
    tests += [("type", f"{text} IS NOT NULL AND {value} IS NULL")] if value != text else []
    tests += [("enum", f"{text} NOT IN ({quoted(listed)})")] if listed else []
    tests += [("pattern", f"NOT regexp_matches({text}, '{limits['pattern']}')")] if "pattern" in limits else []
    tests += [("range", f"{value} {s} {limits[k]}") for k, s in (("minimum", "<"), ("maximum", ">")) if k in limits]
    yield from (f"CASE WHEN {test} THEN '{code}:{field['name']}' END" for code, test in tests)


def parse(chain: Chain, contract: Contract) -> None:
    """The text of each property of each record, as columns of a temporary table."""
    header = chain.db.execute(f"SELECT any_value(header) FROM {contract.bronze}").fetchall()[0][0]
    if header:
        names = header.split(",")
        cells = r"""list_transform(regexp_extract_all(payload, '(?:^|,)("(?:[^"]|"")*"|[^,"]*)', 1), lambda cell:
            CASE WHEN starts_with(cell, '"') THEN replace(cell[2:-2], '""', '"') ELSE cell END)"""
    else:
        names = [field["name"] for field in contract.fields]
        paths = [f"$.{name}" for name in names]
        cells = f"CASE WHEN json_valid(payload) THEN json_extract_string(payload, {paths}) END"
    texts = [f"nullif(trim(cells[{names.index(f['name']) + 1}]), '') AS {f['column']}" for f in contract.fields]
    if contract.lines:
        shape = ", ".join(f'"{field["name"]}": "VARCHAR"' for field in contract.lines)
        texts.append(f"from_json(payload->'$.lines', '[{{{shape}}}]') AS lines")
    unknown = ", ".join(
        f"CASE WHEN coalesce({', '.join(tests)}) IS NULL THEN {field['column']} END AS {field['column']}"
        for field in contract.fields
        if contract.table == "profile_record" and not (field.get("required") or field.get("primaryKey"))
        if field.get("canonical") not in ("country", "updated_at") and (tests := [*reasons(field, field["column"])])
    )
    chain.run(f"""
        -- {contract.parsed}
        SELECT * {f"REPLACE ({unknown})" if unknown else ""} FROM (
        SELECT bronze_id, received_at, position, len(cells) IS DISTINCT FROM {len(names)} AS is_malformed,
            upper(nullif(trim(cells[{names.index("country") + 1}]), '')) AS country, {", ".join(texts)}
        FROM (SELECT bronze_id, received_at, position, payload, {cells} AS cells FROM {contract.bronze}))""")


def read_phones(chain: Chain, contracts: list[Contract]) -> None:
    """The temporary table phone: each distinct text and country with its number, null where it is none."""
    given = " UNION ALL ".join(
        f"SELECT {column} AS text, country FROM {contract.parsed} WHERE {condition}"
        for contract in contracts
        for column, condition, space, _ in contract.identifiers()
        if space == "phone"
    )
    pairs = chain.db.execute(f"SELECT DISTINCT * FROM ({given}) WHERE text IS NOT NULL").fetchall()
    numbers = [e164(*pair) for pair in pairs]
    columns = {"text": [text for text, _ in pairs], "country": [country for _, country in pairs], "number": numbers}
    chain.db.register("numbers", pa.table({name: pa.array(each, pa.string()) for name, each in columns.items()}))
    chain.run("-- phone\nFROM numbers")


def e164(text: str, country: str | None) -> str | None:
    """A phone number in one spelling; digits without + or 0 before them must be a whole number at home."""
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number) or not number.national_number:
        return None
    if not text.lstrip(" (").startswith(("+", "0")) and not phonenumbers.is_valid_number(number):
        national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
        if re.sub(r"\D", "", national) != re.sub(r"\D", "", text):
            return None
    found = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return f"{found};ext={number.extension}" if number.extension else found


def candidates(contract: Contract, spaces: dict[str, Any]) -> str:
    """Rows of the canonical table, with `reasons` to reject them, and `seen_at` for sets of identifiers."""
    own, values, members, phone = contract.columns(), [], [], "NULL"
    for number, (column, condition, space, verified) in enumerate(contract.identifiers()):
        value, phone = normal(spaces[space].get("normalize", "trim"), column), column if space == "phone" else phone
        values.append(f"CASE WHEN {condition} THEN {value} END AS v{number}")
        members.append(f"""CASE WHEN v{number} IS NOT NULL THEN {{identifier_id: identifier_id('{space}', region,
            v{number}), namespace: '{space}', region: region, value: v{number}, verified: {verified}}}::member END""")
    tests = [test for field in contract.fields for test in reasons(field, field["column"])]
    in_line = ", ".join(test for field in contract.lines for test in reasons(field, f"line.{field['name']}"))
    if in_line:
        wrong = f"list_filter(lines, lambda line: coalesce({in_line}) IS NOT NULL)"
        tests.append(f"CASE WHEN len({wrong}) > 0 THEN 'line' END")
        own["lines"] = "lines"
    more = "[]"
    if contract.table == "event":
        lacked = f"list_filter(needs(event_name || '@' || channel), lambda name: {own['properties']}[name] IS NULL)"
        more = f"coalesce(list_transform({lacked}, lambda name: 'context:' || name), ['unknown:' || event_name])"
    key = next(field["column"] for field in contract.fields if field.get("primaryKey"))
    seen_at = next((own[name] for name in SEEN_AT if name in own), "coalesce(updated_at, created_at, received_at)")
    seen_at = f"least({own['started_at']}, received_at)" if "started_at" in own else seen_at
    return f"""
        SELECT bronze_id, '{contract.source}' AS source, '{contract.dataset}' AS dataset, {key} AS source_key,
            '{contract.version}' AS contract_version, region, country, received_at, position, false AS is_deleted,
            {", ".join(f"{value} AS {name}" for name, value in own.items())}, {seen_at} AS seen_at, identifiers,
            CASE WHEN len(identifiers) > 0 THEN left(digest([source, dataset, array_to_string(list_transform(
                identifiers, lambda m: m.identifier_id || ':' || m.verified), ' ')]), 32) END AS identifier_set_id,
            left(digest([{", ".join(f"{name}::VARCHAR" for name in ("country", "identifiers", *own))}]), 32)
                AS record_hash,
            CASE WHEN is_malformed THEN ['malformed'] ELSE list_filter([{", ".join(tests)}],
                lambda reason: reason IS NOT NULL) || {more} END AS reasons
        FROM (SELECT *, list_sort(list_distinct(list_filter([{", ".join(members)}]::member[],
                lambda each: each IS NOT NULL))) AS identifiers
            FROM (SELECT {", ".join(["*", *values])}
                FROM (SELECT parsed.*, region_of(parsed.country) AS region, number
                    FROM {contract.parsed} parsed
                    LEFT JOIN phone ON text = {phone} AND phone.country IS NOT DISTINCT FROM parsed.country)))"""


def canonicalise(chain: Chain) -> int:
    """Bronze as rows of the canonical tables without duplicates, rejected records, and sets of identifiers."""
    contracts = [Contract.read(path) for path in sorted(CONF.glob("contracts/*/*/*.yaml"))]
    for contract in contracts:
        parse(chain, contract)
    read_phones(chain, contracts)
    spaces, tables = said("identity.yml")["namespaces"], sorted({contract.table for contract in contracts})
    for table in tables:
        made = " UNION ALL BY NAME ".join(candidates(each, spaces) for each in contracts if each.table == table)
        repeats = "record_hash" if table in VERSIONED else "before"
        chain.run(f"""
            -- new_{table}
            {made}
            -- kept_{table}
            SELECT bronze_id
            FROM (SELECT bronze_id, record_hash, lag(record_hash) OVER (PARTITION BY source, dataset, source_key
                ORDER BY received_at, position) AS before FROM new_{table} WHERE len(reasons) = 0)
            WHERE before IS NULL OR before <> {repeats}
            -- silver.{table}
            SELECT * EXCLUDE (reasons {", lines" if table == "order" else ""})
            FROM new_{table} SEMI JOIN kept_{table} USING (bronze_id)""")
        # Of the versions of a source key the last one counts, by the source's own time and then by arrival.
        chain.db.execute(f"""CREATE VIEW now."{table}" AS FROM silver."{table}" WHERE bronze_id IN (SELECT arg_max(
            bronze_id, (coalesce(updated_at, created_at, received_at), received_at, position)) FROM silver."{table}"
            GROUP BY source, dataset, source_key)""")
    (order,) = (each for each in contracts if each.lines)
    make_sets(chain, tables, order)
    return sum(chain.db.execute(f"SELECT count(*) FROM {each.bronze}").fetchall()[0][0] for each in contracts)


def make_sets(chain: Chain, tables: list[str], order: Contract) -> None:
    """What is made of all canonical tables, and the lines of orders."""
    line = ", ".join(f"{f['canonical']}: {typed(f, 'line.' + f['name'])}" for f in order.lines if "canonical" in f)
    every = [f"SELECT bronze_id, source, dataset, contract_version, reasons, received_at FROM new_{t}" for t in tables]
    narrow = "source, dataset, region, identifier_set_id, identifiers, seen_at, received_at, position, bronze_id"
    carriers = [f'SELECT {narrow} FROM silver."{table}"' for table in tables]
    chain.run(f"""
        -- silver.order_line
        SELECT * EXCLUDE (line), unnest(line), line.quantity * line.unit_price_minor AS amount_minor
        FROM (
            SELECT bronze_id, source, dataset, source_key, region, country, received_at, position, order_id, ordered_at,
                currency, unnest(list_transform(lines, lambda line, number: {{line_no: number, {line}}})) AS line
            FROM new_order SEMI JOIN kept_order USING (bronze_id))
        -- silver.quarantine
        FROM ({" UNION ALL ".join(every)}) WHERE len(reasons) > 0
        -- silver.identifier_set
        SELECT identifier_set_id, any_value(source) AS source, any_value(dataset) AS dataset,
            any_value(region) AS region, any_value(identifiers) AS members, count(*) AS record_count,
            min(seen_at) AS first_seen_at, max(seen_at) AS last_seen_at, min(received_at) AS first_recorded_at,
            arg_min(bronze_id, (received_at, position)) AS sample_bronze_id
        FROM ({" UNION ALL ".join(carriers)}) WHERE identifier_set_id IS NOT NULL
        GROUP BY identifier_set_id""")
