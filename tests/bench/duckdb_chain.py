"""A baseline of the chain: day 1 as one DuckDB script, `python -m tests.bench.duckdb_chain --landing … --out …`.

Reads the files and the conf/ that the suite reads, does the work of its stages, and writes each table as Parquet, which
later steps read. Prints Markdown: rows, seconds and CPU seconds of each step; the total is without the start of Python,
as that of the suite is without the start of Spark. duckdb_silver.py is the first part, duckdb_gold.py the last.

As in the suite: every record of the eleven contracts in bronze, with hashes; typed values, reasons to reject, taxonomy,
quarantine; duplicates and current versions; e-mail, phone (phonenumbers, each distinct value once), name and postcode
in one spelling; keyed hashes of identifiers; identifier sets, match keys, evidence; records that share an e-mail or
phone and agree, or contradict each other; links, those that are blocked, expired, crowded or divided with the reason;
components (scipy); persons by anchor; values of profiles with rank and rule; consent; events with persons, sessions,
devices, sessions of orders; households; companies, subscriptions; metrics with totals, lifecycle; audience; outbox. Of
a generated world of 2,000 people each table had the same rows as the suite's, ids of identifiers, persons, sessions and
companies included.

Simpler: NFC instead of NFKC; phone digits without + or 0 are national or nothing; fewer placeholder values; rows of CSV
without line breaks; companies without parents; households by address alone; a value counts from the first version of a
record that has it.

Not done: all that a second day needs (change feeds, affected persons, histories, deletions, late data), Delta, repeats
after a kill, balances and most invariants, ledgers of files, schema drift, contract versions, remarks, birthdays that
are too frequent, taking components apart, bridges, decisions of people, a match model, CDPs, figures of health and of
audiences, rejected members, delivery, erasure.
"""

import argparse
import os
import shutil
import time
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from tests.bench import duckdb_gold as gold
from tests.bench.duckdb_silver import Chain, canonicalise, land, prepare, said


def resolve_identity(chain: Chain) -> int:
    """Identifier sets and match keys → links → components → persons. Returns the number of links."""
    rules = said("identity.yml")
    gather_evidence(chain, rules)
    link(chain, rules["namespaces"])
    place(chain, rules)
    derived = ", ".join(f"'{key['namespace']}'" for key in rules["match_keys"].values())
    return chain.run(f"""
        -- anchor
        SELECT component_id, arg_min({{id: identifier_id, region: region}}, (first_recorded_at, identifier_id)) AS first
        FROM placed WHERE namespace NOT IN ({derived})
        GROUP BY component_id
        -- identity.membership
        SELECT identifier_id, component_id, 'p' || left(sha256('person:' || first.id), 24) AS person_id,
            {chain.now} AS valid_from_at, NULL::TIMESTAMP AS valid_to_at
        FROM placed JOIN anchor USING (component_id)
        -- identity.person
        SELECT person_id, any_value(first.id) AS anchor_id, any_value(first.region) AS region, 'active' AS status,
            list_sort(list_distinct(flatten(list(datasets)))) AS datasets, count(*) AS size
        FROM identity.membership JOIN placed USING (identifier_id, component_id) JOIN anchor USING (component_id)
        GROUP BY person_id
        -- identity.change
        SELECT left(digest(['created', person_id]), 32) AS change_id, 'created' AS kind, 'data' AS cause,
            person_id AS to_person_id, size AS identifier_count, {chain.now} AS occurred_at
        FROM identity.person
        -- degree_of
        SELECT identifier_id, count(DISTINCT other) AS degree
        FROM (SELECT unnest([left_id, right_id]) AS identifier_id, unnest([right_id, left_id]) AS other
            FROM guarded WHERE reason IS NULL)
        GROUP BY identifier_id
        -- identity.identifier
        SELECT vertex.*, coalesce(degree, 0) AS degree, component_id
        FROM vertex LEFT JOIN placed USING (identifier_id) LEFT JOIN degree_of USING (identifier_id)
        -- identity.link
        SELECT *, if(reason IS NULL, 'active', 'evicted') AS status FROM guarded""")


def gather_evidence(chain: Chain, rules: dict[str, Any]) -> None:
    """Each identifier of a set, and the match key of a record, beside the most trusted one of the set or record."""
    ((name, key),) = rules["match_keys"].items()
    shared = tuple(rules["contradictions"]["namespaces"])
    parts = ", ".join(f"by_{part['normalize']}(genuine({part['column']}::VARCHAR), country)" for part in key["parts"])
    chain.run(f"""
        -- key_of
        SELECT *, joined(parts) AS value, '{key["namespace"]}' AS namespace
        FROM (SELECT *, [{parts}] AS parts FROM silver.profile_record WHERE len(identifiers) > 0)
        WHERE len(list_filter(parts, lambda part: part IS NULL)) = 0
        -- carrier
        SELECT identifier_set_id AS evidence_id, 'shared_record' AS kind, source || '.' || dataset AS rule, members,
            members AS own, record_count AS evidence_count, first_seen_at, last_seen_at, first_recorded_at
        FROM silver.identifier_set UNION ALL
        SELECT bronze_id, 'match_key', 'match_key:{name}', identifiers, [{{identifier_id: identifier_id(namespace,
            region, value), namespace: namespace, region: region, value: value, verified: false}}]::member[], 1,
            seen_at, seen_at, received_at
        FROM key_of
        -- ranked
        SELECT *, list_sort(list_distinct(list_transform(members, lambda m: {{blocked: is_blocked(m.namespace, m.value),
            distrust: -trust(m.namespace), id: m.identifier_id, namespace: m.namespace}}))) AS strongest
        FROM carrier
        -- star
        SELECT * EXCLUDE (members, own, strongest), unnest(own) AS member, strongest[1] AS hub
        FROM ranked UNION ALL
        SELECT * EXCLUDE (members, own, strongest), unnest(list_filter(own, lambda m:
            m.identifier_id NOT IN (strongest[1].id, if(kind = 'shared_record', strongest[2].id, 0)))), strongest[2]
        FROM ranked WHERE strongest[1].namespace IN {shared} AND len(strongest) > 1
        -- own_evidence
        SELECT evidence_id, rule, kind, hub.id AS hub_id, member.identifier_id AS member_id,
            hub.namespace AS hub_namespace, member.namespace AS member_namespace, hub.blocked AS hub_blocked,
            is_blocked(member.namespace, member.value) AS member_blocked, member.region AS region,
            hash(member.namespace, member.region, member.value) AS member_check, evidence_count,
            1.0::DOUBLE AS confidence, first_seen_at, last_seen_at, first_recorded_at
        FROM star""")
    agree(chain, shared)


def agree(chain: Chain, shared: tuple[str, ...]) -> None:
    """Evidence of records that share an identifier and agree on the person, or contradict each other."""
    chain.run(f"""
        -- said
        SELECT bronze_id, by_name(genuine(given_name), country) AS given,
            by_name(genuine(family_name), country) AS family,
            replace(genuine(birth_date::VARCHAR), '-', '') AS born, seen_at, received_at, unnest(identifiers) AS m,
            list_sort(list_transform(identifiers, lambda i: {{blocked: is_blocked(i.namespace, i.value),
                distrust: -trust(i.namespace), id: i.identifier_id, namespace: i.namespace}})) AS strongest
        FROM silver.profile_record
        -- with_other
        SELECT *, coalesce(list_filter(strongest, lambda i: i.id <> m.identifier_id AND NOT i.blocked)[1],
            list_filter(strongest, lambda i: i.id = m.identifier_id)[1]) AS other
        FROM said
        -- identity.description
        SELECT DISTINCT bronze_id, m.identifier_id AS identifier_id, m.namespace AS namespace, m.region AS region,
            other.id AS other_id, other.namespace AS other_namespace, given AS given_name, family AS family_name,
            born AS birth_date, seen_at, received_at
        FROM with_other
        WHERE m.namespace IN {shared} AND NOT is_blocked(m.namespace, m.value)
            AND given IS NOT NULL AND family IS NOT NULL AND born IS NOT NULL
        -- compared
        SELECT identifier_id, a.other_id AS one, b.other_id AS other,
            jaro_winkler_similarity(a.given_name, b.given_name) AS given,
            jaro_winkler_similarity(a.family_name, b.family_name) AS family,
            damerau_levenshtein(a.birth_date, b.birth_date) AS edits,
            least(given, family) >= .92 AND edits <= 1 AND (edits = 0 OR least(given, family) = 1) AS agrees,
            least(given, family) < .8 AND edits >= 3 AS contradicts
        FROM identity.description a JOIN identity.description b USING (identifier_id)
        WHERE a.other_id < b.other_id
        -- grouped
        WITH RECURSIVE reached AS (
            SELECT DISTINCT identifier_id, other_id, other_id AS root FROM identity.description UNION
            SELECT identifier_id, if(c.one = r.other_id, c.other, c.one), root
            FROM reached r JOIN compared c USING (identifier_id) WHERE agrees AND r.other_id IN (c.one, c.other))
        SELECT identifier_id, other_id, min(root) AS root FROM reached GROUP BY ALL
        -- shared
        SELECT identifier_id, any_value(d.namespace) AS namespace, any_value(region) AS region, other_id,
            any_value(other_namespace) AS other_namespace, any_value(root) AS root, count(*) AS records,
            min(seen_at) AS first_seen_at, max(seen_at) AS last_seen_at, min(received_at) AS first_recorded_at
        FROM identity.description d JOIN grouped USING (identifier_id, other_id) GROUP BY ALL
        -- repeated
        SELECT identifier_id, other_namespace, sum(n - 1)::BIGINT AS repeated
        FROM (SELECT identifier_id, other_namespace, root, count(*) AS n FROM shared GROUP BY ALL) GROUP BY ALL
        HAVING repeated > 0
        -- divided
        SELECT DISTINCT identifier_id AS id
        FROM compared JOIN grouped a USING (identifier_id) JOIN grouped b USING (identifier_id)
        WHERE contradicts AND a.other_id = one AND b.other_id = other AND a.root <> b.root
        -- agreement
        SELECT identifier_id::VARCHAR AS evidence_id, 'agreement:' || m.namespace AS rule, 'agreement' AS kind,
            h.other_id AS hub_id, m.other_id AS member_id, h.other_namespace AS hub_namespace,
            m.other_namespace AS member_namespace, false AS hub_blocked, false AS member_blocked, m.region AS region,
            0::UBIGINT AS member_check, h.records + m.records AS evidence_count, 1.0::DOUBLE AS confidence,
            least(h.first_seen_at, m.first_seen_at) AS first_seen_at,
            greatest(h.last_seen_at, m.last_seen_at) AS last_seen_at,
            least(h.first_recorded_at, m.first_recorded_at) AS first_recorded_at
        FROM shared m JOIN shared h USING (identifier_id) WHERE m.root = h.other_id AND m.other_id <> h.other_id
        -- whole
        SELECT identifier_id, any_value(namespace) AS namespace, any_value(region) AS region,
            count(DISTINCT root) AS groups, min(first_seen_at) AS first_seen_at, max(last_seen_at) AS last_seen_at,
            min(first_recorded_at) AS first_recorded_at
        FROM shared GROUP BY ALL
        -- said_of_shared
        SELECT identifier_id, 'repetition' AS kind, other_namespace AS named, other_namespace AS space,
            repeated AS count FROM repeated UNION ALL
        SELECT identifier_id, 'contradiction', namespace, namespace, groups
        FROM whole WHERE identifier_id IN (FROM divided)
        -- identity.evidence
        SELECT * FROM own_evidence UNION ALL SELECT * FROM agreement UNION ALL
        SELECT identifier_id::VARCHAR, kind || ':' || named, kind, identifier_id, identifier_id, namespace, space,
            false, false, region, 0, count, 1.0, first_seen_at, last_seen_at, first_recorded_at
        FROM said_of_shared JOIN whole USING (identifier_id)""")


def link(chain: Chain, spaces: dict[str, Any]) -> None:
    """Links of the evidence, each with the reason why it does not count, and identifiers with their status."""
    days, most = ({n: s[w] for n, s in spaces.items() if w in s} for w in ("expires_after_days", "crowd_limit"))
    ends = ("left_namespace", "right_namespace")
    late = " ".join(f"WHEN last_seen_at < {chain.now} - to_days(MAP {days}[{e}]) THEN 'expired:' || {e}" for e in ends)
    chain.run(f"""
        -- pair
        SELECT least(hub_id, member_id) AS left_id, greatest(hub_id, member_id) AS right_id, kind, rule,
            any_value(if(hub_id < member_id, hub_namespace, member_namespace)) AS left_namespace,
            any_value(if(hub_id < member_id, member_namespace, hub_namespace)) AS right_namespace,
            sum(evidence_count)::BIGINT AS evidence_count, min(first_seen_at) AS first_seen_at,
            max(last_seen_at) AS last_seen_at, max(confidence) AS confidence,
            max(CASE WHEN hub_blocked THEN hub_namespace WHEN member_blocked THEN member_namespace END) AS blocked_by
        FROM identity.evidence WHERE hub_id <> member_id
        GROUP BY ALL
        -- link
        SELECT * EXCLUDE (blocked_by),
            CASE WHEN blocked_by IS NOT NULL THEN 'blocked:' || blocked_by {late} END AS reason
        FROM pair
        -- crowd
        SELECT DISTINCT id
        FROM (
            SELECT unnest([left_id, right_id]) AS id, unnest([left_namespace, right_namespace]) AS space,
                unnest([right_id, left_id]) AS other, unnest([right_namespace, left_namespace]) AS other_space, kind
            FROM link WHERE reason IS NULL)
        LEFT JOIN repeated ON repeated.identifier_id = id AND repeated.other_namespace = other_space
        WHERE trust(other_space) > trust(space) AND kind IN ('shared_record', 'match_key')
        GROUP BY id, space, other_space
        HAVING count(DISTINCT other) - coalesce(any_value(repeated), 0) > MAP {most}[space]
        -- guarded
        SELECT * REPLACE (coalesce(reason, CASE WHEN left_id IN (FROM divided) THEN 'contradiction:' || left_namespace
            WHEN left_id IN (FROM crowd) THEN 'crowded:' || left_namespace
            WHEN right_id IN (FROM divided) THEN 'contradiction:' || right_namespace
            WHEN right_id IN (FROM crowd) THEN 'crowded:' || right_namespace END) AS reason)
        FROM link
        -- vertex
        SELECT member_id AS identifier_id, any_value(member_namespace) AS namespace, any_value(region) AS region,
            list_sort(coalesce(list(DISTINCT rule) FILTER (kind = 'shared_record'), [])) AS datasets,
            min(first_recorded_at) AS first_recorded_at, CASE WHEN bool_or(member_blocked) THEN 'blocked'
            WHEN any_value(divided.id) IS NOT NULL THEN 'divided'
            WHEN any_value(crowd.id) IS NOT NULL THEN 'crowded' ELSE 'active' END AS status
        FROM identity.evidence LEFT JOIN crowd ON crowd.id = member_id LEFT JOIN divided ON divided.id = member_id
        WHERE kind IN ('shared_record', 'match_key')
        GROUP BY member_id""")


def place(chain: Chain, rules: dict[str, Any]) -> None:
    """Connected components of the links that count. Raises AssertionError where one breaks a limit of the rules."""
    edges = chain.db.execute("SELECT left_id, right_id FROM guarded WHERE reason IS NULL").fetchnumpy()
    ids, index = np.unique(np.concatenate([edges["left_id"], edges["right_id"]]), return_inverse=True)
    left, right = np.split(index, 2)
    count, labels = connected_components(coo_matrix((np.ones(len(left), "i1"), (left, right)), (len(ids),) * 2), False)
    smallest = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(smallest, labels, ids)
    chain.db.register("labels", pa.table({"identifier_id": ids, "component_id": smallest[labels]}))
    chain.run("""
        -- placed
        SELECT vertex.*, coalesce(component_id, identifier_id) AS component_id
        FROM vertex LEFT JOIN labels USING (identifier_id) WHERE status = 'active'""")
    most = {name: space["max_per_person"] for name, space in rules["namespaces"].items() if "max_per_person" in space}
    over = chain.db.execute(f"""
        SELECT component_id FROM placed GROUP BY component_id HAVING count(*) > {rules["component_limit"]} UNION
        SELECT component_id FROM placed GROUP BY component_id, namespace HAVING count(*) > MAP {most}[namespace]
        """).fetchall()
    assert not over, f"{len(over):,} components are over a limit, which the suite would take apart"


STEPS = (
    prepare,
    land,
    canonicalise,
    resolve_identity,
    gold.build_profiles,
    gold.build_events,
    gold.build_households,
    gold.build_accounts,
    gold.build_metrics,
    gold.build_audiences,
    gold.export,
)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--landing", type=Path, required=True, help="the delivered files, <source>/<dataset>/<day>/…")
    parser.add_argument("--day", type=date.fromisoformat, default=date(2026, 1, 1))
    parser.add_argument("--out", type=Path, required=True, help="folder for the tables, made anew")
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    shutil.rmtree(given.out, ignore_errors=True)
    given.out.mkdir(parents=True)
    chain = Chain(given.landing, given.out, given.day, given.threads)
    start = before = used()
    print(f"| step | rows | seconds | CPU seconds |\n|---|--:|--:|--:|\n| start of Python | | | {start[1]:.2f} |")
    for step in STEPS:
        rows, after = step(chain), used()
        print(f"| {step.__name__} | {rows:,} | {after[0] - before[0]:.2f} | {after[1] - before[1]:.2f} |", flush=True)
        before = after
    print(f"| **all steps** | | {before[0] - start[0]:.2f} | {before[1] - start[1]:.2f} |")


def used() -> tuple[float, float]:
    """Seconds by the clock, and CPU seconds of this process and its children."""
    return time.monotonic(), sum(os.times()[:4])


if __name__ == "__main__":
    main()
