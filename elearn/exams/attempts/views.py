"""Sitting an exam: list, lobby, start, paper, saving, check, hand in, result."""

import secrets
from datetime import datetime, timedelta
from typing import Any, Final

from flask import flash, jsonify, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError, generate_csrf, validate_csrf
from werkzeug.wrappers import Response
from wtforms import ValidationError

from elearn import db
from elearn.core.assembly.model import MULTI_SCORING_NAMES, MultiScoring
from elearn.core.errors import DomainError, Gone
from elearn.core.grading.answers import CHOICES
from elearn.exams.blueprints.queries import read_spec
from elearn.exams.grades.policy import GRACE
from elearn.exams.grades.queries import last_grade, last_grades, visible_of
from elearn.exams.invigilation.locks import enter_room
from elearn.exams.invigilation.messages import notices_for
from elearn.exams.invigilation.presence import facts, is_paused, news_for, pause_reason
from elearn.exams.settle import settle, stay_signed_in
from elearn.exams.sittings.queries import exams_of_person_query, get_exam_for
from elearn.exams.timing.clock import exam_time, remaining_ms
from elearn.exams.timing.queries import (
    Ledger,
    accommodation_seconds,
    covers,
    granted_seconds,
    read_ledger,
    target_of,
)
from elearn.models import Attempt, AttemptState, Exam
from elearn.web.auth import current, extend_session, utcnow
from elearn.web.paging import paginate
from elearn.web.security import csrf

from .events import BROKEN, AnswersRefused
from .queries import (
    Standing,
    answers_digest,
    current_answers,
    open_attempt,
    own_attempt,
    receipt_code,
    situations,
)
from .review import load_review, load_sheet
from .services import save_answers, start_attempt, submit_attempt
from .services import save_page as save_whole_page
from .sheet import Sheet

# The sign-in session outlives the exam by this much: reading the result needs no password.
AFTER_EXAM: Final = timedelta(hours=1)
# The order of the list: what the person can do now, then what is ahead, then what is done.
NEXT_FIRST: Final = (
    Standing.IN_PROGRESS,
    Standing.OPEN,
    Standing.NOT_OPEN,
    Standing.USED_UP,
    Standing.CLOSED,
    Standing.CANCELLED,
)
MAX_BODY: Final = 1024 * 1024


def my_exams() -> str:
    """Own exams: what can be done now first, what is over below, page by page."""
    work, now, person = db.session(), utcnow(), current().person
    settle(now=now, person_id=person.id)
    query = exams_of_person_query(person)
    ahead = list(work.scalars(query.where(Exam.closes_at > now).limit(200)))
    page = paginate(work, query.where(Exam.closes_at <= now))
    coming = situations(work, exams=ahead, person=person, now=now)
    coming.sort(key=lambda each: NEXT_FIRST.index(each.standing))
    past = situations(work, exams=page.items, person=person, now=now)
    attempts = [attempt for each in (*coming, *past) for attempt in each.attempts]
    grades = last_grades(work, [attempt.id for attempt in attempts])
    return render_template(
        "exams/my_exams.html",
        coming=coming,
        past=past,
        page=page,
        grades=grades,
        seen={
            attempt.id: visible_of(each.exam, attempt, grades.get(attempt.id), now)
            for each in (*coming, *past)
            for attempt in each.attempts
        },
    )


def lobby(public_id: str) -> str:
    """What is coming, before the clock runs."""
    settle(now=utcnow(), person_id=current().person.id)
    return _lobby_page(public_id)


def start(public_id: str) -> Response | tuple[str, int]:
    """Draw the paper and start the clock; a second tap finds the attempt running."""
    work, now = db.session(), utcnow()
    exam = get_exam_for(work, public_id=public_id, person=current().person)
    if not request.form.get("agreed"):
        return _lobby_page(public_id, problem="请先阅读并勾选"), 422
    try:
        _pass_locks(exam, now)
    except DomainError as refused:
        work.commit()  # what was refused is recorded
        return _lobby_page(public_id, refused=refused), refused.status
    attempt = start_attempt(
        work, exam=exam, person=current().person, now=now, seed=secrets.token_hex(16)
    )
    extend_session(attempt.deadline_at + AFTER_EXAM)
    work.commit()
    return redirect(url_for("exams.take", public_id=attempt.public_id))


def take(public_id: str) -> Response | str:
    """The paper: every question in one page, no key anywhere near it. While the exam is paused
    there is no paper to read."""
    now = utcnow()
    settle(now=now, person_id=current().person.id)
    attempt = _own(public_id)
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
        scoring=_scoring_words(spec.multi_scoring),
        notices=notices_for(work, exam_id=attempt.exam_id, person=person),
    )


@csrf.exempt
def save(public_id: str) -> Response:
    """The save endpoint of scripts: JSON in, JSON out, acknowledged only after the commit.

    The CSRF token comes in the header or, where headers cannot be set, in the body.
    """
    body = _read_json()
    _check_csrf(body.get("csrf"))
    work = db.session()
    attempt = _own(public_id)
    if set(body) - {"csrf", "events", "flags"} or "events" not in body:
        raise DomainError(BROKEN, code="E-SHAPE")
    try:
        reply = save_answers(
            work, attempt=attempt, events=body["events"], flags=body.get("flags"), now=utcnow()
        )
    except AnswersRefused as refused:
        work.rollback()
        error = {"code": refused.code, "message": refused.message, "rejected": refused.rejected}
        response = jsonify(error=error)
        response.status_code = refused.status
        return response
    work.commit()
    return jsonify(reply.as_dict() | {"paused": is_paused(attempt), "news": attempt.news})


def save_page(public_id: str) -> Response:
    """The whole paper as a form, for browsers without scripts."""
    work = db.session()
    attempt = _own(public_id)
    try:
        save_whole_page(
            work, attempt=attempt, posted=request.form.to_dict(flat=False), now=utcnow()
        )
    except Gone as gone:
        work.rollback()
        flash(gone.message, "warn")
        return redirect(url_for("exams.result", public_id=public_id))
    work.commit()
    if request.form.get("do") == "check":
        return redirect(url_for("exams.confirm", public_id=public_id))
    flash("答案已保存。", "ok")
    cleared = request.form.get("clear", "")
    anchor = f"q-{cleared}" if cleared.isdigit() else None
    return redirect(url_for("exams.take", public_id=public_id, _anchor=anchor))


def state(public_id: str) -> Response:
    """Where the server stands: clock, sequence, own answers, and a fresh CSRF token."""
    settle(now=utcnow(), person_id=current().person.id)
    attempt = _own(public_id)
    answer: dict[str, Any] = {
        **facts(attempt, utcnow()),
        "seq": attempt.last_seq,
        "saved": attempt.answered,
        "csrf": generate_csrf(),
        **news_for(db.session(), attempt=attempt, person=current().person),
    }
    if attempt.state == AttemptState.IN_PROGRESS:
        answer["answers"] = _shown_answers(load_sheet(db.session(), attempt))
        answer["flags"] = attempt.flags
    return jsonify(answer)


def confirm(public_id: str) -> Response | str:
    """Before handing in: what is unanswered, what is flagged, how much time is left."""
    now = utcnow()
    settle(now=now, person_id=current().person.id)
    attempt = _own(public_id)
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
    submit_attempt(work, attempt=_own(public_id), now=utcnow())
    work.commit()
    return redirect(url_for("exams.result", public_id=public_id))


def result(public_id: str) -> Response | str:
    """Receipt, score, review: each only when the policy of the exam says so."""
    now = utcnow()
    settle(now=now, person_id=current().person.id)
    work = db.session()
    attempt = _own(public_id)
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
        grade=grade if seen.score else None,
        review=load_review(work, attempt, grade) if seen.review and grade else None,
        receipt=receipt_code(answers_digest(attempt, answers)),
        answered=attempt.answered,
        total=sum(len(section["items"]) for section in attempt.paper["sections"]),
        used_s=(attempt.submitted_at or now) - attempt.started_at,
    )


def _own(public_id: str) -> Attempt:
    return own_attempt(db.session(), public_id=public_id, person=current().person)


def _pass_locks(exam: Exam, now: datetime) -> None:
    """Code and address, unless the person is already answering: nobody is locked out midway."""
    if not exam.room_code and not exam.ip_ranges:
        return
    work, person = db.session(), current().person
    running = open_attempt(work, exam_id=exam.id, person_id=person.id)
    if running is None or exam_time(running, now) > running.deadline_at + GRACE:
        code = request.form.get("code", "")
        enter_room(work, exam=exam, actor=current().actor, code=code, now=now)


def _lobby_page(public_id: str, *, problem: str = "", refused: DomainError | None = None) -> str:
    work, now, person = db.session(), utcnow(), current().person
    exam = get_exam_for(work, public_id=public_id, person=person)
    (situation,) = situations(work, exams=[exam], person=person, now=now)
    spec = read_spec(exam.blueprint_revision)
    grades = last_grades(work, [attempt.id for attempt in situation.attempts])
    running = situation.running
    ledger = read_ledger(work, exam) if exam.retimed else Ledger(())
    return render_template(
        "exams/lobby.html",
        exam=exam,
        situation=situation,
        standing=situation.standing,
        Standing=Standing,
        spec=spec,
        scoring=_scoring_words(spec.multi_scoring),
        person=person,
        problem=problem,
        refused=refused,
        extra_s=accommodation_seconds(work, exam=exam, person=person, now=now),
        granted_s=granted_seconds(ledger, person),
        pauses=[p for p in ledger.pauses if covers(target_of(p), person)],
        remaining_ms=remaining_ms(running, now) if running else 0,
        grades=grades,
        seen={
            attempt.id: visible_of(exam, attempt, grades.get(attempt.id), now)
            for attempt in situation.attempts
        },
    )


def _scoring_words(mode: MultiScoring) -> str:
    words = {
        MultiScoring.ALL_OR_NOTHING: "多选题全部选对才得分",
        MultiScoring.PARTIAL_NO_WRONG: "多选题选错不得分，漏选按比例得分",
        MultiScoring.PARTIAL_FIXED: "多选题选错不得分，漏选时每个选对的选项得部分分",
    }
    return words.get(mode, MULTI_SCORING_NAMES[mode])


def _shown_answers(sheet: Sheet) -> dict[str, list[int] | list[str]]:
    """`item-part` -> chosen screen positions, or texts."""
    return {
        f"{item.number}-{part.at}": (
            [option.position for option in part.options if option.chosen]
            if part.type in CHOICES
            else list(part.texts)
        )
        for item in sheet.items
        for part in item.parts
    }


def _read_json() -> dict[str, Any]:
    """The JSON object of the body, {} for anything else."""
    request.max_content_length = MAX_BODY
    try:
        payload = request.get_json(silent=True)
    except RecursionError:  # a thousand brackets
        return {}
    return payload if isinstance(payload, dict) else {}


def _check_csrf(in_body: Any) -> None:
    token = request.headers.get("X-CSRFToken") or (in_body if isinstance(in_body, str) else None)
    try:
        validate_csrf(token)
    except ValidationError as error:
        raise CSRFError(str(error)) from error
