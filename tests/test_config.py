"""conf/ as shipped is right, and whatever is wrong with a changed copy is said at its place, all of it together."""

import re
import shutil
from pathlib import Path

import pytest

from c360_spark.config import load
from c360_spark.config.document import MAX_BYTES, Problems, read
from c360_spark.config.expression import complaints
from c360_spark.errors import CODES, BusyError, C360Error, ConfigError, InputError, IntegrityError, SetupError

SHIPPED = Path(__file__).parent.parent / "conf"
CRM, LOYALTY = "contracts/crm/customer/1.0.0.odcs.yaml", "contracts/loyalty/member/1.0.0.odcs.yaml"
ORDER, WEB = "contracts/commerce/order/1.0.0.odcs.yaml", "contracts/web/event/1.0.0.odcs.yaml"
MOBILE, CASE = "contracts/mobile/event/1.0.0.odcs.yaml", "contracts/support/case/1.0.0.odcs.yaml"
EMAIL, CONSENT = "contracts/email/engagement/1.0.0.odcs.yaml", "contracts/consent/statement/1.0.0.odcs.yaml"
BUYERS, LETTER = "audiences/recent_buyers.yml", "destinations/newsletter.yml"

# file, what stands there, what is put in its place, and the complaints; each ¦ is the place of one, in their order
WITHIN_A_FILE = [
    ("platform.yml", "driver_memory: 4g", "¦driver_memry: 4g", "unknown name 'driver_memry'; did you mean 'driver_memory'?"),
    ("platform.yml", "engine: auto", "¦engine: grafframes", "'components.engine' cannot be 'grafframes'; did you mean 'graphframes'?"),
    ("platform.dev.yml", "insecure_default", "¦insecure_defalt", "unknown name 'insecure_defalt'; did you mean 'insecure_default'?"),
    ("sources.yml", "delivery: full", "¦delivry: full", "unknown name 'delivry'; did you mean 'delivery'?"),
    ("sources.yml", "format: parquet", "¦format: parket", "'commerce.order.format' cannot be 'parket'; did you mean 'parquet'?"),
    ("identity.yml", "default_region:", "¦defalt_region: X\ndefault_region:", "unknown name 'defalt_region'; did you mean 'default_region'?"),
    ("identity.yml", "normalize: email", "¦normalise: email", "unknown name 'normalise'; did you mean 'normalize'?"),
    ("identity.yml", "{trust: 100}", "{¦trust: 101}", "'namespaces.crm.customer_id.trust': Input should be less than or equal to 100"),
    ("identity.yml", "LU, NL", "LU, ¦NO, NL", "'regions.EU.8' must be text, but YAML reads it as False; put it in quotes"),
    ("identity.yml", "postcode, normalize: postcode}", "postcode, ¦normalize: zip}", "'match_keys.name_birth_postcode.parts.3.normalize' cannot be 'zip'; known: digits, email, lower, name, phone, postcode, soundex, trim, upper"),
    ("consent.yml", "analytics: {description:", "¦analytics: {¦text:", "'purposes.analytics.description' is missing", "unknown name 'text'; known: description"),
    ("profile.yml", "attributes:", "¦atributes:", "unknown name 'atributes'; did you mean 'attributes'?"),
    ("schedule.yml", "depends_on: [land]", "¦dependson: [land]", "unknown name 'dependson'; did you mean 'depends_on'?"),
    (BUYERS, "where:", "¦tags: [x]\nwhere:", "unknown name 'tags'; known: description, name, owner, purpose, where"),
    (LETTER, "hash: sha256", "¦hash: sha265", "'fields.email_sha256.hash' cannot be 'sha265'; did you mean 'sha256'?"),
    (CRM, "domain:", "¦domian:", "unknown name 'domian'; did you mean 'domain'?"),
    (CRM, "required: true", "¦requierd: true", "unknown name 'requierd'; did you mean 'required'?"),
    (CRM, "{pattern:", "{¦patern:", "unknown name 'patern'; did you mean 'pattern'?"),
    (CRM, "{property: canonicalTable,", "{property: canonicalTable, ¦values: 1,", "unknown name 'values'; did you mean 'value'?"),
    (CRM, "logicalType: timestamp", "¦logicalType: datetime", "'schema.0.properties.11.logicalType' cannot be 'datetime'; did you mean 'date'?"),
    (WEB, "{property: canonicalTable,", "¦{property: canonicaltable,", "unknown name 'canonicaltable'; did you mean 'canonicalTable'?"),
    (WEB, "- name: event\n    ", "- ¦name: event\n    ", "'canonicalTable' is missing"),
    (LOYALTY, "{property: normalize, value: email}", "¦{property: normalise, value: email}", "unknown name 'normalise'; did you mean 'normalize'?"),
    (LOYALTY, "{namespace: email}", "{¦namespac: email}", "unknown name 'namespac'; did you mean 'namespace'?"),
    (LOYALTY, "{property: normalize, value: phone}", "¦{property: normalize, value: fone}", "'normalize' cannot be 'fone'; did you mean 'phone'?"),
    (LOYALTY, "{property: canonical, value: city}", "{property: canonical, value: city}", ""),
    (MOBILE, "version: 1.0.0", "¦version: 1.0.1", "version 1.0.1 does not match the file's name"),
    (ORDER, "items:", "item¦s:", ""),
]
