"""Helper columns that are computed once and used several times.

These are the texts of a record in one spelling of letters, their normalised values, and its phone numbers.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from c360_spark.columns.letters import letters
from c360_spark.columns.normalize import normalized
from c360_spark.columns.phone import phone
from c360_spark.config import Contract, Field
from c360_spark.config.contract.contract import phone_fields
from c360_spark.config.rules.identity import RuleSet
from c360_spark.silver.parse import text
from c360_spark.silver.typed import meant

# Tables of which every text is in one spelling: later stages compare them, and need not spell them again.
SPELLED = ("profile_record", "cdp_profile", "account")
TEXTS, TEXT, NORMAL, PHONE = "_texts", "_text_", "_normal_", "_phone_"
LINE = "\ufdd0"  # replaces a line break, which `letters` would turn into a blank; Unicode reserves it for programs


def with_spelled(rows: DataFrame, contract: Contract) -> DataFrame:
    """Parsed rows with the `spelled` text of each property that needs one.

    These are properties that are normalised, are identifiers or the country, and all of a person or company.
    """
    wanted = [(i, field) for i, field in enumerate(contract.fields) if _is_spelled(contract, field)]
    if not wanted:
        return rows
    # One expression for all of them: `letters` is long in a plan, and takes long to build.
    texts = F.transform(F.array(*(text(field) for _, field in wanted)), _lines)
    each = {f"{TEXT}{i}": F.col(TEXTS)[place] for place, (i, _) in enumerate(wanted)}
    return rows.withColumn(TEXTS, texts).withColumns(each)


def _is_spelled(contract: Contract, field: Field) -> bool:
    given = field.settings
    is_named = given.canonical is not None and contract.table in SPELLED
    return bool(given.normalize or given.identifier or given.canonical == "country" or is_named)


def _lines(delivered: Column) -> Column:
    """`delivered` in one spelling of letters, with `LINE` for each line break except those at either end."""
    marked = F.translate(F.replace(delivered, F.lit("\r\n"), F.lit("\n")), "\n\r", LINE * 2)
    return letters(marked, lambda text: F.nullif(F.btrim(text, F.lit(f" {LINE}")), F.lit("")))


def spelled(contract: Contract, field: Field) -> Column:
    """The delivered text of a property as one line, in rows of `with_spelled`."""
    return F.translate(F.col(f"{TEXT}{contract.fields.index(field)}"), LINE, " ")


def lines(contract: Contract, field: Field) -> Column:
    """The delivered text of a property with its line breaks, in rows of `with_spelled`."""
    return F.translate(F.col(f"{TEXT}{contract.fields.index(field)}"), LINE, "\n")


def value_of(contract: Contract, field: Field) -> Column:
    """The value of a property as text: its delivered text, or its mapped or typed value where it has one."""
    return spelled(contract, field) if is_text(field) else meant(field).cast("string")


def is_text(field: Field) -> bool:
    """Whether the value of a field is its delivered text."""
    return field.element.logical_type == "string" and not field.settings.value_map


def with_normal(rows: DataFrame, contract: Contract, rules: RuleSet) -> DataFrame:
    """Rows of `with_phones` with the normalised values of the properties, for columns and for identifiers."""
    normalised: dict[str, Column] = {}
    for field in contract.fields:
        uses = [(rule, spelled) for rule in namespace_rules(field, rules)]
        uses += [(field.settings.normalize, value_of)] if field.settings.normalize else []
        for rule, of in uses:
            name = _normal(contract, field, rule, delivered=of is spelled)
            if rule != "phone" and name not in normalised:
                normalised[name] = normalized(rule, of(contract, field), F.col("country"), spelled=True)
    return rows.withColumns(normalised) if normalised else rows


def normal(contract: Contract, field: Field, rule: str, *, delivered: bool = False) -> Column:
    """The normalised value of a property, or of its text as `delivered`, in rows of `with_normal`."""
    return number_of(contract, field) if rule == "phone" else F.col(_normal(contract, field, rule, delivered=delivered))


def namespace_rules(field: Field, rules: RuleSet) -> list[str]:
    """The normalisers of the namespaces in which a property is an identifier."""
    use = field.settings.identifier
    spaces = [use.namespace, *use.namespaces.values()] if use else []
    return sorted({rules.namespaces[space].normalize for space in spaces if space in rules.namespaces})


def _normal(contract: Contract, field: Field, rule: str, *, delivered: bool) -> str:
    kind = "text" if delivered or is_text(field) else "value"
    return f"{NORMAL}{contract.fields.index(field)}_{rule}_{kind}"


def with_phones(rows: DataFrame, contract: Contract, rules: RuleSet) -> DataFrame:
    """Rows of `with_spelled` that have `country`, with the result of `columns.phone` for each phone number."""
    read = {
        _phone(contract, field): phone(F.trim(lines(contract, field)), F.col("country"), field.settings.phone_format)
        for field in phone_fields(contract, rules)
    }
    return rows.withColumns(read) if read else rows


def number_of(contract: Contract, field: Field) -> Column:
    """The number of a phone field, in rows of `with_phones`; null where it cannot be used."""
    return F.col(_phone(contract, field)).number


def problem_of(contract: Contract, field: Field) -> Column:
    """Why a phone field has no number; null where it has one, or there is no text."""
    return F.col(_phone(contract, field)).problem


def _phone(contract: Contract, field: Field) -> str:
    return f"{PHONE}{contract.fields.index(field)}"
