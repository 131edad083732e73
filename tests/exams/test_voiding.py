"""Annulling an attempt: two people, new rows and nothing edited, and its score never comes back."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DatabaseError, IntegrityError
from sqlalchemy.orm import Session

from elearn.core.access import Role
from elearn.core.errors import Conflict, DomainError, Forbidden
from elearn.core.grading.corrections import Correction, CorrectionKind
from elearn.core.questions.model import QuestionType
from elearn.exams.attempts.services import save_answers, settle_attempt, submit_attempt
from elearn.exams.corrections.queries import Summary, summary
from elearn.exams.corrections.services import approve_correction, propose_correction
from elearn.exams.grades.policy import LATE_SYNC
from elearn.exams.makeups.queries import derive_roster
from elearn.exams.papers.replay import replay_exam
from elearn.exams.papers.vault import Vault
from elearn.exams.voiding.queries import void_in_force, waiting_voids
from elearn.exams.voiding.services import ask_void, decide_void
from elearn.models import (
    Attempt,
    AttemptVoid,
    AuditEntry,
    ExamNotice,
    Person,
    ReviewPolicy,
    TrainingRecord,
    VoidDecision,
)
from elearn.records.queries import hours_of, records_of
from elearn.records.writing import verify_record
from tests.conftest import Browser
from tests.factories import NOW, make_actor, make_person, make_unit
from tests.factories_after import LATER, Sat, make_sat, right, work_off
from tests.factories_exams import SECRET, all_right, event, make_attempt

T = QuestionType
WHY = "经查证由他人代考"
GOOD = (T.SINGLE, T.MULTI, T.TRUE_FALSE)  # 8 of 10: passed


@pytest.fixture
def sat(session: Session) -> Sat:
    return make_sat(session)


@pytest.fixture
def second(sat: Sat) -> Person:
    """Another examiner."""
    return make_person(sat.session, sat.root, Role.EXAMINER)


def ask(sat: Sat, attempt: Attempt, reason: str = WHY) -> AttemptVoid:
    actor = make_actor(sat.examiner)
    return ask_void(sat.session, actor=actor, attempt=attempt, reason=reason, now=LATER)


def decide(sat: Sat, row: AttemptVoid, by: Person, *, approve: bool = True) -> VoidDecision:
    actor = make_actor(by)
    return decide_void(sat.session, actor=actor, void=row, approve=approve, note="", now=LATER)


def annul(sat: Sat, attempt: Attempt, by: Person) -> None:
    decide(sat, ask(sat, attempt), by)


def correct(sat: Sat, change: Correction, *, regrade: bool = True) -> Summary:
    """Approved, and carried out unless told otherwise; what the preview said."""
    row = propose_correction(
        sat.session,
        actor=make_actor(sat.trainer),
        revision=sat.revision(T.SINGLE),
        exam=sat.exam,
        correction=change,
        reason="条文已修订",
        citation="监察法@2024-12-25#46",
        now=LATER,
    )
    work_off(sat.session)
    previewed = summary(sat.session, row)
    approve_correction(sat.session, actor=make_actor(sat.examiner), correction=row, now=LATER)
    if regrade:
        work_off(sat.session)
    return previewed


def test_two_people_make_a_pass_nothing_by_new_rows(sat: Sat, second: Person) -> None:
    attempt = sat.sit(right(sat, *GOOD))
    row = ask(sat, attempt)
    assert sat.score(attempt) == 800, "asking changes nothing"
    assert [void.id for void in waiting_voids(sat.session, sat.exam)] == [row.id]
    decision = decide(sat, row, second)
    assert [(g.score_centi, g.passed) for g in sat.grades(attempt)] == [(800, True), (0, False)]
    assert (decision.grade_no, attempt.voided_at) == (2, LATER)
    assert WHY in sat.grades(attempt)[-1].reason
    records = sat.session.scalars(
        select(TrainingRecord).where(TrainingRecord.person_id == attempt.person_id)
    ).all()
    assert [(r.passed, r.hours_centi) for r in records] == [(True, 100), (False, 0)]
    assert all(verify_record(record) for record in records)
    assert [r.passed for r in records_of(sat.session, attempt.person_id)] == [False]
    assert waiting_voids(sat.session, sat.exam) == []
    assert void_in_force(sat.session, attempt) == row
    told = sat.session.scalars(
        select(ExamNotice.text).where(ExamNotice.person_id == attempt.person_id)
    ).all()
    assert len(told) == 1
    said = select(AuditEntry.action).where(AuditEntry.object_id == attempt.public_id)
    assert sat.session.scalars(said.order_by(AuditEntry.id)).all() == [
        "attempt.ask_void",
        "attempt.void",
    ]


def test_nobody_annuls_alone_or_an_own_attempt(sat: Sat, second: Person) -> None:
    attempt = sat.sit(right(sat, *GOOD))
    row = ask(sat, attempt)
    with pytest.raises(Forbidden) as caught:
        decide(sat, row, sat.examiner)
    assert caught.value.code == "E-FOUR-EYES"
    own = sat.sit({}, person=second)
    row_of_own = ask(sat, own)
    with pytest.raises(Forbidden):
        decide(sat, row_of_own, second)
    elsewhere = make_person(sat.session, make_unit(sat.session), Role.EXAMINER)
    with pytest.raises(Forbidden):
        decide(sat, row, elsewhere)
    assert [sat.score(attempt), attempt.voided_at] == [800, None]


def test_the_database_holds_the_four_eyes_and_the_evidence(sat: Sat, second: Person) -> None:
    row = ask(sat, sat.sit({}))
    alone = VoidDecision(
        void_id=row.id, approved=True, note="", grade_no=2, asked_by_id=row.asked_by_id,
        decided_by_id=row.asked_by_id, decided_at=LATER,
    )  # fmt: skip
    with sat.session.begin_nested() as nested:
        sat.session.add(alone)
        with pytest.raises(IntegrityError, match="four_eyes"):
            sat.session.flush()
        nested.rollback()
    decide(sat, row, second)
    for change in (
        "UPDATE attempt_void SET reason = 'x'",
        "DELETE FROM void_decision",
        "UPDATE void_decision SET approved = NOT approved",
    ):
        with pytest.raises(DatabaseError, match="append-only"), sat.session.begin_nested():
            sat.session.execute(text(change))


def test_decided_once_and_refusal_changes_nothing(sat: Sat, second: Person) -> None:
    attempt = sat.sit(right(sat, *GOOD))
    row = ask(sat, attempt)
    with pytest.raises(Conflict) as caught:
        ask(sat, attempt)
    assert caught.value.code == "E-WAITING"
    decide(sat, row, sat.examiner, approve=False)  # withdrawn
    with pytest.raises(Conflict) as caught:
        decide(sat, row, second)
    assert caught.value.code == "E-DECIDED"
    assert (sat.score(attempt), attempt.voided_at, len(sat.grades(attempt))) == (800, None, 1)
    annul(sat, attempt, second)
    with pytest.raises(Conflict) as caught:
        ask(sat, attempt)
    assert caught.value.code == "E-VOIDED"


@pytest.mark.parametrize("reason", ["", "  ", "代考", "长" * 201])
def test_a_reason_is_asked(sat: Sat, reason: str) -> None:
    attempt = sat.sit({})
    with pytest.raises(DomainError, match="原因"):
        ask(sat, attempt, reason)


def test_a_corrected_key_does_not_bring_it_back(sat: Sat, second: Person) -> None:
    attempt = sat.sit({**right(sat, T.MULTI, T.TRUE_FALSE), T.SINGLE: [1]})
    other = sat.sit({**right(sat, T.MULTI, T.TRUE_FALSE), T.SINGLE: [1]})
    annul(sat, attempt, second)
    previewed = correct(sat, Correction(CorrectionKind.REPLACE, 0, frozenset({1})))
    assert previewed.higher == 1, "the preview knows it, too"
    assert [(g.score_centi, g.passed) for g in sat.grades(attempt)] == [
        (600, False),
        (0, False),
        (0, False),
    ]
    assert sat.score(other) == 800
    assert [r.passed for r in records_of(sat.session, attempt.person_id)] == [False]


def test_late_answers_and_the_late_window_do_not_bring_it_back(sat: Sat, second: Person) -> None:
    person = make_person(sat.session, sat.root)
    attempt = make_attempt(sat.session, sat.exam, person)
    number = sat.number(attempt, T.MULTI)
    over = attempt.deadline_at + timedelta(seconds=40)
    submit_attempt(sat.session, attempt=attempt, now=over)
    assert attempt.late_until is not None
    annul(sat, attempt, second)
    late = {**event(number, 0, [0, 1]), "made_ms": 1000}
    save_answers(sat.session, attempt=attempt, events=[late], now=over)
    assert settle_attempt(
        sat.session, attempt=attempt, now=attempt.deadline_at + LATE_SYNC + timedelta(seconds=1)
    )
    assert [g.score_centi for g in sat.grades(attempt)] == [0, 0, 0]
    assert [(r.passed, r.score_centi) for r in records_of(sat.session, person.id)] == [(False, 0)]


def test_hours_go_to_another_attempt_that_passed(sat: Sat, second: Person) -> None:
    sat.exam.attempts_max = 3
    first = sat.sit(right(sat, *GOOD))
    person = first.person
    sat.sit(right(sat, *GOOD), person=person)
    assert [r.hours_centi for r in records_of(sat.session, person.id)] in ([0, 100], [100, 0])
    annul(sat, first, second)
    assert hours_of(sat.session, person.id) == {(2026, "ONLINE"): 100}
    assert sorted((r.passed, r.hours_centi) for r in records_of(sat.session, person.id)) == [
        (False, 0),
        (True, 100),
    ]


def test_hours_pass_by_an_attempt_that_is_not_settled(sat: Sat, second: Person) -> None:
    """The second has a grade that passes and no record yet: the third, which has one, brings them."""
    sat.exam.attempts_max = 3
    first = sat.sit(right(sat, *GOOD))
    waiting = make_attempt(sat.session, sat.exam, first.person)
    answers = all_right(waiting, sat.bank)
    save_answers(sat.session, attempt=waiting, events=answers, now=NOW)
    submit_attempt(sat.session, attempt=waiting, now=waiting.deadline_at + timedelta(seconds=40))
    assert (sat.grades(waiting)[-1].passed, waiting.late_until is not None) == (True, True)
    sat.sit(right(sat, *GOOD), person=first.person)
    annul(sat, first, second)
    assert hours_of(sat.session, first.person_id) == {(2026, "ONLINE"): 100}
    settle_attempt(sat.session, attempt=waiting, now=LATER)
    assert hours_of(sat.session, first.person_id) == {(2026, "ONLINE"): 100}


def test_hours_pass_by_an_attempt_that_a_new_key_fails(sat: Sat, second: Person) -> None:
    """The second passed by the old key alone and is not regraded yet: the third brings the hours."""
    sat.exam.attempts_max = 3
    first = sat.sit(right(sat, *GOOD))
    sat.sit(right(sat, *GOOD), person=first.person)
    sat.sit(right(sat, *GOOD, T.BLANK), person=first.person)
    correct(sat, Correction(CorrectionKind.REPLACE, 0, frozenset({1})), regrade=False)
    annul(sat, first, second)
    assert [sat.grades(a)[-1].passed for a in sat.attempts] == [False, False, True]
    assert hours_of(sat.session, first.person_id) == {(2026, "ONLINE"): 100}


def test_an_annulled_pass_needs_a_makeup(sat: Sat, second: Person) -> None:
    attempt = sat.sit(right(sat, *GOOD))
    sat.exam.closes_at = LATER - timedelta(hours=1)
    sat.session.flush()

    def names() -> set[int]:
        return {line.person.id for line in derive_roster(sat.session, sat.exam).lines}

    assert attempt.person_id not in names()
    annul(sat, attempt, second)
    assert attempt.person_id in names()


def test_the_replay_knows_it(sat: Sat, second: Person) -> None:
    attempt = sat.sit(right(sat, *GOOD))
    annul(sat, attempt, second)
    correct(sat, Correction(CorrectionKind.VOID, 0))
    found = replay_exam(sat.session, exam=sat.exam, vault=Vault(SECRET))
    assert (found.differences, found.grades) == ([], 3)
    attempt.voided_at = None  # what somebody with the database would try
    correct(sat, Correction(CorrectionKind.REPLACE, 0, frozenset({0})))
    found = replay_exam(sat.session, exam=sat.exam, vault=Vault(SECRET))
    assert [d.attempt for d in found.differences] == [attempt.public_id]


def test_from_page_to_page(sat: Sat, second: Person, browser: Any, session: Session) -> None:
    sat.exam.review_policy = ReviewPolicy.AT_ONCE
    attempt = sat.sit(right(sat, *GOOD))
    person = attempt.person
    asker = browser().sign_in(sat.examiner, session)
    other = browser().sign_in(second, session)
    candidate: Browser = browser().sign_in(person, session)
    session.commit()
    exam = sat.exam.public_id
    page = f"/manage/exams/{exam}/candidates/{person.public_id}"
    url = f"/manage/exams/{exam}/attempts/{attempt.public_id}/void"
    assert asker.post(url, data={"reason": WHY}).location == page
    row = session.scalars(select(AttemptVoid)).one()
    decide_url = f"/manage/voids/{row.public_id}/decide"
    assert "撤回" in asker.get(page).text
    asker.post(decide_url, data={"do": "approve"})
    assert "要由提出人以外的人批准" in asker.get(page).text
    assert WHY in other.get(f"/manage/exams/{exam}/monitor").text
    assert "已作废" not in candidate.get(f"/attempts/{attempt.public_id}/result").text
    other.post(decide_url, data={"do": "approve"})
    other.post(decide_url, data={"do": "approve"})  # a second click
    assert "已经有了决定" in other.get(page).text
    shown = candidate.get(f"/attempts/{attempt.public_id}/result").text
    assert "已作废" in shown
    assert WHY in shown
    assert "未合格" in shown
    session.expire_all()
    assert session.scalar(select(func.count()).select_from(VoidDecision)) == 1
    assert sat.score(attempt) == 0


def test_an_attempt_of_another_exam_does_not_exist_here(
    sat: Sat, browser: Any, session: Session
) -> None:
    other = make_sat(session)
    theirs = other.sit({})
    asker = browser().sign_in(sat.examiner, session)
    session.commit()
    url = f"/manage/exams/{sat.exam.public_id}/attempts/{theirs.public_id}/void"
    assert asker.post(url, data={"reason": WHY}).status_code == 404
    assert session.scalar(select(func.count()).select_from(AttemptVoid)) == 0
