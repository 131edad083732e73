"""Pages of pledges and reflections: handing over, one's own, a trainer's desk."""

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from elearn import db
from elearn.core.errors import DomainError
from elearn.courses.queries import find_lesson
from elearn.models import CourseRevision, Lesson
from elearn.web.auth import actor, current, utcnow
from elearn.web.paging import paginate

from .forms import read_verdict
from .queries import (
    TaskState,
    get_own_pledge,
    get_reflection,
    own_pledges,
    own_reflections,
    review_query,
    task_states,
    versions_before,
)
from .services import review_reflection, sign_pledge, submit_reflection

blueprint = Blueprint("tasks", __name__)


@blueprint.post("/courses/<code>/<lesson_code>/pledge")
def sign(code: str, lesson_code: str) -> Response | tuple[str, int]:
    """签署承诺书."""
    posted = request.form
    return _hand_over(
        code,
        lesson_code,
        partial(sign_pledge, name=posted.get("name", ""), agreed=bool(posted.get("agreed"))),
        said="承诺书已签署，可在“我的承诺书和心得”里查看。",
    )


@blueprint.post("/courses/<code>/<lesson_code>/reflection")
def reflect(code: str, lesson_code: str) -> Response | tuple[str, int]:
    """提交心得."""
    return _hand_over(
        code,
        lesson_code,
        partial(submit_reflection, text=request.form.get("text", "")),
        said="心得已提交，教员批阅后会显示在这里。",
    )


@blueprint.get("/me/tasks")
def mine() -> str:
    """Own pledges and reflections."""
    work, person = db.session(), current().person
    return render_template(
        "courses/tasks/mine.html",
        pledges=own_pledges(work, person),
        reflections=own_reflections(work, person),
    )


@blueprint.get("/me/pledges/<public_id>")
def pledge(public_id: str) -> str:
    """One signed pledge, fit to print."""
    row = get_own_pledge(db.session(), person=current().person, public_id=public_id)
    return render_template("courses/tasks/pledge.html", pledge=row, person=current().person)


@blueprint.get("/manage/reflections")
def reviews() -> str:
    """What waits for a trainer, and what has been reviewed."""
    waiting = request.args.get("show") != "done"
    page = paginate(db.session(), review_query(actor(), waiting=waiting))
    return render_template("courses/tasks/reviews.html", page=page, waiting=waiting)


@blueprint.route("/manage/reflections/<public_id>", methods=["GET", "POST"])
def review(public_id: str) -> Response | str | tuple[str, int]:
    """Read one, accept it or give it back."""
    work = db.session()
    row = get_reflection(work, public_id=public_id, actor=actor())
    problem = ""
    if request.method == "POST":
        try:
            review_reflection(
                work,
                actor=actor(),
                reflection=row,
                verdict=read_verdict(request.form),
                comment=request.form.get("comment", ""),
                now=utcnow(),
            )
        except DomainError as error:
            if error.status == 403:
                raise
            work.rollback()
            problem = error.message
            row = get_reflection(work, public_id=public_id, actor=actor())
        else:
            work.commit()
            return _next_review()
    page = render_template(
        "courses/tasks/review.html",
        reflection=row,
        before=versions_before(work, row),
        problem=problem,
        posted=request.form,
    )
    return (page, 422) if problem else page


def _hand_over(
    code: str, lesson_code: str, service: Callable[..., object], *, said: str
) -> Response | tuple[str, int]:
    """Give one task of a lesson to `service`; what was written is never lost to a mistake in it."""
    work = db.session()
    revision, row = _find(code, lesson_code)
    digest = request.form.get("task", "")
    try:
        service(
            work,
            person=current().person,
            course=revision,
            lesson=row,
            text_hash=digest,
            now=utcnow(),
        )
    except DomainError as error:
        return _again(revision, row, digest, error)
    work.commit()
    flash(said, "ok")
    return _back(code, lesson_code, revision, row, digest)


def _find(code: str, lesson_code: str) -> tuple[CourseRevision, Lesson]:
    return find_lesson(
        db.session(), person=current().person, course_code=code, lesson_code=lesson_code, text=False
    )


def _again(
    revision: CourseRevision, row: Lesson, digest: str, error: DomainError
) -> tuple[str, int]:
    """The form once more with everything that was typed, and what to mend."""
    db.session().rollback()
    states = _states(revision, row)
    state = next((state for state in states if state.task.text_hash == digest), None)
    page = render_template(
        "courses/tasks/again.html",
        course=revision,
        lesson=row,
        state=state,
        problem=error.message,
        posted=request.form,
    )
    return page, error.status


def _states(revision: CourseRevision, row: Lesson) -> list[TaskState]:
    person = current().person
    return task_states(db.session(), person_id=person.id, course_id=revision.course_id, lesson=row)


def _back(
    code: str, lesson_code: str, revision: CourseRevision, row: Lesson, digest: str
) -> Response:
    number = next(s.number for s in _states(revision, row) if s.task.text_hash == digest)
    anchor: Any = f"task-{number}"
    target = url_for("courses.lesson", code=code, lesson_code=lesson_code, _anchor=anchor)
    return redirect(target, 303)


def _next_review() -> Response:
    following = db.session().scalar(review_query(actor(), waiting=True).limit(1))
    if following is None:
        flash("已批阅。没有待批阅的心得了。", "ok")
        return redirect(url_for("tasks.reviews"), 303)
    flash("已批阅。下面是下一份。", "ok")
    return redirect(url_for("tasks.review", public_id=following.public_id), 303)
