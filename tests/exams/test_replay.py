"""Replay finds every kind of tampering, and nothing in an honest exam."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, delete, select, text, update
from sqlalchemy.orm import Session

from elearn.core.assembly.constraints import Balance, Quota
from elearn.core.assembly.model import Section
from elearn.exams.attempts.services import save_answers, submit_attempt
from elearn.exams.grades.services import grade_attempt
from elearn.exams.marking.services import PartMark, mark_attempt
from elearn.exams.papers.replay import Replay, replay_exam
from elearn.exams.papers.vault import Vault, install_vault
from elearn.models import (
    APPEND_ONLY,
    AnswerEvent,
    Attempt,
    AuditEntry,
    BankQuestion,
    BankSnapshot,
    ExamForm,
    ExamSeed,
    Grade,
    PaperMode,
    QuestionKey,
)
from tests.exams.test_papers import SECRET, VAULT, Room
from tests.factories import NOW, make_actor, make_person
from tests.factories_exams import (
    T,
    event,
    make_bank,
    make_revision,
    make_spec,
    parts_of,
    short_spec,
)


@pytest.fixture(autouse=True)
def _vault() -> None:
    install_vault(SECRET)


@pytest.fixture
def unguarded(connection: Connection) -> None:
    """Somebody with the rights of the database owner: the triggers are gone."""
    if connection.dialect.name == "sqlite":
        for table in APPEND_ONLY:
            for verb in ("update", "delete"):
                connection.execute(text(f"DROP TRIGGER {table}_no_{verb}"))
    else:
        connection.execute(text("SET session_replication_role = replica"))


def sit(room: Room, person: Any, *, minutes: int = 61, wrong: int = 3) -> Attempt:
    """Start, answer, hand in."""
    attempt = room.start(person, minutes=minutes)
    events = [event(item, part, [0]) for item, part, _ in parts_of(attempt)[wrong:]]
    later = NOW + timedelta(minutes=minutes + 5)
    save_answers(room.session, attempt=attempt, events=events, now=later)
    return submit_attempt(room.session, attempt=attempt, now=later + timedelta(minutes=1))


def replay(room: Room) -> Replay:
    room.session.flush()
    room.session.expire_all()
    return replay_exam(room.session, exam=room.exam, vault=VAULT)


def change_bank(room: Room) -> None:
    """What happens to any bank after an exam: retired questions, new ones."""
    for row in list(room.session.scalars(select(BankQuestion)))[::2]:
        row.status = "RETIRED"  # type: ignore[assignment]  # stored as text
    make_bank(room.session)


@pytest.mark.parametrize("mode", list(PaperMode))
@pytest.mark.parametrize("sealed", [True, False])
def test_an_honest_exam_replays_after_the_bank_changed(
    session: Session, mode: PaperMode, *, sealed: bool
) -> None:
    quota = Quota(4, 6, difficulty=(1, 2))
    section = Section("单选", T.SINGLE, 10, 1000, quotas=(quota,))
    room = Room(session, make_spec(section, balance=Balance(6600, 100, seen_max=0)))
    if mode != PaperMode.INDIVIDUAL:
        room.mode(mode, 3)
    if sealed:
        room.seal()
    for person in room.people:
        sit(room, person)
    sit(room, room.people[0], minutes=80)
    change_bank(room)
    result = replay(room)
    assert result.differences == []
    assert result.notes == []
    assert (result.attempts, result.papers, result.grades) == (4, 4, 4)


def test_marked_and_regraded_attempts_replay(session: Session) -> None:
    room = Room(session)
    make_bank(session)
    room.exam.blueprint_revision = make_revision(session, short_spec())
    person = room.people[0]
    attempt = room.start(person)
    events = [
        event(item, part, "我的回答" if kind["type"] == "SHORT_ANSWER" else [0])
        for item, part, kind in parts_of(attempt)
    ]
    at = NOW + timedelta(minutes=70)
    save_answers(session, attempt=attempt, events=events, now=at)
    submit_attempt(session, attempt=attempt, now=at)
    marks = {
        (item, part): PartMark((400, 300))
        for item, part, kind in parts_of(attempt)
        if kind["type"] == "SHORT_ANSWER"
    }
    marker = make_actor(make_person(session))
    mark_attempt(session, actor=marker, attempt=attempt, given=marks, now=at + timedelta(hours=1))
    grade_attempt(session, attempt=attempt, now=at + timedelta(hours=2), reason="复核")
    result = replay(room)
    assert result.differences == []
    assert result.grades == 3


def test_grades_replay_although_the_clock_was_set_back(session: Session) -> None:
    """By the times alone, the first grade would lack every answer, and the second a mark."""
    room = Room(session)
    make_bank(session)
    room.exam.blueprint_revision = make_revision(session, short_spec())
    attempt = room.start(room.people[0])
    shown = parts_of(attempt)
    written = [(item, part) for item, part, kind in shown if kind["type"] == "SHORT_ANSWER"]
    events = [
        event(item, part, "我的回答" if (item, part) in written else [0]) for item, part, _ in shown
    ]
    at = NOW + timedelta(minutes=70)
    save_answers(session, attempt=attempt, events=events, now=at)
    submit_attempt(session, attempt=attempt, now=at - timedelta(minutes=5))
    marker = make_actor(make_person(session))
    marks = {place: PartMark((400, 300)) for place in written}
    mark_attempt(session, actor=marker, attempt=attempt, given=marks, now=at + timedelta(hours=1))
    grade_attempt(session, attempt=attempt, now=at, reason="复核")
    result = replay(room)
    assert (result.differences, result.grades) == ([], 3)


def test_grades_of_before_they_named_their_answers_replay_by_time(
    session: Session, unguarded: None
) -> None:
    room = Room(session)
    attempt = sit(room, room.people[0])
    row = session.scalars(select(Grade).where(Grade.attempt_id == attempt.id)).one()
    detail = {name: row.detail[name] for name in row.detail if name != "extent"}
    session.execute(update(Grade).where(Grade.id == row.id).values(detail=detail))
    result = replay(room)
    assert (result.differences, result.grades) == ([], 1)


def test_an_exam_without_a_seed_replays_from_its_stored_seeds(session: Session) -> None:
    room = Room(session)
    session.execute(delete(ExamSeed))
    session.expire_all()
    sit(room, room.people[0])
    result = replay(room)
    assert (result.differences, result.papers, result.grades) == ([], 1, 1)
    assert "没有承诺种子" in result.notes[0]


def test_old_attempts_say_what_cannot_be_checked(session: Session, unguarded: None) -> None:
    room = Room(session)
    session.execute(delete(ExamSeed))
    session.expire_all()
    attempt = sit(room, room.people[0])
    attempt.draw = None
    session.execute(delete(BankSnapshot))
    assert replay(room).papers == 1  # the bank is still the same
    change_bank(room)
    result = replay(room)
    assert result.differences == []
    assert result.papers == 0
    assert "没有保存当时的题库" in result.notes[1]


# ---------------------------------------------------------------- tampering


def swap_items(room: Room, attempt: Attempt) -> None:
    paper = dict(attempt.paper)
    items = paper["sections"][0]["items"]
    items[0], items[1] = (
        {**items[1], "number": 1},
        {**items[0], "number": 2},
    )
    room.session.execute(update(Attempt).where(Attempt.id == attempt.id).values(paper=paper))


def other_options(room: Room, attempt: Attempt) -> None:
    paper = dict(attempt.paper)
    part = paper["sections"][0]["items"][4]["parts"][0]
    part["option_order"] = part["option_order"][::-1]
    room.session.execute(update(Attempt).where(Attempt.id == attempt.id).values(paper=paper))


def shorter(room: Room, attempt: Attempt) -> None:
    paper = dict(attempt.paper)
    paper["sections"][0]["items"].pop()
    room.session.execute(update(Attempt).where(Attempt.id == attempt.id).values(paper=paper))


def other_seed(room: Room, attempt: Attempt) -> None:
    attempt.seed = "0" * 64


def own_seed(room: Room, attempt: Attempt) -> None:
    attempt.draw = {**(attempt.draw or {}), "mode": "SEED", "commitment": ""}


def other_master(room: Room, attempt: Attempt) -> None:
    row = room.session.get_one(ExamSeed, room.exam.id)
    row.sealed = VAULT.seal(b"\x07" * 32, exam=room.exam.public_id, purpose="seed")


def other_commitment(room: Room, attempt: Attempt) -> None:
    room.session.execute(
        update(AuditEntry)
        .where(AuditEntry.action == "papers.commit")
        .values(detail={"commitment": "0" * 64})
    )


def no_commitment(room: Room, attempt: Attempt) -> None:
    room.session.execute(delete(AuditEntry).where(AuditEntry.action == "papers.commit"))


def other_answer(room: Room, attempt: Attempt) -> None:
    event_row = room.session.scalars(select(AnswerEvent).order_by(AnswerEvent.id)).first()
    assert event_row is not None
    room.session.execute(
        update(AnswerEvent)
        .where(AnswerEvent.id == event_row.id)
        .values(value={"answer": [3] if event_row.value["answer"] == [0] else [0]})
    )


def no_first_grade(room: Room, attempt: Attempt) -> None:
    room.session.execute(delete(Grade).where(Grade.attempt_id == attempt.id))


def other_points(room: Room, attempt: Attempt) -> None:
    row = room.session.scalars(select(Grade)).first()
    assert row is not None
    more = row.score_centi + 1  # nothing is answered rightly by chance now and then
    room.session.execute(update(Grade).where(Grade.id == row.id).values(score_centi=more))


def other_detail(room: Room, attempt: Attempt) -> None:
    row = room.session.scalars(select(Grade)).first()
    assert row is not None
    detail = {**row.detail, "pass_centi": 1234}
    room.session.execute(update(Grade).where(Grade.id == row.id).values(detail=detail))


def other_key(room: Room, attempt: Attempt) -> None:
    digest = attempt.paper["sections"][0]["items"][9]["revision_hash"]
    row = room.session.scalars(
        select(QuestionKey)
        .join(BankQuestion, BankQuestion.current_revision_id == QuestionKey.question_revision_id)
        .where(BankQuestion.current.has(hash=digest))
    ).one()
    parts = [{**part, "key": [2]} for part in row.key["parts"]]
    room.session.execute(
        update(QuestionKey)
        .where(QuestionKey.question_revision_id == row.question_revision_id)
        .values(key={**row.key, "parts": parts})
    )


@pytest.mark.parametrize(
    ("tamper", "said"),
    [
        (swap_items, "和它的哈希对不上"),
        (swap_items, "试卷第 1 题不是应该抽到的题"),
        (other_options, "试卷第 5 题的分值或选项顺序不同"),
        (shorter, "试卷的题数或部分不同"),
        (other_seed, "不是从总种子推出的"),
        (own_seed, "不是从承诺的种子抽的"),
        (other_master, "种子和承诺对不上"),
        (other_commitment, "审计日志里记下的不同"),
        (no_commitment, "审计日志里记下的不同"),
        (other_answer, "第 1 次评分和重算的不同：第 4 题"),
        (other_answer, "答案和培训记录里的摘要对不上"),
        (no_first_grade, "所依据的评分不存在"),
        (other_points, "总分或合格与明细不符"),
        (other_detail, "合计或合格"),
        (other_key, "的内容或答案和它的哈希对不上"),
    ],
)
@pytest.mark.usefixtures("unguarded")
def test_every_tampering_is_found(
    session: Session, tamper: Callable[[Room, Attempt], None], said: str
) -> None:
    room = Room(session)
    attempt = sit(room, room.people[0])
    sit(room, room.people[1])
    assert replay(room).differences == []
    tamper(room, attempt)
    found = replay(room).differences
    assert any(said in difference.what for difference in found), found


def test_a_blueprint_changed_behind_its_hash_is_a_difference(
    session: Session, unguarded: None
) -> None:
    room = Room(session)
    room.mode(PaperMode.FORMS, 2)
    room.seal()
    sit(room, room.people[0])
    harder = make_spec(Section("单选", T.SINGLE, 50, 200), balance=Balance(overlap_max=0))
    room.exam.blueprint_revision.spec = harder.canonical()
    session.flush()
    found = [difference.what for difference in replay(room).differences]
    assert "组卷规则和它的哈希对不上" in found, found
    assert session.scalars(select(ExamForm)).first() is not None


def test_replay_writes_nothing(own_engine: Engine) -> None:
    """On a connection that could not write: the command reads only."""
    with Session(own_engine) as work:
        room = Room(work)
        sit(room, room.people[0])
        work.commit()
        exam_id = room.exam.id
    with Session(own_engine) as work:
        from elearn.models import Exam  # noqa: PLC0415

        result = replay_exam(work, exam=work.get_one(Exam, exam_id), vault=Vault(SECRET))
        assert result.as_dict()["differences"] == []
        assert not work.new
        assert not work.dirty
        work.rollback()
