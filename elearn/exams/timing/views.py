"""Acts on the time of a running exam, and the accommodations page."""

from datetime import timedelta
from typing import Final

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from elearn import db
from elearn.core.errors import DomainError
from elearn.exams.acting import try_act
from elearn.exams.sittings.queries import get_managed_exam
from elearn.models import Accommodation, AccommodationReason, Exam
from elearn.web.auth import actor, utcnow
from elearn.web.paging import paginate

from .accommodations import (
    REASON_NAMES,
    amount_words,
    approve_accommodation,
    approve_accommodations,
    end_accommodation,
    may_approve,
    request_accommodations,
)
from .forms import AccommodationForm, read_minutes, read_target
from .queries import (
    accommodations_query,
    get_accommodation,
    get_accommodations,
    get_change,
    read_ledger,
)
from .services import decide_extension, extend_time, pause_exam, resume_exam

MOST_AT_ONCE: Final = 200  # the largest page of the list


def change_time(public_id: str) -> Response:
    """Extend or pause for one person, a room or all."""
    work = db.session()
    exam = get_managed_exam(work, public_id=public_id, actor=actor())
    try_act(lambda: _change(exam))
    return _back(public_id)


def decide_time(public_id: str, change_id: str) -> Response:
    """Approve or refuse an extension, end a pause."""
    work = db.session()
    exam = get_managed_exam(work, public_id=public_id, actor=actor())
    try_act(lambda: _decide(exam, change_id))
    return _back(public_id)


def accommodations() -> Response | str | tuple[str, int]:
    """Who gets extra time, and a form for more."""
    work, me = db.session(), actor()
    form, status = AccommodationForm(), 200
    if request.method == "POST":
        if form.validate() and _request(form):
            work.commit()
            flash("已登记。由另一位考务人员批准后生效。", "ok")
            return redirect(url_for("exams.accommodations"))
        work.rollback()
        status = 422
    listed = paginate(work, accommodations_query(me))
    page = render_template(
        "exams/accommodations.html",
        form=form,
        page=listed,
        mine=[row for row in listed.items if may_approve(me, row)],
        amount=amount_words,
        last_moment=lambda row: row.valid_until - timedelta(seconds=1),
        reasons=REASON_NAMES,
        now=utcnow(),
    )
    return (page, status) if status != 200 else page


def decide_accommodation(public_id: str) -> Response:
    """Approve or end."""
    work = db.session()
    row = get_accommodation(work, public_id=public_id, actor=actor())
    try_act(lambda: _decide_accommodation(row))
    return redirect(url_for("exams.accommodations"))


def approve_selected() -> Response:
    """Approve the accommodations that were ticked."""
    chosen = request.form.getlist("chosen")[:MOST_AT_ONCE]
    rows = get_accommodations(db.session(), public_ids=chosen, actor=actor())

    def act() -> str:
        done = approve_accommodations(db.session(), actor=actor(), rows=rows, now=utcnow())
        skipped = len(rows) - len(done)
        rest = f"另有 {skipped} 条已经处理过，没有改动。" if skipped else ""
        return f"已批准 {len(done)} 条，下次开始考试时生效。{rest}"

    try_act(act)
    return redirect(url_for("exams.accommodations"))


def _change(exam: Exam) -> str:
    work, posted = db.session(), request.form
    do, reason = posted.get("do"), posted.get("reason", "")
    target = read_target(work, exam, posted)
    if do == "pause":
        change = pause_exam(
            work, actor=actor(), exam=exam, target=target, reason=reason, now=utcnow()
        )
        return f"已暂停：{target.words}，正在答题的 {change.touched} 人计时已停。"
    if do != "extend":
        raise DomainError("请选择延长或暂停。")
    change = extend_time(
        work,
        actor=actor(),
        exam=exam,
        target=target,
        minutes=read_minutes(posted),
        reason=reason,
        now=utcnow(),
    )
    if change.needs_approval:
        return "累计超过 10 分钟，要由另一位考务人员批准后才生效。请现在通知对方。"
    minutes = change.seconds // 60
    return f"已延长 {minutes} 分钟：{target.words}，正在答题的 {change.touched} 人已顺延。"


def _decide(exam: Exam, change_id: str) -> str:
    work, do, reason = db.session(), request.form.get("do"), request.form.get("reason", "")
    change = get_change(read_ledger(work, exam), change_id)
    if do == "resume":
        done = resume_exam(work, actor=actor(), exam=exam, change=change, now=utcnow())
        return f"已恢复，{done.touched} 人继续计时，剩余时间没有减少。"
    if do not in {"approve", "refuse"}:
        raise DomainError("请选择批准、不批准或恢复。")
    done = decide_extension(
        work,
        actor=actor(),
        exam=exam,
        change=change,
        approve=do == "approve",
        reason=reason,
        now=utcnow(),
    )
    return f"已批准延长，{done.touched} 人已顺延。" if do == "approve" else "已不批准，时间不变。"


def _decide_accommodation(row: Accommodation) -> str:
    work, do = db.session(), request.form.get("do")
    if do == "approve":
        approve_accommodation(work, actor=actor(), row=row, now=utcnow())
        return "已批准，下次开始考试时生效。"
    if do == "end":
        end_accommodation(work, actor=actor(), row=row, now=utcnow())
        return "已停用。"
    raise DomainError("请选择批准或停用。")


def _request(form: AccommodationForm) -> bool:
    """False when the service found something to mend; it is beside the fields then."""
    valid_from, valid_until = form.period()
    try:
        request_accommodations(
            db.session(),
            actor=actor(),
            staff_numbers=form.numbers(),
            reason=AccommodationReason(form.reason.data),
            percent=form.percent.data,
            minutes=form.minutes.data,
            open_book=bool(form.open_book.data),
            document=form.document.data or "",
            valid_from=valid_from,
            valid_until=valid_until,
            now=utcnow(),
        )
    except DomainError as error:
        form.refuse(error.fields)
        if not error.fields:
            raise
        return False
    return True


def _back(public_id: str) -> Response:
    """To the person's page when the act came from there."""
    person_id = request.form.get("person")
    if person_id:
        return redirect(url_for("exams.candidate", public_id=public_id, person_id=person_id))
    return redirect(url_for("exams.monitor", public_id=public_id))
