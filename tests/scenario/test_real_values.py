"""Values as public exports have them, from file to person: one where they mean one person, two where they do not."""

import shutil
from pathlib import Path

import pytest
import yaml
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from c360_spark import tables
from c360_spark.config import load
from c360_spark.run.context import Run, run_id_of
from c360_spark.store import Store
from tests.conftest import AS_OF, ROOT
from tests.contracts import odcs
from tests.stages import canonicalise, land, resolve_identity

pytestmark = [pytest.mark.spark, pytest.mark.slow]
Persons = dict[str, str]
CRM = "customer_id,given_name,family_name,email,phone,birth_date,postcode,country,updated_at"
LOYALTY = "member_no,given_name,family_name,email,phone,birth_date,postcode,country,updated_at"
AT = "2025-10-01T10:00:00Z"
# Of each case: what the CRM has, what the loyalty programme has (given, family, e-mail, phone, birth date, postcode).
SAME = {
    "vietnamese apart": ("Hiếu,Nguyễn,,,1990-05-05,10115", "Hie\u0302\u0301u,Nguye\u0302\u0303n,,,1990-05-05,10115"),
    "umlaut apart": ("Jörg,Müller,,,1991-05-05,10115", "Jo\u0308rg,Mu\u0308ller,,,1991-05-05,10115"),
    "romanian": ("Ștefan,Țurcan,,,1992-05-05,10115", "Stefan,Turcan,,,1992-05-05,10115"),
    "turkish": ("Gökhan,Ağaoğlu,,,1993-05-05,10115", "GOKHAN,AGAOGLU,,,1993-05-05,10115"),
    "polish": ("Łukasz,Żółć,,,1995-05-05,10115", "Lukasz,Zolc,,,1995-05-05,10115"),
    "dotless capitals": ("Işıl,Yıldız,,,1994-05-05,10115", "IŞIL,YILDIZ,,,1994-05-05,10115"),
    "dotted capitals": ("Ali,İnan,ali.inan@firma.com.tr,,,", "ALİ,İNAN,ALİ.İNAN@FIRMA.COM.TR,,,"),
    "zero width": ("Zoe,Breit,zoe@firma.de\u200b,,,", "Zoe,Breit,zoe@firma.de,,,"),
    "mailto": ("Tom,Breit,tom@firma.de,,,", "Tom,Breit,mailto:tom@firma.de,,,"),
    "punycode": ("Eva,Groß,eva@müller.de,,,", "Eva,Gross,EVA@xn--mller-kva.de,,,"),
    "mexico": ("Luz,Vega,,+5215512345671,,", "Luz,Vega,,+525512345671,,"),
    "mr null": ("Jack,Null,,,1988-03-04,10117", "Jack,Null,,,1988-03-04,10117"),
    "float of a phone": ("Kim,Rot,,+4915123456781.0,,", "Kim,Rot,,0151 23456781,,"),
}
OTHERS = {
    "born 1900": ("Maria,Schmidt,m1@a.de,,1900-01-01,10115", "Maria,Schmidt,m2@b.de,,1900-01-01,10115"),
    "born 1970": ("Maria,Schulz,m3@a.de,,1970-01-01,10115", "Maria,Schulz,m4@b.de,,1970-01-01,10115"),
    "postcode of zeros": ("Ina,Kurz,i1@a.de,,1980-02-03,00000", "Ina,Kurz,i2@b.de,,1980-02-03,00000"),
    "named test": ("Test,Test,t1@a.de,,1981-02-03,10119", "TEST,test,t2@b.de,,1981-02-03,10119"),
    "named n/a": ("n/a,Lang,n1@a.de,,1982-02-03,10119", "N/A,Lang,n2@b.de,,1982-02-03,10119"),
    "named null": ("Eva,null,n3@a.de,,1983-02-03,10119", "Eva,NULL,n4@b.de,,1983-02-03,10119"),
    "other extensions": ("Ute,Hof,,+49 30 901820 ext. 41,,", "Udo,Rad,,+49 30 901820 ext. 42,,"),
    "one extension": ("Ada,Ost,,+49 30 901821 ext. 41,,", "Bea,West,,+49 30 901821 x41,,"),
    "digits that are two numbers": ("Pia,Alt,,4915123456001,,", "Leo,Neu,,+4915123456001,,"),
}
HUBSPOT = {
    "record_id": {"primaryKey": True, "required": True, "canonical": "attributes.record_id"},
    "email": {"canonical": "email", "normalize": "email", "identifier": {"namespace": "email"}},
    "mobile": {
        "canonical": "phone",
        "normalize": "phone",
        "phoneFormat": "international",
        "identifier": {"namespace": "phone"},
    },
    "birth_date": {"canonical": "birth_date", "logicalType": "date"},
    "given_name": {"canonical": "given_name"},
    "family_name": {"canonical": "family_name"},
    "zip": {"canonical": "postcode", "normalize": "postcode"},
    "country": {"canonical": "country"},
}
HUBSPOT_ROWS = [
    "h1,word@firma.de,,,,,,Germany",
    "h2,none@firma.de,,,,,,",
    "h3,,4915123456002,,,,,Deutschland",
    "h4,other@firma.de,,,,,,Narnia",
    "h5,zero@firma.de,,1970-01-02,Ute,Lost,4329.0,DE",
]


@pytest.fixture(scope="module")
def run(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("values")
    shutil.copytree(ROOT / "conf", folder / "conf")
    contract = folder / "conf" / "contracts" / "hubspot" / "contact" / "1.0.0.odcs.yaml"
    contract.parent.mkdir(parents=True)
    contract.write_text(yaml.safe_dump(odcs("1.0.0", HUBSPOT, own={"defaultCountry": "DE"})), encoding="utf-8")
    with (folder / "conf" / "sources.yml").open("a") as file:
        file.write('hubspot:\n  contact: {format: csv, path: hubspot/contact, glob: "*.csv"}\n')
    both = SAME | OTHERS
    crm = [f"C{100 + n},{one},DE,{AT}" for n, (one, _) in enumerate(both.values())]
    crm += [
        f"C900,Mara,Keller,word@firma.de,,,,DE,{AT}",
        f"C901,Mara,Keller,none@firma.de,,,,DE,{AT}",
        f"C902,Jan,Keller,,+4915123456002,,,DE,{AT}",
        f"C903,Ole,Keller,other@firma.de,,,,DE,{AT}",
        f"C904,Ute,Lost,,,1970-01-02,04329,DE,{AT}",
    ]
    loyalty = [f"L{100 + n},{_european(other)},DE,{AT}" for n, (_, other) in enumerate(both.values())]
    hubspot = ",".join(["record_id", "email", "mobile", "birth_date", "given_name", "family_name", "zip", "country"])
    _deliver(folder, "crm/customer", [CRM, *crm])
    _deliver(folder, "loyalty/member", [LOYALTY, *loyalty])
    _deliver(folder, "hubspot/contact", [hubspot, *HUBSPOT_ROWS])
    conf = load(folder / "conf", "dev", lake=str(folder / "lake"), landing=str(folder / "landing"))
    run = Run(spark, Store(spark, str(folder / "lake")), conf, AS_OF, run_id_of(AS_OF))
    land(run)
    canonicalise(run)
    resolve_identity(run)
    return run


def _european(row: str) -> str:
    """The loyalty programme writes DD.MM.YYYY."""
    *rest, day, postcode = row.split(",")
    return ",".join([*rest, ".".join(reversed(day.split("-"))) if day else "", postcode])


def _deliver(folder: Path, dataset: str, lines: list[str]) -> None:
    path = folder / "landing" / dataset / "2025-10-01.csv"
    path.parent.mkdir(parents=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def persons(run: Run) -> Persons:
    """By key of a record its person; by the key itself where it has no identifier."""
    held = run.store.read(tables.MEMBERSHIP).where("valid_to_run IS NULL").select("identifier_id", "person_id")
    records = run.store.read(tables.PROFILE_RECORD)
    member = F.explode_outer("identifiers.identifier_id").alias("identifier_id")
    rows = records.select("source_key", member).join(held, "identifier_id", "left")
    found = rows.groupBy("source_key").agg(F.min("person_id").alias("person")).collect()
    return {row.source_key: row.person or row.source_key for row in found}


def test_what_is_one_person_is_one(persons: Persons) -> None:
    apart = [name for n, name in enumerate(SAME) if persons[f"C{100 + n}"] != persons[f"L{100 + n}"]]
    assert apart == []


def test_what_is_two_persons_stays_two(persons: Persons) -> None:
    first = len(SAME)
    joined = [name for n, name in enumerate(OTHERS, first) if persons[f"C{100 + n}"] == persons[f"L{100 + n}"]]
    assert joined == []


def test_nobody_else_is_joined(persons: Persons) -> None:
    assert len({persons[f"C{100 + n}"] for n in range(len(SAME) + len(OTHERS))}) == len(SAME) + len(OTHERS)


def test_a_country_by_name_or_by_default_joins_the_crm_and_an_unknown_one_does_not(persons: Persons) -> None:
    assert [persons["h1"], persons["h2"], persons["h3"]] == [persons["C900"], persons["C901"], persons["C902"]]
    assert persons["h4"] != persons["C903"]


def test_a_postcode_that_a_spreadsheet_took_for_a_number_is_the_same(persons: Persons) -> None:
    assert persons["h5"] == persons["C904"]


def test_what_was_not_usable_or_mended_is_on_record(run: Run) -> None:
    rows = run.store.read(tables.REMARK).collect()
    found = {(f"{row.source}.{row.dataset}", row.property, row.code): row.records for row in rows}
    assert found[("crm.customer", "phone", "ambiguous")] == 1
    assert found[("hubspot.contact", "country", "unknown_country")] == 1
    assert found[("hubspot.contact", "record", "other_region")] == 1
    assert found[("hubspot.contact", "zip", "padded")] == 1
    assert found[("crm.customer", "birth_date", "placeholder")] == 2
    assert found[("crm.customer", "postcode", "placeholder")] == 1
    assert found[("crm.customer", "given_name", "placeholder")] == 2
    assert found[("crm.customer", "family_name", "placeholder")] == 2
    assert ("hubspot.contact", "mobile", "ambiguous") not in found
