"""Who is covered, and how far each person is: the one SQL definition against every case."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from elearn.assignments.coverage import Who, assignments_in_force, is_in_force
from elearn.assignments.duties import Duty, counts_of_duties, duties_of
from elearn.assignments.facts import counts_by, facts_query, people_in_state
from elearn.core.duties import DutyState, Fact
from elearn.core.rates import Counts
from elearn.models import Assignment, Course, Exam, OrgUnit, Party, Person
from tests.factories import NOW, make_person, make_unit
from tests.factories_reports import (
    DAY,
    list_candidate,
    make_assignment,
    make_attempt,
    make_course,
    make_course_record,
    make_exam,
    make_grade,
    make_progress,
)

PAST = NOW - DAY


def in_force(session: Session, *ids: int) -> list[Assignment]:
    query = assignments_in_force().order_by(Assignment.due_at, Assignment.id)
    return list(session.scalars(query.where(Assignment.id.in_(ids)) if ids else query))


def everybody(session: Session) -> list[Who]:
    rows = session.execute(
        select(Person.id, OrgUnit.path, Person.rank, Person.party, Person.created_at)
        .join(Person.org_unit)
        .where(Person.active)
    )
    return [Who(*row) for row in rows]


def covered(session: Session, assignment: Assignment) -> set[int]:
    """Asked both ways, which must agree."""
    session.flush()
    [loaded] = in_force(session, assignment.id) or [None]
    if loaded is None:
        return set()
    by_sql = {row.person_id for row in session.execute(facts_query(loaded, now=NOW))}
    found = duties_of(session, everybody(session), [loaded], now=NOW)
    assert by_sql == {person for person, duties in found.items() if duties}
    return by_sql


def test_nobody_is_asked_for_what_was_over_before_they_came(session: Session) -> None:
    unit = make_unit(session)
    old = make_person(session, unit)
    new = make_person(session, unit, created_at=NOW - timedelta(days=1))
    course = make_course(session)
    past = make_assignment(session, unit, course, due_at=NOW - timedelta(days=2))
    coming = make_assignment(session, unit, make_course(session), due_at=NOW + timedelta(days=2))
    assert covered(session, past) == {old.id}
    assert covered(session, coming) == {old.id, new.id}


def duty_of(session: Session, assignment: Assignment, person: Person) -> Duty:
    """Looked up both ways, which must agree."""
    [loaded] = in_force(session, assignment.id)
    who = Who(person.id, person.org_unit.path, person.rank, person.party, person.created_at)
    [duty] = duties_of(session, [who], [loaded], now=NOW)[person.id]
    for state in DutyState:
        listed = people_in_state([loaded], state, now=NOW)
        assert (person.id in session.scalars(select(listed.c.person_id))) == (state == duty.state)
    counts = counts_by(session, [loaded], [Person.id == person.id], now=NOW)
    assert counts == {(person.org_unit_id, loaded.id): counts_of_duties([duty])}
    return duty


def state_of(session: Session, assignment: Assignment, person: Person) -> DutyState:
    return duty_of(session, assignment, person).state


# ------------------------------------------------------------------ who is covered


def test_a_subtree_is_covered_and_nothing_beside_it(session: Session) -> None:
    root = make_unit(session)
    town, other = make_unit(session, root), make_unit(session, root)
    inside = make_unit(session, town)
    people = {unit.id: make_person(session, unit) for unit in (root, town, other, inside)}
    assignment = make_assignment(session, town, make_course(session))
    assert covered(session, assignment) == {people[town.id].id, people[inside.id].id}


def test_a_path_that_only_looks_like_a_prefix_is_not_a_subtree(session: Session) -> None:
    root = make_unit(session)
    town, like = make_unit(session, root), make_unit(session, root)
    like.path = town.path.rstrip("/") + "7/"
    session.flush()
    make_person(session, like)
    here = make_person(session, town)
    assert covered(session, make_assignment(session, town, make_course(session))) == {here.id}


def test_people_who_left_are_not_covered(session: Session) -> None:
    unit = make_unit(session)
    here = make_person(session, unit)
    make_person(session, unit, active=False)
    assert covered(session, make_assignment(session, unit, make_course(session))) == {here.id}


def test_ranks_are_matched_whole_and_literally(session: Session) -> None:
    unit = make_unit(session)
    ranks = ["一级科员", "二级科员", "科员", "", "%", "_级科员"]
    people = {rank: make_person(session, unit, rank=rank).id for rank in ranks}
    named = make_assignment(session, unit, make_course(session), ranks="|一级科员|二级科员|")
    assert covered(session, named) == {people["一级科员"], people["二级科员"]}
    everybody = make_assignment(session, unit, make_course(session))
    assert covered(session, everybody) == set(people.values())


def test_an_exam_with_a_list_asks_only_those_on_it(session: Session) -> None:
    unit = make_unit(session)
    listed, _ = make_person(session, unit), make_person(session, unit)
    outside = make_person(session)
    exam = make_exam(session, unit, listed_only=True)
    list_candidate(session, exam, listed)
    list_candidate(session, exam, outside)
    assert covered(session, make_assignment(session, unit, exam)) == {listed.id}


@pytest.mark.parametrize(
    ("audience", "asked"),
    [
        (["PARTY"], {Party.PARTY, None}),
        (["NON_PARTY", "CHIEF"], {Party.NON_PARTY, None}),
        (["PARTY", "NON_PARTY"], {Party.PARTY, Party.NON_PARTY, None}),
        (["CHIEF"], {Party.PARTY, Party.NON_PARTY, None}),
        ([], {Party.PARTY, Party.NON_PARTY, None}),
    ],
)
def test_a_course_for_party_members_asks_no_others(
    session: Session, audience: list[str], asked: set[Party | None]
) -> None:
    unit = make_unit(session)
    people = {
        p: make_person(session, unit, party=p).id for p in (Party.PARTY, Party.NON_PARTY, None)
    }
    assignment = make_assignment(session, unit, make_course(session, audience=audience))
    assert covered(session, assignment) == {people[party] for party in asked}


def test_what_is_cancelled_or_retired_asks_nobody(session: Session) -> None:
    unit = make_unit(session)
    make_person(session, unit)
    retired, draft = make_course(session), make_course(session)
    session.get_one(Course, retired.course_id).active = False
    session.get_one(Course, draft.course_id).current_revision_id = None
    assignments = [
        make_assignment(session, unit, make_course(session), cancelled_at=NOW),
        make_assignment(session, unit, make_exam(session, unit, cancelled_at=NOW)),
        make_assignment(session, unit, retired),
        make_assignment(session, unit, draft),
    ]
    session.flush()
    assert [covered(session, each) for each in assignments] == [set(), set(), set(), set()]
    for assignment in assignments:
        session.refresh(assignment)
        assert not is_in_force(assignment)
    assert is_in_force(make_assignment(session, unit, make_course(session)))


# ------------------------------------------------------------------ how far a person is


@pytest.mark.parametrize(
    ("opened", "done", "late", "state"),
    [
        (0, False, False, DutyState.NOT_STARTED),
        (1, False, False, DutyState.IN_PROGRESS),
        (0, False, True, DutyState.OVERDUE),
        (1, False, True, DutyState.OVERDUE),
        (1, True, False, DutyState.DONE),
        (1, True, True, DutyState.DONE),
    ],
)
def test_state_of_a_course(
    session: Session, opened: int, *, done: bool, late: bool, state: DutyState
) -> None:
    person, course = make_person(session), make_course(session)
    make_progress(session, person, course, opened=opened)
    if done:
        make_course_record(session, person, course)
    due = PAST if late else NOW + DAY
    assignment = make_assignment(session, person.org_unit, course, due_at=due)
    assert state_of(session, assignment, person) == state


def test_due_this_very_moment_is_overdue(session: Session) -> None:
    person = make_person(session)
    assignment = make_assignment(session, person.org_unit, make_course(session), due_at=NOW)
    assert state_of(session, assignment, person) == DutyState.OVERDUE


def test_records_of_another_course_or_person_do_not_count(session: Session) -> None:
    person, course = make_person(session), make_course(session)
    make_course_record(session, person, make_course(session))
    make_course_record(session, make_person(session, person.org_unit), course)
    make_progress(session, make_person(session, person.org_unit), course)
    assignment = make_assignment(session, person.org_unit, course)
    assert state_of(session, assignment, person) == DutyState.NOT_STARTED


Sit = Callable[[Session, Person, Exam], None]


def sat(score: int, *, passed: bool | None, no: int = 1) -> Sit:
    return lambda s, p, e: void(make_attempt(s, p, e, score=score, passed=passed, no=no))


def running(session: Session, person: Person, exam: Exam) -> None:
    make_attempt(session, person, exam, at=NOW - timedelta(minutes=5))


def left_open(session: Session, person: Person, exam: Exam) -> None:
    """The phone is gone and the server has not closed it yet."""
    make_attempt(session, person, exam, at=NOW - timedelta(hours=3))


def failed_twice(session: Session, person: Person, exam: Exam) -> None:
    for no in (1, 2):
        make_attempt(session, person, exam, score=40, passed=False, no=no)


def failed_then_passed(session: Session, person: Person, exam: Exam) -> None:
    make_attempt(session, person, exam, score=40, passed=False, no=1)
    make_attempt(session, person, exam, score=90, passed=True, no=2)


def regraded(first: bool, then: bool) -> Sit:  # noqa: FBT001  a pair of results
    def act(session: Session, person: Person, exam: Exam) -> None:
        attempt = make_attempt(session, person, exam, score=80, passed=first)
        make_grade(session, attempt, score=70, passed=then, no=2)

    return act


def nothing(*_: object) -> None:
    """Never came."""


def void(_: object) -> None:
    """Drop a result."""


@pytest.mark.parametrize(
    ("act", "late", "state", "took", "passed"),
    [
        (nothing, False, DutyState.NOT_STARTED, 0, 0),
        (nothing, True, DutyState.ABSENT, 0, 0),
        (running, False, DutyState.IN_PROGRESS, 0, 0),
        (running, True, DutyState.IN_PROGRESS, 0, 0),
        (left_open, False, DutyState.IN_PROGRESS, 1, 0),
        (left_open, True, DutyState.IN_PROGRESS, 1, 0),
        (sat(90, passed=True), False, DutyState.DONE, 1, 1),
        (sat(90, passed=True), True, DutyState.DONE, 1, 1),
        (sat(40, passed=False), False, DutyState.IN_PROGRESS, 1, 0),
        (sat(40, passed=False), True, DutyState.FAILED, 1, 0),
        (sat(60, passed=None), False, DutyState.IN_PROGRESS, 1, 0),
        (sat(60, passed=None), True, DutyState.IN_PROGRESS, 1, 0),
        (failed_twice, False, DutyState.FAILED, 1, 0),
        (failed_then_passed, False, DutyState.DONE, 1, 1),
        (regraded(True, False), True, DutyState.FAILED, 1, 0),
        (regraded(False, True), True, DutyState.DONE, 1, 1),
    ],
)
def test_state_of_an_exam(
    session: Session, act: Sit, state: DutyState, took: int, passed: int, *, late: bool
) -> None:
    person = make_person(session)
    exam = make_exam(session, person.org_unit)
    act(session, person, exam)
    due = PAST if late else exam.closes_at
    assignment = make_assignment(session, person.org_unit, exam, due_at=due)
    duty = duty_of(session, assignment, person)
    assert (duty.state, Fact.TOOK in duty.facts, Fact.PASSED in duty.facts) == (
        state,
        bool(took),
        bool(passed),
    )


def test_an_exam_that_closes_before_its_date_is_due_when_it_closes(session: Session) -> None:
    person = make_person(session)
    exam = make_exam(session, person.org_unit, opens_at=NOW - 3 * DAY, closes_at=PAST)
    assignment = make_assignment(session, person.org_unit, exam, due_at=NOW + 5 * DAY)
    duty = duty_of(session, assignment, person)
    assert (duty.state, duty.due_at) == (DutyState.ABSENT, PAST)


def test_attempts_at_another_exam_do_not_count(session: Session) -> None:
    person = make_person(session)
    exam, other = (make_exam(session, person.org_unit) for _ in range(2))
    make_attempt(session, person, other, score=90, passed=True)
    make_attempt(session, make_person(session, person.org_unit), exam, score=90, passed=True)
    assignment = make_assignment(session, person.org_unit, exam)
    assert state_of(session, assignment, person) == DutyState.NOT_STARTED


# ------------------------------------------------------------------ counts


def counts(session: Session, unit: OrgUnit) -> Counts:
    inside = OrgUnit.path.startswith(unit.path)
    return sum(counts_by(session, in_force(session), [inside], now=NOW).values(), Counts())


def busy_unit(session: Session) -> OrgUnit:
    """Five people with a course, a course past its date, and an exam past its date."""
    unit = make_unit(session)
    people = [make_person(session, unit) for _ in range(5)]
    course, late = make_course(session), make_course(session)
    exam = make_exam(session, unit)
    make_assignment(session, unit, course)
    make_assignment(session, unit, late, due_at=PAST)
    make_assignment(session, unit, exam, due_at=PAST)
    make_course_record(session, people[0], course)
    make_progress(session, people[1], course)
    make_course_record(session, people[0], late)
    make_attempt(session, people[0], exam, score=90, passed=True)
    make_attempt(session, people[1], exam, score=50, passed=False)
    make_attempt(session, people[2], exam, score=50, passed=None)
    return unit


BUSY = Counts(
    assigned=15,
    done=3,
    in_progress=2,
    not_started=3,
    overdue=4,
    absent=2,
    failed=1,
    should_sit=5,
    took=3,
    passed=1,
)


def test_counts_are_of_people_times_assignments_and_add_up(session: Session) -> None:
    assert counts(session, busy_unit(session)) == BUSY
    states = ("done", "in_progress", "not_started", "overdue", "absent", "failed")
    assert sum(getattr(BUSY, name) for name in states) == BUSY.assigned


def test_counts_of_people_and_of_units_are_the_same(session: Session) -> None:
    unit = busy_unit(session)
    duties = duties_of(session, everybody(session), in_force(session), now=NOW)
    one_by_one = sum((counts_of_duties(each) for each in duties.values()), Counts())
    assert one_by_one == counts(session, unit) == BUSY


def test_people_in_state_come_once_per_duty(session: Session) -> None:
    busy_unit(session)
    late = people_in_state(in_force(session), DutyState.OVERDUE, now=NOW)
    assert len(session.scalars(select(late.c.person_id)).all()) == BUSY.overdue
    every = people_in_state(in_force(session), None, now=NOW)
    assert len(session.scalars(select(every.c.person_id)).all()) == BUSY.assigned
    nobody = people_in_state([], DutyState.DONE, now=NOW)
    assert session.scalars(select(nobody.c.person_id)).all() == []


def test_no_duties_no_counts(session: Session) -> None:
    unit = make_unit(session)
    make_person(session, unit)
    assert counts(session, unit) == Counts()


def test_three_hundred_assignments_fit_into_few_statements(session: Session) -> None:
    unit = make_unit(session)
    person, course = make_person(session, unit), make_course(session)
    make_assignment(session, unit, course, ranks="|一级科员|")
    for _ in range(299):
        make_assignment(session, unit, make_course(session, lessons=1))
    make_course_record(session, person, course)
    loaded = in_force(session)
    statements: list[str] = []
    bind = session.connection()

    def note(*args: object) -> None:
        statements.append(str(args[2]))

    event.listen(bind, "before_cursor_execute", note)
    total = sum(counts_by(session, loaded, [], now=NOW).values(), Counts())
    done = people_in_state(loaded, DutyState.DONE, now=NOW)
    found = session.scalars(select(done.c.person_id)).all()
    every = people_in_state(loaded, None, now=NOW)
    asked = session.scalars(select(every.c.person_id)).all()
    event.remove(bind, "before_cursor_execute", note)
    assert (total.assigned, total.done, total.not_started) == (300, 1, 299)
    assert found == [person.id]
    assert len(asked) == 300
    assert len(statements) == 5
