"""The invigilator's board: who is where, and that ten thousand cost what ten cost."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, event, insert, select
from sqlalchemy.orm import Session

from elearn.core.access import Role
from elearn.exams.attempts.services import save_answers, submit_attempt
from elearn.exams.invigilation.presence import hear
from elearn.exams.invigilation.queries import (
    OFFLINE_AFTER,
    SILENT_AFTER,
    Headcount,
    Progress,
    Row,
    board_query,
    headcount,
    progress_of,
    rows_of,
)
from elearn.models import (
    Attempt,
    AttemptPresence,
    AttemptState,
    Exam,
    LeaveRule,
    OrgUnit,
    Person,
    new_public_id,
)
from tests.conftest import Browser
from tests.exams.conftest import Case
from tests.factories import NOW, make_person, make_unit
from tests.factories_exams import event as answer
from tests.factories_exams import make_attempt, make_bank, make_exam

SECOND = timedelta(seconds=1)


@pytest.fixture
def root(session: Session) -> OrgUnit:
    make_bank(session)
    return make_unit(session)


@pytest.fixture
def examiner(session: Session, root: OrgUnit) -> Person:
    return make_person(session, root, Role.EXAMINER)


def board(session: Session, exam: Exam, now: datetime, **filters: object) -> list[Row]:
    return rows_of(session.execute(board_query(exam, now=now, **filters)).all())  # type: ignore[arg-type]


def test_headcount_and_board_agree(session: Session, root: OrgUnit, examiner: Person) -> None:
    exam = make_exam(session, root, by=examiner, leave_rule=LeaveRule.NOTIFY, leave_notify=2)
    names = ("absent", "fresh", "silent", "polling", "gone", "away", "held", "done", "moved")
    people = {name: make_person(session, root) for name in names}
    now = NOW + timedelta(minutes=10)
    attempts = {
        name: make_attempt(session, exam, person, now=NOW)
        for name, person in people.items()
        if name not in {"absent", "fresh"}
    }
    attempts["fresh"] = make_attempt(session, exam, people["fresh"], now=now - timedelta(minutes=1))
    save_answers(session, attempt=attempts["silent"], events=[answer(1, 0, [0])], now=NOW)
    for name, age in (("polling", 70 * SECOND), ("gone", 80 * SECOND), ("away", 5 * SECOND)):
        hear(session, attempt_id=attempts[name].id, oldest_ms=20_000, now=now - age)
    session.get_one(AttemptPresence, attempts["away"].id).leaves = 2
    attempts["held"].paused_at = now - timedelta(minutes=5)
    for name in ("done", "moved"):
        save_answers(session, attempt=attempts[name], events=[], flags=[1], now=now)
        submit_attempt(session, attempt=attempts[name], now=now)
    people["moved"].org_unit_id = make_unit(session).id
    session.flush()
    assert headcount(session, exam=exam, now=now) == Headcount(
        expected=10, absent=2, answering=6, submitted=2, offline=2, paused=1, leaving=1, heard=2,
        oldest_ms=20_000,
    )  # fmt: skip
    session.expire_all()
    rows = board(session, exam, now)
    order = [progress_of(exam, row, now) for row in rows]
    assert order == sorted(order, key=list(Progress).index)
    wanted = {
        Progress.OFFLINE: {"silent", "gone"},
        Progress.LEAVING: {"away"},
        Progress.PAUSED: {"held"},
        Progress.IN_PROGRESS: {"fresh", "polling"},
        Progress.SUBMITTED: {"done", "moved"},
    }
    for progress, named in wanted.items():
        ids = {people[name].id for name in named}
        assert {row.person.id for row in board(session, exam, now, only=progress)} == ids
        assert {r.person.id for r in rows if progress_of(exam, r, now) == progress} == ids
    absent = {row.person.id for row in board(session, exam, now, only=Progress.ABSENT)}
    assert absent == {people["absent"].id, examiner.id}
    by_id = {row.person.id: row for row in rows}
    assert by_id[people["polling"].id].waiting_ms(now) == 90_000
    assert by_id[people["fresh"].id].waiting_ms(now) == 0
    done = by_id[people["done"].id]
    assert done.grade is not None
    assert done.grade.score_centi == 0
    found = board(session, exam, now, search=people["done"].name)
    assert {row.person.id for row in found} == {people["done"].id}
    assert not board(session, exam, now, search="100%_")


def test_nobody_is_put_forward_for_leaving_unless_the_exam_says_so(
    session: Session, root: OrgUnit, examiner: Person
) -> None:
    exam = make_exam(session, root, by=examiner)
    attempt = make_attempt(session, exam, make_person(session, root))
    hear(session, attempt_id=attempt.id, oldest_ms=0, now=NOW)
    session.get_one(AttemptPresence, attempt.id).leaves = 40
    session.flush()
    assert not board(session, exam, NOW, only=Progress.LEAVING)
    (row,) = board(session, exam, NOW, only=Progress.IN_PROGRESS)
    assert progress_of(exam, row, NOW) == Progress.IN_PROGRESS


def test_the_limits_of_being_offline(session: Session, root: OrgUnit, examiner: Person) -> None:
    exam = make_exam(session, root, by=examiner)
    attempt = make_attempt(session, exam, make_person(session, root))
    for now, offline in ((NOW + SILENT_AFTER, False), (NOW + SILENT_AFTER + SECOND, True)):
        assert bool(board(session, exam, now, only=Progress.OFFLINE)) is offline
    hear(session, attempt_id=attempt.id, oldest_ms=0, now=NOW)
    session.expire_all()
    for now, offline in ((NOW + OFFLINE_AFTER, False), (NOW + OFFLINE_AFTER + SECOND, True)):
        rows = board(session, exam, now, only=Progress.OFFLINE)
        assert [progress_of(exam, row, now) for row in rows] == [Progress.OFFLINE] * offline
    heard = board(session, exam, NOW, search=attempt.person.name)[0].heard_at()
    assert heard == NOW


def test_a_save_after_the_last_poll_means_nothing_waits(
    session: Session, root: OrgUnit, examiner: Person
) -> None:
    exam = make_exam(session, root, by=examiner)
    attempt = make_attempt(session, exam, make_person(session, root))
    hear(session, attempt_id=attempt.id, oldest_ms=9_000, now=NOW)
    save_answers(session, attempt=attempt, events=[answer(1, 0, [0])], now=NOW + SECOND)
    session.expire_all()
    (row,) = board(session, exam, NOW + 2 * SECOND, only=Progress.IN_PROGRESS)
    assert row.waiting_ms(NOW + 2 * SECOND) == 0


def test_board_shows_the_latest_attempt(session: Session, root: OrgUnit, examiner: Person) -> None:
    exam = make_exam(session, root, by=examiner, attempts_max=2)
    person = make_person(session, root)
    submit_attempt(session, attempt=make_attempt(session, exam, person), now=NOW)
    make_attempt(session, exam, person, seed="2")
    mine = [row.attempt for row in board(session, exam, NOW) if row.person.id == person.id]
    assert [attempt.no for attempt in mine if attempt] == [2]
    assert headcount(session, exam=exam, now=NOW).submitted == 0


# ---------------------------------------------------------------- pages


def statements_of(connection: Connection, act: Callable[[], object]) -> int:
    seen: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            seen.append(statement)

    event.listen(connection, "before_cursor_execute", note)
    act()
    event.remove(connection, "before_cursor_execute", note)
    return len(seen)


def fill(session: Session, exam: Exam, like: Attempt, people: int, tag: str) -> None:
    """`people` candidates who are answering, each with a presence row."""
    now = datetime.now(UTC)
    unit_id = exam.org_unit_id
    rows = [
        {
            "public_id": new_public_id(), "staff_no": f"{tag}{n}", "name": f"人{n}",
            "org_unit_id": unit_id, "rank": "科员", "created_at": now,
        }
        for n in range(people)
    ]  # fmt: skip
    session.execute(insert(Person), rows)
    ids = session.scalars(select(Person.id).where(Person.staff_no.startswith(tag))).all()
    attempts = [
        {
            "public_id": new_public_id(), "exam_id": exam.id, "person_id": person_id, "no": 1,
            "state": AttemptState.IN_PROGRESS, "seed": "0" * 32, "bank_hash": like.bank_hash,
            "paper_hash": like.paper_hash, "paper": {"sections": []}, "started_at": now,
            "deadline_at": now + timedelta(hours=1),
        }
        for person_id in ids
    ]  # fmt: skip
    session.execute(insert(Attempt), attempts)
    query = select(Attempt.id).where(Attempt.exam_id == exam.id, Attempt.person_id.in_(ids))
    presences = [{"attempt_id": i, "heard_at": now, "oldest_ms": 0} for i in session.scalars(query)]
    session.execute(insert(AttemptPresence), presences)
    session.commit()


def test_ten_thousand_cost_the_statements_of_sixty(
    client: Browser, case: Case, connection: Connection
) -> None:
    like = make_attempt(case.session, case.exam, case.person, now=datetime.now(UTC))
    case.session.commit()
    client.sign_in(case.examiner, case.session)
    url = f"/manage/exams/{case.exam.public_id}/monitor"
    fill(case.session, case.exam, like, 60, "few")
    few = statements_of(connection, lambda: client.get(url))
    fill(case.session, case.exam, like, 10_000, "many")
    page = ""

    def look() -> None:
        nonlocal page
        page = client.get(url).get_data(as_text=True)

    many = statements_of(connection, look)
    assert "10061" in page.replace(",", "")
    assert "第 1 / 202 页" in page
    assert many == few
    assert many <= 16


def test_monitor_page_says_what_needs_a_look(client: Browser, case: Case) -> None:
    now = datetime.now(UTC)
    attempt = make_attempt(case.session, case.exam, case.person, now=now - timedelta(minutes=5))
    hear(case.session, attempt_id=attempt.id, oldest_ms=0, now=now - timedelta(minutes=4))
    attempt.extra_s = 900
    case.session.commit()
    client.sign_in(case.examiner, case.session)
    page = client.get(f"/manage/exams/{case.exam.public_id}/monitor").get_data(as_text=True)
    assert "联系不上" in page
    assert "照顾加时 15 分钟" in page
    assert "离页记录说明什么" in page
    only = client.get(f"/manage/exams/{case.exam.public_id}/monitor?only=OFFLINE")
    assert case.person.name in only.get_data(as_text=True)
