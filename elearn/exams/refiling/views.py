"""Pages for moving a paper result: say whose it is and when it was sat, and decide on it."""

from datetime import datetime

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from elearn import db
from elearn.config import DISPLAY_ZONE
from elearn.core.errors import DomainError
from elearn.exams.amendments.queries import get_result
from elearn.exams.grades.queries import last_grade
from elearn.exams.printing.queries import get_run
from elearn.exams.sittings.forms import to_utc
from elearn.models import PaperResult, Person, PrintRun
from elearn.web.auth import actor, utcnow

from .forms import RefilingForm
from .queries import get_refiling, open_refiling
from .services import decide_refiling, propose_refiling


def refile_result(public_id: str, run_id: str, attempt_id: str) -> Response | str | tuple[str, int]:
    """Whose sheet it really is, and when it was sat."""
    work = db.session()
    run, result = _load(public_id, run_id, attempt_id)
    form = RefilingForm()
    if request.method == "GET":
        form.staff_no.data = result.attempt.person.staff_no
        form.held_at.data = _shown(result.attempt.started_at)
        return _page(run, result, form, "")
    if not form.validate() or (person := _find_person(form)) is None:
        return _page(run, result, form, ""), 422
    try:
        row = propose_refiling(
            work,
            actor=actor(),
            run=run,
            result=result,
            person=person,
            held_at=_held_at(form, result),
            reason=form.reason.data or "",
            now=utcnow(),
        )
    except DomainError as error:
        if error.status in {403, 404}:
            raise
        work.rollback()
        run, result = _load(public_id, run_id, attempt_id)
        return _page(run, result, form, error.message), error.status
    work.commit()
    flash("改归已提出，由另一位考务人员对照答题卡确认后才生效。", "ok")
    return _to_refiling(public_id, run_id, row.public_id)


def refiling(public_id: str, run_id: str, refiling_id: str) -> Response | str | tuple[str, int]:
    """What was entered and what is right; the second person's decision."""
    work, problem = db.session(), ""
    run = get_run(work, public_id=public_id, run_id=run_id, actor=actor())
    row = get_refiling(work, run=run, refiling_id=refiling_id)
    if request.method == "POST":
        accepted = request.form.get("do") == "accept"
        try:
            decide_refiling(
                work,
                actor=actor(),
                run=run,
                refiling=row,
                accepted=accepted,
                note=request.form.get("note", ""),
                now=utcnow(),
            )
        except DomainError as error:
            if error.status in {403, 404}:
                raise
            work.rollback()
            problem = error.message
            run = get_run(work, public_id=public_id, run_id=run_id, actor=actor())
            row = get_refiling(work, run=run, refiling_id=refiling_id)
        else:
            work.commit()
            said = "已改归，按原答案重新评分。" if accepted else "没有改，提出人可以看到理由。"
            flash(said, "ok")
            return _to_refiling(public_id, run_id, refiling_id)
    new = row.decision.new_attempt if row.decision else None
    page = render_template(
        "exams/refiling.html",
        exam=run.exam,
        run=run,
        row=row,
        result=row.result,
        new=new,
        grade=last_grade(work, new.id) if new else None,
        own=row.proposed_by_id == actor().person_id,
        problem=problem,
    )
    return (page, 422) if problem else page


def _load(public_id: str, run_id: str, attempt_id: str) -> tuple[PrintRun, PaperResult]:
    work = db.session()
    run = get_run(work, public_id=public_id, run_id=run_id, actor=actor())
    return run, get_result(work, run=run, attempt_id=attempt_id)


def _find_person(form: RefilingForm) -> Person | None:
    number = (form.staff_no.data or "").strip()
    person = db.session().scalar(select(Person).where(Person.staff_no == number))
    if person is None:
        form.staff_no.errors = ["没有这个工号，请核对答题卡"]
    return person


def _shown(at: datetime) -> datetime:
    """As the field shows it: it knows no seconds."""
    return at.astimezone(DISPLAY_ZONE).replace(tzinfo=None, second=0, microsecond=0)


def _held_at(form: RefilingForm, result: PaperResult) -> datetime:
    """What was typed; untouched it is what was entered, to the second."""
    entered = result.attempt.started_at
    return entered if form.held_at.data == _shown(entered) else to_utc(form.held_at.data)


def _page(run: PrintRun, result: PaperResult, form: RefilingForm, problem: str) -> str:
    return render_template(
        "exams/refile_result.html",
        exam=run.exam,
        run=run,
        result=result,
        form=form,
        problem=problem,
        waiting=open_refiling(db.session(), result.attempt_id),
    )


def _to_refiling(public_id: str, run_id: str, refiling_id: str) -> Response:
    address = url_for("exams.refiling", public_id=public_id, run_id=run_id, refiling_id=refiling_id)
    return redirect(address)
