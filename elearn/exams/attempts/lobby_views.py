"""Before the paper: the list of one's exams, the lobby, the start."""

import secrets
from datetime import datetime, timedelta
from typing import Final

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from elearn import db
from elearn.core.errors import DomainError
from elearn.exams.blueprints.queries import read_spec
from elearn.exams.grades.policy import GRACE
from elearn.exams.grades.queries import last_grades, visible_of
from elearn.exams.grades.taking import taken
from elearn.exams.invigilation.locks import enter_room
from elearn.exams.makeups.queries import (
    STANDING_NAMES,
    STANDING_STATES,
    main_of,
    makeups_for,
    standing_of,
)
from elearn.exams.settle import settle
from elearn.exams.sittings.queries import exams_of_person_query, get_exam_for
from elearn.exams.timing.clock import exam_time, remaining_ms
from elearn.exams.timing.queries import (
    Ledger,
    accommodation_seconds,
    covers,
    granted_seconds,
    open_book_for,
    read_ledger,
    target_of,
)
from elearn.models import Exam, StandingState
from elearn.web.auth import (
    current,
    extend_session,
    utcnow,
)
from elearn.web.paging import paginate

from .asking import AFTER_EXAM, recorded
from .entry import entry_of
from .queries import (
    Standing,
    open_attempt,
    situations,
)
from .services import start_attempt
from .sheet import scoring_words
from .starting import find_start

# The order of the list: what the person can do now, then what is ahead, then what is done.
NEXT_FIRST: Final = (
    Standing.IN_PROGRESS,
    Standing.OPEN,
    Standing.NOT_OPEN,
    Standing.USED_UP,
    Standing.CLOSED,
    Standing.CANCELLED,
)


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
    seen = {
        attempt.id: visible_of(each.exam, attempt, grades.get(attempt.id), now)
        for each in (*coming, *past)
        for attempt in each.attempts
    }
    return render_template(
        "exams/my_exams.html",
        coming=coming,
        past=past,
        page=page,
        grades=grades,
        seen=seen,
        takens={
            each.exam.id: taken(
                read_spec(each.exam.blueprint_revision), each.attempts, grades, seen
            )
            for each in (*coming, *past)
            if len(each.attempts) > 1
        },
    )


def lobby(public_id: str) -> str:
    """What is coming, before the clock runs."""
    settle(now=utcnow(), person_id=current().person.id)
    return _lobby_page(public_id)


def start(public_id: str) -> Response | tuple[str, int]:
    """Draw the paper and start the clock; a second tap finds the attempt running."""
    work, now = db.session(), utcnow()
    if not request.form.get("agreed"):
        return _lobby_page(public_id, problem="请先阅读并勾选"), 422
    exam, source = find_start(work, public_id=public_id, person=current().person)
    try:
        _pass_locks(exam, now)
    except DomainError as refused:
        work.commit()  # what was refused is recorded
        return _lobby_page(public_id, refused=refused), refused.status
    attempt = start_attempt(
        work,
        exam=exam,
        person=current().person,
        now=now,
        seed=secrets.token_hex(16),
        source=source,
    )
    extend_session(attempt.deadline_at + AFTER_EXAM)
    work.commit()
    return redirect(url_for("exams.take", public_id=attempt.public_id))


def _pass_locks(exam: Exam, now: datetime) -> None:
    """Code and address, unless the person is already answering: nobody is locked out midway."""
    if not exam.room_code and not exam.ip_ranges:
        return
    work, person = db.session(), current().person
    running = open_attempt(work, exam_id=exam.id, person_id=person.id)
    if running is None or exam_time(running, now) > running.deadline_at + GRACE:
        _enter(exam, request.form.get("code", ""), now)


def _enter(exam: Exam, code: str, now: datetime) -> None:
    """Through the locks of the room; a wrong code is counted even though it is refused."""
    with recorded():
        enter_room(db.session(), exam=exam, actor=current().actor, code=code, now=now)


def _lobby_page(public_id: str, *, problem: str = "", refused: DomainError | None = None) -> str:
    work, now, person = db.session(), utcnow(), current().person
    exam = get_exam_for(work, public_id=public_id, person=person)
    (situation,) = situations(work, exams=[exam], person=person, now=now)
    spec = read_spec(exam.blueprint_revision)
    grades = last_grades(work, [attempt.id for attempt in situation.attempts])
    seen = {
        attempt.id: visible_of(exam, attempt, grades.get(attempt.id), now)
        for attempt in situation.attempts
    }
    running = situation.running
    ledger = read_ledger(work, exam) if exam.retimed else Ledger(())
    asked = standing_of(work, exam_id=exam.id, person_id=person.id)
    excused = bool(asked and asked.state == StandingState.APPROVED and not situation.attempts)
    return render_template(
        "exams/lobby.html",
        exam=exam,
        situation=situation,
        standing=situation.standing,
        Standing=Standing,
        spec=spec,
        scoring=scoring_words(spec.multi_scoring),
        person=person,
        problem=problem,
        main=main_of(work, exam),
        asked=asked,
        excused=excused,
        makeups=makeups_for(work, main=exam, person_id=person.id) if excused else [],
        kinds=STANDING_NAMES,
        states=STANDING_STATES,
        now=now,
        opens_in_ms=(exam.opens_at - now) // timedelta(milliseconds=1),
        refused=refused,
        extra_s=accommodation_seconds(work, exam=exam, person=person, now=now),
        granted_s=granted_seconds(ledger, person),
        open_book=open_book_for(work, book=spec.book, person=person, now=now),
        pauses=[p for p in ledger.pauses if covers(target_of(p), person)],
        entry=entry_of(work, exam=exam, person=person, now=now),
        remaining_ms=remaining_ms(running, now) if running else 0,
        grades=grades,
        seen=seen,
        taken=taken(spec, situation.attempts, grades, seen),
    )
