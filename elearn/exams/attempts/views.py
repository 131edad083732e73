"""The paper, the check before handing in, the hand-in, the result."""

from datetime import datetime, timedelta

from flask import redirect, render_template, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from elearn import db
from elearn.core.assembly.model import Taking
from elearn.core.grading.taking import Taken
from elearn.exams.blueprints.queries import read_spec
from elearn.exams.disputes.queries import disputes_of
from elearn.exams.grades.policy import GRACE
from elearn.exams.grades.queries import final_grades, last_grade, last_grades, visible_of
from elearn.exams.grades.taking import taken
from elearn.exams.invigilation.messages import notices_for
from elearn.exams.invigilation.presence import is_paused, pause_reason
from elearn.exams.marking.queries import has_marks, recheck_of
from elearn.exams.settle import settle, stay_signed_in
from elearn.exams.timing.clock import exam_time, remaining_ms
from elearn.exams.voiding.queries import void_in_force
from elearn.models import Attempt, AttemptState
from elearn.web.auth import (
    current,
    utcnow,
)

from .asking import AFTER_EXAM, own
from .queries import (
    answers_digest,
    attempts_at,
    current_answers,
    receipt_code,
)
from .review import load_review, load_sheet
from .services import submit_attempt
from .sheet import scoring_words


def take(public_id: str) -> Response | str:
    """The paper: every question in one page, no key anywhere near it. While the exam is paused
    there is no paper to read."""
    now = utcnow()
    settle(now=now, person_id=current().person.id)
    attempt = own(public_id)
    if attempt.state == AttemptState.SUBMITTED or exam_time(attempt, now) > attempt.deadline_at:
        return redirect(url_for("exams.result", public_id=public_id))
    stay_signed_in(attempt.deadline_at + AFTER_EXAM)
    work, person = db.session(), current().person
    if is_paused(attempt):
        reason = pause_reason(work, attempt=attempt, person=person)
        return render_template(
            "exams/paused.html",
            attempt=attempt,
            reason=reason,
            remaining_ms=remaining_ms(attempt, now),
        )
    spec = read_spec(attempt.exam.blueprint_revision)
    return render_template(
        "exams/take.html",
        attempt=attempt,
        exam=attempt.exam,
        sheet=load_sheet(work, attempt),
        remaining_ms=remaining_ms(attempt, now),
        scoring=scoring_words(spec.multi_scoring),
        notices=notices_for(work, exam_id=attempt.exam_id, person=person),
    )


def confirm(public_id: str) -> Response | str:
    """Before handing in: what is unanswered, what is flagged, how much time is left."""
    now = utcnow()
    settle(now=now, person_id=current().person.id)
    attempt = own(public_id)
    if attempt.state == AttemptState.SUBMITTED or exam_time(attempt, now) > attempt.deadline_at:
        return redirect(url_for("exams.result", public_id=public_id))
    return render_template(
        "exams/confirm.html",
        attempt=attempt,
        exam=attempt.exam,
        sheet=load_sheet(db.session(), attempt),
        remaining_ms=remaining_ms(attempt, now),
    )


def submit(public_id: str) -> Response:
    """Hand in, once. A second tap gets the same receipt."""
    work = db.session()
    submit_attempt(work, attempt=own(public_id), now=utcnow())
    work.commit()
    return redirect(url_for("exams.result", public_id=public_id))


def result(public_id: str) -> Response | str:
    """Receipt, score, review: each only when the policy of the exam says so."""
    now = utcnow()
    settle(now=now, person_id=current().person.id)
    work = db.session()
    attempt = own(public_id)
    if attempt.state == AttemptState.IN_PROGRESS:
        if exam_time(attempt, now) <= attempt.deadline_at:
            return redirect(url_for("exams.take", public_id=public_id))
        wait = (attempt.deadline_at + GRACE - now) // timedelta(seconds=1) + 1
        return render_template("exams/closing.html", attempt=attempt, wait_s=wait)
    grade = last_grade(work, attempt.id)
    seen = visible_of(attempt.exam, attempt, grade, now)
    answers = current_answers(work, attempt.id)
    return render_template(
        "exams/result.html",
        attempt=attempt,
        exam=attempt.exam,
        blueprint=read_spec(attempt.exam.blueprint_revision),
        seen=seen,
        void=void_in_force(work, attempt),
        grade=grade if seen.score else None,
        taken=_taken(work, attempt, now) if seen.score else None,
        grades=final_grades(work, attempt.id) if seen.score else (),
        recheck=recheck_of(work, attempt.id) if seen.score else None,
        can_recheck=seen.score and has_marks(work, attempt.id),
        review=load_review(work, attempt, grade, answers) if seen.review and grade else None,
        disputes=disputes_of(work, attempt.id) if seen.review else {},
        receipt=receipt_code(answers_digest(attempt, answers)),
        answered=attempt.answered,
        total=sum(len(section["items"]) for section in attempt.paper["sections"]),
        used_s=(attempt.submitted_at or now) - attempt.started_at,
    )


def _taken(work: Session, attempt: Attempt, now: datetime) -> Taken | None:
    """Which of the person's tries stands, as far as they may see the scores."""
    exam = attempt.exam
    spec = read_spec(exam.blueprint_revision)
    if spec.taking is not Taking.BEST or exam.attempts_max == 1:
        return None
    tries = attempts_at(work, exam_id=exam.id, person_id=attempt.person_id)
    grades = last_grades(work, [each.id for each in tries])
    seen = {each.id: visible_of(exam, each, grades.get(each.id), now) for each in tries}
    return taken(spec, tries, grades, seen)
