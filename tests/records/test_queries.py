"""Hours of a year against the targets of the rank."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from elearn.core.errors import NotFound
from elearn.models import HoursBucket, Person, TrainingRecord
from elearn.records.queries import get_own_record, hours_between, portfolio, year_hours
from tests.factories import NOW, make_person
from tests.factories_reports import make_course, make_course_record

BEGIN_2026 = datetime(2025, 12, 31, 16, 0, tzinfo=UTC)


def concentrated(session: Session, person: Person, *, year: int, centi: int) -> None:
    """Concentrated training, as a later import will write it."""
    at = datetime(year, 6, 1, tzinfo=UTC)
    session.add(
        TrainingRecord(
            source_key=f"class:{year}:{person.id}",
            person_id=person.id,
            kind="COURSE",
            subject_code="class",
            subject_title="培训班",
            subject_hash="c" * 64,
            required=True,
            org_unit_id=person.org_unit_id,
            org_name="x",
            started_at=at,
            finished_at=at,
            credit_year=year,
            hours_centi=centi,
            hours_bucket=HoursBucket.CONCENTRATED,
            credit_rule="declared",
            credit_rule_version="1",
            passed=True,
            explanation="",
            evidence={},
            hash="h" * 64,
            created_at=at,
        )
    )
    session.flush()


def test_online_and_concentrated_hours_are_never_added_up(session: Session) -> None:
    person = make_person(session, rank="一级科员")
    make_course_record(session, person, make_course(session, hours_centi=1500))
    concentrated(session, person, year=2026, centi=3000)
    online, lessons, target = year_hours(session, person, year=2026)
    assert (online.done_centi, online.target_centi, online.missing_centi) == (1500, 5000, 3500)
    assert (lessons.done_centi, lessons.target_centi, lessons.missing_centi) == (3000, 9000, 6000)
    assert target.alternative == "12 天"


def test_county_level_adds_up_five_years_of_concentrated_training(session: Session) -> None:
    person = make_person(session, rank="县处级副职")
    for year in (2021, 2022, 2025, 2026, 2027):
        concentrated(session, person, year=year, centi=1000)
    _, lessons, _ = year_hours(session, person, year=2026)
    assert (lessons.done_centi, lessons.target_centi, lessons.years) == (3000, 55_000, 5)


def test_without_a_known_rank_there_is_no_concentrated_target(session: Session) -> None:
    person = make_person(session, rank="")
    online, lessons, _ = year_hours(session, person, year=2026)
    assert (online.target_centi, lessons.target_centi, lessons.missing_centi) == (5000, None, 0)


def test_more_than_the_target_leaves_nothing_missing(session: Session) -> None:
    person = make_person(session)
    for _ in range(4):
        make_course_record(session, person, make_course(session, hours_centi=1500))
    online, _, _ = year_hours(session, person, year=2026)
    assert (online.done_centi, online.missing_centi) == (6000, 0)


def test_portfolio_shows_one_year_and_offers_the_others(session: Session) -> None:
    person = make_person(session)
    old = make_course_record(session, person, make_course(session), at=NOW - timedelta(days=400))
    new = make_course_record(session, person, make_course(session, required=False, hours_centi=50))
    make_course_record(session, make_person(session), make_course(session))
    now = portfolio(session, person, year=None, this_year=2026)
    assert (now.year, now.years, now.records) == (2026, [2026, 2025], [new])
    assert (now.required_centi, now.elective_centi) == (0, 50)
    past = portfolio(session, person, year=2025, this_year=2026)
    assert past.records == [old]
    assert portfolio(session, person, year=1999, this_year=2026).year == 2026


def test_a_record_belongs_to_its_person(session: Session) -> None:
    person = make_person(session)
    record = make_course_record(session, person, make_course(session))
    assert get_own_record(session, person, record.public_id) is record
    with pytest.raises(NotFound):
        get_own_record(session, make_person(session), record.public_id)


def test_hours_between_takes_the_first_instant_and_leaves_the_last(session: Session) -> None:
    person = make_person(session)
    for at, hours in (
        (BEGIN_2026 - timedelta(seconds=1), 100),
        (BEGIN_2026, 10),
        (NOW, 1),
    ):
        make_course_record(session, person, make_course(session, hours_centi=hours), at=at)
    found = hours_between(session, [person.id], start=BEGIN_2026, end=NOW)
    assert found == {(person.id, HoursBucket.ONLINE): 10}
