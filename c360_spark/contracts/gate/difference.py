"""The kinds of difference between two versions of a contract, and the version part that each must raise."""

from dataclasses import dataclass
from enum import IntEnum


class Bump(IntEnum):
    """The part of a semantic version that a change must raise. NONE changes no promise and needs no new version."""

    NONE = 0
    PATCH = 1
    MINOR = 2
    MAJOR = 3

    @property
    def word(self) -> str:
        return self.name.lower()


NONE, PATCH, MINOR, MAJOR = Bump

# Major: breaks old records or their consumers. Minor: accepts or provides more than before.
KINDS: dict[str, tuple[Bump, str]] = {
    "property.added.optional": (MINOR, "an optional property is new"),
    "property.added.required": (MAJOR, "a required property is new: old records lack it"),
    "property.removed": (MAJOR, "a property is gone"),
    "property.renamed": (MAJOR, "a property has another name, and an up-cast says so"),
    "type.widened": (MINOR, "integer became number"),
    "type.narrowed": (MAJOR, "number became integer"),
    "type.changed": (MAJOR, "any other change of the type"),
    "required.tightened": (MAJOR, "an optional property became required"),
    "required.loosened": (MINOR, "a required property became optional"),
    "primary_key.changed": (MAJOR, "the primary key has other properties, or another order"),
    "unique.added": (MAJOR, "a value must be unique that need not be before"),
    "unique.removed": (MINOR, "a value need not be unique any more"),
    "enum.introduced": (MAJOR, "any value was allowed, now only those of a list"),
    "enum.value.added": (MINOR, "a list of allowed values is longer"),
    "enum.value.removed": (MAJOR, "a list of allowed values is shorter"),
    "enum.dropped": (MINOR, "only the values of a list were allowed, now any"),
    "reference.added": (MAJOR, "any value was allowed, now only those of a list in reference.yml"),
    "reference.removed": (MINOR, "only the values of a list in reference.yml were allowed, now any"),
    "reference.changed": (MAJOR, "the values of another list of reference.yml are allowed"),
    "range.tightened": (MAJOR, "a minimum is higher or new, a maximum lower or new"),
    "range.loosened": (MINOR, "a minimum is lower or gone, a maximum higher or gone"),
    "pattern.added": (MAJOR, "a pattern is new"),
    "pattern.removed": (MINOR, "a pattern is gone"),
    "pattern.changed": (MAJOR, "another pattern: nobody can say that it takes all the first one took"),
    "class.raised": (MINOR, "the PII class is stricter: protection must never wait for a major version"),
    "class.lowered": (MAJOR, "the PII class is weaker"),
    "canonical.added": (MINOR, "a property goes to silver that did not"),
    "canonical.removed": (MAJOR, "a property no longer goes to silver"),
    "canonical.changed": (MAJOR, "a property goes to another column of silver"),
    "identifier.added": (MINOR, "a property identifies somebody that did not"),
    "identifier.removed": (MAJOR, "a property no longer identifies anybody"),
    "identifier.namespace.changed": (MAJOR, "an identifier is of another namespace"),
    "identifier.namespaces.added": (MINOR, "a further kind of subject is told apart by namespaceFrom"),
    "identifier.verified.changed": (MAJOR, "an identifier became verified, or no longer is"),
    "phone_format.added": (MINOR, "it says what digits without + or 00 are: some phone numbers were none before"),
    "phone_format.changed": (MAJOR, "digits without + or 00 are other phone numbers, or none"),
    "normalize.changed": (MAJOR, "another normaliser, a new one or none: equal values would differ"),
    "format.added": (MINOR, "a further format of dates, after all others"),
    "format.removed": (MAJOR, "a format of dates is gone"),
    "format.reordered": (MAJOR, "formats of dates in another order: the first that fits wins"),
    "scale.changed": (MAJOR, "numbers are of another unit"),
    "amount_in.changed": (MAJOR, "amounts are in another unit"),
    "zone.changed": (MAJOR, "times are of another zone"),
    "time_from.changed": (MAJOR, "the time of day stands elsewhere"),
    "locale.changed": (MAJOR, "numbers are written in another way"),
    "on_invalid.loosened": (MINOR, "records stay whose value does not fit, without the value"),
    "on_invalid.tightened": (MAJOR, "records go to quarantine whose value does not fit"),
    "value_map.added": (MINOR, "the value map knows a further value"),
    "value_map.removed": (MAJOR, "the value map knows a value no more"),
    "value_map.changed": (MAJOR, "the value map is new or gone, or gives another value"),
    "table.changed": (MAJOR, "records, or lines, go to another table of silver"),
    "one_per_person.changed": (MAJOR, "records of one person are joined that were not, or the other way round"),
    "constant.added": (MINOR, "a constant is new"),
    "constant.changed": (MAJOR, "a constant is gone or has another value"),
    "shape.changed": (MAJOR, "an array becomes other records"),
    "lines.added": (MINOR, "records have lines that had none"),
    "lines.removed": (MAJOR, "the lines are gone"),
    "rule.added": (MAJOR, "a rule is new"),
    "rule.removed": (MINOR, "a rule is gone"),
    "rule.changed": (MAJOR, "a rule has another condition"),
    "default_country.added": (MINOR, "records that say no country have one"),
    "default_country.changed": (MAJOR, "records that say no country have another one, or none"),
    "version_from.changed": (MINOR, "another property tells the version of a record"),
    "latency.shortened": (PATCH, "records come sooner, or within a time for the first time"),
    "latency.lengthened": (MINOR, "records may come later: they fit as before, but somebody waits for them"),
    "retention.shortened": (MINOR, "records are kept for a shorter time"),
    "retention.lengthened": (MINOR, "records are kept longer: somebody was promised less"),
    "upcasts.changed": (PATCH, "records of the previous major version are read in another way"),
    "words.changed": (PATCH, "descriptions, examples, tags and other words for people"),
    "owner.changed": (NONE, "another team owns it, or another steward answers"),
    "review.changed": (NONE, "it was reviewed"),
    "status.forward": (NONE, "draft → active → deprecated → retired, one step at a time"),
    "status.backward": (MAJOR, "a step back"),
    "status.skipped": (MAJOR, "a step was left out: nobody had time to change over"),
    "end.set": (NONE, "support has an end for the first time: a deprecation is announced"),
    "end.later": (NONE, "support ends later, or never"),
    "end.earlier": (MAJOR, "support ends earlier than was said"),
    "end.treatment.changed": (NONE, "what becomes of records after the end of support"),
}


@dataclass(frozen=True)
class Difference:
    """One difference. `where` is a property (of a line such as `lines[].sku`) or a setting of the contract itself."""

    kind: str
    where: str = ""
    before: str = ""
    after: str = ""

    @property
    def bump(self) -> Bump:
        return KINDS[self.kind][0]


def as_markdown() -> str:
    """The table of all kinds of difference as Markdown, for docs/contracts.md."""
    rows = [f"| `{kind}` | {meaning} | {bump.word} |" for kind, (bump, meaning) in KINDS.items()]
    return "\n".join(["| difference | what it is | version part |", "|---|---|---|", *rows])
