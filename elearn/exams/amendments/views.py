"""Pages for correcting a typed paper result: say what is wrong, and decide on it."""

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from elearn import db
from elearn.core.errors import DomainError
from elearn.exams.attempts.queries import current_answers, paper_of
from elearn.exams.grades.queries import last_grade
from elearn.exams.printing.queries import get_run
from elearn.exams.printing.typed import places, read_lines, shown_answer
from elearn.models import PaperResult, PrintRun
from elearn.web.auth import actor, utcnow

from .forms import AmendForm
from .queries import (
    amendments_of,
    changes_of,
    form_paper,
    get_amendment,
    get_result,
    letter_of,
)
from .rereading import ShownChange, moved, shown_changes
from .services import decide_amendment, find_changes, propose_amendment


def amend_result(public_id: str, run_id: str, attempt_id: str) -> Response | str | tuple[str, int]:
    """Say what stands on the sheet: first it is shown beside what was typed, then proposed."""
    work = db.session()
    run = get_run(work, public_id=public_id, run_id=run_id, actor=actor())
    result = get_result(work, run=run, attempt_id=attempt_id)
    form = AmendForm()
    form.letter.choices = [(paper.letter, f"{paper.letter} 卷") for paper in run.papers]
    if request.method == "GET":
        known = amendments_of(work, [result.attempt_id]).get(result.attempt_id, ())
        form.letter.data = letter_of(result, known)
        return _amend_page(run, result, form, [], "")
    if not form.validate():
        return _amend_page(run, result, form, [], ""), 422
    letter = form.letter.data
    lines = read_lines(form_paper(run, letter), form.lines.data or "")
    try:
        changes = find_changes(work, run=run, result=result, letter=letter, lines=lines)
        if request.form.get("do") != "save":
            shown = shown_changes(changes, paper_of(result.attempt), form_paper(run, letter))
            return _amend_page(run, result, form, shown, "")
        amendment = propose_amendment(
            work,
            actor=actor(),
            run=run,
            result=result,
            letter=letter,
            lines=lines,
            reason=form.reason.data or "",
            now=utcnow(),
        )
    except DomainError as error:
        if error.status in {403, 404}:
            raise
        work.rollback()
        run = get_run(work, public_id=public_id, run_id=run_id, actor=actor())
        result = get_result(work, run=run, attempt_id=attempt_id)
        return _amend_page(run, result, form, [], error.message), error.status
    work.commit()
    flash("改正已提出，由另一位考务人员对照答题卡确认后才生效。", "ok")
    return _to_amendment(public_id, run_id, amendment.public_id)


def amendment(public_id: str, run_id: str, amendment_id: str) -> Response | str | tuple[str, int]:
    """What was typed and what it should be; the second person's decision."""
    work, problem = db.session(), ""
    run = get_run(work, public_id=public_id, run_id=run_id, actor=actor())
    row = get_amendment(work, run=run, amendment_id=amendment_id)
    if request.method == "POST":
        accepted = request.form.get("do") == "accept"
        try:
            decide_amendment(
                work,
                actor=actor(),
                run=run,
                amendment=row,
                accepted=accepted,
                note=request.form.get("note", ""),
                now=utcnow(),
            )
        except DomainError as error:
            if error.status in {403, 404, 409}:
                raise
            work.rollback()
            problem = error.message
            run = get_run(work, public_id=public_id, run_id=run_id, actor=actor())
            row = get_amendment(work, run=run, amendment_id=amendment_id)
        else:
            work.commit()
            said = (
                "已改正，重新评分，新增了评分记录。" if accepted else "没有改，提出人可以看到理由。"
            )
            flash(said, "ok")
            return _to_amendment(public_id, run_id, amendment_id)
    attempt = row.result.attempt
    page = render_template(
        "exams/amendment.html",
        exam=run.exam,
        run=run,
        row=row,
        result=row.result,
        changes=shown_changes(changes_of(row), paper_of(attempt), form_paper(run, row.letter)),
        grade=last_grade(work, attempt.id),
        own=row.proposed_by_id == actor().person_id,
        problem=problem,
    )
    return (page, 422) if problem else page


def _amend_page(
    run: PrintRun,
    result: PaperResult,
    form: AmendForm,
    changes: list[ShownChange],
    problem: str,
) -> str:
    work, attempt = db.session(), result.attempt
    known = amendments_of(work, [attempt.id]).get(attempt.id, ())
    letter = letter_of(result, known)
    sheet = form_paper(run, letter)
    answers = moved(current_answers(work, attempt.id), paper_of(attempt), sheet)
    return render_template(
        "exams/amend_result.html",
        exam=run.exam,
        run=run,
        result=result,
        form=form,
        letter=letter,
        typed=[(label, shown_answer(part, answers.get(at))) for at, label, part in places(sheet)],
        changes=changes,
        checked=request.method == "POST" and not problem and not form.errors,
        problem=problem,
        waiting=next((row for row in known if row.decision is None), None),
    )


def _to_amendment(public_id: str, run_id: str, amendment_id: str) -> Response:
    address = url_for(
        "exams.amendment", public_id=public_id, run_id=run_id, amendment_id=amendment_id
    )
    return redirect(address)
