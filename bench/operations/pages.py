"""What every cadre does: sign in, see what is due, read, answer a question in a lesson."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import select

from bench.measure import WARM, Cost, Job, Missing
from bench.operations.catalogue import Operation
from bench.visitor import Visitor
from bench.world import PASSWORD, Lab, World
from elearn import db
from elearn.bank.queries import KeyPart, load_keys
from elearn.models import (
    BankQuestion,
    Course,
    Lesson,
    LessonQuizItem,
    Person,
    QuestionRevision,
)

SIGN_INS: Final = 30
PAGES: Final = 60


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of a lesson and the form that answers it right."""

    course: str
    lesson: str
    form: dict[str, str | list[str]]


def measure_sign_in(lab: Lab) -> Cost:
    """The form sent from a new browser."""
    world = lab.world
    path = world.address("accounts.sign_in")
    jobs = [
        Visitor(world.app).post(path, data={"staff_no": number, "password": PASSWORD})
        for number in _staff_numbers(world, world.take(SIGN_INS + WARM))
    ]
    return world.meter.measure(jobs)


def measure_home(lab: Lab) -> Cost:
    """待办 of a person with four courses and an exam."""
    world = lab.world
    path = world.address("assignments.home")
    return world.meter.measure([visitor.get(path) for visitor in world.visitors(PAGES + WARM)])


def measure_lesson(lab: Lab) -> Cost:
    """A lesson opened for the first time, its questions in it."""
    world = lab.world
    asked = _asked(world)
    path = world.address("courses.lesson", code=asked.course, lesson_code=asked.lesson)
    return world.meter.measure([visitor.get(path) for visitor in world.visitors(PAGES + WARM)])


def measure_quiz(lab: Lab) -> Cost:
    """One question answered right by a page with scripts: the answer is rendered HTML."""
    world = lab.world
    asked = _asked(world)
    names = {"code": asked.course, "lesson_code": asked.lesson}
    page, path = (
        world.address("courses.lesson", **names),
        world.address("courses.answer_quiz", **names),
    )
    visitors = world.visitors(PAGES + WARM)
    for visitor in visitors:
        opened = visitor.get(page)
        opened.check(opened.run())
    return world.meter.measure([_answer(visitor, path, asked) for visitor in visitors])


def _answer(visitor: Visitor, path: str, asked: Asked) -> Job:
    return visitor.post(
        path, data=asked.form, accept="application/json", expect=200, needle='"correct":true'
    )


def _staff_numbers(world: World, ids: list[int]) -> list[str]:
    with db.new_session(world.engine, write=False) as work:
        return list(work.scalars(select(Person.staff_no).where(Person.id.in_(ids))))


def _asked(world: World) -> Asked:
    """The first question of the first lesson that has one."""
    query = (
        select(Course.code, Lesson.code, BankQuestion.code, QuestionRevision.hash)
        .join(Lesson, Lesson.course_revision_id == Course.current_revision_id)
        .join(LessonQuizItem, LessonQuizItem.lesson_id == Lesson.id)
        .join(QuestionRevision, QuestionRevision.id == LessonQuizItem.question_revision_id)
        .join(BankQuestion, BankQuestion.id == QuestionRevision.question_id)
        .order_by(Course.code, Lesson.position, LessonQuizItem.slot, LessonQuizItem.position)
    )
    with db.new_session(world.engine, write=False) as work:
        first = work.execute(query.limit(1)).first()
        if first is None:
            raise Missing(world.problem or "no lesson has a question")
        course, lesson, question, digest = first
        parts = load_keys(work, [digest])[digest].parts
    form: dict[str, str | list[str]] = {"question": question, "parts": str(len(parts))}
    form |= {f"a{number}": _fields(part) for number, part in enumerate(parts)}
    return Asked(course, lesson, form)


def _fields(part: KeyPart) -> list[str]:
    if part.blanks:
        return [accepted[0] for accepted in part.blanks]
    return [str(option) for option in part.key] or ["先报告，再按规定办。"]


OPERATIONS: Final = (
    Operation("sign-in", measure_sign_in),
    Operation("home page", measure_home),
    Operation("lesson page", measure_lesson),
    Operation("quiz answer", measure_quiz),
)
