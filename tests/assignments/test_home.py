"""待办: the right things, in the right order, with the right next step."""

from datetime import timedelta

from sqlalchemy import event
from sqlalchemy.orm import Session

from elearn.assignments.home import CourseCard, ExamCard, Home, Urgency, home_of
from elearn.core.duties import DutyState
from elearn.models import Person
from tests.factories import NOW, make_person, make_unit
from tests.factories_reports import (
    DAY,
    make_assignment,
    make_attempt,
    make_course,
    make_course_record,
    make_exam,
    make_progress,
)


def home(session: Session, person: Person) -> Home:
    return home_of(session, person=person, now=NOW)


def titles(cards: list[CourseCard | ExamCard]) -> list[str]:
    return [
        card.revision.title if isinstance(card, CourseCard) else card.situation.exam.title
        for card in cards
    ]


def test_nothing_to_do(session: Session) -> None:
    assert home(session, make_person(session)) == Home([], [], [])


def test_order_is_running_overdue_soon_started_new(session: Session) -> None:
    person = make_person(session)
    unit = person.org_unit
    courses = {
        title: make_course(session, title=title) for title in ("新", "在学", "将到", "很晚", "刚过")
    }
    for title, days in (("新", 30), ("在学", 40), ("将到", 3), ("刚过", -1), ("很晚", -20)):
        make_assignment(session, unit, courses[title], due_at=NOW + days * DAY)
    make_progress(session, person, courses["在学"])
    exam = make_exam(session, unit, title="考着")
    make_assignment(session, unit, exam)
    make_attempt(session, person, exam, at=NOW - timedelta(minutes=5))
    found = home(session, person)
    assert titles(found.todo) == ["考着", "很晚", "刚过", "将到", "在学", "新"]
    assert [card.urgency for card in found.todo] == [
        Urgency.RUNNING,
        Urgency.OVERDUE,
        Urgency.OVERDUE,
        Urgency.SOON,
        Urgency.STARTED,
        Urgency.NEW,
    ]


def test_the_next_step_of_a_course_is_its_first_unread_lesson(session: Session) -> None:
    person, course = make_person(session), make_course(session, lessons=5)
    make_assignment(session, person.org_unit, course, note="七一前完成")
    make_progress(session, person, course, opened=3, finished=2)
    [card] = home(session, person).todo
    assert isinstance(card, CourseCard)
    assert card.next_lesson is not None
    assert (card.next_lesson.position, card.read, card.lessons, card.minutes) == (3, 2, 5, 30)
    assert (card.started, card.note, card.due) == (True, "七一前完成", "还有 10 天")


def test_a_course_read_to_the_end_and_not_completed_has_no_next_lesson(session: Session) -> None:
    person, course = make_person(session), make_course(session)
    make_assignment(session, person.org_unit, course)
    make_progress(session, person, course, opened=3, finished=3)
    [card] = home(session, person).todo
    assert isinstance(card, CourseCard)
    assert card.next_lesson is None


def test_what_is_done_is_gone(session: Session) -> None:
    person, course = make_person(session), make_course(session)
    exam = make_exam(session, person.org_unit)
    make_assignment(session, person.org_unit, course, due_at=NOW - DAY)
    make_assignment(session, person.org_unit, exam)
    make_progress(session, person, course)
    make_course_record(session, person, course)
    make_attempt(session, person, exam, score=90, passed=True)
    assert home(session, person) == Home([], [], [])


def test_what_is_asked_twice_stands_once_with_the_earlier_date(session: Session) -> None:
    root = make_unit(session)
    person = make_person(session, make_unit(session, root))
    course = make_course(session)
    make_assignment(session, root, course, due_at=NOW + 30 * DAY)
    make_assignment(session, person.org_unit, course, due_at=NOW + 5 * DAY)
    [card] = home(session, person).todo
    assert card.due_at == NOW + 5 * DAY


def test_tasks_of_other_units_and_people_are_not_mine(session: Session) -> None:
    root = make_unit(session)
    person = make_person(session, make_unit(session, root))
    other = make_unit(session, root)
    make_assignment(session, other, make_course(session))
    make_assignment(session, other, make_exam(session, other))
    make_assignment(session, root, make_course(session), ranks="|县处级正职|")
    assert home(session, person) == Home([], [], [])


def test_own_courses_and_open_exams_are_offered_but_not_counted(session: Session) -> None:
    person = make_person(session)
    for at in range(5):
        make_progress(session, person, make_course(session, title=f"自选{at}"))
    make_exam(session, person.org_unit, title="可参加")
    make_exam(session, person.org_unit, opens_at=NOW + DAY)
    make_exam(session, make_unit(session))
    found = home(session, person)
    assert found.todo == []
    assert len(found.optional) == 4
    assert "可参加" in titles(found.optional)


def test_a_running_attempt_is_shown_even_if_nobody_assigned_the_exam(session: Session) -> None:
    person = make_person(session)
    exam = make_exam(session, person.org_unit)
    attempt = make_attempt(session, person, exam, at=NOW - timedelta(minutes=1))
    found = home(session, person)
    [card] = found.todo
    assert isinstance(card, ExamCard)
    assert card.situation.running is attempt
    assert found.optional == []


def test_an_exam_over_for_this_person_has_its_result_and_no_button(session: Session) -> None:
    person = make_person(session)
    unit = person.org_unit
    past = {"opens_at": NOW - 5 * DAY, "closes_at": NOW - DAY}
    absent, failed = make_exam(session, unit, **past), make_exam(session, unit, **past)
    pending, used = make_exam(session, unit), make_exam(session, unit, attempts_max=1)
    for exam in (absent, failed, pending, used):
        make_assignment(session, unit, exam)
    make_attempt(session, person, failed, score=10, passed=False, at=NOW - 2 * DAY)
    make_attempt(session, person, pending, score=10, passed=None)
    make_attempt(session, person, used, score=10, passed=False)
    found = home(session, person)
    assert found.todo == found.optional == []
    states = {card.situation.exam.id: (card.state, card.pending) for card in found.closed}
    assert states == {
        absent.id: (DutyState.ABSENT, False),
        failed.id: (DutyState.FAILED, False),
        pending.id: (DutyState.IN_PROGRESS, True),
        used.id: (DutyState.FAILED, False),
    }


def test_an_exam_past_its_date_but_still_open_can_be_sat(session: Session) -> None:
    person = make_person(session)
    exam = make_exam(session, person.org_unit)
    make_assignment(session, person.org_unit, exam, due_at=NOW - DAY)
    [card] = home(session, person).todo
    assert (card.urgency, card.due) == (Urgency.OVERDUE, "已逾期 1 天")


def test_the_page_costs_the_same_with_one_task_and_with_thirty(session: Session) -> None:
    counts = []
    for tasks in (1, 15):
        person = make_person(session)
        for _ in range(tasks):
            course = make_course(session)
            make_assignment(session, person.org_unit, course)
            make_progress(session, person, course)
            make_assignment(session, person.org_unit, make_exam(session, person.org_unit))
        session.expire_all()
        session.refresh(person)
        session.refresh(person, ["org_unit"])
        statements: list[str] = []

        def note(*args: object, seen: list[str] = statements) -> None:
            seen.append(str(args[2]))

        bind = session.connection()
        event.listen(bind, "before_cursor_execute", note)
        found = home(session, person)
        for card in found.todo:
            assert card.due
        event.remove(bind, "before_cursor_execute", note)
        assert len(found.todo) == 2 * tasks
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 14
