"""Moving an exam."""

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from elearn import db
from elearn.config import DISPLAY_ZONE
from elearn.core.errors import DomainError
from elearn.exams.papers.queries import started_count
from elearn.exams.sittings.forms import to_utc
from elearn.exams.sittings.queries import get_managed_exam
from elearn.web.auth import actor, utcnow

from .forms import MoveForm
from .services import move_exam


def move(public_id: str) -> Response | str | tuple[str, int]:
    """Another window for an exam nobody has started."""
    work = db.session()
    exam = get_managed_exam(work, public_id=public_id, actor=actor())
    form = MoveForm()
    if request.method == "GET":
        form.opens_at.data = exam.opens_at.astimezone(DISPLAY_ZONE)
        form.closes_at.data = exam.closes_at.astimezone(DISPLAY_ZONE)
    elif form.validate():
        try:
            move_exam(
                work,
                actor=actor(),
                exam=exam,
                opens_at=to_utc(form.opens_at.data),
                closes_at=to_utc(form.closes_at.data),
                reason=form.reason.data or "",
                now=utcnow(),
            )
        except DomainError as error:
            if not error.fields:
                raise
            work.rollback()
            form.refuse(error.fields)
        else:
            work.commit()
            flash("考试已改期。应考人看到的是新的时间。", "ok")
            return redirect(url_for("exams.monitor", public_id=public_id))
    exam = get_managed_exam(work, public_id=public_id, actor=actor())
    begun = utcnow() >= exam.opens_at or bool(started_count(work, exam))
    page = render_template("exams/move.html", exam=exam, form=form, begun=begun)
    return page if request.method == "GET" else (page, 422)
