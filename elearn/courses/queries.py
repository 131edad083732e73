"""Reading courses: what a person may see, how far the person is, what the server saw."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    case,
    cast,
    func,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.orm import Session, contains_eager, defer

from elearn.core.completion import STUDY_DAY_S, LessonEvidence
from elearn.core.errors import NotFound
from elearn.core.lessons.model import CompletionRule
from elearn.models import (
    Course,
    CourseRevision,
    Lesson,
    LessonProgress,
    LessonQuizItem,
    Party,
    Person,
    QuestionRevision,
    QuizResponse,
    RecordKind,
    StudyDay,
    TrainingRecord,
)


@dataclass(frozen=True, slots=True)
class QuizSlot:
    """One question of a lesson's quiz: which fence it stands in, and how the person did."""

    slot: int
    question_id: int
    revision_id: int
    answered: bool = False
    passed: bool = False


@dataclass(slots=True)
class CourseStanding:
    """Everything about one person in one course. `quizzes` by lesson code, in page order."""

    lessons: list[Lesson]
    progress: dict[str, LessonProgress]
    quizzes: dict[str, list[QuizSlot]] = field(default_factory=dict)
    days: int = 0  # of study, where the rule asks for some

    def finished(self, code: str) -> bool:
        """Seen to its end, in whatever revision."""
        row = self.progress.get(code)
        return row is not None and row.finished_at is not None

    @property
    def finished_codes(self) -> set[str]:
        """Codes of the finished lessons."""
        return {lesson.code for lesson in self.lessons if self.finished(lesson.code)}

    @property
    def minutes_read(self) -> int:
        """Whole minutes the server has counted over the lessons of this revision."""
        codes = {lesson.code for lesson in self.lessons}
        return (
            sum(row.visible_seconds for row in self.progress.values() if row.lesson_code in codes)
            // 60
        )

    def lesson_with_room(self) -> Lesson | None:
        """Where more reading still counts."""
        for lesson in self.lessons:
            row = self.progress.get(lesson.code)
            if row is None or row.visible_seconds < lesson.minutes * 60:
                return lesson
        return None

    def updated(self, revision_id: int) -> bool:
        """Was part of it read in an earlier revision?"""
        return any(row.course_revision_id != revision_id for row in self.progress.values())

    def next_lesson(self) -> Lesson | None:
        """The first one not finished, then one where reading still counts, then the first."""
        unread = (lesson for lesson in self.lessons if not self.finished(lesson.code))
        return next(unread, None) or self.lesson_with_room() or next(iter(self.lessons), None)

    def open_items(self, lesson: Lesson, *, must_pass: bool) -> list[int]:
        """Numbers (from 1, over the page) of questions still to be answered, or answered right."""
        items = self.quizzes.get(lesson.code, [])
        return [
            number
            for number, item in enumerate(items, start=1)
            if not (item.passed if must_pass else item.answered)
        ]

    def evidence(self) -> list[LessonEvidence]:
        """What the completion rule is decided on. A finished lesson had its quiz passed then."""
        return [self._evidence(lesson) for lesson in self.lessons]

    def _evidence(self, lesson: Lesson) -> LessonEvidence:
        row = self.progress.get(lesson.code)
        finished = self.finished(lesson.code)
        return LessonEvidence(
            code=lesson.code,
            opened_at=row.opened_at if row else None,
            read_to_end=finished,
            visible_seconds=row.visible_seconds if row else 0,
            quiz_required=lesson.quiz_required,
            quiz_passed=finished or not self.open_items(lesson, must_pass=True),
        )


def admits(person: Person) -> ColumnElement[bool]:
    """Is the course for this person? Only 党员 and 非党员 exclude anybody, and nobody whose
    political status is not known; the other audience words say who it was written for."""
    if person.party is None:
        return true()
    other = Party.NON_PARTY if person.party == Party.PARTY else Party.PARTY
    named = cast(CourseRevision.audience, String)
    return or_(
        not_(named.contains(f'"{other.value}"', autoescape=True)),
        named.contains(f'"{Party(person.party).value}"', autoescape=True),
    )


def visible_courses(person: Person) -> Select[CourseRevision]:
    """Current revisions of the active courses that are for this person."""
    return (
        select(CourseRevision)
        .join(Course, Course.current_revision_id == CourseRevision.id)
        .where(Course.active, admits(person))
        .options(contains_eager(CourseRevision.course))
    )


def find_course(session: Session, *, person: Person, code: str) -> CourseRevision:
    """The current revision. Raises NotFound when there is none for this person."""
    revision = session.scalar(visible_courses(person).where(Course.code == code))
    if revision is None:
        raise NotFound("没有这门课程，或者课程已下线。")
    return revision


def find_lesson(
    session: Session, *, person: Person, course_code: str, lesson_code: str, text: bool = True
) -> tuple[CourseRevision, Lesson]:
    """A lesson of the current revision; without `text` its HTML is left in the database."""
    query = (
        visible_courses(person)
        .add_columns(Lesson)
        .join(Lesson, Lesson.course_revision_id == CourseRevision.id)
        .where(Course.code == course_code, Lesson.code == lesson_code)
    )
    if not text:
        query = query.options(
            defer(Lesson.html), defer(Lesson.toc), defer(CourseRevision.intro_html)
        )
    row = session.execute(query).first()
    if row is None:
        raise NotFound("没有这一节，或者课程已更新。")
    return row[0], row[1]


def lessons_of(session: Session, revision_id: int) -> list[Lesson]:
    """In order, without their text."""
    query = select(Lesson).where(Lesson.course_revision_id == revision_id)
    options = (defer(Lesson.html), defer(Lesson.toc))
    return list(session.scalars(query.options(*options).order_by(Lesson.position)))


def standing(session: Session, *, person_id: int, revision: CourseRevision) -> CourseStanding:
    """Lessons, progress and quizzes in four statements, five where the rule asks for days."""
    rows = session.scalars(
        select(LessonProgress).where(
            LessonProgress.person_id == person_id, LessonProgress.course_id == revision.course_id
        )
    )
    return CourseStanding(
        lessons=lessons_of(session, revision.id),
        progress={row.lesson_code: row for row in rows},
        quizzes=_quizzes(session, person_id, revision),
        days=study_days(session, person_id, revision) if rule_of(revision).study_days else 0,
    )


def study_days(session: Session, person_id: int, revision: CourseRevision) -> int:
    """On how many days the person studied the course."""
    query = select(func.count()).where(
        StudyDay.person_id == person_id,
        StudyDay.course_id == revision.course_id,
        StudyDay.seconds >= STUDY_DAY_S,
    )
    return session.scalar(query) or 0


def _quizzes(
    session: Session, person_id: int, revision: CourseRevision
) -> dict[str, list[QuizSlot]]:
    """A question counts as passed when any revision of it was: mending a typing error in a
    question takes nothing away from those who answered it."""
    right = case((QuizResponse.correct, 1), else_=0)
    tried = {
        question: bool(passed)
        for question, passed in session.execute(
            select(QuestionRevision.question_id, func.max(right))
            .join(QuizResponse, QuizResponse.question_revision_id == QuestionRevision.id)
            .where(
                QuizResponse.person_id == person_id, QuizResponse.course_id == revision.course_id
            )
            .group_by(QuestionRevision.question_id)
        )
    }
    found: dict[str, list[QuizSlot]] = {}
    for code, slot, revision_id, question in session.execute(
        select(
            Lesson.code,
            LessonQuizItem.slot,
            LessonQuizItem.question_revision_id,
            QuestionRevision.question_id,
        )
        .join(LessonQuizItem, LessonQuizItem.lesson_id == Lesson.id)
        .join(QuestionRevision, QuestionRevision.id == LessonQuizItem.question_revision_id)
        .where(Lesson.course_revision_id == revision.id)
        .order_by(Lesson.position, LessonQuizItem.slot, LessonQuizItem.position)
    ):
        found.setdefault(code, []).append(
            QuizSlot(slot, question, revision_id, question in tried, tried.get(question, False))
        )
    return found


def rule_of(revision: CourseRevision) -> CompletionRule:
    """The stored rule as core knows it."""
    stored = revision.rule
    return CompletionRule(
        lessons=stored["lessons"],
        study_minutes=stored["study_minutes"],
        quiz=stored["quiz"],
        version=stored["version"],
        study_days=stored.get("study_days", 0),
    )


def record_of(session: Session, *, person_id: int, course_code: str) -> TrainingRecord | None:
    """The training record of this person and course."""
    return session.scalar(
        select(TrainingRecord).where(
            TrainingRecord.person_id == person_id,
            TrainingRecord.kind == RecordKind.COURSE,
            TrainingRecord.subject_code == course_code,
        )
    )


def completed(person: Person) -> ColumnElement[bool]:
    """For queries over `Course`: has this person a record of it?"""
    return (
        select(TrainingRecord.id)
        .where(
            TrainingRecord.person_id == person.id,
            TrainingRecord.kind == RecordKind.COURSE,
            TrainingRecord.subject_code == Course.code,
        )
        .exists()
    )


def lesson_totals(session: Session, revision_ids: Iterable[int]) -> dict[int, tuple[int, int]]:
    """Revision id -> (number of lessons, minutes)."""
    rows = session.execute(
        select(Lesson.course_revision_id, func.count(), func.sum(Lesson.minutes))
        .where(Lesson.course_revision_id.in_(list(revision_ids)))
        .group_by(Lesson.course_revision_id)
    )
    return {revision: (count, int(minutes)) for revision, count, minutes in rows}


def finished_counts(
    session: Session, *, person: Person, revision_ids: Iterable[int]
) -> dict[int, int]:
    """Revision id -> lessons of it the person has finished; revisions not begun are absent."""
    rows = session.execute(
        select(CourseRevision.id, func.count(LessonProgress.finished_at))
        .join(Lesson, Lesson.course_revision_id == CourseRevision.id)
        .join(
            LessonProgress,
            and_(
                LessonProgress.course_id == CourseRevision.course_id,
                LessonProgress.lesson_code == Lesson.code,
                LessonProgress.person_id == person.id,
            ),
        )
        .where(CourseRevision.id.in_(list(revision_ids)))
        .group_by(CourseRevision.id)
    )
    return dict(rows.all())
