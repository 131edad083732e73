"""Passes that stop counting soon: told on 待办, listed for HR, gone when passed again."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from elearn.core.access import Role
from elearn.models import Person, TrainingRecord
from elearn.records.queries import expiring
from elearn.records.services import record_exam
from tests.conftest import Browser
from tests.factories import NOW, make_person, make_unit
from tests.factories_reports import exam_values

TODAY = date(2026, 11, 23)


def passed(session: Session, person: Person, *, months: int, **values: Any) -> TrainingRecord:
    made = record_exam(
        session,
        person=person,
        **exam_values(**{"passed": True, "valid_months": months, "now": NOW, **values}),
    )
    session.flush()
    return made


@pytest.fixture
def person(session: Session) -> Person:
    return make_person(session, make_unit(session))


def soon(session: Session, days: int = 60) -> list[TrainingRecord]:
    return list(session.scalars(expiring(TODAY, days=days)))


def test_told_within_the_days_and_not_after(session: Session, person: Person) -> None:
    record = passed(session, person, months=2)
    assert record.valid_until is not None
    left = (record.valid_until - TODAY).days
    assert soon(session, left) == [record]
    assert soon(session, left - 1) == []
    after = record.valid_until + timedelta(days=1)
    assert list(session.scalars(expiring(after))) == []
    assert list(session.scalars(expiring(record.valid_until))) == [record]


def test_a_later_pass_of_the_same_paper_ends_the_reminder(session: Session, person: Person) -> None:
    record = passed(session, person, months=1)
    passed(session, person, months=3, attempt_public_id="other" + "x" * 17, subject_code="else")
    assert soon(session) == [record]
    passed(session, person, months=24, attempt_public_id="again" + "x" * 17)
    assert soon(session) == []


def test_on_the_home_page_and_in_the_list_of_hr(
    session: Session, client: Browser, browser: Any
) -> None:
    unit = make_unit(session)
    person, hr = make_person(session, unit), make_person(session, unit, Role.HR)
    stranger = make_person(session, None, Role.HR)

    now = datetime.now(UTC)
    passed(session, person, months=1, started_at=now, finished_at=now, now=now)
    session.commit()
    client.sign_in(person, session)
    assert "到期后需要重新考试" in client.get("/").text
    desk = browser()
    desk.sign_in(hr, session)
    assert person.name in desk.get("/reports/expiring").text
    other = browser()
    other.sign_in(stranger, session)
    assert person.name not in other.get("/reports/expiring").text
