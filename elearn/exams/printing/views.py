"""Printing pages of one exam: runs, forms, answer sheet, key, results coming back."""

import io
import secrets
from datetime import datetime, timedelta
from typing import Any

from flask import flash, redirect, render_template, request, send_file, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from elearn import db
from elearn.config import DISPLAY_ZONE
from elearn.core.assembly.model import MULTI_SCORING_NAMES
from elearn.core.centi import centi_text
from elearn.core.errors import DomainError
from elearn.exams.amendments.queries import amendments_of, letter_of, waiting_of_run
from elearn.exams.blueprints.queries import read_spec
from elearn.exams.grades.queries import last_grade, last_grades
from elearn.exams.refiling.queries import refilings_of, waiting_refilings
from elearn.exams.sittings.forms import to_utc
from elearn.exams.sittings.queries import get_managed_exam
from elearn.models import Attempt, Exam, Person, PrintMode, PrintRun, ResultSource
from elearn.web.auth import actor, utcnow
from elearn.web.paging import paginate

from .entering import record_result
from .forms import ImportForm, ResultForm, RunForm
from .importing import import_results
from .mistakes import write_mistakes
from .pdf import is_installed, key_pdf, papers_pdf, sheet_pdf
from .queries import get_run, results_query, runs_of
from .reading import ImportReport
from .services import (
    approve_run,
    key_is_open,
    make_run,
    open_key,
    open_papers,
)
from .sheets import HASH_SHOWN, answer_sheet, key_lines, papers_of, printed_forms
from .template import write_template
from .typed import choice_count, places, read_entry, shown_answer

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHOWN = 200  # problems on the page; the file may have more


def prints(public_id: str) -> Response | str | tuple[str, int]:
    """The runs of an exam, and the form for another."""
    work, now = db.session(), utcnow()
    exam = get_managed_exam(work, public_id=public_id, actor=actor())
    form = RunForm()
    if request.method == "POST" and form.validate():
        run = make_run(
            work,
            actor=actor(),
            exam=exam,
            forms=form.forms.data,
            mode=PrintMode(form.mode.data),
            seed=secrets.token_hex(16),
            now=now,
        )
        work.commit()
        flash("试卷已出好。请另一位考务人员同意印制。", "ok")
        return redirect(url_for("exams.print_run", public_id=public_id, run_id=run.public_id))
    page = render_template(
        "exams/prints.html", exam=exam, runs=runs_of(work, exam), form=form, now=now
    )
    return (page, 422) if request.method == "POST" else page


def print_run(public_id: str, run_id: str) -> str:
    """One run: who made it, who consented, what can be opened, what came back."""
    work, now = db.session(), utcnow()
    run = get_run(work, public_id=public_id, run_id=run_id, actor=actor())
    page = paginate(work, results_query(run))
    amendments = amendments_of(work, [result.attempt_id for result in page.items])
    return render_template(
        "exams/print_run.html",
        exam=run.exam,
        run=run,
        page=page,
        grades=last_grades(work, [result.attempt_id for result in page.items]),
        amendments=amendments,
        waiting=waiting_of_run(work, run),
        refilings=refilings_of(work, [result.attempt_id for result in page.items]),
        moving=waiting_refilings(work, run),
        letters={
            result.attempt_id: letter_of(result, amendments.get(result.attempt_id, ()))
            for result in page.items
        },
        mine=run.made_by_id == actor().person_id,
        key_open=key_is_open(run.exam, now),
        now=now,
    )


def approve_print(public_id: str, run_id: str) -> Response:
    """The second person's consent."""
    work = db.session()
    run = get_run(work, public_id=public_id, run_id=run_id, actor=actor())
    approve_run(work, actor=actor(), run=run, now=utcnow())
    work.commit()
    flash("已同意印制。", "ok")
    return redirect(url_for("exams.print_run", public_id=public_id, run_id=run_id))


@db.writes
def print_papers(public_id: str, run_id: str) -> Response | str:
    """The forms to print, as a page or (`as=pdf`) a PDF; every opening is logged before it is
    shown."""
    work = db.session()
    run = get_run(work, public_id=public_id, run_id=run_id, actor=actor())
    forms = open_papers(work, actor=actor(), run=run, now=utcnow())
    only = request.args.get("form", "")
    chosen = [form for form in forms if form.letter == only] or forms
    shown = printed_forms(work, chosen)
    page: Response | str
    if _wants_pdf():
        letters = "".join(form.letter for form in chosen)
        made = papers_pdf(shown, run=run.public_id, **_page_values(run))
        page = _send_pdf(made, f"{run.exam.title}_{letters}卷")
    else:
        page = _print_page("exams/print/papers.html", run, forms=shown)
    work.commit()
    return page


def print_sheet(public_id: str, run_id: str) -> Response | str:
    """The answer sheet: numbers and bubbles, nothing of the questions."""
    run = get_run(db.session(), public_id=public_id, run_id=run_id, actor=actor())
    papers = papers_of(run.papers)
    choices, texts = answer_sheet(papers)
    if _wants_pdf():
        values = _page_values(run)
        made = sheet_pdf(list(papers), choices, texts, run=run.public_id, **values)
        return _send_pdf(made, f"{run.exam.title}_答题卡")
    return _print_page(
        "exams/print/sheet.html", run, letters=list(papers), choices=choices, texts=texts
    )


@db.writes
def print_key(public_id: str, run_id: str) -> Response | str:
    """The key of every form, after the end; logged."""
    work = db.session()
    run = get_run(work, public_id=public_id, run_id=run_id, actor=actor())
    forms = open_key(work, actor=actor(), run=run, now=utcnow())
    keys = [(form, key_lines(work, form, exam_id=run.exam_id)) for form in forms]
    page: Response | str
    if _wants_pdf():
        made = key_pdf(
            [(form.letter, form.paper_hash[:HASH_SHOWN], sections) for form, sections in keys],
            **_page_values(run),
        )
        page = _send_pdf(made, f"{run.exam.title}_答案")
    else:
        page = _print_page("exams/print/key.html", run, keys=keys)
    work.commit()
    return page


def enter_result(public_id: str, run_id: str) -> Response | str | tuple[str, int]:
    """Type one answer sheet: first it is read back, then it is saved."""
    work = db.session()
    run = get_run(work, public_id=public_id, run_id=run_id, actor=actor())
    form = ResultForm()
    papers = papers_of(run.papers)
    form.letter.choices = [(letter, f"{letter} 卷") for letter in papers]
    if request.method == "GET":
        form.held_at.data = _first_minute(run.exam)
        return _entry_page(run, form, None, [])
    if not form.validate():
        return _entry_page(run, form, None, []), 422
    person = _find_person(form)
    paper = papers[form.letter.data]
    entry = read_entry(paper, form.letters.data or "", form.texts.data or "")
    if person is None or entry.problems:
        return _entry_page(run, form, None, entry.problems), 422
    if request.form.get("do") != "save":
        read_back = [
            (label, shown_answer(part, entry.answers.get(place)))
            for place, label, part in places(paper)
        ]
        return _entry_page(run, form, (person, read_back), [])
    try:
        attempt, is_new = record_result(
            work,
            actor=actor(),
            run=run,
            person=person,
            letter=form.letter.data,
            answers=entry.answers,
            held_at=to_utc(form.held_at.data),
            source=ResultSource.TYPED,
            now=utcnow(),
        )
    except DomainError as error:
        work.rollback()
        run = get_run(work, public_id=public_id, run_id=run_id, actor=actor())
        return _entry_page(run, form, None, [error.message]), error.status
    said = _result_words(attempt) if is_new else "这份答卷以前录入过，没有改动"
    work.commit()
    flash(f"{person.name}（{person.staff_no}）{form.letter.data} 卷：{said}。", "ok")
    return redirect(url_for("exams.enter_result", public_id=public_id, run_id=run_id))


def import_print_results(public_id: str, run_id: str) -> Response | str | tuple[str, int]:
    """A table of answer sheets: all of it or nothing."""
    work = db.session()
    run = get_run(work, public_id=public_id, run_id=run_id, actor=actor())
    form = ImportForm()
    report = ImportReport()
    if request.method == "POST" and form.validate() and (file := form.file.data):
        data = file.read()
        report = import_results(
            work,
            actor=actor(),
            run=run,
            data=data,
            filename=file.filename or "",
            held_at=to_utc(form.held_at.data),
            now=utcnow(),
        )
        if request.form.get("do") == "mistakes":
            work.rollback()
            return _send_mistakes(public_id, run_id, data, report)
        if not report.problems:
            work.commit()
            known = f"，{report.known} 份以前录入过，没有改动" if report.known else ""
            flash(f"已录入 {report.fresh} 份{known}。", "ok")
            return redirect(url_for("exams.print_run", public_id=public_id, run_id=run_id))
        work.rollback()
        run = get_run(work, public_id=public_id, run_id=run_id, actor=actor())
    if request.method == "GET":
        form.held_at.data = _first_minute(run.exam)
    page = render_template(
        "exams/import_results.html",
        exam=run.exam,
        run=run,
        form=form,
        problems=sorted(report.problems)[:SHOWN],
        total=len(report.problems),
    )
    return (page, 422) if request.method == "POST" else page


def _send_mistakes(public_id: str, run_id: str, data: bytes, report: ImportReport) -> Response:
    """The table with what is wrong beside each row; nothing is imported."""
    target = io.BytesIO()
    if report.problems and write_mistakes(target, data, report.problems):
        target.seek(0)
        name = "标出问题的答卷.xlsx"
        return send_file(target, mimetype=XLSX, as_attachment=True, download_name=name)
    if report.problems:
        flash("这个文件的表头或格式有问题，标不出行；请点“检查并导入”看是哪里。", "warn")
    else:
        flash("没有发现问题，还没有导入。可以导入了。", "ok")
    return redirect(url_for("exams.import_print_results", public_id=public_id, run_id=run_id))


def results_template(public_id: str, run_id: str) -> Response:
    """The table to fill in: a column per question, all of them text."""
    run = get_run(db.session(), public_id=public_id, run_id=run_id, actor=actor())
    target = io.BytesIO()
    write_template(target, papers_of(run.papers))
    target.seek(0)
    name = f"纸笔答卷模板_{run.exam.title}.xlsx"
    return send_file(target, mimetype=XLSX, as_attachment=True, download_name=name)


def _print_page(template: str, run: PrintRun, **values: Any) -> str:
    return render_template(template, run=run, pdf=is_installed(), **_page_values(run), **values)


def _page_values(run: PrintRun) -> dict[str, Any]:
    """What every print page and every PDF says."""
    blueprint = read_spec(run.exam.blueprint_revision)
    scoring = MULTI_SCORING_NAMES[blueprint.multi_scoring]
    return {"exam": run.exam, "blueprint": blueprint, "scoring": scoring}


def _wants_pdf() -> bool:
    return request.args.get("as") == "pdf"


def _send_pdf(data: bytes, name: str) -> Response:
    return send_file(
        io.BytesIO(data),
        mimetype="application/pdf",
        as_attachment=True,
        download_name=f"{name}.pdf",
    )


def _first_minute(exam: Exam) -> datetime:
    """The first full minute of the window, as the field shows it: it knows no seconds."""
    opens = exam.opens_at.astimezone(DISPLAY_ZONE).replace(tzinfo=None)
    minute = opens.replace(second=0, microsecond=0)
    return minute if minute == opens else minute + timedelta(minutes=1)


def _entry_page(
    run: PrintRun,
    form: ResultForm,
    checked: tuple[Person, list[tuple[str, str]]] | None,
    problems: list[str],
) -> str:
    papers = papers_of(run.papers)
    first = next(iter(papers.values()))
    return render_template(
        "exams/enter_result.html",
        exam=run.exam,
        run=run,
        form=form,
        checked=checked,
        problems=problems,
        wanted=choice_count(first),
        has_texts=choice_count(first) < sum(1 for _ in places(first)),
    )


def _find_person(form: ResultForm) -> Person | None:
    number = (form.staff_no.data or "").strip()
    person = db.session().scalar(select(Person).where(Person.staff_no == number))
    if person is None:
        form.staff_no.errors = ["没有这个工号，请核对答题卡"]
    return person


def _result_words(attempt: Attempt) -> str:
    grade = last_grade(db.session(), attempt.id)
    if grade is None or grade.passed is None:
        return "已录入，等待阅卷"
    word = "合格" if grade.passed else "未合格"
    return f"已录入，{centi_text(grade.score_centi)} 分，{word}"
