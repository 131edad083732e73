"""Bands, make-up window and entry hours of a blueprint, as an exam lives by them."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn.core.access import Role
from elearn.core.assembly.model import Blueprint
from elearn.core.errors import Conflict, DomainError
from elearn.core.questions.model import Question
from elearn.exams.attempts.services import save_answers, start_attempt, submit_attempt
from elearn.exams.makeups.queries import makeup_by
from elearn.exams.makeups.services import schedule_makeup
from elearn.exams.sittings.services import schedule_exam
from elearn.models import Attempt, Exam, Person, ReviewPolicy, TrainingRecord
from tests.conftest import Browser
from tests.factories import NOW, make_actor, make_person, make_unit
from tests.factories_exams import all_right, make_attempt, make_bank, make_revision, make_spec
from tests.factories_reports import make_course, make_course_record

BANDS = (("优秀", 1900), ("良好", 1600), ("合格", 1200))


@pytest.fixture
def examiner(session: Session) -> Person:
    return make_person(session, make_unit(session), Role.EXAMINER)


@pytest.fixture(autouse=True)
def bank(session: Session) -> list[Question]:
    return make_bank(session)


def schedule(session: Session, examiner: Person, spec: Blueprint, *, now: datetime = NOW) -> Exam:
    exam = schedule_exam(
        session,
        actor=make_actor(examiner),
        blueprint_revision=make_revision(session, spec),
        title="学法考试",
        opens_at=now + timedelta(minutes=1),
        closes_at=now + timedelta(days=1),
        org_unit=examiner.org_unit,
        attempts_max=1,
        review_policy=ReviewPolicy.AT_ONCE,
        now=now,
    )
    exam.opens_at = now - timedelta(hours=1)
    session.flush()
    return exam


def test_the_band_stands_in_the_record_and_on_the_pages(
    client: Browser, session: Session, bank: list[Question]
) -> None:
    now = datetime.now(UTC)
    unit = make_unit(session)
    examiner, person = make_person(session, unit, Role.EXAMINER), make_person(session, unit)
    exam = schedule(session, examiner, make_spec(bands=BANDS), now=now)
    attempt = make_attempt(session, exam, person, now=now)
    save_answers(session, attempt=attempt, events=all_right(attempt, bank), now=now)
    submit_attempt(session, attempt=attempt, now=now)
    record = session.scalars(select(TrainingRecord)).one()
    assert record.evidence["band"] == "优秀"
    assert "合格，等第优秀。" in record.explanation
    session.commit()
    client.sign_in(person, session)
    assert "等第：优秀" in client.get(f"/attempts/{attempt.public_id}/result").text
    assert "等第：优秀" in client.get("/me").text


def test_a_fail_and_an_exam_without_bands_have_none(session: Session, examiner: Person) -> None:
    for spec in (make_spec(bands=BANDS), make_spec()):
        exam = schedule(session, examiner, spec)
        person = make_person(session, examiner.org_unit)
        attempt = make_attempt(session, exam, person)
        submit_attempt(session, attempt=attempt, now=NOW)
        record = session.scalars(
            select(TrainingRecord).where(TrainingRecord.person_id == person.id)
        ).one()
        assert "band" not in record.evidence
        assert "等第" not in record.explanation


def test_the_blueprint_says_how_many_makeups_and_until_when(
    session: Session, examiner: Person
) -> None:
    exam = schedule(session, examiner, make_spec(makeups_max=0))
    assert exam.makeups_max == 0
    assert makeup_by(exam) is None
    exam = schedule(session, examiner, make_spec(makeups_max=2, makeup_months=3))
    make_person(session, examiner.org_unit)
    assert exam.makeups_max == 2
    assert str(makeup_by(exam)) == "2027-02-24"
    after = NOW + timedelta(days=2)

    def makeup(closes_at: datetime) -> Exam:
        return schedule_makeup(
            session,
            actor=make_actor(examiner),
            main=exam,
            title="补考",
            opens_at=closes_at - timedelta(hours=2),
            closes_at=closes_at,
            attempts_max=1,
            removed={},
            now=after,
        )

    with pytest.raises(DomainError) as caught:
        makeup(datetime(2027, 2, 25, 2, tzinfo=UTC))
    assert caught.value.fields == {"closes_at": "按组卷规则，补考要在 2027-02-24 以前结束"}
    # 23:59 in Shanghai is still the last day.
    assert makeup(datetime(2027, 2, 24, 15, 59, tzinfo=UTC)).is_makeup


def test_whoever_has_not_learnt_enough_this_year_may_not_start(
    session: Session, examiner: Person
) -> None:
    exam = schedule(session, examiner, make_spec(entry_centi=300))
    assert exam.entry_centi == 300
    person = make_person(session, examiner.org_unit)
    last_year = NOW - timedelta(days=400)
    make_course_record(session, person, make_course(session, hours_centi=900), at=last_year)
    make_course_record(session, person, make_course(session, hours_centi=150))
    with pytest.raises(Conflict) as caught:
        start_attempt(session, exam=exam, person=person, now=NOW, seed="1")
    assert caught.value.code == "E-ENTRY"
    assert "要达到 3，您现在是 1.5" in caught.value.message
    assert session.scalars(select(Attempt)).all() == []
    make_course_record(session, person, make_course(session, hours_centi=150))
    assert start_attempt(session, exam=exam, person=person, now=NOW, seed="1").no == 1


def test_the_lobby_says_what_is_missing_before_anybody_tries(
    client: Browser, session: Session
) -> None:
    now = datetime.now(UTC)
    unit = make_unit(session)
    examiner, person = make_person(session, unit, Role.EXAMINER), make_person(session, unit)
    exam = schedule(session, examiner, make_spec(entry_centi=300, bands=BANDS), now=now)
    make_course_record(session, person, make_course(session, hours_centi=100), at=now)
    session.commit()
    client.sign_in(person, session)
    page = client.get(f"/exams/{exam.public_id}").text
    assert "本年网络学时达到 3，您现在 1" in page
    assert "还差 2 学时才能参加" in page
    assert "开始前请了解" not in page
    assert "优秀 19 分，良好 16 分，合格 12 分" in page
    refused = client.post(f"/exams/{exam.public_id}/start", data={"agreed": "1"})
    assert refused.status_code == 409
    make_course_record(session, person, make_course(session, hours_centi=200), at=now)
    session.commit()
    assert "开始前请了解" in client.get(f"/exams/{exam.public_id}").text
