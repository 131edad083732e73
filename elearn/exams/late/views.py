"""The page of held answers, and the decision on one person's."""

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from elearn import db
from elearn.core.errors import DomainError
from elearn.exams.settle import settle
from elearn.exams.sittings.queries import get_managed_exam
from elearn.web.auth import actor, utcnow
from elearn.web.paging import paginate

from .queries import get_held, held_answers, held_attempts_query, undecided
from .services import decide_held


def late(public_id: str) -> Response | str | tuple[str, int]:
    """Per person: what came too late, what stands; accept or refuse with a reason."""
    work = db.session()
    exam = get_managed_exam(work, public_id=public_id, actor=actor())
    problem: tuple[str, str] | None = None
    if request.method == "POST":
        try:
            return _decide(public_id)
        except DomainError as error:
            if error.code != "E-REASON":
                raise
            problem = request.form.get("attempt", ""), error.message
            work.rollback()
    else:
        settle(now=utcnow(), exam_id=exam.id)
    page = paginate(work, held_attempts_query(exam))
    html = render_template(
        "exams/late.html",
        exam=exam,
        page=page,
        held=held_answers(work, page.items),
        waiting=undecided(work, exam),
        problem=problem,
        posted=request.form,
    )
    return (html, 422) if problem else html


def _decide(public_id: str) -> Response:
    work = db.session()
    exam = get_managed_exam(work, public_id=public_id, actor=actor())
    attempt, events = get_held(
        work,
        exam=exam,
        public_id=request.form.get("attempt", ""),
        event_ids=request.form.getlist("event"),
    )
    verdict = request.form.get("verdict")
    if verdict not in {"accept", "refuse"}:
        raise DomainError("请选择“计分”或“不计分”。", code="E-REASON")
    decide_held(
        work,
        actor=actor(),
        attempt=attempt,
        events=events,
        accepted=verdict == "accept",
        reason=request.form.get("reason", ""),
        now=utcnow(),
    )
    work.commit()
    flash("裁定已记录，成绩已重新计算。" if verdict == "accept" else "裁定已记录。", "ok")
    return redirect(url_for("exams.late", public_id=public_id))
