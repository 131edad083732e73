"""The invigilator's pages: live board, one candidate, messages, room settings."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from elearn import db
from elearn.core.errors import DomainError
from elearn.exams.acting import try_act
from elearn.exams.attempts.heartbeat import is_silent, last_round
from elearn.exams.blueprints.queries import read_spec, shortage_lines
from elearn.exams.settle import settle
from elearn.exams.sittings.queries import get_managed_exam, pending_grades
from elearn.exams.timing.clock import remaining_ms, window_time
from elearn.exams.timing.forms import EVERYBODY, read_target
from elearn.exams.timing.queries import (
    accommodation_seconds,
    covers,
    get_candidate,
    read_ledger,
    rooms_query,
    target_of,
)
from elearn.exams.voiding.queries import voids_of, waiting_voids
from elearn.models import Attempt, Exam, LeaveRule, Person
from elearn.web.auth import actor, utcnow
from elearn.web.paging import paginate

from .forms import RoomForm
from .leaves import leaves_of, void_leave
from .locks import set_room
from .messages import messages_of, notices_for, readers, send_message
from .queries import Progress, board_query, headcount, progress_of, rows_of


def monitor(public_id: str) -> str:
    """Who should sit, who is in, who needs a look; pages of ten thousand."""
    work, now = db.session(), utcnow()
    exam = get_managed_exam(work, public_id=public_id, actor=actor())
    settle(now=now, exam_id=exam.id)
    only = request.args.get("only", "")
    chosen = Progress(only) if only in set(Progress) else None
    search = request.args.get("q", "").strip()[:50]
    blueprint = read_spec(exam.blueprint_revision)
    upcoming = exam.cancelled_at is None and window_time(exam, now) < exam.closes_at
    board: Any = board_query(exam, now=now, only=chosen, search=search)
    page = paginate(work, board, scalars=False)
    sent = messages_of(work, exam)
    return render_template(
        "exams/monitor.html",
        exam=exam,
        blueprint=blueprint,
        heads=headcount(work, exam=exam, now=now),
        pending=pending_grades(work, exam),
        page=page,
        rows=rows_of(page.items),
        shortages=shortage_lines(work, blueprint) if upcoming else (),
        progress=progress_of,
        left_ms=remaining_ms,
        ledger=read_ledger(work, exam),
        target_of=target_of,
        rooms=work.scalars(rooms_query(exam)).all(),
        everybody=EVERYBODY,
        sent=sent,
        readers=readers(work, sent),
        voids=waiting_voids(work, exam),
        silent=is_silent(last_round(work), now),
        me=actor().person_id,
        only=chosen,
        search=search,
        now=now,
    )


def candidate(public_id: str, person_id: str) -> str:
    """One person in one exam: state, acts, leaves, messages."""
    work, now = db.session(), utcnow()
    exam = get_managed_exam(work, public_id=public_id, actor=actor())
    settle(now=now, exam_id=exam.id)
    person = get_candidate(work, exam=exam, public_id=person_id)
    attempts = _attempts(exam, person)
    query = board_query(exam, now=now).where(Person.id == person.id)
    (row,) = rows_of(work.execute(query).all())
    ledger = read_ledger(work, exam)
    return render_template(
        "exams/candidate.html",
        exam=exam,
        person=person,
        row=row,
        at=progress_of(exam, row, now),
        left_ms=remaining_ms,
        extra_s=accommodation_seconds(work, exam=exam, person=person, now=now),
        leaves=leaves_of(work, [attempt.id for attempt in attempts]),
        attempts=attempts,
        voids=voids_of(work, [attempt.id for attempt in attempts]),
        ledger=ledger,
        changes=[c for c in ledger.changes if covers(target_of(c), person)],
        target_of=target_of,
        notices=notices_for(work, exam_id=exam.id, person=person),
        me=actor().person_id,
        now=now,
    )


def message(public_id: str) -> Response:
    """Say something to one, a room or all."""
    exam = get_managed_exam(db.session(), public_id=public_id, actor=actor())
    try_act(lambda: _send(exam))
    return _back(public_id, request.form.get("person"))


def void(public_id: str, leave_id: int) -> Response:
    """Do not count a leave."""
    exam = get_managed_exam(db.session(), public_id=public_id, actor=actor())
    try_act(lambda: _void(exam, leave_id))
    return _back(public_id, request.form.get("person"))


def room_settings(public_id: str) -> Response | str | tuple[str, int]:
    """Exam code, address ranges, page leaves."""
    work = db.session()
    exam = get_managed_exam(work, public_id=public_id, actor=actor())
    form = RoomForm(obj=exam, data={"code": exam.room_code})
    if request.method == "GET":
        return render_template("exams/room_settings.html", exam=exam, form=form)
    if form.validate() and _set_room(exam, form):
        work.commit()
        flash("考场设置已保存，对之后开始的人生效。", "ok")
        return redirect(url_for("exams.room_settings", public_id=public_id))
    work.rollback()
    return render_template("exams/room_settings.html", exam=exam, form=form), 422


def _send(exam: Exam) -> str:
    work, text = db.session(), request.form.get("text", "")
    target = read_target(work, exam, request.form)
    send_message(work, actor=actor(), exam=exam, target=target, text=text, now=utcnow())
    return f"消息已发给{target.words}，15 秒内出现在答题页上。"


def _void(exam: Exam, leave_id: int) -> str:
    work, reason = db.session(), request.form.get("reason", "")
    void_leave(work, actor=actor(), exam=exam, leave_id=leave_id, reason=reason, now=utcnow())
    return "这条离页记录不再计入，记录和原因都保留。"


def _set_room(exam: Exam, form: RoomForm) -> bool:
    """False when the service found something to mend; it is beside the fields then."""
    try:
        set_room(
            db.session(),
            actor=actor(),
            exam=exam,
            code=form.code.data or "",
            ip_ranges=form.ip_ranges.data or "",
            leave_rule=LeaveRule(form.leave_rule.data),
            leave_min_s=form.leave_min_s.data or 0,
            leave_notify=form.leave_notify.data or 0,
            now=utcnow(),
        )
    except DomainError as error:
        form.refuse(error.fields)
        if not error.fields:
            raise
        return False
    return True


def _attempts(exam: Exam, person: Person) -> list[Attempt]:
    query = select(Attempt).where(Attempt.exam_id == exam.id, Attempt.person_id == person.id)
    return list(db.session().scalars(query.order_by(Attempt.no)))


def _back(public_id: str, person_id: str | None) -> Response:
    if person_id:
        return redirect(url_for("exams.candidate", public_id=public_id, person_id=person_id))
    return redirect(url_for("exams.monitor", public_id=public_id))
