"""The marking queue, the marking page, the exam's rule, rechecks."""

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from elearn import db
from elearn.core.errors import Conflict, DomainError
from elearn.core.field_reader import to_hundredths
from elearn.exams.attempts.queries import own_attempt
from elearn.exams.settle import settle
from elearn.exams.sittings.queries import get_managed_exam
from elearn.models import Attempt, Exam, Person, RecheckState
from elearn.web.auth import actor, current, utcnow
from elearn.web.paging import paginate

from .forms import read_marks
from .queries import (
    Rule,
    alias_of,
    get_marking,
    get_recheck,
    own_turns,
    queue_query,
    rechecks_query,
    rule_of,
    turn_tasks,
)
from .rules import decide_recheck, order_recheck, request_recheck, set_marking_rule
from .services import leave_sheet, mark_attempt, take_next, take_turn

RECHECK_WORDS = {
    RecheckState.REQUESTED: ("warn", "等待处理"),
    RecheckState.MARKING: ("warn", "正在复核"),
    RecheckState.DONE: ("ok", "复核完毕"),
    RecheckState.REFUSED: ("plain", "没有同意"),
}


def marking() -> str:
    """What waits, oldest first, without names; and the way back to one's own."""
    settle(now=utcnow())
    work, now = db.session(), utcnow()
    page = paginate(work, queue_query(actor(), now=now))
    return render_template(
        "exams/marking.html", page=page, alias=alias_of, turns=own_turns(work, actor()), now=now
    )


def take_sheet() -> Response:
    """The next sheet, held for this marker."""
    work = db.session()
    attempt = take_next(work, actor=actor(), now=utcnow())
    work.commit()
    if attempt is None:
        flash("现在没有可领的答卷。", "ok")
        return redirect(url_for("exams.marking"))
    return redirect(url_for("exams.mark_attempt", public_id=attempt.public_id))


@db.writes
def mark_attempt_page(public_id: str) -> Response | str | tuple[str, int]:
    """One paper's short answers with reference and rubric; points per rubric point.

    Opening it takes the sheet, so that nobody else works on it meanwhile.
    """
    work, now = db.session(), utcnow()
    attempt = get_marking(work, public_id=public_id, actor=actor())
    if request.method == "GET":
        try:
            turn = take_turn(work, actor=actor(), attempt=attempt, now=now)
        except Conflict as error:
            work.rollback()
            flash(error.message, "warn")
            return redirect(url_for("exams.marking"))
        work.commit()
    else:
        turn = take_turn(work, actor=actor(), attempt=attempt, now=now)
    rule = rule_of(work, attempt.exam_id)
    tasks = turn_tasks(work, attempt, turn, rule)
    problems: dict[str, str] = {}
    if request.method == "POST":
        given, problems = read_marks(tasks, request.form)
        if not problems:
            complete = mark_attempt(work, actor=actor(), attempt=attempt, given=given, now=now)
            mine = turn.done_at is not None
            work.commit()
            return _next_after(attempt.public_id, complete=complete, mine=mine)
    page = render_template(
        "exams/mark_attempt.html",
        attempt=attempt,
        alias=alias_of(attempt),
        name=attempt.person.name if rule.show_names else "",
        rule=rule,
        turn=turn,
        tasks=tasks,
        problems=problems,
        posted=request.form,
    )
    return (page, 422) if problems else page


def leave(public_id: str) -> Response:
    """Skip this sheet, or give it back; then on to the next."""
    work = db.session()
    attempt = get_marking(work, public_id=public_id, actor=actor())
    skip = request.form.get("do") == "skip"
    leave_sheet(work, actor=actor(), attempt=attempt, skip=skip, now=utcnow())
    work.commit()
    flash("已跳过，排到最后。" if skip else "已退回，别人可以领。", "ok")
    return redirect(url_for("exams.marking"))


def marking_rules(public_id: str) -> Response | str:
    """How the exam is marked, and its rechecks."""
    work = db.session()
    exam = get_managed_exam(work, public_id=public_id, actor=actor())
    if request.method == "POST":
        centi = to_hundredths(request.form.get("tolerance", "0").strip() or "0")
        rule = Rule(
            double=request.form.get("mode") == "double",
            tolerance_centi=-1 if centi is None else centi,
            show_names=request.form.get("names") == "1",
        )
        set_marking_rule(work, actor=actor(), exam=exam, rule=rule, now=utcnow())
        work.commit()
        flash("评阅方式已保存。", "ok")
        return redirect(url_for("exams.marking_rules", public_id=public_id))
    return render_template(
        "exams/marking_rules.html",
        exam=exam,
        rule=rule_of(work, exam.id),
        page=paginate(work, rechecks_query(exam)),
        words=RECHECK_WORDS,
        alias=alias_of,
        own=actor().person_id,
    )


def ask_recheck(public_id: str) -> Response:
    """The candidate asks for a recheck of an own attempt."""
    work = db.session()
    attempt = own_attempt(work, public_id=public_id, person=current().person)
    try:
        request_recheck(
            work,
            person=current().person,
            attempt=attempt,
            reason=request.form.get("reason", ""),
            now=utcnow(),
        )
    except DomainError as error:
        if error.code != "E-TEXT":
            raise
        work.rollback()
        flash(error.message, "warn")
    else:
        work.commit()
        flash("复核申请已提交，结果会在待办里告诉您。", "ok")
    return redirect(url_for("exams.result", public_id=public_id, _anchor="recheck"))


def order(public_id: str) -> Response:
    """The examiner sends somebody's last attempt to another marker."""
    work = db.session()
    exam = get_managed_exam(work, public_id=public_id, actor=actor())
    attempt = _last_attempt(exam, request.form.get("staff_no", "").strip())
    order_recheck(
        work,
        actor=actor(),
        attempt=attempt,
        reason=request.form.get("reason", ""),
        now=utcnow(),
    )
    work.commit()
    flash("已安排复核，由没有评过的人评。", "ok")
    return redirect(url_for("exams.marking_rules", public_id=public_id))


def decide(public_id: str) -> Response:
    """Allow or refuse a candidate's recheck."""
    work = db.session()
    recheck = get_recheck(work, public_id=public_id, actor=actor())
    decide_recheck(
        work,
        actor=actor(),
        recheck=recheck,
        allow=request.form.get("do") == "allow",
        note=request.form.get("note", ""),
        now=utcnow(),
    )
    work.commit()
    flash("已处理。", "ok")
    return redirect(url_for("exams.marking_rules", public_id=recheck.attempt.exam.public_id))


def _last_attempt(exam: Exam, staff_no: str) -> Attempt:
    attempt = db.session().scalar(
        select(Attempt)
        .join(Person, Person.id == Attempt.person_id)
        .where(Attempt.exam_id == exam.id, Person.staff_no == staff_no)
        .order_by(Attempt.no.desc())
        .limit(1)
    )
    if attempt is None:
        raise DomainError("这场考试里没有这个工号的答卷。", code="E-STAFFNO")
    return attempt


def _next_after(public_id: str, *, complete: bool, mine: bool) -> Response:
    if not complete and not mine:
        flash("评分已保存。还有题没有评，评完才出成绩。", "warn")
        return redirect(url_for("exams.mark_attempt", public_id=public_id))
    said = "评分已保存，成绩已生成。" if complete else "评分已保存，等另一位阅卷人。"
    work = db.session()
    following = take_next(work, actor=actor(), now=utcnow())
    work.commit()
    if following is None:
        flash(f"{said}没有待阅的答卷了。", "ok")
        return redirect(url_for("exams.marking"))
    flash(f"{said}下面是下一份。", "ok")
    return redirect(url_for("exams.mark_attempt", public_id=following.public_id))
