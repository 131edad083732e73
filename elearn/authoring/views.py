"""Trainers' pages: courses and bank as the product reads them, with every finding of the checker."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from elearn import db
from elearn.core.errors import DomainError
from elearn.core.facts import FACT_STATUS_NAMES
from elearn.core.lessons.blocks import split_slots
from elearn.core.questions.markup import plain_text
from elearn.core.questions.model import QuestionStatus, QuestionType
from elearn.core.reading import rule_sentence
from elearn.core.statistics.items import FEW
from elearn.core.taxonomy import AUDIENCE_NAMES
from elearn.courses.queries import lessons_of, rule_of
from elearn.exams.analysis import services
from elearn.exams.analysis.difficulty import appearances, question_estimate
from elearn.models import Pool, QuestionRevision
from elearn.web.auth import actor, settings, utcnow
from elearn.web.paging import paginate

from . import published, queries, record
from .findings import Checked, checked
from .forms import DifficultyForm, read_bank_filters

blueprint = Blueprint("authoring", __name__)


@blueprint.app_template_filter("stem_line")
def stem_line(revision: QuestionRevision, length: int = 60) -> str:
    """The first words of a question, for lists."""
    body = revision.body
    text = " ".join(plain_text(body["stem"] or body["parts"][0]["stem"]).split())
    return text if len(text) <= length else text[:length] + "…"


@blueprint.get("/authoring")
def overview() -> str:
    """How much there is, what the checker says, and what is not published yet."""
    work = db.session()
    found = _checked()
    topics = queries.bank_counts(work)
    return render_template(
        "authoring/overview.html",
        courses=published.course_lines(work),
        topics=topics,
        total=queries.bank_total(topics),
        types=list(QuestionType),
        checked=found,
        unpublished=found.unpublished(published.published_files(work)),
        root=settings().course_root(),
    )


@blueprint.get("/authoring/courses/<code>")
def course(code: str) -> str:
    """A course with its lessons and findings."""
    work = db.session()
    revision = published.find_course(work, code)
    lessons = lessons_of(work, revision.id)
    folder = published.folder_of(work, revision)
    return render_template(
        "authoring/course.html",
        course=revision,
        lessons=lessons,
        files=published.lesson_files(work, folder),
        folder=folder,
        rule=rule_sentence(
            rule_of(revision), len(lessons), quizzes=any(one.quiz_required for one in lessons)
        ),
        problems=_checked().of_folder(folder),
        AUDIENCES=AUDIENCE_NAMES,
    )


@blueprint.get("/authoring/courses/<code>/<lesson_code>")
def lesson(code: str, lesson_code: str) -> str:
    """A lesson as learners see it, with the keys of its quiz."""
    work = db.session()
    revision = published.find_course(work, code)
    row = published.find_lesson(work, course=revision, lesson_code=lesson_code)
    file = published.lesson_files(work, published.folder_of(work, revision)).get(lesson_code)
    return render_template(
        "authoring/lesson.html",
        course=revision,
        lesson=row,
        pieces=split_slots(row.html),
        items=published.keyed_quiz(work, row),
        citations=published.citations_of(work, row),
        file=file,
        problems=_checked().of_file(file) if file else [],
    )


@blueprint.get("/authoring/bank")
def bank() -> str:
    """The bank with filters."""
    work = db.session()
    filters = read_bank_filters(request.args)
    return render_template(
        "authoring/bank.html",
        filters=filters,
        page=paginate(work, queries.bank_query(filters)),
        laws=queries.laws_in_use(work),
        types=list(QuestionType),
        statuses=list(QuestionStatus),
        pools=list(Pool),
    )


@blueprint.get("/authoring/bank/<code>")
def question(code: str) -> str:
    """A question with key, explanation, citations, place in the files and revisions."""
    work = db.session()
    page = queries.find_question(work, code)
    return render_template(
        "authoring/question.html",
        page=page,
        estimate=question_estimate(work, page.row),
        appearances=appearances(work, page.row, actor()),
        FEW=FEW,
        problems=_checked().of_file(page.row.file_path, page.row.line, page.next_line),
        AUDIENCES=AUDIENCE_NAMES,
    )


@blueprint.get("/authoring/facts")
def facts() -> str:
    """The editor's record, to be ticked off against the sources."""
    work = db.session()
    found = record.load_record(work)
    lines = record.fact_lines(work, found) if found else []
    wanted = request.args.get("show", "")
    show = record.Show(wanted) if wanted in set(record.Show) else record.Show.OPEN
    return render_template(
        "authoring/facts.html",
        lines=record.chosen(lines, show),
        counts={name: len(record.chosen(lines, name)) for name in record.Show},
        show=show,
        names=record.SHOW_NAMES,
        statuses=FACT_STATUS_NAMES,
        kept=found is not None,
    )


@blueprint.post("/authoring/facts/<fact_id>")
def confirm_fact(fact_id: str) -> Response:
    """已核对."""
    work = db.session()
    record.confirm_fact(
        work,
        actor=actor(),
        fact_id=fact_id,
        text_hash=request.form.get("text_hash", ""),
        note=request.form.get("note", ""),
        now=utcnow(),
    )
    work.commit()
    flash(f"{fact_id} 已核对。", "ok")
    return redirect(url_for("authoring.facts", show=request.form.get("show", "")), 303)


@blueprint.post("/authoring/bank/<code>/difficulty")
def decide_difficulty(code: str) -> Response:
    """Accept or refuse the difficulty that people's answers suggest."""
    work = db.session()
    form = DifficultyForm()
    row = queries.find_question(work, code).row
    if not form.validate():
        raise DomainError("请从题目页面上的按钮选择采纳或不采纳。", code="E-FORM")
    services.decide_difficulty(
        work,
        actor=actor(),
        question=row,
        revision_hash=form.revision.data or "",
        suggested=form.suggested.data or 0,
        accepted=form.verdict.data == "accept",
        now=utcnow(),
    )
    work.commit()
    flash("已记录。题目本身没有改动。", "ok")
    return redirect(url_for("authoring.question", code=code))


def _checked() -> Checked:
    return checked(settings().course_root(), now=utcnow())
