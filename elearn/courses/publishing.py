"""A parsed course becomes an immutable revision; the pointer moves, learners keep their progress.

What identifies a revision is its source. Its rendering (HTML, table of contents, citations, the
exact question revisions) may improve without a new one and is refreshed in place.
"""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from elearn.bank.services import publish_questions, retire_missing
from elearn.core.lessons.blocks import anchor_blocks
from elearn.core.lessons.model import Course, Lesson
from elearn.models import (
    BankQuestion,
    ContentAsset,
    CourseRevision,
    LessonCitation,
    LessonQuizItem,
    Pool,
    QuestionRevision,
)
from elearn.models import Course as CourseRow
from elearn.models import Lesson as LessonRow


def publish_course(session: Session, *, course: Course, now: datetime) -> CourseRevision:
    """Make this the current revision; the same content gives the same revision.

    Raises Conflict when a quiz question's code belongs to another file.
    """
    row = session.scalar(select(CourseRow).where(CourseRow.code == course.code))
    if row is None:
        row = CourseRow(code=course.code)
        session.add(row)
        session.flush()
    revision = session.scalar(
        select(CourseRevision).where(
            CourseRevision.course_id == row.id, CourseRevision.hash == course.revision_hash
        )
    ) or _add_revision(session, row, course, now)
    _add_assets(session, course)
    questions = _publish_quizzes(session, row, course, now)
    known = {lesson.code: lesson for lesson in revision.lessons}
    for lesson in course.lessons:
        _refresh_lesson(session, known[lesson.code], lesson, questions)
    row.current_revision_id, row.active = revision.id, True
    session.flush()
    return revision


def _add_revision(
    session: Session, row: CourseRow, course: Course, now: datetime
) -> CourseRevision:
    revision = CourseRevision(
        course=row,
        hash=course.revision_hash,
        title=course.title,
        strand=course.strand,
        topics=list(course.topics),
        summary=course.summary,
        required=course.required,
        hours_centi=course.hours_centi,
        audience=list(course.audience),
        rule=course.rule.canonical(),
        intro_html=course.intro_html,
        created_at=now,
        lessons=[
            LessonRow(
                position=position,
                code=lesson.code,
                title=lesson.title,
                minutes=lesson.minutes,
                quiz_required=lesson.quiz_required,
                html="",
                toc=[],
                tasks=[],
            )
            for position, lesson in enumerate(course.lessons, start=1)
        ],
    )
    session.add(revision)
    session.flush()
    return revision


def _add_assets(session: Session, course: Course) -> None:
    digests = [asset.sha256 for asset in course.assets]
    known = set(
        session.scalars(select(ContentAsset.sha256).where(ContentAsset.sha256.in_(digests)))
    )
    for asset in {asset.sha256: asset for asset in course.assets}.values():
        if asset.sha256 not in known:
            session.add(
                ContentAsset(
                    sha256=asset.sha256, name=asset.name[-200:], mime=asset.mime, data=asset.data
                )
            )


def withdraw_course(session: Session, *, row: CourseRow) -> None:
    """The course leaves the catalogue and its quiz questions are free for another course. Revisions,
    progress and records stay."""
    row.active = False
    for path in _quiz_files(session, row):
        retire_missing(session, file_path=path, pool=Pool.LESSON, keep=())


def _publish_quizzes(
    session: Session, row: CourseRow, course: Course, now: datetime
) -> dict[str, int]:
    """Question code -> revision id. What the course's files no longer hold is retired first, so
    that a question may move from one lesson to another, or its file be renamed."""
    files = {
        f"{course.folder}/{lesson.file}": [one for fence in lesson.quizzes for one in fence]
        for lesson in course.lessons
    }
    for path in _quiz_files(session, row) | files.keys():
        codes = [question.code for question in files.get(path, [])]
        retire_missing(session, file_path=path, pool=Pool.LESSON, keep=codes)
    revisions: dict[str, int] = {}
    for path, questions in files.items():
        revisions |= publish_questions(
            session, questions=questions, pool=Pool.LESSON, file_path=path, now=now
        )
    return revisions


def _quiz_files(session: Session, row: CourseRow) -> set[str]:
    """Where the questions of the revision published so far come from."""
    query = (
        select(BankQuestion.file_path)
        .join(QuestionRevision, QuestionRevision.question_id == BankQuestion.id)
        .join(LessonQuizItem, LessonQuizItem.question_revision_id == QuestionRevision.id)
        .join(LessonRow, LessonRow.id == LessonQuizItem.lesson_id)
        .where(LessonRow.course_revision_id == row.current_revision_id)
    )
    return set(session.scalars(query.distinct()))


def _refresh_lesson(
    session: Session, row: LessonRow, lesson: Lesson, questions: dict[str, int]
) -> None:
    """Write the rendering, the questions and the citations where they differ."""
    row.html = anchor_blocks(lesson.html)
    row.toc = [[entry.level, entry.anchor, entry.text] for entry in lesson.toc]
    row.tasks = [task.canonical() for task in lesson.tasks]
    wanted = [
        (slot, position, questions[question.code])
        for slot, fence in enumerate(lesson.quizzes)
        for position, question in enumerate(fence)
    ]
    items = select(
        LessonQuizItem.slot, LessonQuizItem.position, LessonQuizItem.question_revision_id
    ).where(LessonQuizItem.lesson_id == row.id)
    if sorted(wanted) != sorted(map(tuple, session.execute(items))):
        session.execute(delete(LessonQuizItem).where(LessonQuizItem.lesson_id == row.id))
        for slot, position, revision_id in wanted:
            session.add(
                LessonQuizItem(
                    lesson_id=row.id,
                    slot=slot,
                    position=position,
                    question_revision_id=revision_id,
                )
            )
        session.flush()
        session.expire(row, ["quiz_items"])
    _refresh_citations(session, row, lesson)


def _refresh_citations(session: Session, row: LessonRow, lesson: Lesson) -> None:
    quiz = [one for fence in lesson.quizzes for question in fence for one in question.citations]
    wanted = {(one.law, one.version, one.article) for one in [*lesson.citations, *quiz]}
    cited = select(LessonCitation.law, LessonCitation.version, LessonCitation.article)
    known = set(map(tuple, session.execute(cited.where(LessonCitation.lesson_id == row.id))))
    if wanted == known:
        return
    session.execute(delete(LessonCitation).where(LessonCitation.lesson_id == row.id))
    for law, version, article in sorted(wanted):
        session.add(LessonCitation(lesson_id=row.id, law=law, version=version, article=article))
