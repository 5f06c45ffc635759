"""Impact analysis: the dependents of a contract property in silver, identity, gold, audiences and destinations."""

from collections.abc import Collection, Iterator

from c360_spark import tables
from c360_spark.config import Conf, Contract, Field
from c360_spark.config.activation.activation import REVENUE, Mapping
from c360_spark.config.rules.expression import used
from c360_spark.config.rules.probabilistic import columns
from c360_spark.config.rules.survivorship import ATTRIBUTES, ENTRIES, ENTRY
from c360_spark.contracts.gate.difference import Difference
from c360_spark.contracts.gate.property_differences import namespaces

CLOCK = ("updated_at", "created_at")  # set the age of a value, which the criterion `recency` of survivorship uses
# Aggregates of gold.profile and the silver columns that they read; a mere row count reads none.
FIGURES = {
    "order_count": {"order.status"},
    "revenue_minor": {"order.status", "order.total_minor", "order.currency"},
    "unpriced_order_count": {"order.status", "order.total_minor", "order.currency"},
    "last_order_at": {"order.status", "order.ordered_at"},
    "last_event_at": {"event.occurred_at"},
}
# Columns of silver → the columns and tables of events, sessions, companies and subscriptions built from each.
MADE = {
    "event.event_name": ("gold.event.event_name", "gold.session.entry_event"),
    "event.occurred_at": ("gold.event.occurred_at", "gold.session.started_at", "gold.session.ended_at"),
    "event.channel": ("gold.event.channel", "gold.session.channels"),
    "event.properties.campaign": ("gold.event.campaign", "gold.session.campaign"),
    "account.name": ("gold.account.name",),
    "account.domain": ("gold.account.domain", "gold.account_member"),
    "account.industry": ("gold.account.industry",),
    "account.country": ("gold.account.country",),
    "account.parent_key": ("gold.account.parent_account_id",),
    "subscription.subscription_id": ("gold.subscription.subscription_id",),
    "subscription.account_key": ("gold.subscription.account_id",),
    "subscription.product": ("gold.subscription.product",),
    "subscription.status": ("gold.subscription.status", "gold.subscription.is_active"),
    "subscription.started_at": ("gold.subscription.started_at", "gold.subscription.is_active"),
    "subscription.ends_at": ("gold.subscription.ends_at", "gold.subscription.is_active"),
    "subscription.cancelled_at": ("gold.subscription.ends_at", "gold.subscription.is_active"),
    "subscription.period_months": ("gold.subscription.monthly_minor",),
    "subscription.amount_minor": ("gold.subscription.monthly_minor",),
    "subscription.currency": ("gold.subscription.currency",),
}


def dependents(conf: Conf, difference: Difference, *contracts: Contract) -> list[str]:
    """The dependents of what a difference changes, in any of the `contracts`, ordered from silver outwards."""
    found: list[str] = []
    for contract in contracts:
        found += _of(conf, contract, difference)
    return sorted(set(found), key=found.index)


def _of(conf: Conf, contract: Contract, difference: Difference) -> Iterator[str]:
    if difference.kind == "primary_key.changed":
        yield f"silver.{contract.table}.source_key"
        beside = {tables.ACCOUNT.name: tables.ACCOUNT_XREF, tables.CDP_PROFILE.name: tables.CDP_RECONCILIATION}
        yield beside.get(contract.table, tables.PERSON_XREF).full_name
        if contract.table == tables.PROFILE_RECORD.name:  # the age of a value is derived from the versions of a key
            yield tables.PROFILE_ATTRIBUTE.full_name
    if difference.kind.startswith("constant."):
        prefix, _, column = difference.where.rpartition("[]")
        yield from _column(conf, contract.lines.table if prefix and contract.lines else contract.table, column)
    if difference.kind == "table.changed":
        for field in contract.lines.fields if difference.where and contract.lines else contract.fields:
            yield from _field(conf, contract.table, field)
    for table, field in _meant(contract, difference):
        yield from _field(conf, table, field)


def _meant(contract: Contract, difference: Difference) -> Iterator[tuple[str, Field]]:
    """The fields that a difference affects, with their table; for a rule, the fields of its condition."""
    names = {difference.where}
    if difference.kind == "property.renamed":
        names = {difference.before, difference.after}
    if difference.kind.startswith("rule."):
        properties = [field.name for field in contract.fields]
        names = used(difference.before, properties) | used(difference.after, properties)
    yield from ((contract.table, field) for field in contract.fields if field.name in names)
    if contract.lines:
        within = ".".join(contract.lines.path) + "[]"
        of_lines = [field for field in contract.lines.fields if {f"{within}.{field.name}", within} & names]
        yield from ((contract.lines.table, field) for field in of_lines)


def _field(conf: Conf, table: str, field: Field) -> Iterator[str]:
    if field.settings.canonical:
        yield from _column(conf, table, field.settings.canonical)
    for namespace in namespaces(field.settings.identifier) if field.settings.identifier else []:
        yield f"silver.{table}.identifiers"
        # Identifiers of a CDP are only reconciled with ours, never used as evidence.
        yield tables.CDP_RECONCILIATION.full_name if _of_cdp(table) else f"namespace {namespace}"


def _column(conf: Conf, table: str, canonical: str) -> Iterator[str]:
    """A silver column and everything that is built from it."""
    column = canonical.split(".")[0]
    yield f"silver.{table}.{canonical}"
    if column == "country":
        yield "region of identifiers"
    if _of_cdp(table):
        if column in ("profile_id", "status"):
            yield tables.CDP_RECONCILIATION.full_name
        if column in (*ATTRIBUTES, ENTRIES, "updated_at"):
            yield tables.CDP_MISMATCH.full_name
        return
    gold = {name for name, sources in FIGURES.items() if f"{table}.{column}" in sources}
    if table == tables.PROFILE_RECORD.name:
        for name, key in conf.rules.match_keys.items():
            if canonical in [part.column for part in key.parts]:
                yield f"match key {name}"
        if conf.rules.probabilistic and canonical in [used_by for _, used_by in columns(conf.rules.probabilistic)]:
            yield "probabilistic links"
        if column in (*ATTRIBUTES, ENTRIES):
            gold.add(column)
            own = canonical in conf.profile.attributes or column in conf.profile.attributes
            yield f"survivorship of {canonical}" + ("" if own else " (default)")
        if column in (*ATTRIBUTES, ENTRIES, *CLOCK):
            yield tables.PROFILE_ATTRIBUTE.full_name
    yield from (f"gold.profile.{name}" for name in sorted(gold))
    made = MADE.get(f"{table}.{canonical}", ())
    yield from made
    if table == tables.PROFILE_RECORD.name and canonical in _leading_to_accounts(conf):
        yield tables.ACCOUNT_MEMBER.full_name
    if table == tables.EVENT.name:
        yield from (f"destination {name}: events" for name in _event_destinations(conf, canonical))
    metrics = conf.metrics.made_of(gold, (f"silver.{table}.{column}", *made))
    yield from (f"metric {name}" for name in metrics)
    if conf.gold.households and gold & {part.column for part in conf.gold.households.parts}:
        yield tables.HOUSEHOLD.full_name
    if table == tables.CONSENT.name:
        yield tables.CONSENT_STATE.full_name
    yield from _activation(conf, {*gold, *metrics}, consent=table == tables.CONSENT.name)


def _event_destinations(conf: Conf, canonical: str) -> list[str]:
    """Destinations that receive this column of events."""
    asked = {name: each.events for name, each in sorted(conf.destinations.items()) if each.events}
    entry = canonical.removeprefix("properties.")
    return [name for name, events in asked.items() if f"event.{canonical}" in MADE or entry in events.properties]


def _column_of(mapping: Mapping) -> str:
    """The profile column of a mapping; `revenue_minor.EUR` is an entry of the map column `revenue_minor`."""
    return REVENUE if mapping.column.startswith(f"{REVENUE}.") else mapping.column


def _of_cdp(table: str) -> bool:
    return table == tables.CDP_PROFILE.name


def _leading_to_accounts(conf: Conf) -> Iterator[str]:
    """Columns of customer records that assign a person to a company."""
    accounts = conf.gold.accounts
    if accounts and accounts.domains:
        yield "email"
    if accounts and accounts.named_by:
        yield f"{ENTRY}{accounts.named_by}"


def _activation(conf: Conf, gold: Collection[str], *, consent: bool) -> Iterator[str]:
    chosen = {
        name
        for name, audience in conf.audiences.items()
        if consent or used(f"{audience.where} {audience.exit or ''}", gold)
    }
    yield from (f"audience {name}" for name in sorted(chosen))
    for name, destination in sorted(conf.destinations.items()):
        sent = [field for field, mapping in destination.fields.items() if _column_of(mapping) in gold]
        yield from (f"destination {name}: {field}" for field in sent)
        if destination.audience in chosen and not sent:
            yield f"destination {name}"
