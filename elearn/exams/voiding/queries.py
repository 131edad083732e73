"""Reading what was asked and decided about annulling attempts."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from elearn.core.access import Actor
from elearn.core.errors import NotFound
from elearn.exams.sittings.queries import get_managed_exam
from elearn.models import Attempt, AttemptVoid, Exam, VoidDecision


def get_attempt(session: Session, *, exam: Exam, public_id: str) -> Attempt:
    """An attempt of this exam. Raises NotFound."""
    attempt = session.scalar(
        select(Attempt)
        .where(Attempt.exam_id == exam.id, Attempt.public_id == public_id)
        .options(joinedload(Attempt.person))
    )
    if attempt is None:
        raise NotFound
    return attempt


def get_void(session: Session, *, public_id: str, actor: Actor) -> AttemptVoid:
    """Something asked in an exam of the actor's scope. Raises NotFound."""
    row = session.scalar(
        select(AttemptVoid)
        .where(AttemptVoid.public_id == public_id)
        .options(
            joinedload(AttemptVoid.attempt).joinedload(Attempt.exam),
            joinedload(AttemptVoid.attempt).joinedload(Attempt.person),
        )
    )
    if row is None:
        raise NotFound
    get_managed_exam(session, public_id=row.attempt.exam.public_id, actor=actor)
    return row


def voids_of(session: Session, attempt_ids: Sequence[int]) -> list[AttemptVoid]:
    """Everything asked about these attempts with its decision, oldest first."""
    query = (
        select(AttemptVoid)
        .where(AttemptVoid.attempt_id.in_(attempt_ids))
        .options(
            joinedload(AttemptVoid.asked_by),
            joinedload(AttemptVoid.decision).joinedload(VoidDecision.decided_by),
        )
        .order_by(AttemptVoid.id)
    )
    return list(session.scalars(query))


def waiting_void(session: Session, attempt: Attempt) -> AttemptVoid | None:
    """What waits for a second person about this attempt."""
    query = (
        select(AttemptVoid)
        .outerjoin(AttemptVoid.decision)
        .where(AttemptVoid.attempt_id == attempt.id, VoidDecision.void_id.is_(None))
    )
    return session.scalar(query.limit(1))


def waiting_voids(session: Session, exam: Exam) -> list[AttemptVoid]:
    """What waits for a second person in this exam, oldest first."""
    query = (
        select(AttemptVoid)
        .join(AttemptVoid.attempt)
        .outerjoin(AttemptVoid.decision)
        .where(Attempt.exam_id == exam.id, VoidDecision.void_id.is_(None))
        .options(
            joinedload(AttemptVoid.attempt).joinedload(Attempt.person),
            joinedload(AttemptVoid.asked_by),
        )
        .order_by(AttemptVoid.id)
    )
    return list(session.scalars(query))


def void_in_force(session: Session, attempt: Attempt) -> AttemptVoid | None:
    """Why this attempt counts for nothing; None while it counts."""
    if attempt.voided_at is None:
        return None
    return session.scalar(
        select(AttemptVoid)
        .join(AttemptVoid.decision)
        .where(AttemptVoid.attempt_id == attempt.id, VoidDecision.approved)
        .options(joinedload(AttemptVoid.decision))
    )
