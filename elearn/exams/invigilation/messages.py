"""What the examiner says during an exam, and who has read it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload

from elearn.audit import record_act
from elearn.core.access import Actor, Permission
from elearn.core.errors import Conflict, DomainError, Forbidden, NotFound
from elearn.exams.timing.queries import Target, attempts_of
from elearn.models import (
    Attempt,
    AttemptState,
    Exam,
    ExamMessage,
    MessageReceipt,
    Person,
)

LONGEST = 200


@dataclass(frozen=True, slots=True)
class Notice:
    """A message as its reader sees it."""

    public_id: str
    text: str
    at: datetime
    read: bool


def send_message(
    session: Session, *, actor: Actor, exam: Exam, target: Target, text: str, now: datetime
) -> ExamMessage:
    """Say something to those who sit the exam, now or later. Raises DomainError."""
    if not actor.may(Permission.SCHEDULE_EXAM, exam.org_unit.path):
        raise Forbidden("这场考试不在您的考务范围内。")
    text = " ".join(text.split())
    if not 1 <= len(text) <= LONGEST:
        raise DomainError(f"消息要有 1 到 {LONGEST} 个字。", fields={"text": "请填写消息"})
    if exam.cancelled_at is not None:
        raise Conflict("这场考试已取消。", code="E-CANCELLED")
    message = add_message(
        session, exam=exam, target=target, text=text, by_id=actor.person_id, now=now
    )
    tell_pages(session, exam=exam, target=target)
    record_act(
        session,
        actor=actor,
        action="exam.message",
        now=now,
        object_type="exam",
        object_id=exam.public_id,
        summary=f"《{exam.title}》发消息给{target.words}：{text}",
        detail={"message": message.public_id, "scope": target.words},
    )
    return message


def add_message(
    session: Session, *, exam: Exam, target: Target, text: str, by_id: int, now: datetime
) -> ExamMessage:
    """The row alone, for acts that tell of themselves."""
    message = ExamMessage(
        exam_id=exam.id,
        org_unit=target.org_unit,
        person=target.person,
        text=text[:300],
        by_id=by_id,
        at=now,
    )
    session.add(message)
    session.flush()
    return message


def tell_pages(session: Session, *, exam: Exam, target: Target) -> None:
    """Pages of running attempts learn with their next reply that there is something to fetch."""
    session.execute(
        update(Attempt)
        .where(
            Attempt.exam_id == exam.id,
            Attempt.state == AttemptState.IN_PROGRESS,
            attempts_of(target),
        )
        .values(news=Attempt.news + 1)
        .execution_options(synchronize_session=False)
    )


def notices_for(session: Session, *, exam_id: int, person: Person) -> list[Notice]:
    """What was said to this person in this exam, oldest first, in one statement."""
    rows = session.execute(
        select(ExamMessage, MessageReceipt.read_at)
        .outerjoin(
            MessageReceipt,
            and_(
                MessageReceipt.message_id == ExamMessage.id,
                MessageReceipt.person_id == person.id,
            ),
        )
        .where(ExamMessage.exam_id == exam_id, _meant_for(person))
        .order_by(ExamMessage.id)
    )
    return [Notice(m.public_id, m.text, m.at, read is not None) for m, read in rows]


def confirm_message(
    session: Session, *, exam_id: int, public_id: str, person: Person, now: datetime
) -> None:
    """知道了. A second tap changes nothing. Raises NotFound for what was said to others."""
    message = session.scalar(
        select(ExamMessage).where(
            ExamMessage.exam_id == exam_id, ExamMessage.public_id == public_id, _meant_for(person)
        )
    )
    if message is None:
        raise NotFound
    if session.get(MessageReceipt, (message.id, person.id)) is not None:
        return
    try:
        with session.begin_nested():
            session.add(MessageReceipt(message_id=message.id, person_id=person.id, read_at=now))
    except IntegrityError:
        return  # the other tap was faster


def messages_of(session: Session, exam: Exam, *, limit: int = 50) -> Sequence[ExamMessage]:
    """The latest messages of the exam, for the board."""
    return session.scalars(
        select(ExamMessage)
        .where(ExamMessage.exam_id == exam.id)
        .options(joinedload(ExamMessage.org_unit), joinedload(ExamMessage.person))
        .order_by(ExamMessage.id.desc())
        .limit(limit)
    ).all()


def readers(session: Session, messages: Sequence[ExamMessage]) -> Mapping[int, int]:
    """Message id -> how many people tapped 知道了."""
    rows = session.execute(
        select(MessageReceipt.message_id, func.count())
        .where(MessageReceipt.message_id.in_([message.id for message in messages]))
        .group_by(MessageReceipt.message_id)
    )
    return {row[0]: row[1] for row in rows}


def _meant_for(person: Person) -> ColumnElement[bool]:
    above = [int(part) for part in person.org_unit.path.split("/") if part]
    return or_(
        ExamMessage.person_id == person.id,
        ExamMessage.org_unit_id.in_(above),
        and_(ExamMessage.person_id.is_(None), ExamMessage.org_unit_id.is_(None)),
    )
