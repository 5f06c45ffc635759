"""Last part of the baseline in duckdb_chain.py: persons → profiles, events, households, companies, metrics, outbox."""

from typing import Any

from tests.bench.duckdb_silver import Chain, said

ATTRIBUTES = """given_name family_name birth_date email phone street city postcode country loyalty_tier
    loyalty_points""".split()
OWNED = ("profile_record", "order", "support_case", "subscription")
KEY = "source, dataset, source_key"
# Facts of persons: their time, their key, and where they are.
FACTS = {
    "order": ("ordered_at", KEY, f'now."order" JOIN gold.person_xref USING ({KEY})'),
    "case": ("opened_at", KEY, f"now.support_case JOIN gold.person_xref USING ({KEY})"),
    "event": ("occurred_at", KEY, "gold.event"),
    "session": ("started_at", "session_id", "gold.session"),
    "subscription": ("started_at", KEY, "gold.subscription"),
}


def build_profiles(chain: Chain) -> int:
    """Whose each record is, consent, and profiles: the values that survive, with figures of records."""
    every = " UNION ALL ".join(f'SELECT {KEY}, identifier_set_id FROM now."{table}"' for table in OWNED)
    chain.run(f"""
        -- owner
        SELECT identifier_set_id, arg_min(person_id, (-trust(m.namespace), m.identifier_id)) AS person_id
        FROM (SELECT identifier_set_id, unnest(members) AS m FROM silver.identifier_set)
        JOIN identity.membership ON identifier_id = m.identifier_id
        GROUP BY identifier_set_id
        -- gold.person_xref
        SELECT {KEY}, person_id FROM ({every}) JOIN owner USING (identifier_set_id)
        -- gold.consent_state
        SELECT person_id, purpose, max({{n: last.n, since: last.since, status: last.status}}) AS decisive,
            (decisive).status AS status, (decisive).since AS effective_from, sum(statements)::BIGINT AS statement_count
        FROM (
            SELECT person_id, purpose, count(*) AS statements,
                max({{since: effective_from, n: strictness, status: status}}) AS last
            FROM (SELECT *, list_position(['granted', 'withdrawn', 'denied'], status) AS strictness FROM silver.consent)
            JOIN owner USING (identifier_set_id)
            WHERE effective_from <= {chain.now}
            GROUP BY person_id, purpose, identifier_set_id)
        GROUP BY person_id, purpose""")
    rank_values(chain)
    return write_profiles(chain)


def rank_values(chain: Chain) -> None:
    """The values of each attribute of a person, the one that survives first, and the rule that puts it there."""
    rules = said("profile.yml")
    rest = rules["default"]["priority"]
    own = {name: given["priority"] for name, given in rules["attributes"].items() if "priority" in given}
    places = " ".join(f"WHEN '{name}' THEN list_position({datasets}, of)" for name, datasets in own.items())
    values = ", ".join(f"{{attribute: '{name}', attribute_value: {name}::VARCHAR}}" for name in ATTRIBUTES)
    chain.run(f"""
        -- told
        SELECT {KEY}, bronze_id, received_at, position, seen_at, unnest([{values}] || list_transform(map_entries(
            attributes), lambda each: {{attribute: 'attributes.' || each.key, attribute_value: each.value}}),
            recursive := true)
        FROM silver.profile_record
        -- claim
        SELECT person_id, {KEY}, bronze_id, attribute, attribute_value, changed_at, source || '.' || dataset AS of
        FROM (
            SELECT {KEY}, attribute, attribute_value, min(seen_at) AS changed_at,
                arg_max(bronze_id, (seen_at, received_at, position)) AS bronze_id
            FROM told WHERE attribute_value IS NOT NULL
            GROUP BY ALL)
        SEMI JOIN now.profile_record USING (bronze_id)
        JOIN gold.person_xref USING ({KEY})
        -- gold.profile_attribute
        SELECT person_id, attribute, attribute_value, record_count, unnest(best), row_number() OVER w AS rank,
            CASE WHEN lead(best) OVER w IS NULL THEN if(rank = 1, 'only', NULL)
                WHEN (lead(best) OVER w).place <> best.place THEN 'priority'
                WHEN (lead(best) OVER w).changed_at <> best.changed_at THEN 'recency' ELSE 'tie' END AS rule
        FROM (
            SELECT person_id, attribute, attribute_value, count(*) AS record_count, max({{
                place: -coalesce(CASE attribute {places} ELSE list_position({rest}, of) END, 99),
                changed_at: changed_at, source: source, dataset: dataset, source_key: source_key, bronze_id: bronze_id
                }}) AS best
            FROM claim GROUP BY person_id, attribute, attribute_value)
        WINDOW w AS (PARTITION BY person_id, attribute ORDER BY best DESC, attribute_value DESC)""")


def write_profiles(chain: Chain) -> int:
    """One profile for each person. Orders that were cancelled do not count."""
    types = {"birth_date": "DATE", "loyalty_points": "BIGINT"}
    winners = (f"max(attribute_value) FILTER (attribute = '{n}')::{types.get(n, 'VARCHAR')} AS {n}" for n in ATTRIBUTES)
    counts = ("record_count", "order_count", "event_count", "case_count")
    return chain.run(f"""
        -- survivor
        SELECT person_id, {", ".join(winners)}, map_from_entries(list({{k: substr(attribute, 12), v: attribute_value}}
            ORDER BY attribute) FILTER (starts_with(attribute, 'attributes.'))) AS attributes
        FROM gold.profile_attribute WHERE rank = 1
        GROUP BY person_id
        -- count_of
        SELECT person_id, count(*) FILTER (source <> 'support') AS record_count,
            count(*) FILTER (source = 'support') AS case_count
        FROM gold.person_xref WHERE source <> 'commerce'
        GROUP BY person_id
        -- order_of
        SELECT person_id, sum(orders)::BIGINT AS order_count, max(last_at) AS last_order_at,
            map_from_entries(list({{k: currency, v: total}} ORDER BY currency)) AS revenue_minor
        FROM (
            SELECT person_id, currency, count(*) AS orders, sum(total_minor)::BIGINT AS total,
                max(ordered_at) AS last_at
            FROM now."order" JOIN gold.person_xref USING ({KEY})
            WHERE status IS DISTINCT FROM 'cancelled'
            GROUP BY person_id, currency)
        GROUP BY person_id
        -- event_of
        SELECT person_id, sum(record_count)::BIGINT AS event_count, max(last_seen_at) AS last_event_at
        FROM silver.identifier_set JOIN owner USING (identifier_set_id)
        WHERE dataset IN ('event', 'engagement')
        GROUP BY person_id
        -- gold.profile
        SELECT * REPLACE ({", ".join(f"coalesce({name}, 0) AS {name}" for name in counts)},
            coalesce(revenue_minor, MAP {{}}) AS revenue_minor)
        FROM (SELECT person_id, region FROM identity.person) LEFT JOIN survivor USING (person_id) LEFT JOIN count_of
            USING (person_id) LEFT JOIN order_of USING (person_id) LEFT JOIN event_of USING (person_id)""")


def build_events(chain: Chain) -> int:
    """Events with their persons and devices; sessions; the session in which an order was placed."""
    rules, events = said("gold.yml"), said("taxonomy.yml")["events"]
    devices = tuple(rules["events"]["devices"])
    numbers = {name: each["refers_to"]["order"] for name, each in events.items() if "refers_to" in each}
    rows = chain.run(f"""
        -- gold.event
        SELECT {KEY}, person_id, person_id AS person_id_then, received_at AS attributed_at, occurred_at, event_name,
            channel, properties['campaign'] AS campaign, region, list_min(list_transform(list_filter(identifiers,
            lambda m: m.namespace IN {devices}), lambda m: m.identifier_id)) AS device_id
        FROM silver.event LEFT JOIN owner USING (identifier_set_id)""")
    make_sessions(chain, rules["sessions"])
    chain.run(f"""
        -- gold.device
        SELECT m.identifier_id AS device_id, m.namespace AS namespace, m.region AS region,
            any_value(person_id) AS person_id, min(first_seen_at) AS first_seen_at, max(last_seen_at) AS last_seen_at,
            sum(if(dataset IN ('event', 'engagement'), record_count, 0))::BIGINT AS event_count
        FROM (SELECT *, unnest(members) AS m FROM silver.identifier_set)
        LEFT JOIN identity.membership ON identifier_id = m.identifier_id
        WHERE m.namespace IN {devices}
        GROUP BY ALL
        -- naming
        SELECT order_id, unnest(min({{moment: occurred_at, event_source: source, event_dataset: dataset,
            event_key: source_key, event_person_id: person_id, device_id: device_id, campaign: campaign}}))
        FROM (SELECT {KEY}, properties[MAP {numbers}[event_name]] AS order_id FROM silver.event)
        JOIN gold.event USING ({KEY})
        WHERE order_id IS NOT NULL
        GROUP BY order_id
        -- gold.order_session
        SELECT o.source, o.dataset, o.source_key, order_id, x.person_id,
            if(moment <= ended_at, session_id, NULL) AS session_id, naming.* EXCLUDE (order_id, moment)
        FROM now."order" o LEFT JOIN gold.person_xref x USING ({KEY}) LEFT JOIN naming USING (order_id)
        ASOF LEFT JOIN gold.session s ON s.person_id = event_person_id AND started_at <= moment""")
    return rows


def make_sessions(chain: Chain, rules: dict[str, Any]) -> None:
    """Spans of what one person did without a long pause, within a day and a campaign."""
    chain.run(f"""
        -- act
        SELECT *, coalesce(occurred_at > lag(occurred_at) OVER w + INTERVAL {rules["inactivity_minutes"]} MINUTES, true)
            OR day IS DISTINCT FROM lag(day) OVER w OR (campaign IS NOT NULL AND campaign IS DISTINCT FROM last_value(
            campaign IGNORE NULLS) OVER (w ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) AS begins
        FROM (
            SELECT *, timezone(coalesce(MAP {rules["time_zones"]}[region], 'UTC'), timezone('UTC', occurred_at))::DATE
                AS day
            FROM gold.event WHERE person_id IS NOT NULL AND event_name NOT IN {tuple(rules["passive_events"])})
        WINDOW w AS (PARTITION BY person_id ORDER BY occurred_at, {KEY})
        -- gold.session
        SELECT 's' || left(keyed(part(person_id) || part(first.source) || part(first.dataset) ||
            part(first.source_key)), 24) AS session_id, * EXCLUDE (number, first), first.event_name AS entry_event
        FROM (
            SELECT person_id, number, min(occurred_at) AS started_at, max(occurred_at) AS ended_at,
                count(*) AS event_count, list_sort(list(DISTINCT channel)) AS channels,
                count(DISTINCT device_id) AS device_count,
                arg_min(campaign, (occurred_at, {KEY})) FILTER (campaign IS NOT NULL) AS campaign,
                min({{moment: occurred_at, source: source, dataset: dataset, source_key: source_key,
                event_name: event_name}}) AS first
            FROM (SELECT *, sum(begins::INT) OVER (PARTITION BY person_id ORDER BY occurred_at, {KEY}) AS number
                FROM act)
            GROUP BY person_id, number)""")


def build_households(chain: Chain) -> int:
    """Persons of one surname at one address."""
    rules = said("gold.yml")["households"]
    parts = [f"by_{p['normalize']}(genuine({p['column']}), country)" for p in (*rules["address"], rules["surname"])]
    return chain.run(f"""
        -- gold.household_key
        SELECT person_id, if(is_whole, keyed(part(joined(parts[:-2]))), NULL) AS address_key,
            if(is_whole, keyed(part(joined(parts))), NULL) AS home_key
        FROM (SELECT *, len(list_filter(parts, lambda each: each IS NULL)) = 0 AS is_whole
            FROM (SELECT person_id, [{", ".join(parts)}] AS parts
                FROM gold.profile WHERE record_count >= {rules["min_records"]}))
        -- home
        SELECT home_key, count(*) AS person_count, 'h' || left(digest(['address', min(person_id)]), 24) AS household_id,
            sum(count(*)) OVER (PARTITION BY address_key) AS at_address
        FROM gold.household_key WHERE home_key IS NOT NULL
        GROUP BY address_key, home_key
        -- gold.household
        SELECT household_id, 'address' AS rule, person_count,
            CASE WHEN person_count > {rules["max_size"]} THEN 'crowded'
                WHEN at_address > {rules["max_per_address"]} THEN 'crowded_address' END AS reason,
            if(reason IS NULL, 'active', 'refused') AS status
        FROM home WHERE person_count > 1
        -- gold.household_member
        SELECT person_id, household_id, 'address' AS rule FROM gold.household_key JOIN home USING (home_key)
        SEMI JOIN (FROM gold.household WHERE reason IS NULL) USING (household_id)""")


def build_accounts(chain: Chain) -> int:
    """Companies and who belongs to them, by a record or else by the domain of an address; subscriptions."""
    limits, rules = said("gold.yml")["accounts"]["domains"], said("gold.yml")["subscriptions"]
    return chain.run(f"""
        -- company
        SELECT {KEY}, name, industry, country, seen_at, company_domain(domain) AS host,
            account_of(host, [{KEY}]) AS account_id
        FROM now.account
        -- gold.account_xref
        SELECT {KEY}, account_id FROM company
        -- belonging
        SELECT person_id, rank, attribute_value,
            CASE WHEN attribute = 'email' THEN company_domain(attribute_value) END AS own
        FROM gold.profile_attribute WHERE attribute IN ('email', 'attributes.account_key')
        -- gold.account_key
        SELECT person_id, unnest(min({{by_domain: own IS NOT NULL, rank: rank, account_id: if(own IS NULL, account_id,
            account_of(own, [''])), rule: if(own IS NULL, 'crm_account', 'domain'), domain: own}}))
        FROM belonging LEFT JOIN company ON source = 'crm' AND source_key = attribute_value
        WHERE own IS NOT NULL OR account_id IS NOT NULL
        GROUP BY person_id
        -- gold.account
        SELECT account_id, if(record_count IS NULL, 'domain', 'crm_account') AS rule, name, coalesce(host, domain) AS
            domain, industry, country, coalesce(record_count, 0) AS record_count, coalesce(persons, 0) AS person_count,
            if(by_domain > {limits["max_persons"]}, 'crowded', NULL) AS reason
        FROM (
            SELECT account_id, any_value(host) AS host, count(*) AS record_count, arg_max(name, seen_at) AS name,
                arg_max(industry, seen_at) AS industry, arg_max(country, seen_at) AS country
            FROM company GROUP BY account_id)
        FULL JOIN (
            SELECT account_id, any_value(domain) AS domain, count(*) AS persons,
                count(*) FILTER (rule = 'domain') AS by_domain
            FROM gold.account_key GROUP BY account_id) USING (account_id)
        WHERE record_count IS NOT NULL OR by_domain >= {limits["min_persons"]}
        -- gold.account_member
        SELECT person_id, account_id, k.rule FROM gold.account_key k JOIN gold.account USING (account_id)
        WHERE k.rule = 'crm_account' OR reason IS NULL
        -- gold.subscription
        {subscriptions(chain, tuple(rules["inactive_statuses"]))}""")


def subscriptions(chain: Chain, inactive: tuple[str, ...]) -> str:
    return f"""
        SELECT s.source, s.dataset, s.source_key, subscription_id, person_id, account_id, product, status, started_at,
            coalesce(ends_at, cancelled_at) AS ended_at, started_at <= {chain.now} AND
            coalesce(ended_at > {chain.now}, true) AND status NOT IN {inactive} AS is_active,
            round(amount_minor::DECIMAL(20, 4) / period_months)::BIGINT AS monthly_minor, currency
        FROM now.subscription s LEFT JOIN gold.person_xref USING ({KEY})
        LEFT JOIN company c ON c.source = 'crm' AND c.source_key = account_key"""


def aggregate(metric: dict[str, Any], at: str, key: str, now: str) -> str:
    """A metric over the facts of one person, in SQL."""
    column, tests = metric.get("column"), [f"({metric['where']})"] if "where" in metric else []
    tests += [f"currency = '{metric['currency']}'"] if "currency" in metric else []
    tests += [f"{at} > {now} - INTERVAL {metric['days']} DAYS"] if "days" in metric else []
    tests += [f"{column} IS NOT NULL"] if column else []
    only = f"FILTER ({' AND '.join(tests) or 'true'})"
    counted = f"map_entries(histogram({column}) {only})"
    return {
        "count": f"count(*) {only}",
        "sum": f"coalesce(sum({column}) {only}, 0)::BIGINT",
        "days_since": f"datesub('day', max({at}) {only}, {now})",
        "most": f"list_sort(list_transform({counted}, lambda e: {{n: -e.value::BIGINT, word: e.key}}))[1].word",
        "first": f"arg_min({column}, ({at}, {key})) {only}",
        "latest": f"arg_max({column}, ({at}, {key})) {only}",
    }[metric["take"]]


def build_metrics(chain: Chain) -> int:
    """Figures of persons by conf/metrics.yml, their totals, and the state in the lifecycle."""
    rules, found = said("metrics.yml"), []
    for fact, (at, key, facts) in FACTS.items():
        own = {name: each for name, each in rules["metrics"].items() if each["of"] == fact}
        taken = ", ".join(f"{aggregate(each, at, key, chain.now)} AS {name}" for name, each in own.items())
        found.append(f"""LEFT JOIN (SELECT person_id, {taken} FROM {facts}
            WHERE person_id IS NOT NULL AND {at} <= {chain.now} GROUP BY person_id) USING (person_id)""")
    states = " ".join(f"WHEN {state['when']} THEN '{name}'" for name, state in rules["lifecycle"].items())
    derived = {n: each["expression"] for n, each in rules["derived"].items()} | {"lifecycle": f"CASE {states} END"}
    zeros = [name for name, each in rules["metrics"].items() if each["take"] in ("count", "sum")]
    words = [name for name, each in rules["metrics"].items() if each["take"] in ("most", "first", "latest")]
    words += ["lifecycle", *(name for name, each in rules["derived"].items() if each.get("type") == "text")]
    values = ", ".join(
        f"{{metric: '{n}', number: {'NULL' if n in words else n}::BIGINT, text: {n if n in words else 'NULL'}::TEXT}}"
        for n in (*rules["metrics"], *derived)
    )
    return chain.run(f"""
        -- measured
        SELECT *, {", ".join(f"{sql} AS {name}" for name, sql in derived.items())}
        FROM (SELECT * REPLACE ({", ".join(f"coalesce({name}, 0) AS {name}" for name in zeros)})
            FROM gold.profile {" ".join(found)})
        -- value
        FROM (SELECT person_id, region, unnest([{values}], recursive := true) FROM measured)
        WHERE number IS NOT NULL OR text IS NOT NULL
        -- gold.metric
        SELECT * EXCLUDE (region) FROM value WHERE number IS DISTINCT FROM 0 OR metric NOT IN {tuple(zeros)}
        -- gold.metric_total
        SELECT metric, region, coalesce(text, '') AS text, count(*) AS person_count, sum(number)::BIGINT AS total,
            min(number) AS smallest, max(number) AS greatest
        FROM value GROUP BY ALL
        -- gold.lifecycle_transition
        SELECT person_id, {chain.now} AS transitioned_at, NULL::VARCHAR AS from_state, lifecycle AS to_state
        FROM measured""")


def build_audiences(chain: Chain) -> int:
    """Who is in the audience that the newsletter is for."""
    rules = said("audiences/recent_buyers.yml")
    return chain.run(f"""
        -- gold.audience_member
        SELECT '{rules["name"]}' AS audience, person_id, as_of AS entered_at, NULL::TIMESTAMP AS exited_at,
            'data' AS entered_cause
        FROM (SELECT *, {chain.now} AS as_of FROM measured)
        SEMI JOIN (FROM gold.consent_state WHERE purpose = '{rules["purpose"]}' AND status = 'granted')
            USING (person_id)
        WHERE {rules["where"]}""")


def export(chain: Chain) -> int:
    """What the newsletter is sent for each member, as changes in its outbox."""
    rules = said("destinations/newsletter.yml")
    fields = []
    for name, given in sorted(rules["fields"].items()):
        value = f"by_{given.get('normalize', 'trim').removeprefix('trim_')}({given['column']}::VARCHAR, '')"
        fields.append(f"{{k: '{name}', v: {f'sha256({value})' if given.get('hash') == 'sha256' else value}}}")
    return chain.run(f"""
        -- export.{rules["name"]}
        SELECT person_id, 1 AS sequence, 'add' AS operation, 'entered' AS cause, payload,
            left(digest([to_json(payload)::VARCHAR]), 32) AS payload_hash,
            left(digest(['{rules["name"]}', person_id, '1', payload_hash]), 32) AS idempotency_key,
            {chain.now} AS created_at
        FROM (
            SELECT person_id, map_from_entries(list_filter([{", ".join(fields)}], lambda each: each.v IS NOT NULL))
                AS payload
            FROM measured SEMI JOIN gold.audience_member USING (person_id))""")
