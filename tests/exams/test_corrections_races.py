"""Corrections beside other transactions, on real connections: no grade keeps an old key for good,
and no grade is left without its record."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from elearn import db
from elearn.core.access import Role
from elearn.core.errors import Conflict, Gone
from elearn.core.grading.corrections import Correction, CorrectionKind
from elearn.core.questions.model import QuestionType
from elearn.exams.attempts.services import (
    save_answers,
    settle_attempt,
    start_attempt,
    submit_attempt,
)
from elearn.exams.corrections.services import approve_correction, propose_correction
from elearn.exams.corrections.worker import advance
from elearn.exams.grades.policy import LATE_SYNC
from elearn.exams.grades.queries import last_grade
from elearn.exams.marking.services import PartMark, mark_attempt
from elearn.models import Attempt, Exam, Grade, KeyCorrection, Person
from elearn.records.queries import records_of
from tests.factories import NOW, make_actor, make_person, make_unit
from tests.factories_after import LATER, make_sat
from tests.factories_exams import (
    event,
    make_attempt,
    make_bank,
    make_exam,
    make_revision,
    short_spec,
)
from tests.side_by_side import PATIENCE_S, meanwhile

T = QuestionType
PEOPLE = 12


class Corrected:
    """A correction of the single choice (second option instead of the first) that waits for its
    approval; `exam` is another exam with the same question, and nobody sat it yet."""

    def __init__(self, engine: Engine, *, everywhere: bool):
        self.engine = engine
        with db.transaction(engine) as work:
            sat = make_sat(work)
            sat.sit({})
            other = make_exam(work, sat.root, by=sat.examiner, revision=sat.exam.blueprint_revision)
            row = propose_correction(
                work,
                actor=make_actor(sat.trainer),
                revision=sat.revision(T.SINGLE),
                exam=None if everywhere else sat.exam,
                correction=Correction(CorrectionKind.REPLACE, 0, frozenset({1})),
                reason="条文已修订",
                citation="监察法@2024-12-25#46",
                now=NOW,
            )
            self.exam = (other if everywhere else sat.exam).id
            self.correction, self.approver = row.id, make_actor(sat.examiner)
            self.digest = sat.revision(T.SINGLE).hash
            self.people = [make_person(work, sat.root).id for _ in range(PEOPLE)]
        self.work_off()

    def work_off(self) -> None:
        while advance(self.engine, now=LATER):
            pass

    def approve(self) -> None:
        with db.transaction(self.engine) as work:
            row = work.get_one(KeyCorrection, self.correction)
            approve_correction(work, actor=self.approver, correction=row, now=LATER)

    def begin(self, work: Any, person: int) -> Attempt:
        exam, who = work.get_one(Exam, self.exam), work.get_one(Person, person)
        return start_attempt(work, exam=exam, person=who, now=NOW, seed=f"{person:032x}")

    def answer(self, work: Any, attempt: Attempt, *, handed_in: datetime = NOW) -> None:
        """What is right by the new key alone, and in."""
        item = next(
            item
            for section in attempt.paper["sections"]
            for item in section["items"]
            if item["revision_hash"] == self.digest
        )
        shown = item["parts"][0]["option_order"].index(1)
        save_answers(work, attempt=attempt, events=[event(item["number"], 0, [shown])], now=NOW)
        submit_attempt(work, attempt=attempt, now=handed_in)

    def grades(self) -> list[tuple[int, int]]:
        """(score, number of the last correction) that counts, of everybody in the other exam."""
        with db.new_session(self.engine, write=False) as work:
            ids = work.scalars(
                select(Attempt.id).where(
                    Attempt.exam_id == self.exam, Attempt.person_id.in_(self.people)
                )
            )
            found = [last_grade(work, attempt_id) for attempt_id in ids]
        return [(grade.score_centi, grade.keys_no) for grade in found if grade is not None]


@pytest.mark.parametrize("everywhere", [True, False], ids=["every exam", "one exam"])
def test_begun_and_graded_while_the_approval_is_on_its_way(
    own_engine: Engine, *, everywhere: bool
) -> None:
    """As a sheet of paper is: the attempt and its grade come with one commit, after the list was
    made, with the keys of before."""
    world = Corrected(own_engine, everywhere=everywhere)
    with ExitStack() as stack:
        with db.transaction(own_engine) as work:
            world.answer(work, world.begin(work, world.people[0]))
            approval = meanwhile(stack, own_engine, world.approve)
        approval.result(PATIENCE_S)
    world.work_off()
    assert world.grades() == [(200, 1)]


@pytest.mark.parametrize("everywhere", [True, False], ids=["every exam", "one exam"])
def test_many_hand_in_while_it_is_approved(own_engine: Engine, *, everywhere: bool) -> None:
    """No order is forced: whatever happens first, everybody ends with the new key."""
    world = Corrected(own_engine, everywhere=everywhere)
    gate = threading.Barrier(PEOPLE + 1)

    def sit(person: int) -> None:
        gate.wait()
        with db.transaction(own_engine) as work:
            attempt_id = world.begin(work, person).id
        with db.transaction(own_engine) as work:
            world.answer(work, work.get_one(Attempt, attempt_id))

    def approve() -> None:
        gate.wait()
        while True:
            try:
                return world.approve()
            except (Conflict, Gone):
                world.work_off()

    with ThreadPoolExecutor(PEOPLE + 1) as pool:
        done = [pool.submit(sit, person) for person in world.people]
        done.append(pool.submit(approve))
        for each in done:
            each.result()
    world.work_off()
    assert world.grades() == [(200, 1)] * PEOPLE


def test_a_regrade_beside_the_end_of_the_late_window_is_recorded(own_engine: Engine) -> None:
    """The worker read the attempt before it was settled, and locks it afterwards."""
    world = Corrected(own_engine, everywhere=True)
    with db.transaction(own_engine) as work:
        attempt = world.begin(work, world.people[0])
        attempt_id, over = attempt.id, attempt.deadline_at + timedelta(seconds=40)
        world.answer(work, attempt, handed_in=over)
        assert attempt.late_until is not None
    world.approve()
    with ExitStack() as stack:
        with db.transaction(own_engine) as work:
            attempt = work.get_one(Attempt, attempt_id)
            assert settle_attempt(work, attempt=attempt, now=over + LATE_SYNC)
            regrade = meanwhile(stack, own_engine, world.work_off)
        regrade.result(PATIENCE_S)
    with db.new_session(own_engine, write=False) as work:
        grades = work.scalars(select(Grade).where(Grade.attempt_id == attempt_id)).all()
        assert [(grade.score_centi, grade.keys_no) for grade in grades] == [(0, 0), (200, 1)]
        (record,) = records_of(work, world.people[0])
        assert record.score_centi == 200


def test_marks_beside_the_end_of_the_late_window_are_recorded(own_engine: Engine) -> None:
    """The marker opened the sheet before it was settled; the last mark came afterwards."""
    with db.transaction(own_engine) as work:
        make_bank(work)
        root = make_unit(work)
        marker = make_person(work, root, Role.MARKER)
        exam = make_exam(work, root, by=marker, revision=make_revision(work, short_spec()))
        person = make_person(work, root)
        attempt = make_attempt(work, exam, person)
        save_answers(work, attempt=attempt, events=[event(2, 0, "甲"), event(3, 0, "乙")], now=NOW)
        over = attempt.deadline_at + timedelta(seconds=40)
        submit_attempt(work, attempt=attempt, now=over)
        attempt_id, actor, person_id = attempt.id, make_actor(marker), person.id
    opened = threading.Event()

    def mark() -> bool:
        with db.transaction(own_engine) as work:
            sheet = work.get_one(Attempt, attempt_id)
            opened.set()
            given = {(number, 0): PartMark((400, 600)) for number in (2, 3)}
            return mark_attempt(work, actor=actor, attempt=sheet, given=given, now=over)

    with ExitStack() as stack:
        with db.transaction(own_engine) as work:
            attempt = work.get_one(Attempt, attempt_id)
            assert settle_attempt(work, attempt=attempt, now=over + LATE_SYNC)
            marking = meanwhile(stack, own_engine, mark)
            assert own_engine.dialect.name == "sqlite" or opened.wait(PATIENCE_S)
        assert marking.result(PATIENCE_S) is True
    with db.new_session(own_engine, write=False) as work:
        (record,) = records_of(work, person_id)
        assert record.score_centi == 4000
