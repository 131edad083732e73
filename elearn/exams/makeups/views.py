"""Asking for a deferral, deciding on it, and scheduling the make-up."""

import secrets

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from elearn import db
from elearn.core.errors import DomainError
from elearn.exams.acting import try_act
from elearn.exams.grades.policy import GRACE
from elearn.exams.papers.services import commit_seed
from elearn.exams.papers.vault import process_vault
from elearn.exams.sittings.queries import get_exam_for, get_managed_exam
from elearn.exams.timing.clock import ends_at
from elearn.models import Exam, MakeupCause, StandingKind
from elearn.web.auth import actor, current, utcnow
from elearn.web.paging import paginate

from .forms import MakeupForm, read_number
from .queries import (
    CAUSE_NAMES,
    STANDING_NAMES,
    STANDING_STATES,
    derive_roster,
    get_standing,
    main_of,
    makeup_by,
    makeup_roster,
    makeups_of,
    people_by_staff_no,
    standings_of_exam,
    standings_of_people,
)
from .services import (
    decide_standing,
    request_standing,
    schedule_makeup,
    set_resit_rules,
    withdraw_standing,
)

SHOWN = 300  # lines of a roster on one page


def ask_standing(public_id: str) -> Response:
    """The candidate's own request, from the lobby."""
    work = db.session()
    exam = get_exam_for(work, public_id=public_id, person=current().person)
    try:
        request_standing(
            work,
            actor=actor(),
            exam=exam,
            person=current().person,
            kind=_kind(request.form.get("kind", "")),
            reason=request.form.get("reason", ""),
            now=utcnow(),
        )
    except DomainError as error:
        if error.status not in {409, 422}:
            raise
        work.rollback()
        flash(error.message, "warn")
    else:
        work.commit()
        flash("申请已提交，审批结果会在待办里告诉您。", "ok")
    return redirect(url_for("exams.lobby", public_id=public_id))


def makeups(public_id: str) -> Response | str | tuple[str, int]:
    """Requests, rules, who needs a make-up, and the form for one."""
    work = db.session()
    exam = get_managed_exam(work, public_id=public_id, actor=actor())
    form = MakeupForm()
    problems: list[str] = []
    if request.method == "POST":
        if form.validate():
            try:
                made = _schedule(form, exam)
            except DomainError as error:
                work.rollback()
                problems = form.refuse(error.fields) or ([] if error.fields else [error.message])
            else:
                flash("补考已安排，名单上的人会在考试里看到。", "ok")
                return redirect(url_for("exams.makeups", public_id=made))
        return _page(exam, form, problems), 422
    form.title.data = f"{exam.title}（补考）"[:200]
    form.attempts_max.data = 1
    return _page(exam, form, problems)


def resit_rules(public_id: str) -> Response:
    """Cooldown and number of make-ups."""
    work = db.session()
    exam = get_managed_exam(work, public_id=public_id, actor=actor())
    set_resit_rules(
        work,
        actor=actor(),
        exam=exam,
        cooldown_days=read_number(request.form.get("cooldown_days", "")),
        makeups_max=read_number(request.form.get("makeups_max", "")),
        now=utcnow(),
    )
    work.commit()
    flash("规则已保存。", "ok")
    return redirect(url_for("exams.makeups", public_id=public_id))


def decide(public_id: str) -> Response:
    """Approve, refuse, or take an approval back."""
    work, now = db.session(), utcnow()
    standing = get_standing(work, public_id=public_id, actor=actor())
    note, do = request.form.get("note", ""), request.form.get("do")

    def act() -> str:
        if do == "withdraw":
            withdraw_standing(work, actor=actor(), standing=standing, note=note, now=now)
        else:
            decide_standing(
                work, actor=actor(), standing=standing, approve=do == "approve", note=note, now=now
            )
        return "已处理，本人会收到告知。"

    try_act(act, codes={"E-NOTE"})
    return redirect(url_for("exams.makeups", public_id=standing.exam.public_id))


def deferrals() -> Response | str | tuple[str, int]:
    """HR asks on behalf of people of the own units, and sees what became of it."""
    work, me = db.session(), actor()
    problem = ""
    if request.method == "POST":
        try:
            _ask_for_another()
        except DomainError as error:
            work.rollback()
            problem = error.message
        else:
            work.commit()
            flash("申请已提交，由考务人员审批。", "ok")
            return redirect(url_for("exams.deferrals"))
    page = render_template(
        "exams/deferrals.html",
        page=paginate(work, standings_of_people(me)),
        kinds=STANDING_NAMES,
        states=STANDING_STATES,
        problem=problem,
        posted=request.form,
    )
    return (page, 422) if problem else page


def _ask_for_another() -> None:
    work, me = db.session(), actor()
    number = request.form.get("staff_no", "").strip()
    people = people_by_staff_no(work, me, [number])
    if not people:
        raise DomainError("您的范围内没有这个工号。", fields={"staff_no": "没有这个工号"})
    wanted = request.form.get("exam", "").strip().rstrip("/").rsplit("/", 1)[-1]
    title = request.form.get("exam", "").strip()
    exam = work.scalar(select(Exam).where(Exam.public_id == wanted)) or work.scalar(
        select(Exam).where(Exam.title == title).order_by(Exam.opens_at.desc()).limit(1)
    )
    if exam is None:
        raise DomainError("没有这场考试，请照考试名称填写。", fields={"exam": "没有这场考试"})
    request_standing(
        work,
        actor=me,
        exam=get_exam_for(work, public_id=exam.public_id, person=people[0]),
        person=people[0],
        kind=_kind(request.form.get("kind", "")),
        reason=request.form.get("reason", ""),
        now=utcnow(),
    )


def _kind(text: str) -> StandingKind:
    if text not in set(StandingKind):
        raise DomainError("请选择缓考或免考。", fields={"kind": "请选择缓考或免考"})
    return StandingKind(text)


def _schedule(form: MakeupForm, exam: Exam) -> str:
    work = db.session()
    opens_at, closes_at = form.window()
    made = schedule_makeup(
        work,
        actor=actor(),
        main=exam,
        title=form.title.data or "",
        opens_at=opens_at,
        closes_at=closes_at,
        attempts_max=form.attempts_max.data or 1,
        removed=form.removals(),
        now=utcnow(),
    )
    commit_seed(work, exam=made, master=secrets.token_hex(32), vault=process_vault(), now=utcnow())
    work.commit()
    return made.public_id


def _page(exam: Exam, form: MakeupForm, problems: list[str]) -> str:
    work, now = db.session(), utcnow()
    held = makeups_of(work, exam)
    over = now > ends_at(exam) + GRACE and exam.cancelled_at is None
    return render_template(
        "exams/makeups.html",
        exam=exam,
        main=main_of(work, exam),
        lines=makeup_roster(work, exam) if exam.is_makeup else (),
        makeups=held,
        makeup_by=makeup_by(exam),
        roster=derive_roster(work, exam) if over and not exam.is_makeup else None,
        standings=paginate(work, standings_of_exam(exam)),
        kinds=STANDING_NAMES,
        states=STANDING_STATES,
        causes=CAUSE_NAMES,
        Cause=MakeupCause,
        form=form,
        problems=problems,
        shown=SHOWN,
        over=over,
        own=actor().person_id,
        now=now,
    )
