"""The Open Data Contract Standard 3.1 as far as the suite reads it.

Its other names are allowed and ignored, save limits in `logicalTypeOptions`: one that would not be checked is refused.

Own settings stand where the standard wants them: in `customProperties`. On a schema object: `canonicalTable`,
`constants`. On a property: `canonical`, `identifier`, `normalize`, `formats`, `valueMap`, `enum`, `scale`, `amountIn`,
`locale`, `zone`, `zoneFrom`, `zones`, `timeFrom`, `phoneFormat`, `aliases`. On the contract: see `ContractSettings`.
"""

from typing import Any, Literal

from pydantic import Field

from c360_spark.config.contract.lifecycle import Quality, Sla, Team
from c360_spark.config.rules.key_part import Normalizer, PhoneFormat
from c360_spark.config.yaml.model import Camel

NUMBER = r"(0|[1-9]\d{0,5})"
LogicalType = Literal["string", "integer", "number", "boolean", "date", "timestamp", "object", "array"]


class CustomProperty(Camel):
    """One own setting of the suite."""

    id: str | None = None
    property: str
    value: Any
    description: str | None = None


class TypeOptions(Camel):
    """Limits of a value."""

    pattern: str | None = None
    minimum: float | None = None
    maximum: float | None = None


class Item(Camel):
    """What an array holds. It needs no name."""

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
    """A contract file. One schema object: what one delivered record holds."""

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
    """Which namespace a value belongs to: fixed, or told by another property through `namespaces`."""

    namespace: str | None = None
    namespace_from: str | None = None
    namespaces: dict[str, str] = {}
    verified: bool = False


class PropertySettings(Camel):
    """Own settings of one property.

    `formats` are Spark datetime patterns tried in order, or `iso`, or for numbers since 1970 `epoch_s`, `epoch_ms`,
    `epoch_us` or `epoch_ns`. `scale` multiplies a number into the canonical unit (100 for a price that becomes cents).
    `valueMap` lists all allowed values and what they become; `enum` lists those that stay as they are, and `reference`
    names such a list of reference.yml. `aliases` are other names under which the property is delivered. `phoneFormat`
    says what digits without + or 00 are: `national` or `international` numbers.

    `amountIn` says that a number is money: in `major` units of the row's currency, such as euros, or in `minor` units,
    such as cents. Of an amount `scale: 100` is the older word for `amountIn: major`. `locale` is that by which numbers
    are written: 1.203,50 by de_DE.

    `timeFrom` names the property with the time of day of a date. `zone` is that of times which have none of their own,
    UTC where nothing is said; `zoneFrom` names the property that tells it, by a name of IANA or by one of `zones`.
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


class NoSettings(Camel):
    """An object within the record has none: settings stand at its properties."""


class EntrySettings(Camel):
    """Where an item of an array of pairs has its key, and its value: the first of `values` that is given."""

    key: str = "key"
    values: list[str] = Field(["value"], min_length=1)


class ArraySettings(Camel):
    """Own settings of an array: its items become rows of `canonicalTable`, with `explode` they are records of their
    own, or they are pairs whose keys are properties. With `rowsBy` there is no array: it is made of delivered rows.
    """

    canonical_table: str | None = None
    constants: dict[str, str] = {}
    rows_by: str | None = None
    explode: bool = False
    entries: EntrySettings | None = None


class ObjectSettings(Camel):
    """Own settings of the record."""

    canonical_table: str
    constants: dict[str, str] = {}
