"""Times: by the zone that the contract tells, with the rule where clocks are put forward or back."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from c360_spark import tables
from c360_spark.silver.canonical import canonical
from c360_spark.silver.version import Reading, read
from tests.contracts import odcs, versions


@pytest.fixture
def events(frame, conf, tmp_path):
    """Payloads as rows of silver.profile_record with an `updated_at`, by these settings of the property `at`."""

    def make(at, *payloads):
        properties = {"id": {"primaryKey": True}, "time": {}, "zone": {}}
        properties |= {"at": {"type": "timestamp", "canonical": "updated_at"} | at}
        (contract,) = versions(tmp_path, odcs("1.0.0", properties))["crm", "person"]
        rows = frame(tables.bronze("crm", "person"), *({"payload": each} for each in payloads))
        cells = read(rows, [Reading(contract, (contract.version,))], headers=None)
        made = canonical(cells, contract, conf.rules, conf.taxonomy, secret="a secret of tests")
        return made.orderBy("source_key").collect()

    return make


def at(*texts, **more):
    rest = "".join(f', "{name}": "{value}"' for name, value in more.items())
    return [f'{{"id": "{n:02}", "at": "{text}"{rest}}}' for n, text in enumerate(texts)]


@pytest.mark.spark
def test_a_time_without_a_zone_is_of_the_zone_of_its_property(events):
    texts = {
        "2026-01-15T10:00:00": (datetime(2026, 1, 15, 9), []),
        "2026-07-15 10:00": (datetime(2026, 7, 15, 8), []),
        "2026-07-15": (datetime(2026, 7, 14, 22), []),
        "2026-07-15T10:00:00Z": (datetime(2026, 7, 15, 10), []),
        "2026-07-15T10:00:00.123456+05:30": (datetime(2026, 7, 15, 4, 30, 0, 123456), []),
        "2026-07-15 10:00:00 +0200": (datetime(2026, 7, 15, 8), []),
        "2026-03-29T02:30:00": (datetime(2026, 3, 29, 1, 30), ["gap:at"]),  # taken as 03:30 of summer time
        "2025-10-26T02:30:00": (datetime(2025, 10, 26, 0, 30), ["overlap:at"]),  # the first: still summer time
        "2025-10-26T03:00:00": (datetime(2025, 10, 26, 2), []),
        "2025-10-26T02:30:00+01:00": (datetime(2025, 10, 26, 1, 30), []),
        "soon": (None, []),
    }
    made = events({"zone": "Europe/Berlin"}, *at(*texts))
    assert {text: (row.updated_at, row.remarks) for text, row in zip(texts, made, strict=True)} == texts
    assert [row.reasons for row in made[:-1]] == [[]] * (len(texts) - 1)
    assert made[-1].reasons == ["type:at"]


@pytest.mark.spark
def test_clocks_that_change_by_another_time_are_known(events):
    texts = ("2026-04-05T01:45:00", "2026-10-04T02:15:00", "2026-04-05T01:15:00")
    rows = events({"zone": "Australia/Lord_Howe"}, *at(*texts))
    assert [(row.updated_at, row.remarks) for row in rows] == [
        (datetime(2026, 4, 4, 14, 45), ["overlap:at"]),
        (datetime(2026, 10, 3, 15, 45), ["gap:at"]),
        (datetime(2026, 4, 4, 14, 15), []),
    ]


@pytest.mark.spark
def test_date_time_and_zone_may_stand_in_properties_of_their_own(events):
    names = {"Eastern Time (US & Canada)": "America/New_York"}
    split = {"formats": ["MM/dd/yy HH:mm:ss"], "timeFrom": "time", "zoneFrom": "zone", "zones": names}
    rows = [
        '{"id": "1", "at": "10/10/25", "time": "10:05:00", "zone": "Eastern Time (US & Canada)"}',
        '{"id": "2", "at": "10/10/25", "time": "10:05:00", "zone": "Europe/Berlin"}',
        '{"id": "3", "at": "10/10/25", "time": "10:05:00", "zone": "Mars"}',
        '{"id": "4", "at": "10/10/25", "time": "10:05:00"}',
        '{"id": "5", "at": "10/10/25", "zone": "Europe/Berlin"}',
        '{"id": "6", "time": "10:05:00"}',
    ]
    assert [(row.updated_at, row.reasons) for row in events(split, *rows)] == [
        (datetime(2025, 10, 10, 14, 5), []),
        (datetime(2025, 10, 10, 8, 5), []),
        (None, ["zone:at"]),
        (None, ["zone:at"]),
        (None, ["type:at"]),
        (None, []),
    ]


@pytest.mark.spark
def test_morning_and_afternoon_and_microseconds_are_read(events):
    half = events({"formats": ["MM/dd/yyyy h:mm:ss a"], "zone": "Europe/Berlin"}, *at("10/15/2025 3:05:00 PM"))
    noon = events({"formats": ["M/d/yyyy h:mm a"]}, *at("1/2/2026 12:30 am", "1/2/2026 12:30 PM"))
    micro = events({"formats": ["epoch_us"]}, *at("1760518800123456"))
    assert half[0].updated_at == datetime(2025, 10, 15, 13, 5)
    assert [row.updated_at for row in noon] == [datetime(2026, 1, 2, 0, 30), datetime(2026, 1, 2, 12, 30)]
    assert micro[0].updated_at == datetime(2025, 10, 15, 9, 0, 0, 123456)


@pytest.mark.spark
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1)), min_size=20, max_size=20),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Sao_Paulo"]),
)
def test_moments_are_those_of_the_zone_with_the_first_of_two(events, walls, zone):
    texts = [wall.replace(microsecond=0).isoformat() for wall in walls]
    local = [datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)) for text in texts]
    expected = [each.astimezone(ZoneInfo("UTC")).replace(tzinfo=None) for each in local]
    assert [row.updated_at for row in events({"zone": zone}, *at(*texts))] == expected
