"""The part of the Open Data Contract Standard 3.1 that the suite reads.

Other names of the standard are accepted and ignored, except limits in `logicalTypeOptions`: a limit that would not be
checked is refused.

The suite's own settings are in `customProperties`, as the standard prescribes. On a schema object: `canonicalTable`,
`constants`, `onePerPerson`. On a property: see `PropertySettings`. On an array: see `ArraySettings`. On the contract:
see `ContractSettings`.
"""

from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import BeforeValidator, Field

from c360_spark.config.contract.lifecycle import Quality, Sla, Team
from c360_spark.config.rules.key_part import Normalizer, PhoneFormat
from c360_spark.config.yaml.model import Camel

# The IANA names that the machine knows, read once per process because that takes 5 ms.
TIME_ZONES = frozenset(available_timezones())


NUMBER = r"(0|[1-9]\d{0,5})"
LogicalType = Literal["string", "integer", "number", "boolean", "date", "timestamp", "object", "array"]


class CustomProperty(Camel):
    """One setting of the suite, as an entry of `customProperties`."""

    id: str | None = None
    property: str
    value: Any
    description: str | None = None


class TypeOptions(Camel):
    """Limits of a value: the supported part of `logicalTypeOptions`."""

    pattern: str | None = None
    minimum: float | None = None
    maximum: float | None = None


class Item(Camel):
    """The items of an array. Unlike an element, it needs no name."""

    id: str | None = None
    name: str | None = None
    logical_type: LogicalType = "string"
    physical_type: str | None = None
    physical_name: str | None = None
    business_name: str | None = None
    description: str | None = None
    required: bool = False
    unique: bool = False
    primary_key: bool = False
    primary_key_position: int | None = None
    classification: str | None = None
    critical_data_element: bool | None = None
    examples: list[Any] = []
    tags: list[str] = []
    quality: list[Quality] = []
    logical_type_options: TypeOptions = TypeOptions()
    properties: list["Element"] = []
    items: "Item | None" = None
    custom_properties: list[CustomProperty] = []
    authoritative_definitions: list[Any] = []
    relationships: list[Any] = []
    data_granularity_description: str | None = None
    partitioned: bool = False
    partition_key_position: int | None = None
    encrypted_name: str | None = None
    transform_source_objects: list[str] = []
    transform_logic: str | None = None
    transform_description: str | None = None


class Element(Item):
    """A schema object or a property of one."""

    name: str


class Odcs(Camel):
    """A contract file. It has exactly one schema object, which describes one delivered record."""

    api_version: Literal["v3.1.0"]
    kind: Literal["DataContract"]
    id: str
    name: str | None = None
    version: str = Field(pattern=rf"^{NUMBER}\.{NUMBER}\.{NUMBER}$")
    status: Literal["proposed", "draft", "active", "deprecated", "retired"]
    tenant: str | None = None
    domain: str | None = None
    data_product: str | None = None
    tags: list[str] = []
    description: dict[str, Any] = {}
    schema_: list[Element] = Field(alias="schema", min_length=1, max_length=1)
    servers: list[Any] = []
    team: Team | None = None
    roles: list[Any] = []
    support: list[Any] = []
    sla_properties: list[Sla] = []
    sla_default_element: str | None = None
    price: Any = None
    authoritative_definitions: list[Any] = []
    custom_properties: list[CustomProperty] = []
    contract_created_ts: str | None = None


class IdentifierUse(Camel):
    """The namespace of an identifier: fixed, or looked up in `namespaces` by the value of property `namespaceFrom`."""

    namespace: str | None = None
    namespace_from: str | None = None
    namespaces: dict[str, str] = {}
    verified: bool = False


# YAML reads null as nothing.
OnInvalid = Annotated[Literal["null", "quarantine"], BeforeValidator(lambda value: "null" if value is None else value)]


class PropertySettings(Camel):
    """The suite's settings of one property.

    `formats` are Spark datetime patterns tried in order, or `iso`, or `epoch_s`, `epoch_ms`, `epoch_us`, `epoch_ns` for
    numbers since 1970. `scale` multiplies a number into the canonical unit (100 for a price that becomes cents).
    `valueMap` maps every allowed value to its canonical value; `enum` lists allowed values that are kept unchanged, and
    `reference` names such a list in reference.yml. `aliases` are alternative names of the property in deliveries.
    `phoneFormat` tells how to read digits without + or 00: as `national` or `international` numbers.

    `amountIn` marks a number as money: in `major` units of the row's currency, such as euros, or in `minor` units,
    such as cents. For an amount, `scale: 100` is the older form of `amountIn: major`. `locale` tells how numbers are
    written: 1.203,50 in de_DE.

    `onInvalid` tells what becomes of a record whose value does not fit: `quarantine`, or `null`, by which the value is
    taken as unknown and counted, and the record stays. `Field.is_nulled` has the default.

    `timeFrom` names the property with the time of day of a date. `zone` applies to times without a time zone of their
    own and is UTC by default; `zoneFrom` names the property that holds the zone, as an IANA name or a key of `zones`.
    """

    canonical: str | None = None
    identifier: IdentifierUse | None = None
    normalize: Normalizer | None = None
    formats: list[str] = []
    value_map: dict[str, str] = {}
    enum: list[str] = []
    reference: str | None = None
    aliases: list[str] = []
    phone_format: PhoneFormat | None = None
    scale: int = Field(1, ge=1)
    amount_in: Literal["major", "minor"] | None = None
    locale: str | None = None
    time_from: str | None = None
    zone: str | None = None
    zone_from: str | None = None
    zones: dict[str, str] = {}
    on_invalid: OnInvalid | None = None


class NoSettings(Camel):
    """Settings of a nested object: none are allowed, they belong to its properties."""


class EntrySettings(Camel):
    """The paths of key and value in an item of an array of pairs; the value is the first present one of `values`."""

    key: str = "key"
    values: list[str] = Field(["value"], min_length=1)


class ArraySettings(Camel):
    """The suite's settings of an array, in one of three forms: items become rows of `canonicalTable`; with `explode`
    each item becomes a record; with `entries` items are key-value pairs whose keys are properties. With `rowsBy` no
    array is delivered: delivered rows with the same value of that property are grouped into one.
    """

    canonical_table: str | None = None
    constants: dict[str, str] = {}
    rows_by: str | None = None
    explode: bool = False
    entries: EntrySettings | None = None


class ObjectSettings(Camel):
    """The suite's settings of the record.

    `onePerPerson` promises that no two records of the dataset are of one person: identity then never joins two of its
    primary keys.
    """

    canonical_table: str
    constants: dict[str, str] = {}
    one_per_person: bool = False
