"""Papers drawn and sealed by the sweeper some minutes before the start (开考前 10 分钟抽题)."""

from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from elearn import db
from elearn.core.access import Role
from elearn.core.errors import Conflict, DomainError, Forbidden
from elearn.exams.attempts.services import start_attempt
from elearn.exams.attempts.starting import find_start
from elearn.exams.papers.queries import papers_of, sealed_count
from elearn.exams.papers.services import BATCH, time_sealing
from elearn.exams.papers.timed import due_exam, seal_at, seal_due, seal_some
from elearn.exams.papers.vault import install_vault
from elearn.exams.preflight import papers as preflight
from elearn.exams.preflight.findings import Verdict
from elearn.models import (
    AuditEntry,
    BankQuestion,
    BlueprintRevision,
    ExamPapers,
    PaperMode,
    Person,
    SealedPaper,
)
from tests.conftest import Browser
from tests.exams.test_papers import SECRET, VAULT, Room
from tests.factories import NOW, make_actor, make_person
from tests.factories_exams import make_exam
from tests.side_by_side import meanwhile

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _vault() -> None:
    install_vault(SECRET)


@pytest.fixture
def room(session: Session) -> Room:
    """The exam opens at NOW + 60 minutes."""
    return Room(session)


def timed(room: Room, minutes: int | None = 10) -> None:
    time_sealing(room.session, actor=room.first, exam=room.exam, minutes=minutes, now=NOW)


def look(room: Room, minute: float) -> int:
    """The sweeper looks at NOW + `minute` minutes."""
    at = NOW + minute * MINUTE
    done = seal_due(room.session.connection(), clock=lambda: at, vault=VAULT)
    room.session.expire_all()
    return done


def summaries(room: Room, action: str) -> list[str]:
    query = select(AuditEntry.summary).where(AuditEntry.action == action)
    return list(room.session.scalars(query.order_by(AuditEntry.id)))


@pytest.mark.parametrize("mode", list(PaperMode))
def test_nothing_happens_before_the_time_and_everything_at_it(room: Room, mode: PaperMode) -> None:
    room.mode(mode, 3)
    timed(room)
    assert look(room, 49.9) == 0
    assert sealed_count(room.session, room.exam) == 0
    assert look(room, 50) == 1
    assert sealed_count(room.session, room.exam) == (1 if mode == PaperMode.FIXED else 3)
    assert papers_of(room.session, room.exam).sealed_at == NOW + 50 * MINUTE
    assert look(room, 51) == 0  # once
    assert summaries(room, "papers.seal") == [
        f"《{room.exam.title}》试卷按设定在开考前 10 分钟自动抽好并封存"
    ]
    entry = room.session.scalars(select(AuditEntry).where(AuditEntry.action == "papers.seal")).one()
    assert entry.actor_id is None  # the system's act
    assert room.papers()


def test_sealed_by_the_clock_is_what_would_have_been_drawn_at_the_start(room: Room) -> None:
    timed(room)
    look(room, 55)
    sealed = dict(room.session.execute(select(SealedPaper.person_id, SealedPaper.paper_hash)).all())
    assert [sealed[person.id] for person in room.people] == room.papers()


def test_nobody_looked_in_time_and_the_start_draws_as_ever(room: Room) -> None:
    timed(room)
    assert look(room, 60) == 0  # open: too late to seal
    assert len(room.papers()) == 3
    assert sealed_count(room.session, room.exam) == 0


def test_the_time_goes_with_a_moved_exam_and_a_cancelled_one_is_left_alone(room: Room) -> None:
    timed(room)
    room.exam.opens_at = NOW + 120 * MINUTE
    room.session.flush()
    assert seal_at(room.exam, papers_of(room.session, room.exam)) == NOW + 110 * MINUTE
    assert look(room, 60) == 0
    room.exam.cancelled_at = NOW
    room.session.flush()
    assert look(room, 115) == 0
    room.exam.cancelled_at = None
    room.session.flush()
    assert look(room, 115) == 1


def test_taken_back_or_sealed_by_hand_it_is_not_done_again(room: Room) -> None:
    timed(room)
    timed(room, None)
    assert look(room, 55) == 0
    timed(room)
    room.seal()
    assert look(room, 55) == 0
    assert summaries(room, "papers.timed") == [
        f"《{room.exam.title}》试卷定在开考前 10 分钟自动抽题并封存",
        f"《{room.exam.title}》试卷不再定时封存",
        f"《{room.exam.title}》试卷定在开考前 10 分钟自动抽题并封存",
    ]


def test_many_people_are_sealed_batch_by_batch(session: Session) -> None:
    room = Room(session, people=BATCH + 5)
    timed(room)
    assert look(room, 50) == 2
    assert sealed_count(session, room.exam) == BATCH + 5


def test_a_bank_too_small_is_said_once_tried_again_and_mended(room: Room) -> None:
    timed(room)
    room.session.execute(update(BankQuestion).values(status="RETIRED"))
    look(room, 50)
    settings = papers_of(room.session, room.exam)
    assert "缺" in settings.seal_problem
    assert sealed_count(room.session, room.exam) == 0
    assert look(room, 50.5) == 0  # not every few seconds
    look(room, 51.1)
    assert len(summaries(room, "papers.timed-failed")) == 1
    (line,) = preflight.check_sealed(room.session, room.exam, VAULT, NOW + 52 * MINUTE)
    assert (line.verdict, "定时封存没有成" in line.found) == (Verdict.FAIL, True)
    room.session.execute(update(BankQuestion).values(status="ACTIVE"))
    assert look(room, 53) == 1
    assert papers_of(room.session, room.exam).seal_problem == ""


def test_preflight_says_when_and_that_nobody_is_there_to_do_it(room: Room) -> None:
    timed(room)

    def line(minute: int) -> tuple[Verdict, str]:
        lines = preflight.check_sealed(room.session, room.exam, VAULT, NOW + minute * MINUTE)
        return next((each.verdict, each.found) for each in lines)

    verdict, words = line(0)
    assert verdict is Verdict.PASS
    assert "由系统自动抽题并封存（开考前 10 分钟）" in words
    verdict, words = line(53)
    assert verdict is Verdict.FAIL
    assert "没有封存" in words


def test_who_may_set_it_and_to_what(room: Room) -> None:
    stranger = make_actor(make_person(room.session, room.unit))
    for minutes in (0, 24 * 60 + 1):
        with pytest.raises(DomainError, match="分钟数"):
            timed(room, minutes)
    with pytest.raises(Forbidden):
        time_sealing(room.session, actor=stranger, exam=room.exam, minutes=10, now=NOW)
    with pytest.raises(Conflict):
        time_sealing(
            room.session, actor=room.first, exam=room.exam, minutes=10, now=room.exam.opens_at
        )


def test_two_processes_at_once_seal_once(own_engine: Engine) -> None:
    """The second finds the row held, or finds it done; on SQLite one writes after the other."""
    with db.transaction(own_engine) as work:
        room = Room(work)
        room.mode(PaperMode.FORMS, 3)
        timed(room)
        exam_id = room.exam.id
    at = NOW + 50 * MINUTE
    with db.transaction(own_engine) as first:
        assert seal_some(first, exam_id=exam_id, now=at, vault=VAULT)
        if own_engine.dialect.name == "postgresql":
            with db.transaction(own_engine) as second:
                assert due_exam(second, at) is not None
                assert not seal_some(second, exam_id=exam_id, now=at, vault=VAULT)
    with db.transaction(own_engine) as late:
        assert not seal_some(late, exam_id=exam_id, now=at, vault=VAULT)
        acts = select(func.count()).where(AuditEntry.action == "papers.seal")
        assert late.scalar(acts) == 1
        assert late.get_one(ExamPapers, exam_id).sealed_at == at


def test_the_page_sets_it_and_says_it(client: Browser, session: Session) -> None:
    room = Room(session)
    now = datetime.now(NOW.tzinfo)
    room.exam.opens_at, room.exam.closes_at = now + 3 * 60 * MINUTE, now + 5 * 60 * MINUTE
    examiner = make_person(session, room.unit, Role.EXAMINER)
    session.commit()
    client.sign_in(examiner, session)
    path = f"/manage/exams/{room.exam.public_id}/papers"
    assert client.post(f"{path}/timed", data={"minutes": "5000"}).status_code == 422
    assert client.post(f"{path}/timed", data={"minutes": "10"}).status_code == 302
    assert "（开考前 10 分钟）由系统抽题并封存" in client.get(path).text
    assert client.post(f"{path}/timed", data={"minutes": ""}).status_code == 302
    assert "由系统抽题并封存" not in client.get(path).text


def test_an_exam_that_cannot_be_read_holds_up_no_other(room: Room) -> None:
    timed(room)
    unreadable = BlueprintRevision(
        blueprint_id=room.exam.blueprint_revision.blueprint_id,
        hash="f" * 64,
        title="坏的",
        spec={"duration_s": 3600},
        created_at=NOW,
    )
    room.session.add(unreadable)
    room.session.flush()
    broken = make_exam(
        room.session,
        room.exam.org_unit,
        by=room.people[0],
        opens_at=room.exam.opens_at - MINUTE,
        closes_at=room.exam.closes_at,
        revision=unreadable,
    )
    time_sealing(room.session, actor=room.first, exam=broken, minutes=10, now=NOW)
    assert look(room, 50) == 2
    assert papers_of(room.session, room.exam).sealed_at is not None
    assert "服务日志" in papers_of(room.session, broken).seal_problem


def test_who_begins_while_papers_are_sealed_gets_the_sealed_one(own_engine: Engine) -> None:
    """The start waits for the exam; what was sealed meanwhile was not there when it began to."""
    with db.transaction(own_engine) as work:
        room = Room(work)
        timed(room)
        exam_id, public_id, opens_at = room.exam.id, room.exam.public_id, room.exam.opens_at
        person_id = room.people[0].id

    def start() -> dict[str, Any]:
        with db.transaction(own_engine) as work:
            person = work.get_one(Person, person_id)
            exam, source = find_start(work, public_id=public_id, person=person)
            now = opens_at + timedelta(seconds=1)
            attempt = start_attempt(
                work, exam=exam, person=person, now=now, seed="0" * 32, source=source
            )
            return attempt.draw or {}

    with ExitStack() as stack, db.transaction(own_engine) as work:
        assert seal_some(work, exam_id=exam_id, now=opens_at - timedelta(seconds=1), vault=VAULT)
        task = meanwhile(stack, own_engine, start)
        work.commit()
        assert task.result()["sealed"] is True
