"""The stages in the order of a full run, each with the tables that it reads and writes.

The order of schedule.yml is checked against this list. What `reprocess` and `rules compare` recompute, and
docs/stages.md, are derived from it.
"""

from c360_spark import tables
from c360_spark.config.rules.metrics import FACTS
from c360_spark.run.context import Run
from c360_spark.run.stage import Stage
from c360_spark.stages.bronze.land import land
from c360_spark.stages.export.deliver import deliver, receivers
from c360_spark.stages.export.export import export
from c360_spark.stages.gold.build_accounts import build_accounts
from c360_spark.stages.gold.build_audiences import build_audiences, evaluate
from c360_spark.stages.gold.build_events import build_events
from c360_spark.stages.gold.build_households import build_households
from c360_spark.stages.gold.build_metrics import all_metrics, build_metrics
from c360_spark.stages.gold.build_profiles import build_profiles
from c360_spark.stages.gold.reconcile import reconcile
from c360_spark.stages.identity.resolve_identity import resolve_identity
from c360_spark.stages.silver.canonicalise import canonicalise
from c360_spark.tables import Table

BRONZE, OUTBOXES = "bronze.*", "export.*"  # one for each dataset, one for each destination


def _names(*found: Table) -> tuple[str, ...]:
    return tuple(table.full_name for table in found)


def _all_audiences(run: Run) -> None:
    if run.conf.audiences:
        evaluate(run, [*run.conf.audiences.values()])


_LIST = (
    Stage(
        "land",
        land,
        reads=(),
        writes=(BRONZE, *_names(tables.DELIVERY, tables.LANDING_FILE)),
    ),
    Stage(
        "canonicalise",
        canonicalise,
        reads=(BRONZE,),
        writes=_names(
            *tables.CANONICAL,
            tables.IDENTIFIER_SET,
            tables.QUARANTINE,
            tables.ACCOUNTING,
            tables.REMARK,
            tables.DELIVERY_PROPERTY,
        ),
    ),
    Stage(
        "resolve_identity",
        resolve_identity,
        reads=_names(tables.IDENTIFIER_SET, tables.PROFILE_RECORD, tables.CONSENT, tables.DELIVERY_PROPERTY),
        writes=_names(
            tables.RULE_RELEASE,
            tables.COMPARED,
            tables.PAIR,
            tables.REVIEW,
            tables.DESCRIPTION,
            tables.EVIDENCE,
            tables.IDENTIFIER,
            tables.LINK,
            tables.MEMBERSHIP,
            tables.PERSON,
            tables.CHANGE,
            tables.HEALTH,
        ),
    ),
    Stage(
        "build_profiles",
        build_profiles,
        reads=_names(
            *tables.OWNED, tables.CONSENT, tables.EVENT, tables.IDENTIFIER_SET, tables.MEMBERSHIP, tables.PERSON
        ),
        writes=_names(tables.PERSON_XREF, tables.PROFILE_ATTRIBUTE, tables.PROFILE, tables.CONSENT_STATE),
    ),
    Stage(
        "build_events",
        build_events,
        reads=_names(
            tables.EVENT,
            tables.ORDER,
            tables.IDENTIFIER_SET,
            tables.DELIVERY_PROPERTY,
            tables.MEMBERSHIP,
            tables.CHANGE,
            tables.PERSON_XREF,
        ),
        writes=_names(
            tables.GOLD_EVENT, tables.EVENT_REATTRIBUTION, tables.SESSION, tables.ORDER_SESSION, tables.DEVICE
        ),
    ),
    Stage(
        "build_households",
        build_households,
        reads=_names(tables.PROFILE, tables.MEMBERSHIP, tables.LINK),
        writes=_names(tables.HOUSEHOLD_KEY, tables.HOUSEHOLD, tables.HOUSEHOLD_MEMBER),
    ),
    Stage(
        "build_accounts",
        build_accounts,
        reads=_names(
            tables.ACCOUNT,
            tables.SUBSCRIPTION,
            tables.DELIVERY_PROPERTY,
            tables.PERSON_XREF,
            tables.PROFILE_ATTRIBUTE,
        ),
        writes=_names(
            tables.ACCOUNT_KEY,
            tables.GOLD_ACCOUNT,
            tables.ACCOUNT_XREF,
            tables.ACCOUNT_MEMBER,
            tables.GOLD_SUBSCRIPTION,
        ),
    ),
    Stage(
        "reconcile",
        reconcile,
        reads=_names(tables.CDP_PROFILE, tables.IDENTIFIER, tables.MEMBERSHIP, tables.PERSON, tables.PROFILE),
        writes=_names(tables.CDP_RECONCILIATION, tables.CDP_MISMATCH),
    ),
    Stage(
        "build_metrics",
        build_metrics,
        reads=_names(
            tables.PROFILE, tables.PERSON_XREF, tables.DELIVERY_PROPERTY, *(fact.table for fact in FACTS.values())
        ),
        writes=_names(tables.METRIC, tables.METRIC_TOTAL, tables.LIFECYCLE_TRANSITION),
        precheck=all_metrics,
    ),
    Stage(
        "build_audiences",
        build_audiences,
        reads=_names(
            tables.PROFILE,
            tables.METRIC,
            tables.CONSENT_STATE,
            tables.MEMBERSHIP,
            tables.CHANGE,
            tables.IDENTIFIER_SET,
            *tables.CANONICAL,
        ),
        writes=_names(tables.AUDIENCE_MEMBER, tables.AUDIENCE_SIZE),
        precheck=_all_audiences,
    ),
    Stage(
        "export",
        export,
        reads=_names(
            tables.AUDIENCE_MEMBER, tables.CONSENT_STATE, tables.PROFILE, tables.METRIC, tables.EVENT, tables.GOLD_EVENT
        ),
        writes=(OUTBOXES,),
    ),
    Stage(
        "deliver",
        deliver,
        reads=(OUTBOXES,),
        writes=_names(tables.ACK),
        precheck=receivers,
    ),
)
STAGES = {stage.name: stage for stage in _LIST}


def of_layers(*layers: str) -> list[str]:
    """Names of the stages that write tables of these layers, in run order."""
    return [stage.name for stage in _LIST if stage.layers & set(layers)]
