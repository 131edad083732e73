"""Lazy closing for pages: before an attempt, lobby, monitor or result is read, what is past its
deadline is closed - in a transaction of its own, so that pages which only read stay readers."""

from datetime import datetime

from sqlalchemy import select

from elearn import db
from elearn.exams.attempts.queries import due_query
from elearn.exams.attempts.services import close_due_attempts
from elearn.models import Attempt, LoginSession
from elearn.web.auth import current

BATCH = 50


def settle(*, now: datetime, exam_id: int | None = None, person_id: int | None = None) -> None:
    """Close what is due for this exam or person. Call it first: it ends the read transaction."""
    query = due_query(now)
    if exam_id is not None:
        query = query.where(Attempt.exam_id == exam_id)
    if person_id is not None:
        query = query.where(Attempt.person_id == person_id)
    work = db.session()
    if work.scalar(query.limit(1)) is None:
        return
    work.rollback()
    with db.transaction(db.get_engine()) as writer:
        close_due_attempts(writer, now=now, limit=BATCH, exam_id=exam_id, person_id=person_id)


def stay_signed_in(until: datetime) -> None:
    """The sign-in session outlives the exam; for pages that only read."""
    login = current().login
    if login.expires_at >= until:
        return
    login_id = login.id
    db.session().rollback()
    with db.transaction(db.get_engine()) as writer:
        row = writer.scalar(select(LoginSession).where(LoginSession.id == login_id))
        if row is not None and row.expires_at < until:
            row.expires_at = until
