"""Reading notices."""

from sqlalchemy import select
from sqlalchemy.orm import Session, defer, joinedload

from elearn.core.errors import NotFound
from elearn.models import Attempt, ExamNotice, Person


def unread_notices(session: Session, person_id: int) -> list[ExamNotice]:
    """What this person has not put away yet, newest first."""
    return list(
        session.scalars(
            select(ExamNotice)
            .where(ExamNotice.person_id == person_id, ExamNotice.read_at.is_(None))
            .options(
                joinedload(ExamNotice.exam),
                joinedload(ExamNotice.attempt).options(defer(Attempt.paper)),
            )
            .order_by(ExamNotice.id.desc())
            .limit(20)
        )
    )


def get_notice(session: Session, *, public_id: str, person: Person) -> ExamNotice:
    """An own notice. Raises NotFound."""
    notice = session.scalar(
        select(ExamNotice).where(
            ExamNotice.public_id == public_id, ExamNotice.person_id == person.id
        )
    )
    if notice is None:
        raise NotFound
    return notice
