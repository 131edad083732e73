"""What trainers see: courses and bank as published, with keys, and how much there is of each."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Select, String, cast, func, or_, select
from sqlalchemy.orm import Session, contains_eager

from elearn.bank.laws import CitationLink, cite, load_registry
from elearn.bank.queries import Body, StoredKey, load_bodies, load_keys
from elearn.core.errors import NotFound
from elearn.core.questions.model import QuestionStatus, QuestionType
from elearn.core.taxonomy import Strand
from elearn.models import (
    BankQuestion,
    Course,
    CourseRevision,
    Lesson,
    LessonQuizItem,
    Pool,
    QuestionKey,
    QuestionRevision,
)


@dataclass(frozen=True, slots=True)
class BankFilters:
    """Filters of the bank list; None and "" do not filter. `text` is looked for in stems,
    options, explanations and codes."""

    pool: Pool = Pool.BANK
    strand: Strand | None = None
    topic: str = ""
    type: QuestionType | None = None
    difficulty: int | None = None
    status: QuestionStatus | None = None
    law: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Keyed:
    """A question with its key. `slot` is the quiz fence it stands in, 0 elsewhere."""

    code: str
    body: Body
    key: StoredKey
    links: list[CitationLink]
    slot: int = 0
    number: int = 1


@dataclass(slots=True)
class QuestionPage:
    """One question of the bank or of a lesson with everything known about it."""

    row: BankQuestion
    revision: QuestionRevision
    keyed: Keyed
    revisions: list[QuestionRevision]
    lessons: list[tuple[str, str, str]] = field(default_factory=list)
    next_line: int | None = None


def bank_counts(session: Session) -> dict[str, dict[str, int]]:
    """Topic -> {type or status: questions}; types count active questions only."""
    rows = session.execute(
        select(QuestionRevision.topic, QuestionRevision.type, BankQuestion.status, func.count())
        .join(BankQuestion, BankQuestion.current_revision_id == QuestionRevision.id)
        .where(BankQuestion.pool == Pool.BANK)
        .group_by(QuestionRevision.topic, QuestionRevision.type, BankQuestion.status)
        .order_by(QuestionRevision.topic)
    )
    counts: dict[str, dict[str, int]] = {}
    for topic, kind, status, number in rows:
        line = counts.setdefault(topic, {})
        line[status] = line.get(status, 0) + number
        if status == QuestionStatus.ACTIVE:
            line[kind] = line.get(kind, 0) + number
    return counts


def bank_total(counts: dict[str, dict[str, int]]) -> dict[str, int]:
    """All questions of the bank, and the active ones."""
    by_status = [
        (status, line.get(status, 0)) for line in counts.values() for status in QuestionStatus
    ]
    return {
        "all": sum(number for _, number in by_status),
        "active": sum(n for status, n in by_status if status is QuestionStatus.ACTIVE),
    }


def laws_in_use(session: Session) -> list[str]:
    """Short names of registered laws, for the filter."""
    return list(load_registry(session).instruments)


def bank_query(filters: BankFilters) -> Select[BankQuestion]:
    """Questions with their current revision, by code."""
    query = (
        select(BankQuestion)
        .join(QuestionRevision, QuestionRevision.id == BankQuestion.current_revision_id)
        .where(BankQuestion.pool == filters.pool)
        .options(contains_eager(BankQuestion.current))
        .order_by(BankQuestion.code)
    )
    equal: list[tuple[ColumnElement[bool], object]] = [
        (QuestionRevision.strand == filters.strand, filters.strand),
        (QuestionRevision.topic == filters.topic, filters.topic),
        (QuestionRevision.type == filters.type, filters.type),
        (QuestionRevision.difficulty == filters.difficulty, filters.difficulty),
        (BankQuestion.status == filters.status, filters.status),
    ]
    query = query.where(*[condition for condition, wanted in equal if wanted])
    if filters.law:
        cited = cast(QuestionRevision.laws, String)
        query = query.where(cited.contains(f'"{filters.law}@', autoescape=True))
    for word in filters.text.split()[:5]:
        query = query.where(_holds(word))
    return query


def _holds(word: str) -> ColumnElement[bool]:
    explained = select(QuestionKey.question_revision_id).where(
        QuestionKey.question_revision_id == QuestionRevision.id,
        QuestionKey.search_text.icontains(word, autoescape=True),
    )
    return or_(
        BankQuestion.code.icontains(word, autoescape=True),
        QuestionRevision.search_text.icontains(word, autoescape=True),
        explained.exists(),
    )


def find_question(session: Session, code: str) -> QuestionPage:
    """Raises NotFound for an unknown code."""
    row = session.scalar(select(BankQuestion).where(BankQuestion.code == code))
    if row is None or row.current is None:
        raise NotFound("没有这道题。")
    revision = row.current
    return QuestionPage(
        row=row,
        revision=revision,
        keyed=keyed(session, [(revision.hash, code, 0)])[0],
        revisions=list(
            session.scalars(
                select(QuestionRevision)
                .where(QuestionRevision.question_id == row.id)
                .order_by(QuestionRevision.id.desc())
            )
        ),
        lessons=_asking_lessons(session, row),
        next_line=session.scalar(
            select(func.min(BankQuestion.line)).where(
                BankQuestion.file_path == row.file_path, BankQuestion.line > row.line
            )
        ),
    )


def keyed(session: Session, wanted: Iterable[tuple[str, str, int]]) -> list[Keyed]:
    """(revision hash, code, slot) -> the questions with their keys, in the order given."""
    wanted = list(wanted)
    hashes = [digest for digest, _, _ in wanted]
    bodies, keys = load_bodies(session, hashes), load_keys(session, hashes)
    registry = load_registry(session)
    return [
        Keyed(
            code=code,
            body=bodies[digest],
            key=keys[digest],
            links=[cite(registry, text) for text in keys[digest].citations],
            slot=slot,
            number=number,
        )
        for number, (digest, code, slot) in enumerate(wanted, start=1)
    ]


def _asking_lessons(session: Session, row: BankQuestion) -> list[tuple[str, str, str]]:
    """(course code, lesson code, lesson title) of current lessons that ask this question."""
    return list(
        session.execute(
            select(Course.code, Lesson.code, Lesson.title)
            .join(CourseRevision, CourseRevision.id == Course.current_revision_id)
            .join(Lesson, Lesson.course_revision_id == CourseRevision.id)
            .join(LessonQuizItem, LessonQuizItem.lesson_id == Lesson.id)
            .join(QuestionRevision, QuestionRevision.id == LessonQuizItem.question_revision_id)
            .where(QuestionRevision.question_id == row.id)
            .order_by(Course.code, Lesson.position)
        ).all()
    )
