"""Papers drawn and sealed at a set time before the start (开考前若干分钟抽题), by the sweeper.

Any number of processes may look: one holds the row of the exam while it seals a batch, the others
pass by. If nobody looked in time nothing is lost: a start draws the same paper from the same seed.
"""

import logging
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, joinedload

from elearn import db
from elearn.audit import record_act
from elearn.core.errors import DomainError, Infeasible
from elearn.models import Exam, ExamPapers

from .services import MAX_BEFORE_MIN, commit_seed, seal_papers
from .vault import Vault

log = logging.getLogger("elearn")

RETRY: Final = timedelta(minutes=1)  # after a bank that could not fill the paper
ROUNDS: Final = 10  # batches before the sweeper closes attempts again


def seal_at(exam: Exam, settings: ExamPapers) -> datetime | None:
    """When the papers are drawn; None: not by themselves."""
    if settings.seal_before_min is None:
        return None
    return exam.opens_at - timedelta(minutes=settings.seal_before_min)


def due_exam(session: Session, now: datetime) -> Exam | None:
    """The next exam whose papers are due and not sealed, the earliest start first."""
    rows = session.execute(
        select(Exam, ExamPapers)
        .join(ExamPapers, ExamPapers.exam_id == Exam.id)
        .where(
            ExamPapers.seal_before_min.is_not(None),
            ExamPapers.sealed_at.is_(None),
            Exam.cancelled_at.is_(None),
            Exam.opens_at > now,
            Exam.opens_at <= now + timedelta(minutes=MAX_BEFORE_MIN),
        )
        .options(joinedload(Exam.blueprint_revision))
        .order_by(Exam.opens_at, Exam.id)
    )
    return next((exam for exam, settings in rows if _is_due(exam, settings, now)), None)


def seal_due(engine: Engine | Connection, *, clock: Callable[[], datetime], vault: Vault) -> int:
    """Seal what is due, up to `ROUNDS` batches; returns how many batches were done here.

    Looks with a reader first: an idle server takes no write lock.
    """
    for done in range(ROUNDS):
        now = clock()
        with db.new_session(engine, write=False) as work:
            exam = due_exam(work, now)
            if exam is None:
                return done
            exam_id = exam.id
        with db.transaction(engine) as work:
            try:
                with work.begin_nested():
                    mine = seal_some(work, exam_id=exam_id, now=now, vault=vault)
            except SQLAlchemyError:
                raise  # the database is away: nothing to note, and nothing to note it in
            except Exception as error:  # noqa: BLE001  whatever it is, other exams wait
                note_failure(work, exam_id=exam_id, error=error, now=now)
                mine = True
        if not mine:
            return done  # another process is at it
    return ROUNDS


def seal_some(session: Session, *, exam_id: int, now: datetime, vault: Vault) -> bool:
    """One batch of one exam, unless another process holds it or has finished it meanwhile."""
    held = select(Exam).where(Exam.id == exam_id).with_for_update(skip_locked=True)
    exam = session.scalar(held.execution_options(populate_existing=True))
    if exam is None:
        return False
    settings = session.get_one(ExamPapers, exam_id, populate_existing=True)
    if settings.sealed_at is not None or not _is_due(exam, settings, now):
        return False
    commit_seed(session, exam=exam, master=secrets.token_hex(32), vault=vault, now=now)
    words = f"试卷按设定在开考前 {settings.seal_before_min} 分钟自动抽好并封存"
    seal_papers(session, actor=None, exam=exam, vault=vault, now=now, words=words)
    return True


def note_failure(session: Session, *, exam_id: int, error: Exception, now: datetime) -> None:
    """Keep why it could not be done, for the page and the check before exam day; said once in the
    audit log. Tried again after `RETRY`, until the start; the exams behind it have their turn."""
    settings = session.get_one(ExamPapers, exam_id)
    exam = session.get_one(Exam, exam_id)
    problem = _problem(error)
    settings.seal_tried_at = now
    if settings.seal_problem == problem:
        return
    settings.seal_problem = problem
    log.error("timed sealing of exam %s failed: %s", exam.public_id, problem)
    record_act(
        session,
        actor=None,
        action="papers.timed-failed",
        now=now,
        object_type="exam",
        object_id=exam.public_id,
        summary=f"《{exam.title}》没有按时封存试卷",
        detail={"problem": problem},
    )


def _problem(error: Exception) -> str:
    if isinstance(error, Infeasible):
        return "；".join(error.shortages)[:500]
    if isinstance(error, DomainError):
        return error.message[:500]
    log.error("unexpected", exc_info=error)
    return "系统内部错误，请管理员看服务日志"


def _is_due(exam: Exam, settings: ExamPapers, now: datetime) -> bool:
    at = seal_at(exam, settings)
    if at is None or now < at or now >= exam.opens_at:
        return False
    return settings.seal_tried_at is None or settings.seal_tried_at <= now - RETRY
