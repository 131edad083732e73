"""Sitting an exam: list, lobby, start, paper, saving, check, hand in, result."""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final

from flask import flash, jsonify, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError, generate_csrf, validate_csrf
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response
from wtforms import ValidationError

from elearn import db
from elearn.core.assembly.model import MULTI_SCORING_NAMES, MultiScoring, Taking
from elearn.core.assembly.paper import PaperPart
from elearn.core.errors import DomainError, Gone
from elearn.core.grading.answers import CHOICES
from elearn.core.grading.taking import Taken
from elearn.exams.blueprints.queries import read_spec
from elearn.exams.disputes.queries import disputes_of
from elearn.exams.grades.policy import GRACE, LATE_SYNC
from elearn.exams.grades.queries import final_grades, last_grade, last_grades, visible_of
from elearn.exams.grades.taking import taken
from elearn.exams.invigilation.locks import enter_room, require_address
from elearn.exams.invigilation.messages import notices_for
from elearn.exams.invigilation.presence import facts, is_paused, news_for, pause_reason
from elearn.exams.makeups.queries import (
    STANDING_NAMES,
    STANDING_STATES,
    main_of,
    makeups_for,
    standing_of,
)
from elearn.exams.marking.queries import has_marks, recheck_of
from elearn.exams.settle import settle, stay_signed_in
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
from elearn.exams.voiding.queries import void_in_force
from elearn.models import Attempt, AttemptState, EventStatus, Exam, StandingState
from elearn.web.auth import (
    ABSOLUTE_LIFE,
    current,
    extend_session,
    live_token,
    pass_own_door,
    utcnow,
)
from elearn.web.paging import paginate
from elearn.web.security import csrf

from .entry import entry_of
from .events import BROKEN, AnswersRefused, LeaseHeld, SaveReply, read_device
from .fast_save import save_one
from .lease import take_over
from .queries import (
    Standing,
    answers_digest,
    attempts_at,
    current_answers,
    open_attempt,
    own_attempt,
    receipt_code,
    situations,
    standing_answers,
)
from .review import load_review, load_sheet
from .saving import Sender, save_answers, shown_value
from .saving import save_page as save_whole_page
from .services import start_attempt, submit_attempt
from .shapes import shape_of
from .starting import find_start

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
SAVE_KEYS: Final = frozenset({"csrf", "device", "events", "flags", "orphan"})


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

    The CSRF token comes in the header or, where headers cannot be set, in the body. The common
    case is one statement that asks what the door asks (policy OWN_DOOR); the rest goes by the door.
    """
    body = _read_json()
    genuine = _is_genuine(body.get("csrf"))
    reply = _save_one(public_id, body) if genuine else None
    if reply is not None:
        return _json(reply.as_dict())
    elsewhere = pass_own_door()
    if elsewhere is not None:
        return elsewhere
    if not genuine:
        raise CSRFError
    work = db.session()
    attempt = _own(public_id)
    if body.keys() - SAVE_KEYS or "events" not in body:
        raise DomainError(BROKEN, code="E-SHAPE")
    try:
        reply = save_answers(
            work,
            attempt=attempt,
            events=body["events"],
            flags=body.get("flags"),
            sender=Sender(read_device(body.get("device")), body.get("orphan") is True),
            now=utcnow(),
        )
    except (AnswersRefused, LeaseHeld) as refused:
        work.rollback()
        return _refused(refused)
    work.commit()
    return _json(reply.as_dict())


@csrf.exempt
def takeover(public_id: str) -> Response:
    """Go on writing on this device: explicit, logged; the other one becomes read-only."""
    body = _read_json()
    if not _is_genuine(body.get("csrf")):
        raise CSRFError
    work = db.session()
    attempt = _own(public_id)
    if body.keys() - {"csrf", "device"}:
        raise DomainError(BROKEN, code="E-SHAPE")
    device = read_device(body.get("device"))
    with _recorded():
        require_address(work, exam=attempt.exam, actor=current().actor, now=utcnow())
    take_over(work, attempt=attempt, device=device, actor=current().actor, now=utcnow())
    work.commit()
    return jsonify(_state(attempt, device))


def save_page(public_id: str) -> Response:
    """The whole paper as a form, for browsers without scripts."""
    work = db.session()
    attempt = _own(public_id)
    try:
        reply = save_whole_page(
            work, attempt=attempt, posted=request.form.to_dict(flat=False), now=utcnow()
        )
    except Gone as gone:
        work.rollback()
        flash(gone.message, "warn")
        return redirect(url_for("exams.result", public_id=public_id))
    work.commit()
    _say_what_happened(reply)
    if EventStatus.HELD in reply.statuses.values():
        return redirect(url_for("exams.result", public_id=public_id))
    if request.form.get("do") == "check" and not reply.conflicts:
        return redirect(url_for("exams.confirm", public_id=public_id))
    cleared = request.form.get("clear", "")
    anchor = f"q-{cleared}" if cleared.isdigit() else None
    return redirect(url_for("exams.take", public_id=public_id, _anchor=anchor))


def state(public_id: str) -> Response:
    """Where the server stands: clock, sequence, lease, own answers, and a fresh CSRF token."""
    settle(now=utcnow(), person_id=current().person.id)
    return jsonify(_state(_own(public_id), read_device(request.args.get("device"))))


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


def _own(public_id: str) -> Attempt:
    return own_attempt(db.session(), public_id=public_id, person=current().person)


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


def _state(attempt: Attempt, device: str) -> dict[str, Any]:
    """The state reply; answers only while they can be changed."""
    now = utcnow()
    answer: dict[str, Any] = {
        **facts(attempt, now),
        **news_for(db.session(), attempt=attempt, person=current().person),
        "seq": attempt.last_seq,
        "saved": attempt.answered,
        "deadline": attempt.deadline_at.isoformat(),
        "late_ms": LATE_SYNC // timedelta(milliseconds=1),
        "csrf": generate_csrf(),
        "lease": {
            "mine": attempt.device in {None, device},
            "since": attempt.device_since.isoformat() if attempt.device_since else None,
        },
    }
    if attempt.state == AttemptState.IN_PROGRESS:
        shape, standing = shape_of(attempt), standing_answers(db.session(), attempt.id)
        answer["answers"] = {
            f"{item}-{part}": shown_value(shape, (item, part), standing[item, part].answer)
            if (item, part) in standing
            else _nothing(slot.part)
            for (item, part), slot in shape.slots.items()
        }
        answer["seqs"] = {f"{item}-{part}": one.seq for (item, part), one in standing.items()}
        answer["flags"] = attempt.flags
    return answer


def _nothing(part: PaperPart) -> list[int] | list[str]:
    """A part nobody has answered, as the page has it."""
    return [""] * (part.blanks or 1) if part.type not in CHOICES else []


def _refused(refused: AnswersRefused | LeaseHeld) -> Response:
    error: dict[str, Any] = {"code": refused.code, "message": refused.message}
    if isinstance(refused, AnswersRefused):
        response = jsonify(error={**error, "rejected": refused.rejected})
    else:
        since = refused.since.isoformat() if refused.since else None
        response = jsonify(error={**error, "holder_since": since}, holder_since=since)
    response.status_code = refused.status
    return response


def _say_what_happened(reply: SaveReply) -> None:
    """The scriptless page is told what became of its answers."""
    if EventStatus.HELD in reply.statuses.values():
        text = "时间已到。这次提交的答案已经留存，是否计分由考务人员决定。"
        flash(text, "warn")
    elif reply.conflicts:
        places = "、".join(sorted({place.split("-")[0] for place in reply.conflicts}, key=int))
        text = (
            f"第 {places} 题刚才在别处改过，已保留那边的答案，其余已保存。"
            "要用您这里的答案，请重新选择并保存。"
        )
        flash(text, "warn")
    elif request.form.get("do") != "check":
        flash("答案已保存。", "ok")


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
    with _recorded():
        enter_room(db.session(), exam=exam, actor=current().actor, code=code, now=now)


@contextmanager
def _recorded() -> Iterator[None]:
    """What the locks of the room refuse stays recorded."""
    try:
        yield
    except DomainError:
        db.session().commit()
        raise


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
        scoring=_scoring_words(spec.multi_scoring),
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


def _scoring_words(mode: MultiScoring) -> str:
    words = {
        MultiScoring.ALL_OR_NOTHING: "多选题全部选对才得分",
        MultiScoring.PARTIAL_NO_WRONG: "多选题选错不得分，漏选按比例得分",
        MultiScoring.PARTIAL_FIXED: "多选题选错不得分，漏选时每个选对的选项得部分分",
    }
    return words.get(mode, MULTI_SCORING_NAMES[mode])


def _read_json() -> dict[str, Any]:
    """The JSON object of the body, {} for anything else."""
    request.max_content_length = MAX_BODY
    try:
        payload = request.get_json(silent=True)
    except RecursionError:  # a thousand brackets
        return {}
    return payload if isinstance(payload, dict) else {}


def _is_genuine(in_body: Any) -> bool:
    """Is the CSRF token of the header or the body this session's?"""
    token = request.headers.get("X-CSRFToken") or (in_body if isinstance(in_body, str) else None)
    try:
        validate_csrf(token)
    except ValidationError:
        return False
    return True


def _save_one(public_id: str, body: dict[str, Any]) -> SaveReply | None:
    """The short way, committed; None when it does not apply, with nothing written."""
    token, now = live_token(), utcnow()
    if token is None:
        return None
    work = db.session()
    try:
        reply = save_one(
            work.connection(),
            public_id=public_id,
            token_hash=token,
            body=body,
            oldest_login=now - ABSOLUTE_LIFE,
            now=now,
        )
        if reply is not None:
            work.commit()
            return reply
    except DBAPIError as error:
        # The server went away, perhaps after the commit: the explicit way asks by the event's id.
        if not error.connection_invalidated:
            raise
    work.rollback()
    return None


def _json(answer: dict[str, Any]) -> Response:
    return Response(json.dumps(answer, ensure_ascii=False), mimetype="application/json")
