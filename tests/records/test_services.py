"""Records are written once, say how they came to be, and a changed one is visible."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from elearn import db
from elearn.core.records import record_hash
from elearn.models import CourseRevision, HoursBucket, Person, RecordKind, TrainingRecord
from elearn.records.services import record_course, record_exam
from elearn.records.writing import HASHED, verify_record
from tests.factories import NOW, make_person, make_unit
from tests.factories_reports import exam_values, make_attempt, make_course, make_exam


def finish_course(
    session: Session, person: Person, course: CourseRevision, **changes: Any
) -> TrainingRecord:
    values: dict[str, Any] = {
        "started_at": NOW - timedelta(days=1),
        "finished_at": NOW,
        "evidence": {"lessons": [{"code": "l1", "seconds": 400}]},
        "explanation": "已读 3 / 3 节。",
        "now": NOW,
        **changes,
    }
    return record_course(session, person=person, course_revision=course, **values)


def test_a_course_record_says_who_what_when_and_why(session: Session) -> None:
    unit = make_unit(session, name="预算科")
    person = make_person(session, unit)
    course = make_course(session, title="礼品与宴请", hours_centi=150)
    record = finish_course(session, person, course)
    session.expire_all()
    assert (record.kind, record.subject_code, record.subject_title, record.subject_hash) == (
        RecordKind.COURSE,
        course.course.code,
        "礼品与宴请",
        course.hash,
    )
    assert (record.person_id, record.org_unit_id, record.org_name) == (person.id, unit.id, "预算科")
    assert (record.hours_centi, record.hours_bucket, record.credit_year) == (150, "ONLINE", 2026)
    assert (record.credit_rule, record.credit_rule_version) == ("declared", "1")
    assert (record.strand, record.required, record.passed) == ("DIS", True, True)
    assert record.explanation == (
        "已读 3 / 3 节。按“课程标注学时”（第 1 版）：标注 1.5 学时，计 1.5 学时（网络自学）。"
    )
    assert record.evidence == {"lessons": [{"code": "l1", "seconds": 400}]}
    assert verify_record(record)


def test_a_second_call_gives_the_row_that_exists(session: Session) -> None:
    person, course = make_person(session), make_course(session)
    first = finish_course(session, person, course)
    again = finish_course(
        session, person, course, explanation="别的话", finished_at=NOW + timedelta(days=1)
    )
    assert again.id == first.id
    assert again.explanation.startswith("已读 3 / 3 节。")
    assert session.scalar(select(func.count()).select_from(TrainingRecord)) == 1


def test_people_do_not_share_records(session: Session) -> None:
    course = make_course(session)
    one = finish_course(session, make_person(session), course)
    two = finish_course(session, make_person(session), course)
    assert one.id != two.id
    assert one.hash != two.hash


@pytest.mark.parametrize(
    ("finished", "year"),
    [
        (datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC), 2026),
        (datetime(2026, 12, 31, 16, 0, tzinfo=UTC), 2027),
    ],
)
def test_the_credit_year_is_that_of_shanghai(
    session: Session, finished: datetime, year: int
) -> None:
    person, course = make_person(session), make_course(session)
    assert finish_course(session, person, course, finished_at=finished).credit_year == year


def test_a_passed_exam_has_score_hours_and_validity(session: Session) -> None:
    record = record_exam(session, person=make_person(session), **exam_values())
    assert (record.kind, record.score_centi, record.full_centi, record.passed) == (
        RecordKind.EXAM,
        8650,
        10_000,
        True,
    )
    assert (record.hours_centi, record.hours_bucket) == (200, HoursBucket.ONLINE)
    assert record.valid_until == date(2028, 11, 23)
    assert record.subject_hash == "a" * 64
    assert record.explanation.startswith("得 86.5 分，满分 100 分，合格。")
    assert verify_record(record)


def test_a_failed_exam_is_recorded_without_hours_or_validity(session: Session) -> None:
    record = record_exam(
        session, person=make_person(session), **exam_values(passed=False, score_centi=5900)
    )
    assert (record.passed, record.hours_centi, record.valid_until) == (False, 0, None)
    assert record.explanation == "得 59 分，满分 100 分，未合格，不计学时。"


def test_the_same_attempt_is_recorded_once(session: Session) -> None:
    person = make_person(session)
    first = record_exam(session, person=person, **exam_values())
    again = record_exam(session, person=person, **exam_values(score_centi=100, passed=False))
    assert (again.id, again.score_centi) == (first.id, 8650)


def test_passing_the_same_exam_again_brings_no_second_hours(session: Session) -> None:
    person = make_person(session)
    exam = make_exam(session, person.org_unit, attempts_max=3)
    other = make_exam(session, person.org_unit)
    ids = [
        make_attempt(session, person, sat, score=90, passed=True, no=no).public_id
        for sat, no in ((exam, 1), (exam, 2), (other, 1))
    ]
    records = [
        record_exam(session, person=person, **exam_values(attempt_public_id=public_id))
        for public_id in ids
    ]
    assert [record.hours_centi for record in records] == [200, 0, 200]
    assert "不重复计" in records[1].explanation


def test_a_failed_first_try_does_not_cost_the_hours_of_the_second(session: Session) -> None:
    person = make_person(session)
    exam = make_exam(session, person.org_unit)
    failed = make_attempt(session, person, exam, score=10, passed=False, no=1)
    passed = make_attempt(session, person, exam, score=90, passed=True, no=2)
    record_exam(
        session,
        person=person,
        **exam_values(attempt_public_id=failed.public_id, passed=False, score_centi=1000),
    )
    record = record_exam(session, person=person, **exam_values(attempt_public_id=passed.public_id))
    assert record.hours_centi == 200


def test_somebody_elses_pass_does_not_cost_hours(session: Session) -> None:
    unit = make_unit(session)
    exam = make_exam(session, unit, created_by_id=make_person(session, unit).id)
    hours = []
    for _ in range(2):
        person = make_person(session, unit)
        attempt = make_attempt(session, person, exam, score=90, passed=True)
        record = record_exam(
            session, person=person, **exam_values(attempt_public_id=attempt.public_id)
        )
        hours.append(record.hours_centi)
    assert hours == [200, 200]


def test_a_long_explanation_is_cut_with_an_ellipsis(session: Session) -> None:
    person, course = make_person(session), make_course(session)
    record = finish_course(session, person, course, explanation="读" * 600)
    assert len(record.explanation) == 500
    assert record.explanation.endswith("…")


def test_evidence_with_floats_writes_nothing(session: Session) -> None:
    person, course = make_person(session), make_course(session)
    with pytest.raises(TypeError):
        finish_course(session, person, course, evidence={"share": 0.5})
    assert session.scalar(select(func.count()).select_from(TrainingRecord)) == 0


def test_the_hash_covers_every_column(session: Session) -> None:
    record = finish_course(session, make_person(session), make_course(session))
    assert set(HASHED) == {
        column.key
        for column in TrainingRecord.__table__.columns
        if column.key not in {"id", "hash"}
    }
    fields = {name: getattr(record, name) for name in HASHED}
    assert record.hash == record_hash(fields)
    for name, value in fields.items():
        assert record_hash({**fields, name: "changed"}) != record.hash, (name, value)


@pytest.mark.parametrize(
    "change", ["UPDATE training_record SET hours_centi = 9900", "DELETE FROM training_record"]
)
def test_the_database_refuses_to_change_records(session: Session, change: str) -> None:
    finish_course(session, make_person(session), make_course(session))
    with pytest.raises(DatabaseError, match="append-only"), session.begin_nested():
        session.execute(text(change))


def test_a_record_changed_behind_the_products_back_is_visible(own_engine: Engine) -> None:
    with db.transaction(own_engine) as work:
        record_id = finish_course(work, make_person(work), make_course(work)).id
    drop = (
        "DROP TRIGGER training_record_no_update"
        if own_engine.dialect.name == "sqlite"
        else "DROP TRIGGER training_record_append_only ON training_record"
    )
    with db.transaction(own_engine) as work:
        work.execute(text(drop))
    with db.transaction(own_engine) as work:
        assert verify_record(work.get_one(TrainingRecord, record_id))
        work.execute(text("UPDATE training_record SET hours_centi = hours_centi + 100"))
    with db.transaction(own_engine) as work:
        assert not verify_record(work.get_one(TrainingRecord, record_id))


def test_twenty_threads_write_one_record(own_engine: Engine) -> None:
    with db.transaction(own_engine) as work:
        person_id = make_person(work).id
        course_id = make_course(work).id

    def finish(_: int) -> int:
        with db.transaction(own_engine) as work:
            person = work.get_one(Person, person_id)
            return finish_course(work, person, work.get_one(CourseRevision, course_id)).id

    with ThreadPoolExecutor(20) as pool:
        ids = set(pool.map(finish, range(20)))
    assert len(ids) == 1
    with db.transaction(own_engine) as work:
        assert work.scalar(select(func.count()).select_from(TrainingRecord)) == 1


def test_a_row_written_meanwhile_is_returned_and_the_rest_of_the_work_lives(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The unique key decides even when the look before it saw nothing."""
    person, course = make_person(session), make_course(session)
    first = finish_course(session, person, course)
    monkeypatch.setattr("elearn.records.services.held", lambda *_: None)
    later = make_unit(session, name="同一事务里的别的事")
    assert finish_course(session, person, course).id == first.id
    session.expire_all()
    assert later.name == "同一事务里的别的事"
