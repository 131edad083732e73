"""The marking queue, the marking page, the exam's rule, rechecks."""

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from elearn import db
from elearn.core.errors import Conflict, DomainError
from elearn.core.field_reader import to_hundredths
from elearn.exams.acting import try_act
from elearn.exams.attempts.queries import own_attempt
from elearn.exams.settle import settle
from elearn.exams.sittings.queries import get_managed_exam
from elearn.models import Attempt, Exam, MarkingTurn, Person, RecheckState
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
from .services import held_turn, leave_sheet, mark_attempt, take_next, take_turn

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


def take_one(public_id: str) -> Response:
    """This sheet, held for this marker: a choice from the queue, or once more one's own."""
    work = db.session()
    attempt = get_marking(work, public_id=public_id, actor=actor())
    try:
        take_turn(work, actor=actor(), attempt=attempt, now=utcnow())
    except Conflict as error:
        return _to_queue(error)
    work.commit()
    return redirect(url_for("exams.mark_attempt", public_id=public_id))


def mark_attempt_page(public_id: str) -> Response | str | tuple[str, int]:
    """One paper's short answers with reference and rubric; points per rubric point.

    Looking takes nothing: who does not hold the sheet is offered to take it.
    """
    work = db.session()
    attempt = get_marking(work, public_id=public_id, actor=actor())
    if request.method == "POST":
        return _save_marks(attempt)
    try:
        turn = held_turn(work, actor=actor(), attempt=attempt, now=utcnow())
    except Conflict as error:
        return _to_queue(error)
    if turn is None:
        return render_template("exams/untaken_sheet.html", attempt=attempt, alias=alias_of(attempt))
    return _marking_page(attempt, turn, problems={})


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

    def act() -> str:
        request_recheck(
            work,
            person=current().person,
            attempt=attempt,
            reason=request.form.get("reason", ""),
            now=utcnow(),
        )
        return "复核申请已提交，结果会在待办里告诉您。"

    try_act(act, codes={"E-TEXT"})
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

    def act() -> str:
        decide_recheck(
            work,
            actor=actor(),
            recheck=recheck,
            allow=request.form.get("do") == "allow",
            note=request.form.get("note", ""),
            now=utcnow(),
        )
        return "已处理。"

    try_act(act, codes={"E-NOTE"})
    return redirect(url_for("exams.marking_rules", public_id=recheck.attempt.exam.public_id))


def _to_queue(error: Conflict) -> Response:
    db.session().rollback()
    flash(error.message, "warn")
    return redirect(url_for("exams.marking"))


def _save_marks(attempt: Attempt) -> Response | tuple[str, int]:
    work, now = db.session(), utcnow()
    turn = take_turn(work, actor=actor(), attempt=attempt, now=now)
    tasks = turn_tasks(work, attempt, turn, rule_of(work, attempt.exam_id))
    given, problems = read_marks(tasks, request.form)
    if problems:
        return _marking_page(attempt, turn, problems=problems), 422
    complete = mark_attempt(work, actor=actor(), attempt=attempt, given=given, now=now)
    mine = turn.done_at is not None
    work.commit()
    return _next_after(attempt.public_id, complete=complete, mine=mine)


def _marking_page(attempt: Attempt, turn: MarkingTurn, *, problems: dict[str, str]) -> str:
    work = db.session()
    rule = rule_of(work, attempt.exam_id)
    return render_template(
        "exams/mark_attempt.html",
        attempt=attempt,
        alias=alias_of(attempt),
        name=attempt.person.name if rule.show_names else "",
        rule=rule,
        turn=turn,
        tasks=turn_tasks(work, attempt, turn, rule),
        problems=problems,
        posted=request.form,
    )


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
