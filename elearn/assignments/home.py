"""The home page: what one person has to do, in the order to do it. A handful of statements."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import Session, defer, joinedload, selectinload

from elearn.config import DISPLAY_ZONE
from elearn.core.duties import DutyState, Fact, due_words, is_soon
from elearn.exams.attempts.queries import Situation, Standing, situations
from elearn.exams.notices.queries import unread_notices
from elearn.exams.sittings.queries import exams_of_person_query
from elearn.models import (
    Assignment,
    Attempt,
    Course,
    CourseRevision,
    Exam,
    ExamNotice,
    Lesson,
    LessonProgress,
    Person,
    RecordKind,
    TrainingRecord,
)
from elearn.records.promotions import MakingUp, making_up
from elearn.records.queries import expiring

from .coverage import Who, assignments_in_force
from .duties import Duty, duties_of
from .facts import sittings

CLOSED_FOR = timedelta(days=30)  # how long an exam that is over is still mentioned
OWN_COURSES = 3  # courses begun without an assignment that the page offers to go on with


class Urgency(IntEnum):
    """The order of the list."""

    RUNNING = 0
    OVERDUE = 1
    SOON = 2
    STARTED = 3
    NEW = 4


@dataclass(frozen=True, slots=True)
class CourseCard:
    """A course to learn. `next_lesson` None: every lesson is read and something else is missing.

    `due_at` None: begun by choice, nobody asks for it.
    """

    urgency: Urgency
    revision: CourseRevision
    due_at: datetime | None
    due: str
    note: str
    minutes: int
    read: int
    lessons: int
    next_lesson: Lesson | None
    started: bool


@dataclass(frozen=True, slots=True)
class ExamCard:
    """An exam to sit. `due_at` None: open to this person, nobody asks for it.

    `pending`: handed in, a marker has to look at it first.
    """

    urgency: Urgency
    situation: Situation
    state: DutyState | None
    due_at: datetime | None
    due: str
    note: str
    pending: bool

    @property
    def over(self) -> bool:
        """Nothing this person can do about it now: 缺考, 未合格, 待阅卷."""
        ended = {Standing.CLOSED, Standing.USED_UP, Standing.CANCELLED}
        return self.situation.running is None and (self.pending or self.situation.standing in ended)


@dataclass(frozen=True, slots=True)
class Home:
    """`todo` is counted in the greeting; `optional` and `closed` (缺考, 未合格, 待阅卷) are not."""

    todo: list[CourseCard | ExamCard]
    optional: list[CourseCard | ExamCard]
    closed: list[ExamCard]
    notices: list[ExamNotice] = field(default_factory=list)
    expiring: list[TrainingRecord] = field(default_factory=list)
    making_up: list[MakingUp] = field(default_factory=list)


def home_of(session: Session, *, person: Person, now: datetime) -> Home:
    """Everything the page shows but the hours."""
    duties = _duties(session, person, now)
    courses = _course_cards(session, person, [d for d in duties if d.assignment.course], now)
    exams = _exam_cards(session, person, [d for d in duties if d.assignment.exam], now)
    cards: list[CourseCard | ExamCard] = [*courses, *(card for card in exams if not card.over)]
    cards.sort(key=_order)
    asked = [c for c in cards if c.due_at is not None or c.urgency is Urgency.RUNNING]
    return Home(
        todo=asked,
        optional=[card for card in cards if card not in asked],
        closed=[card for card in exams if card.over],
        notices=unread_notices(session, person.id),
        expiring=_expiring(session, person, now),
        making_up=_making_up(session, person, now),
    )


def _expiring(session: Session, person: Person, now: datetime) -> list[TrainingRecord]:
    today = now.astimezone(DISPLAY_ZONE).date()
    query = expiring(today).where(TrainingRecord.person_id == person.id)
    return list(session.scalars(query))


def _making_up(session: Session, person: Person, now: datetime) -> list[MakingUp]:
    today = now.astimezone(DISPLAY_ZONE).date()
    return [each for each in making_up(session, [person], today=today) if each.open]


def _duties(session: Session, person: Person, now: datetime) -> list[Duty]:
    """Not done yet; where the same thing is asked twice, the earlier date."""
    path = person.org_unit.path
    done = exists().where(
        TrainingRecord.person_id == person.id,
        TrainingRecord.kind == RecordKind.COURSE,
        TrainingRecord.subject_code == Course.code,
    )
    ancestors = [int(part) for part in path.split("/") if part]
    assignments = session.scalars(
        assignments_in_force().where(
            Assignment.org_unit_id.in_(ancestors),
            or_(
                and_(Course.id.is_not(None), ~done),
                and_(Exam.id.is_not(None), Exam.closes_at > now - CLOSED_FOR),
            ),
        )
    ).all()
    who = Who(person.id, path, person.rank, person.party, person.created_at)
    first: dict[tuple[int | None, int | None], Duty] = {}
    for duty in duties_of(session, [who], assignments, now=now)[person.id]:
        key = (duty.assignment.course_id, duty.assignment.exam_id)
        if duty.state != DutyState.DONE and (key not in first or duty.due_at < first[key].due_at):
            first[key] = duty
    return list(first.values())


def _course_cards(
    session: Session, person: Person, duties: Sequence[Duty], now: datetime
) -> list[CourseCard]:
    asked = {duty.assignment.course_id: duty for duty in duties}
    begun = _begun_courses(session, person)
    own = [course_id for course_id in begun if course_id not in asked][:OWN_COURSES]
    revisions = session.scalars(
        select(CourseRevision)
        .join(Course, Course.current_revision_id == CourseRevision.id)
        .where(Course.id.in_([*asked, *own]), Course.active)
        .options(
            joinedload(CourseRevision.course),
            selectinload(CourseRevision.lessons).options(defer(Lesson.html), defer(Lesson.toc)),
            defer(CourseRevision.intro_html),
        )
    ).unique()
    finished = _finished_lessons(session, person)
    return [
        _course_card(
            revision,
            asked.get(revision.course_id),
            finished.get(revision.course_id, set()),
            started=revision.course_id in begun,
            now=now,
        )
        for revision in revisions
    ]


def _course_card(
    revision: CourseRevision,
    duty: Duty | None,
    finished: set[str],
    *,
    started: bool,
    now: datetime,
) -> CourseCard:
    unread = [lesson for lesson in revision.lessons if lesson.code not in finished]
    return CourseCard(
        urgency=_urgency(duty, now, started=started),
        revision=revision,
        due_at=duty.due_at if duty else None,
        due=due_words(duty.due_at, now, DISPLAY_ZONE) if duty else "",
        note=duty.assignment.note if duty else "",
        minutes=sum(lesson.minutes for lesson in unread),
        read=len(revision.lessons) - len(unread),
        lessons=len(revision.lessons),
        next_lesson=unread[0] if unread else None,
        started=started,
    )


def _begun_courses(session: Session, person: Person) -> list[int]:
    """Courses opened and not completed, last read first."""
    done = exists().where(
        TrainingRecord.person_id == person.id,
        TrainingRecord.kind == RecordKind.COURSE,
        TrainingRecord.subject_code == Course.code,
    )
    rows = session.scalars(
        select(LessonProgress.course_id)
        .join(Course, Course.id == LessonProgress.course_id)
        .where(LessonProgress.person_id == person.id, Course.active, ~done)
        .order_by(LessonProgress.last_seen_at.desc())
    )
    return list(dict.fromkeys(rows))


def _finished_lessons(session: Session, person: Person) -> dict[int, set[str]]:
    finished: dict[int, set[str]] = {}
    for course_id, code in session.execute(
        select(LessonProgress.course_id, LessonProgress.lesson_code).where(
            LessonProgress.person_id == person.id, LessonProgress.finished_at.is_not(None)
        )
    ):
        finished.setdefault(course_id, set()).add(code)
    return finished


def _exam_cards(
    session: Session, person: Person, duties: Sequence[Duty], now: datetime
) -> list[ExamCard]:
    asked = {duty.assignment.exam_id: duty for duty in duties}
    exams: dict[int, Exam] = {
        d.assignment.exam.id: d.assignment.exam for d in duties if d.assignment.exam
    }
    open_to = exams_of_person_query(person).where(Exam.closes_at > now, Exam.opens_at <= now)
    exams |= {exam.id: exam for exam in session.scalars(open_to)}
    passed = _passed_exams(session, person, exams, now)
    cards = []
    for situation in situations(session, exams=list(exams.values()), person=person, now=now):
        duty = asked.get(situation.exam.id)
        can_go = situation.standing in {Standing.IN_PROGRESS, Standing.OPEN}
        if situation.running is None and situation.exam.id in passed:
            continue
        if duty is None and not can_go:
            continue
        cards.append(_exam_card(situation, duty, now))
    return cards


def _exam_card(situation: Situation, duty: Duty | None, now: datetime) -> ExamCard:
    closes = situation.exam.closes_at
    urgency = _urgency(duty, now, started=bool(situation.attempts))
    return ExamCard(
        urgency=Urgency.RUNNING if situation.running else urgency,
        situation=situation,
        state=duty.state if duty else None,
        due_at=duty.due_at if duty else None,
        due=due_words(duty.due_at if duty else closes, now, DISPLAY_ZONE),
        note=duty.assignment.note if duty else "",
        pending=duty is not None and Fact.PENDING in duty.facts,
    )


def _passed_exams(
    session: Session, person: Person, exam_ids: Iterable[int], now: datetime
) -> set[int]:
    """Passed by the latest grade: the same definition as everywhere."""
    query = sittings(now).where(Attempt.person_id == person.id, Attempt.exam_id.in_(list(exam_ids)))
    return {row.exam_id for row in session.execute(query) if Fact.PASSED in Fact(row.facts)}


def _urgency(duty: Duty | None, now: datetime, *, started: bool) -> Urgency:
    if duty is not None and duty.due_at <= now:
        return Urgency.OVERDUE
    if duty is not None and is_soon(duty.due_at, now, DISPLAY_ZONE):
        return Urgency.SOON
    return Urgency.STARTED if started else Urgency.NEW


def _order(card: CourseCard | ExamCard) -> tuple[int, float]:
    far = float("inf")
    return card.urgency, card.due_at.timestamp() if card.due_at else far
