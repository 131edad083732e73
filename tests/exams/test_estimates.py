"""Estimates from answers reach the draw, once an exam is scheduled and never after."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, func, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from elearn.bank.services import publish_questions
from elearn.core.access import Role
from elearn.core.assembly.constraints import Balance
from elearn.core.assembly.facility import facility_permille
from elearn.core.assembly.model import Section
from elearn.core.errors import Infeasible
from elearn.core.questions.model import Question
from elearn.exams.analysis.services import compute_analysis, decide_difficulty, store_analysis
from elearn.exams.attempts.queries import paper_of
from elearn.exams.attempts.services import submit_attempt
from elearn.exams.papers.drawing import stock_for
from elearn.exams.papers.estimates import (
    answer_estimates,
    estimates_in_force,
    estimates_of,
    read_estimates,
    renew_estimates,
)
from elearn.exams.papers.replay import replay_exam
from elearn.exams.papers.services import commit_seed
from elearn.exams.papers.snapshots import stock_of
from elearn.exams.papers.vault import install_vault
from elearn.exams.sittings.services import schedule_exam
from elearn.models import (
    AuditEntry,
    BankQuestion,
    DifficultyDecision,
    Exam,
    ExamSeed,
    FacilityEstimates,
    ItemAnalysis,
    PaperMode,
    Person,
    Pool,
    ReviewPolicy,
)
from tests.exams.test_papers import MASTER, SECRET, VAULT, Room
from tests.factories import NOW, make_actor, make_person, make_unit
from tests.factories_analysis import make_singles, singles_exam, sit_exam
from tests.factories_exams import T, make_exam, make_revision, make_spec


@pytest.fixture(autouse=True)
def _vault() -> None:
    install_vault(SECRET)


def add_item(
    session: Session, exam: Exam, digest: str, code: str, n: int, share: float, *flags: str
) -> ItemAnalysis:
    """Statistics of one question in one exam."""
    row = ItemAnalysis(
        exam_id=exam.id,
        revision_hash=digest,
        code=code,
        n=n,
        total_share=share * n,
        facility=share,
        exposures=n,
        attention=0,
        flags=list(flags),
        detail={"parts": []},
    )
    session.add(row)
    session.flush()
    return row


@pytest.fixture
def past(session: Session) -> tuple[Exam, list[Question]]:
    """An exam of long ago and six questions of difficulty 3."""
    bank = make_singles(session, 6)
    unit = make_unit(session)
    by = make_person(session, unit, Role.EXAMINER)
    return singles_exam(session, unit, by, each=2), bank


# ---------------------------------------------------------------- which answers count


def test_enough_answers_are_pooled_over_exams(
    session: Session, past: tuple[Exam, list[Question]]
) -> None:
    exam, bank = past
    other = singles_exam(
        session, exam.org_unit, session.get_one(Person, exam.created_by_id), each=2
    )
    add_item(session, exam, bank[0].revision_hash, bank[0].code, 20, 1.0)
    add_item(session, other, bank[0].revision_hash, bank[0].code, 10, 0.4)
    add_item(session, exam, bank[1].revision_hash, bank[1].code, 29, 1.0)
    found = answer_estimates(session)
    assert found == {bank[0].revision_hash: 740}  # (24 * 1000 + 20 * 650) / 50


def test_doubtful_statistics_do_not_count(
    session: Session, past: tuple[Exam, list[Question]]
) -> None:
    exam, bank = past
    for question, flag in zip(bank, ("LEAK", "KEY_DOUBT", "EASIER", "TOO_EASY"), strict=False):
        add_item(session, exam, question.revision_hash, question.code, 40, 0.5, "IDLE_OPTION", flag)
    assert answer_estimates(session).keys() == {q.revision_hash for q in bank[2:4]}


def test_a_new_revision_keeps_the_answers_only_while_it_asks_the_same(
    session: Session, past: tuple[Exam, list[Question]]
) -> None:
    exam, bank = past
    for question in bank[:2]:
        add_item(session, exam, question.revision_hash, question.code, 40, 0.5)
    # one gets another difficulty, as after an accepted suggestion; one another stem
    part = replace(bank[1].parts[0], stem="另一个问题")
    new = [replace(bank[0], difficulty=5), replace(bank[1], stem="另一个问题", parts=(part,))]
    path = session.scalars(
        select(BankQuestion.file_path).where(BankQuestion.code == bank[0].code)
    ).one()
    publish_questions(session, questions=[*new, *bank[2:]], pool=Pool.BANK, file_path=path, now=NOW)
    assert new[0].revision_hash != bank[0].revision_hash
    assert answer_estimates(session) == {new[0].revision_hash: 450}  # (20 * 1000 + 20 * 350) / 60


def test_a_trainer_who_refuses_the_suggestion_refuses_the_estimate(
    session: Session, past: tuple[Exam, list[Question]]
) -> None:
    exam, bank = past
    for question in bank[:2]:
        add_item(session, exam, question.revision_hash, question.code, 60, 0.1)
    unit = make_unit(session)
    trainer = make_actor(make_person(session, unit, Role.TRAINER))
    renew_estimates(session, now=NOW)
    for question, accepted in zip(bank, (True, False), strict=False):
        decide_difficulty(
            session,
            actor=trainer,
            question=session.scalars(
                select(BankQuestion).where(BankQuestion.code == question.code)
            ).one(),
            revision_hash=question.revision_hash,
            suggested=5,
            accepted=accepted,
            now=NOW,
        )
    assert answer_estimates(session).keys() == {bank[0].revision_hash}
    in_force = estimates_of(session, estimates_in_force(session))
    assert in_force.keys() == {bank[0].revision_hash}
    assert session.scalar(select(func.count()).select_from(DifficultyDecision)) == 2


# ---------------------------------------------------------------- sets


def test_a_set_is_stored_once_while_it_is_the_same_and_never_changed(
    session: Session, past: tuple[Exam, list[Question]]
) -> None:
    exam, bank = past
    assert renew_estimates(session, now=NOW) is None  # nothing known: nothing stored
    row = add_item(session, exam, bank[0].revision_hash, bank[0].code, 40, 0.5)
    first = renew_estimates(session, now=NOW)
    assert renew_estimates(session, now=NOW) == first
    session.delete(row)
    empty = renew_estimates(session, now=NOW)
    assert (read_estimates(session, empty or ""), first != empty) == ({}, True)
    add_item(session, exam, bank[0].revision_hash, bank[0].code, 40, 0.5)
    assert renew_estimates(session, now=NOW) == first == estimates_in_force(session)
    assert session.scalar(select(func.count()).select_from(FacilityEstimates)) == 3
    with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
        session.execute(update(FacilityEstimates).values(hash="0" * 64))


def test_statistics_of_an_exam_put_their_estimates_into_force(session: Session) -> None:
    unit = make_unit(session)
    by = make_person(session, unit, Role.EXAMINER)
    bank = make_singles(session, 3)
    exam = singles_exam(session, unit, by, each=3)
    sit_exam(
        session, exam, bank, 30, lambda person, question: 0 if person % 3 >= question else None
    )
    computed = compute_analysis(session, exam=exam, now=NOW)
    store_analysis(session, exam_id=exam.id, computed=computed, now=NOW)
    found = estimates_of(session, estimates_in_force(session))
    assert [found.get(q.revision_hash) for q in bank] == [860, 660, 460]  # 30, 20, 10 of 30 right


# ---------------------------------------------------------------- what papers are drawn with


class Rated(Room):
    """60 questions rated easy; answers say that every second one is hard. An exam that asks for a
    score only the hard ones give."""

    def __init__(self, session: Session, *, commit: bool = True):
        super().__init__(session)
        self.bank = list(session.scalars(select(BankQuestion).order_by(BankQuestion.code)))
        for at, question in enumerate(self.bank[::2]):
            assert question.current is not None
            add_item(
                session, self.exam, question.current.hash, question.code, 400, 0.1 + at % 3 / 50
            )
        renew_estimates(session, now=NOW)
        self.blueprint = make_spec(Section("单选", T.SINGLE, 10, 1000), balance=Balance(2000, 400))
        self.exam = make_exam(
            session,
            self.unit,
            by=self.people[0],
            revision=make_revision(session, self.blueprint),
            opens_at=self.exam.opens_at,
            attempts_max=3,
        )
        if commit:
            commit_seed(session, exam=self.exam, master=MASTER, vault=VAULT, now=NOW)

    def forget(self) -> None:
        """New statistics say something else of every question."""
        self.session.execute(update(ItemAnalysis).values(total_share=400))
        assert renew_estimates(self.session, now=NOW) is not None


@pytest.mark.parametrize("mode", list(PaperMode))
@pytest.mark.parametrize("sealed", [True, False])
def test_the_expected_score_is_that_of_the_answers(
    session: Session, mode: PaperMode, *, sealed: bool
) -> None:
    room = Rated(session)
    if mode != PaperMode.INDIVIDUAL:
        room.mode(mode, 2)
    if sealed:
        room.seal()
    levels = estimates_of(session, estimates_in_force(session))
    attempts = [room.start(person) for person in room.people]
    for attempt in attempts:
        stock = stock_of(session, (attempt.draw or {})["snapshot"])
        facility = {i.revision_hash: facility_permille(i, levels) for i in stock.pool}
        hashes = [item.revision_hash for item in paper_of(attempt).items]
        assert 1600 <= sum(facility[digest] for digest in hashes) <= 2400
        assert stock.estimates == levels
    for attempt in attempts:
        submit_attempt(session, attempt=attempt, now=NOW + timedelta(minutes=70))
    session.expire_all()
    result = replay_exam(session, exam=room.exam, vault=VAULT)
    assert (result.differences, result.notes, result.papers) == ([], [], 3)


def test_an_exam_keeps_what_it_was_scheduled_with(session: Session) -> None:
    """New statistics between two starts change nobody's paper, nor what a reseal gives."""
    room = Rated(session)
    before = stock_for(session, room.exam)
    first = room.start(room.people[0])
    room.forget()
    second = room.start(room.people[1])
    assert (first.draw or {})["snapshot"] == (second.draw or {})["snapshot"]
    assert stock_for(session, room.exam).snapshot_hash == before.snapshot_hash
    session.expire_all()
    assert replay_exam(session, exam=room.exam, vault=VAULT).differences == []
    row = session.get_one(ExamSeed, room.exam.id)
    assert row.estimates_hash != estimates_in_force(session)
    logged = session.scalars(
        select(AuditEntry.detail).where(
            AuditEntry.action == "papers.commit", AuditEntry.object_id == room.exam.public_id
        )
    ).one()
    assert logged["estimates"] == row.estimates_hash


def test_scheduling_tries_out_what_will_be_drawn_with(session: Session) -> None:
    """Statistics made a target unreachable since the last look: said now, not on exam day."""
    room = Rated(session, commit=False)
    values: dict[str, Any] = {
        "actor": room.first,
        "blueprint_revision": room.exam.blueprint_revision,
        "title": "再考一次",
        "opens_at": NOW + timedelta(hours=1),
        "closes_at": NOW + timedelta(hours=5),
        "org_unit": room.unit,
        "attempts_max": 1,
        "review_policy": ReviewPolicy.AFTER_CLOSE,
        "now": NOW,
    }
    assert schedule_exam(session, **values).id
    session.execute(update(ItemAnalysis).values(total_share=400))  # no set renewed yet
    with pytest.raises(Infeasible):
        schedule_exam(session, **values)


def test_a_start_costs_no_statement_more(session: Session, connection: Connection) -> None:
    def cost(room: Room) -> int:
        room.start(room.people[0])  # what a process reads once
        seen: list[str] = []
        note: Callable[..., None] = lambda *a: seen.append(a[2])  # noqa: E731 - to be removed again
        event.listen(connection, "before_cursor_execute", note)
        room.start(room.people[1])
        event.remove(connection, "before_cursor_execute", note)
        return len([each for each in seen if not each.startswith(("SAVEPOINT", "RELEASE"))])

    plain = cost(Room(session))
    assert cost(Rated(session)) == plain


# ---------------------------------------------------------------- proof


def test_replay_finds_other_estimates(session: Session, connection: Connection) -> None:
    room = Rated(session)
    room.start(room.people[0])
    pinned = session.get_one(ExamSeed, room.exam.id)
    honest = pinned.estimates_hash
    room.forget()
    pinned.estimates_hash = estimates_in_force(session)
    session.flush()
    session.expire_all()
    whats = [d.what for d in replay_exam(session, exam=room.exam, vault=VAULT).differences]
    assert "难度估计和审计日志里记下的不同" in whats
    assert "抽卷用的难度估计不是安排考试时定下的" in whats
    session.get_one(ExamSeed, room.exam.id).estimates_hash = honest
    if connection.dialect.name == "sqlite":
        connection.execute(text("DROP TRIGGER facility_estimates_no_update"))
    else:
        connection.execute(text("SET session_replication_role = replica"))
    other = select(FacilityEstimates.data).where(FacilityEstimates.hash != honest).limit(1)
    forged = session.scalar(other)
    session.execute(
        update(FacilityEstimates).where(FacilityEstimates.hash == honest).values(data=forged)
    )
    session.expire_all()
    whats = [d.what for d in replay_exam(session, exam=room.exam, vault=VAULT).differences]
    assert "难度估计和它的哈希对不上" in whats
