"""What is hashed, and how long a pass is valid."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from elearn.core.records import canonical_record, plain_evidence, record_hash, valid_until
from elearn.core.taxonomy import Strand


def test_canonical_record_writes_times_in_utc_and_enums_as_values() -> None:
    shanghai = timezone(timedelta(hours=8))
    fields = {
        "at": datetime(2026, 11, 23, 9, 0, 0, 5, tzinfo=shanghai),
        "day": date(2026, 1, 2),
        "strand": Strand.DIS,
        "evidence": {"steps": (1, {"at": datetime(2026, 1, 1, tzinfo=UTC)})},
        "none": None,
    }
    assert canonical_record(fields) == {
        "at": "2026-11-23T01:00:00.000005+00:00",
        "day": "2026-01-02",
        "strand": "DIS",
        "evidence": {"steps": [1, {"at": "2026-01-01T00:00:00.000000+00:00"}]},
        "none": None,
    }


def test_record_hash_is_the_same_for_the_same_instant_in_another_zone() -> None:
    utc = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
    assert record_hash({"at": utc}) == record_hash(
        {"at": utc.astimezone(timezone(timedelta(hours=8)))}
    )
    assert record_hash({"at": utc}) != record_hash({"at": utc + timedelta(microseconds=1)})


def test_floats_in_evidence_are_refused() -> None:
    with pytest.raises(TypeError):
        plain_evidence({"score": {"part": 0.5}})


def test_plain_evidence_is_what_the_database_gives_back() -> None:
    assert plain_evidence({"a": (1, 2), "s": Strand.LAW}) == {"a": [1, 2], "s": "LAW"}


@pytest.mark.parametrize(
    ("day", "months", "until"),
    [
        (date(2026, 11, 23), 24, date(2028, 11, 23)),
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)),
        (date(2026, 12, 1), 1, date(2027, 1, 1)),
        (date(2026, 1, 31), 11, date(2026, 12, 31)),
        (date(2026, 11, 23), None, None),
    ],
)
def test_valid_until(day: date, months: int | None, until: date | None) -> None:
    assert valid_until(day, months) == until
