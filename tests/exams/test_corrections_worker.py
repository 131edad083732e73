"""The worker with real commits and several processes' worth of threads; the schema down and up."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Engine, func, select

from elearn import db, migrate
from elearn.core.grading.corrections import Correction, CorrectionKind
from elearn.core.questions.model import QuestionType
from elearn.exams.corrections.services import approve_correction, propose_correction
from elearn.exams.corrections.worker import advance
from elearn.models import ExamNotice, Grade, KeyCorrection, Person, Regrade
from tests.factories import make_actor
from tests.factories_after import LATER, make_sat

PEOPLE = 12


def test_several_workers_regrade_every_attempt_exactly_once(own_engine: Engine) -> None:
    with db.transaction(own_engine) as work:
        sat = make_sat(work)
        for _ in range(PEOPLE):
            sat.sit({QuestionType.SINGLE: [1]})
        row = propose_correction(
            work,
            actor=make_actor(sat.trainer),
            revision=sat.revision(QuestionType.SINGLE),
            exam=sat.exam,
            correction=Correction(CorrectionKind.REPLACE, 0, frozenset({1})),
            reason="条文已修订",
            citation="监察法@2024-12-25#46",
            now=LATER,
        )
        correction_id, examiner_id = row.id, sat.examiner.id

    def work_through(_: int) -> int:
        total = 0
        while done := advance(own_engine, now=LATER, batch=2):
            total += done
        return total

    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(work_through, range(3))) == PEOPLE
    with db.transaction(own_engine) as work:
        row = work.get_one(KeyCorrection, correction_id)
        actor = make_actor(work.get_one(Person, examiner_id))
        approve_correction(work, actor=actor, correction=row, now=LATER)
    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(work_through, range(3))) == PEOPLE
    work_through(0)
    with db.new_session(own_engine, write=False) as work:
        assert work.get_one(KeyCorrection, correction_id).state == "APPLIED"
        assert work.scalar(select(func.count()).select_from(Grade)) == 2 * PEOPLE
        assert work.scalar(select(func.count()).select_from(ExamNotice)) == PEOPLE
        left = select(func.count()).where(Regrade.done.is_(False))
        assert work.scalar(left) == 0


def test_the_schema_goes_down_and_up_again(own_engine: Engine) -> None:
    migrate.downgrade(own_engine, "0001")
    migrate.upgrade(own_engine)
    with own_engine.connect() as connection:
        assert migrate.differences(connection) == []
