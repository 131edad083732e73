"""The learner's pages: catalogue, course, lesson with quiz, laws, media."""

from typing import Any, cast

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse
from werkzeug.wsgi import wrap_file

from elearn import db
from elearn.core.centi import centi_text
from elearn.core.completion import decide
from elearn.core.errors import DomainError
from elearn.core.lessons.blocks import excerpt, first_position, split_slots
from elearn.core.questions.markup import inline_html, prose_html
from elearn.core.reading import rule_sentence
from elearn.core.taxonomy import AUDIENCE_NAMES
from elearn.models import CourseRevision, Lesson
from elearn.web.auth import current, utcnow, wants_json
from elearn.web.paging import paginate

from . import catalogue as listing
from . import laws as registry
from . import services
from .forms import read_answer, read_filters
from .media import PIECE, AssetFile, find_asset, read_piece
from .paths.queries import path_lines
from .queries import find_course, find_lesson, record_of, rule_of, standing
from .quizzes import load_items
from .tasks.queries import task_states

blueprint = Blueprint("courses", __name__)


@blueprint.app_template_filter("rich")
def rich(text: str) -> Markup:
    """The little markup of items, inline: bold and line ends."""
    return Markup(inline_html(text))  # noqa: S704  inline_html escapes


@blueprint.app_template_filter("paragraphs")
def paragraphs(text: str) -> Markup:
    """The same, in paragraphs."""
    return Markup(prose_html(text))  # noqa: S704  prose_html escapes


@blueprint.app_template_filter("lesson_html")
def lesson_html(text: str) -> Markup:
    """HTML of a lesson: sanitised when the course was parsed."""
    return Markup(text)  # noqa: S704  core.lessons.renderer sanitises


@blueprint.get("/courses")
def catalogue() -> str:
    """Find a course by strand, kind or words."""
    work, person = db.session(), current().person
    filters = read_filters(request.args)
    page = paginate(work, listing.catalogue_query(person, filters))
    return render_template(
        "courses/catalogue.html",
        filters=filters,
        shows=listing.Show,
        page=page,
        cards=listing.cards(work, person=person, revisions=page.items),
        counts=listing.strand_counts(work, person=person, filters=filters),
        paths=path_lines(work, person) if filters == listing.Filters() and page.number == 1 else [],
    )


@blueprint.get("/courses/<code>")
def course(code: str) -> str:
    """What it counts for, how far the person is, what comes next."""
    work, person = db.session(), current().person
    revision = find_course(work, person=person, code=code)
    seen = standing(work, person_id=person.id, revision=revision)
    return render_template(
        "courses/course.html",
        course=revision,
        seen=seen,
        decision=decide(rule_of(revision), seen.evidence(), seen.days),
        rule=rule_sentence(rule_of(revision), len(seen.lessons), quizzes=_any_quiz(seen.lessons)),
        study_minutes=rule_of(revision).study_minutes,
        study_days=rule_of(revision).study_days,
        record=record_of(work, person_id=person.id, course_code=code),
        AUDIENCES=AUDIENCE_NAMES,
    )


@blueprint.get("/courses/<code>/<lesson_code>")
@db.writes
def lesson(code: str, lesson_code: str) -> str:
    """Read. That the server sent the page is recorded: it is the evidence for having opened it."""
    work, person, now = db.session(), current().person, utcnow()
    revision, row = find_lesson(work, person=person, course_code=code, lesson_code=lesson_code)
    progress = services.open_lesson(work, person=person, course=revision, lesson=row, now=now)
    context = _lesson_context(revision, row)
    resume = progress.position if progress.position != first_position(row.html) else ""
    work.commit()
    return render_template(
        "courses/lesson.html",
        pieces=split_slots(row.html),
        resume=resume,
        resume_words=excerpt(row.html, resume),
        tasks=task_states(work, person_id=person.id, course_id=revision.course_id, lesson=row),
        just_answered=request.args.get("done", ""),
        again=request.args.get("again", ""),
        empty=request.args.get("empty", ""),
        need="need" in request.args,
        **context,
    )


@blueprint.post("/courses/<code>/<lesson_code>/beat")
def beat(code: str, lesson_code: str) -> Response:
    """A page with scripts says every quarter of a minute that it is being read."""
    work, person = db.session(), current().person
    revision, row = find_lesson(
        work, person=person, course_code=code, lesson_code=lesson_code, text=False
    )
    result = services.record_beat(
        work,
        person=person,
        course=revision,
        lesson=row,
        position=request.form.get("position", ""),
        away="away" in request.form,
        now=utcnow(),
    )
    work.commit()
    return jsonify(seconds=result.seconds, done=result.done)


@blueprint.post("/courses/<code>/<lesson_code>/quiz")
def answer_quiz(code: str, lesson_code: str) -> BaseResponse:
    """One question answered: the result in place (JSON), or on the reloaded page."""
    work, person = db.session(), current().person
    revision, row = find_lesson(
        work, person=person, course_code=code, lesson_code=lesson_code, text=False
    )
    answers = read_answer(request.form)
    question = next(iter(answers))
    try:
        services.answer_quiz(
            work, person=person, course=revision, lesson=row, answers=answers, now=utcnow()
        )
    except DomainError as error:
        if wants_json() or error.code != "E-EMPTY":
            raise
        work.rollback()
        return _to_lesson(code, lesson_code, f"q-{question}", empty=question)
    work.commit()
    if wants_json():
        return _answered(revision, row, question)
    return _to_lesson(code, lesson_code, f"q-{question}", done=question)


@blueprint.post("/courses/<code>/<lesson_code>/finish")
def finish_lesson(code: str, lesson_code: str) -> BaseResponse:
    """学完: on to the next lesson, or back to what is missing."""
    work, person = db.session(), current().person
    revision, row = find_lesson(
        work, person=person, course_code=code, lesson_code=lesson_code, text=False
    )
    try:
        finished = services.finish_lesson(
            work, person=person, course=revision, lesson=row, now=utcnow()
        )
    except services.QuizOpen:
        if wants_json():
            raise
        work.rollback()
        return _to_lesson(code, lesson_code, "missing", need="1")
    work.commit()
    record = finished.settled.record
    if finished.settled.new and record is not None:
        flash(f"这门课已完成，记 {centi_text(record.hours_centi)} 学时。", "ok")
        return redirect(url_for("courses.course", code=code), 303)
    if finished.following is None:
        return redirect(url_for("courses.course", code=code), 303)
    return _to_lesson(code, finished.following.code)


@blueprint.get("/laws")
def laws() -> str:
    """The law registry."""
    return render_template("courses/laws.html", instruments=registry.all_instruments(db.session()))


@blueprint.get("/laws/<short>")
def law(short: str) -> str:
    """One instrument: versions, and which lessons cite which article."""
    page = registry.law_page(
        db.session(), person=current().person, short=short, version=request.args.get("v")
    )
    return render_template("courses/law.html", page=page)


@blueprint.get("/content-assets/<sha256>")
def asset(sha256: str) -> Response:
    """A media file by its content: never changes, never runs, may be asked for in parts."""
    mime, size = find_asset(db.session(), sha256)
    engine = db.get_engine()

    def fetch(start: int, length: int) -> bytes:
        # The request's own session is closed before a long body is sent.
        with db.new_session(engine, write=False) as work:
            return read_piece(work, sha256, start, length)

    response = current_app.response_class(
        wrap_file(request.environ, cast(Any, AssetFile(size, fetch)), PIECE),
        mimetype=mime,
        direct_passthrough=True,
    )
    response.content_length = size
    response.set_etag(sha256)
    response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["Content-Disposition"] = "inline"
    return cast(
        Response,
        response.make_conditional(request, accept_ranges=True, complete_length=size),
    )


def _any_quiz(lessons: list[Lesson]) -> bool:
    return any(lesson.quiz_required for lesson in lessons)


def _lesson_context(revision: CourseRevision, row: Lesson) -> dict[str, Any]:
    """What the lesson page, its quiz and its end need."""
    work, person = db.session(), current().person
    seen = standing(work, person_id=person.id, revision=revision)
    must_pass = rule_of(revision).quiz
    items = load_items(work, lesson=row, person_id=person.id)
    still_open = seen.open_items(row, must_pass=must_pass) if row.quiz_required else []
    return {
        "course": revision,
        "lesson": row,
        "seen": seen,
        "items": items,
        "still_open": [item for item in items if item.number in still_open],
        "must_pass": must_pass,
        "finished": seen.finished(row.code),
        "decision": decide(rule_of(revision), seen.evidence(), seen.days),
        "record": record_of(work, person_id=person.id, course_code=revision.course.code),
    }


def _answered(revision: CourseRevision, row: Lesson, question: str) -> Response:
    """The question with its feedback and the end of the page, as pieces of HTML."""
    context = _lesson_context(revision, row)
    item = next(item for item in context["items"] if item.code == question)
    return jsonify(
        correct=item.passed,
        html=render_template("courses/quiz_item.html", item=item, **context),
        end=render_template("courses/lesson_end.html", need=False, **context),
    )


def _to_lesson(code: str, lesson_code: str, anchor: str | None = None, **args: str) -> BaseResponse:
    target = url_for(
        "courses.lesson", code=code, lesson_code=lesson_code, _anchor=anchor, **cast(Any, args)
    )
    return redirect(target, 303)
