"""Some months in the demo district: courses learned, exams sat, a unit that is late.

Everything goes through the services that real use goes through, with the time of the story as
`now`; only reading evidence is written as rows, since nobody can be seen reading in the past.
"""

import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn.assignments.services import create_assignment
from elearn.bank.queries import StoredKey, load_keys
from elearn.core.access import Actor, Role
from elearn.core.assembly.paper import PaperItem, paper_from_canonical
from elearn.core.grading.answers import shown_options
from elearn.core.questions.model import QuestionType
from elearn.courses.evidence import settle
from elearn.exams.attempts.services import save_answers, start_attempt, submit_attempt
from elearn.exams.sittings.services import schedule_exam
from elearn.models import (
    BlueprintRow,
    Course,
    CourseRevision,
    Exam,
    Lesson,
    LessonProgress,
    OrgUnit,
    Person,
    QuizResponse,
    ReviewPolicy,
)

from .people import DemoOrg

DAY: Final = timedelta(days=1)
LATE_UNIT: Final = "XS"  # 西山镇 learns late and misses the exam
SITTING: Final = 5  # every so-manieth cadre missed an exam


class Storyteller:
    """Holds the organisation and one seeded source of chance: every demo tells the same story."""

    def __init__(self, session: Session, org: DemoOrg, now: datetime):
        self.session = session
        self.org = org
        self.now = now
        self.chance = random.Random(20261123)  # a story, not a secret
        self.late = next(unit for unit in org.middle if unit.code == LATE_UNIT)

    def staff(self, staff_no: str, role: Role) -> Actor:
        """The actor of a staff account, over the whole district."""
        person = self.org.staff[staff_no]
        return Actor(person.id, person.name, person.staff_no, ((role, self.org.root.path),))

    def is_late(self, person: Person) -> bool:
        """Does this person belong to the late unit?"""
        unit = self.session.get_one(OrgUnit, person.org_unit_id)
        return unit.path.startswith(self.late.path)

    def course(self, code: str) -> CourseRevision | None:
        """The published revision; None where the office ships other content."""
        row = self.session.scalar(select(Course).where(Course.code == code))
        return row.current if row else None


def tell_history(session: Session, org: DemoOrg, *, now: datetime) -> None:
    """Assignments, reading, past results, an open exam."""
    story = Storyteller(session, org, now)
    _learn_courses(story)
    _past_exam(story)
    _open_exams(story)


def _learn_courses(story: Storyteller) -> None:
    plan = (
        ("dis-lines", -60, -12, 0.9, 0.3),
        ("fam-home", -45, 30, 0.55, 0.1),
        ("law-powers", -20, 6, 0.4, 0.05),
        ("eth-conflict", -5, 45, 0.1, 0.0),
    )
    for code, assigned, due, share, late_share in plan:
        revision = story.course(code)
        if revision is None:
            continue
        create_assignment(
            story.session,
            actor=story.staff("hr1", Role.HR),
            target=revision.course,
            org_unit=story.org.root,
            ranks=(),
            note="",
            due_at=story.now + due * DAY,
            now=story.now + assigned * DAY,
        )
        for person in story.org.cadres[1:]:
            likely = late_share if story.is_late(person) else share
            if story.chance.random() < likely:
                days = story.chance.randint(1, -assigned - 1) if assigned < -1 else 0
                _read(story, person, revision, revision.lessons, story.now - days * DAY)
            elif story.chance.random() < 0.3:
                half = revision.lessons[: story.chance.randint(1, 2)]
                _read(story, person, revision, half, story.now - 2 * DAY)
    _first_cadre(story)


def _first_cadre(story: Storyteller) -> None:
    """cadre1: one course done, one half read."""
    cadre = story.org.cadres[0]
    done, half = story.course("dis-lines"), story.course("law-powers")
    if done and half:
        _read(story, cadre, done, done.lessons, story.now - 30 * DAY)
        _read(story, cadre, half, half.lessons[:2], story.now - 1 * DAY)


def _read(
    story: Storyteller,
    person: Person,
    revision: CourseRevision,
    lessons: Iterable[Lesson],
    at: datetime,
) -> None:
    """Evidence of having read these lessons, then the completion rule decides as always."""
    for number, lesson in enumerate(lessons):
        opened = at - timedelta(hours=2) + number * timedelta(minutes=12)
        story.session.add(
            LessonProgress(
                person_id=person.id,
                course_id=revision.course_id,
                lesson_code=lesson.code,
                course_revision_id=revision.id,
                opened_at=opened,
                last_seen_at=opened + timedelta(minutes=lesson.minutes),
                finished_at=opened + timedelta(minutes=lesson.minutes),
                visible_seconds=lesson.minutes * 60 - story.chance.randint(0, 90),
            )
        )
        story.session.add_all(
            QuizResponse(
                person_id=person.id,
                course_id=revision.course_id,
                lesson_code=lesson.code,
                question_revision_id=item.question_revision_id,
                answer={"parts": []},
                correct=True,
                at=opened + timedelta(minutes=lesson.minutes),
            )
            for item in lesson.quiz_items
        )
    settle(story.session, person=person, course=revision, now=at)


def _past_exam(story: Storyteller) -> None:
    opens = story.now - 40 * DAY
    exam = _schedule(story, "monthly-20", "十月廉政知识月度小测", opens, opens + 5 * DAY)
    if exam is None:
        return
    _assign_exam(story, exam, opens)
    for number, person in enumerate(story.org.cadres):
        if story.is_late(person) or (number and number % SITTING == 0):
            continue
        at = opens + timedelta(hours=story.chance.randint(1, 100))
        _sit(story, exam, person, at, skill=story.chance.uniform(0.62, 0.98))


def _open_exams(story: Storyteller) -> None:
    opens = story.now - 3 * DAY
    exam = _schedule(story, "integrity-80", "任前廉政知识测试", opens, story.now + 11 * DAY)
    if exam is not None:
        _assign_exam(story, exam, opens)
        for person in story.org.cadres[20:60]:
            at = opens + timedelta(hours=story.chance.randint(1, 60))
            _sit(story, exam, person, at, skill=story.chance.uniform(0.75, 0.99))
    written = _schedule(story, "subjective-mix", "党规党纪综合测试", opens, story.now + 5 * DAY)
    if written is not None:
        for person in story.org.cadres[60:66]:
            _sit(story, written, person, opens + timedelta(hours=5), skill=0.9)


def _schedule(
    story: Storyteller, blueprint: str, title: str, opens: datetime, closes: datetime
) -> Exam | None:
    row = story.session.scalar(select(BlueprintRow).where(BlueprintRow.code == blueprint))
    if row is None or row.current is None:
        return None
    return schedule_exam(
        story.session,
        actor=story.staff("examiner1", Role.EXAMINER),
        blueprint_revision=row.current,
        title=title,
        opens_at=opens,
        closes_at=closes,
        org_unit=story.org.root,
        attempts_max=2,
        review_policy=ReviewPolicy.AT_ONCE,
        now=opens - 2 * DAY,
    )


def _assign_exam(story: Storyteller, exam: Exam, at: datetime) -> None:
    create_assignment(
        story.session,
        actor=story.staff("hr1", Role.HR),
        target=exam,
        org_unit=story.org.root,
        ranks=(),
        note="",
        due_at=exam.closes_at,
        now=at,
    )


def _sit(story: Storyteller, exam: Exam, person: Person, at: datetime, *, skill: float) -> None:
    """A whole attempt: start, answer everything, submit."""
    seed = f"{story.chance.getrandbits(128):032x}"
    attempt = start_attempt(story.session, exam=exam, person=person, now=at, seed=seed)
    items = list(paper_from_canonical(attempt.paper).items)
    keys = load_keys(story.session, [item.revision_hash for item in items])
    events = [
        {
            "event_id": f"demo-{item.number}-{part}",
            "item": item.number,
            "part": part,
            "value": _answer(story, item, part, keys[item.revision_hash], skill),
        }
        for item in items
        for part in range(len(item.parts))
    ]
    minutes = story.chance.randint(8, max(9, exam.duration_s // 60 - 5))
    save_answers(story.session, attempt=attempt, events=events, now=at + timedelta(minutes=2))
    submit_attempt(story.session, attempt=attempt, now=at + timedelta(minutes=minutes))


def _answer(
    story: Storyteller, item: PaperItem, part: int, key: StoredKey, skill: float
) -> list[int] | list[str] | str:
    right, shape = story.chance.random() < skill, item.parts[part]
    stored = key.parts[part]
    if shape.type is QuestionType.SHORT_ANSWER:
        return "先向单位报告并登记，再按规定处理；同时说明理由，留下书面记录。"
    if shape.type is QuestionType.BLANK:
        return [accepted[0] if right else "不清楚" for accepted in stored.blanks]
    options = range(len(shape.option_order))
    wrong = [o for o in options if o not in stored.key] or list(options)
    return shown_options(shape, stored.key if right else [story.chance.choice(wrong)])
