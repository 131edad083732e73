"""The marking queue and the marking page."""

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from elearn import db
from elearn.core.grading.grade import GradeState
from elearn.exams.grades.queries import last_grade
from elearn.exams.settle import settle
from elearn.web.auth import actor, utcnow
from elearn.web.paging import paginate

from .forms import read_marks
from .queries import alias_of, get_marking, marking_tasks, queue_query
from .services import mark_attempt


def marking() -> str:
    """What waits, oldest first, without names."""
    settle(now=utcnow())
    page = paginate(db.session(), queue_query(actor()))
    return render_template("exams/marking.html", page=page, alias=alias_of)


def mark_attempt_page(public_id: str) -> Response | str | tuple[str, int]:
    """One paper's short answers with reference and rubric; points per rubric point."""
    work = db.session()
    attempt = get_marking(work, public_id=public_id, actor=actor())
    grade = last_grade(work, attempt.id)
    if request.method == "GET" and grade is not None and grade.state == GradeState.FINAL:
        flash("这份答卷已经阅完。", "ok")
        return redirect(url_for("exams.marking"))
    tasks = marking_tasks(work, attempt)
    problems: dict[str, str] = {}
    if request.method == "POST":
        given, problems = read_marks(tasks, request.form)
        if not problems:
            complete = mark_attempt(work, actor=actor(), attempt=attempt, given=given, now=utcnow())
            work.commit()
            return _next_after(attempt.public_id, complete=complete)
    page = render_template(
        "exams/mark_attempt.html",
        attempt=attempt,
        alias=alias_of(attempt),
        tasks=tasks,
        problems=problems,
        posted=request.form,
    )
    return (page, 422) if problems else page


def _next_after(public_id: str, *, complete: bool) -> Response:
    if not complete:
        flash("评分已保存。还有题没有评，评完才出成绩。", "warn")
        return redirect(url_for("exams.mark_attempt", public_id=public_id))
    following = db.session().scalar(queue_query(actor()).limit(1))
    if following is None:
        flash("评分已保存，成绩已生成。没有待阅的答卷了。", "ok")
        return redirect(url_for("exams.marking"))
    flash("评分已保存，成绩已生成。下面是下一份。", "ok")
    return redirect(url_for("exams.mark_attempt", public_id=following.public_id))
