"""Remarks on an accepted record: values that were not usable or were repaired, as an array of `code:property`.

Codes: `ambiguous` digits that are valid as a national and as an international phone number · `no_country` a national
phone number in a record without a country · `unusable` a value that is not of its kind, such as an address without @ ·
`unknown_country` a text that is no country, or may be two · `placeholder` a placeholder value in a part of a match key,
such as 1900-01-01 · `padded` a postcode that got its leading zeros back · `gap` a local time that the clocks of its
zone never showed · `overlap` one that they showed twice · `differs` rows of one record disagree, and the first row with
a value counts · `other_region` a record with identifiers whose country is in no region, because it is unknown or not
listed; `record` takes the place of the property · `invalid` a value that does not fit its property, taken as unknown
because of `onInvalid: null`.
"""

from collections.abc import Iterator

from pyspark.sql import Column
from pyspark.sql import functions as F

from c360_spark.columns.placeholder import is_placeholder
from c360_spark.columns.postcode import plain_postcode
from c360_spark.config import Contract, Field
from c360_spark.config.contract.contract import phone_fields
from c360_spark.config.rules.identity import RuleSet
from c360_spark.silver.clock_change import clock_change
from c360_spark.silver.parse import text
from c360_spark.silver.reasons import INVALID
from c360_spark.silver.shape import CONFLICTS
from c360_spark.silver.spelled import namespace_rules, normal, problem_of, spelled, value_of

# Codes of values that are not usable; the record is accepted without the value.
LOST = ("ambiguous", "no_country", "unusable", "unknown_country", "invalid")
RECORD = "record"
WORDS = {
    "ambiguous": "phone digits that are a national and an international number (phoneFormat tells which)",
    "no_country": "national phone numbers without a country (defaultCountry gives one)",
    "unusable": "values that are none of their kind",
    "unknown_country": "texts that are no country, or may be two (valueMap tells which)",
    "placeholder": "values that stand for nothing and make no match key",
    "padded": "postcodes that got their leading zeros back",
    "gap": "local times that the clocks passed over, taken as that much later,",
    "overlap": "local times that the clocks showed twice, taken as the first,",
    "differs": "rows of one record that do not agree, of which the first counts,",
    "invalid": "values that do not fit, taken as unknown,",
    "other_region": "identifiers in no region, as the country is unknown or not listed in identity.yml,",
}


def remarks(contract: Contract, rules: RuleSet) -> Column:
    """The remarks on a record, in rows of `with_normal` that have `country`, `region` and `identifiers`."""
    outside = (F.size("identifiers") > 0) & (F.col("region") == rules.default_region)
    conditional = [F.when(outside, F.lit(f"other_region:{RECORD}"))]
    phones = phone_fields(contract, rules)
    parts = {part.column: part for key in rules.match_keys.values() for part in key.parts}
    for field in contract.fields:
        if field in phones:
            problem = F.concat(problem_of(contract, field), F.lit(f":{field.name}"))
            conditional.append(F.when(_is_kind(contract, field, rules, "phone"), problem))
        conditional += [
            F.when(wrong, F.lit(f"{code}:{field.name}")) for code, wrong in _of_field(contract, field, rules)
        ]
        if field.is_local:
            conditional.append(F.concat(clock_change(field), F.lit(f":{field.name}")))
        part = parts.get(field.settings.canonical or "")
        if part and contract.table == "profile_record":
            is_empty = is_placeholder(part.column, value_of(contract, field), part)
            conditional.append(F.when(is_empty, F.lit(f"placeholder:{field.name}")))
    remarks = F.array_compact(F.array(*conditional))
    if any(field.is_nulled for field in contract.fields):
        invalid = F.transform(INVALID, lambda code: F.concat(F.lit("invalid:"), F.substring_index(code, ":", -1)))
        remarks = F.concat(remarks, F.array_distinct(invalid))
    if contract.lines and contract.lines.rows_by:
        return F.concat(remarks, F.transform(CONFLICTS, lambda name: F.concat(F.lit("differs:"), name)))
    return remarks


def _of_field(contract: Contract, field: Field, rules: RuleSet) -> Iterator[tuple[str, Column]]:
    own = field.settings.normalize
    if field.settings.canonical == "country":
        yield "unknown_country", spelled(contract, field).isNotNull() & F.col("country").isNull()
        return
    for rule in [own] if own else namespace_rules(field, rules):
        if rule in ("email", "domain", "postcode"):
            said, value = spelled(contract, field), normal(contract, field, rule, delivered=own is None)
            is_kind = _is_kind(contract, field, rules, rule)
            if rule == "postcode":
                yield "padded", is_kind & (plain_postcode(said) != value)
            else:
                yield "unusable", is_kind & said.isNotNull() & value.isNull()


def _is_kind(contract: Contract, field: Field, rules: RuleSet, rule: str) -> Column:
    """Whether the normaliser `rule` applies to the value, where another property decides its kind of identifier."""
    use = field.settings.identifier
    if use is None or not use.namespace_from or field.settings.normalize:
        return F.lit(True)
    kind = next(text(each) for each in contract.fields if each.name == use.namespace_from)
    return kind.isin([name for name, space in use.namespaces.items() if rules.namespaces[space].normalize == rule])
