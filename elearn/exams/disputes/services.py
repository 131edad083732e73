"""Filing and answering disputes."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from elearn.audit import record_act
from elearn.bank.laws import load_registry, read_citation
from elearn.core.access import Actor
from elearn.core.errors import Conflict, DomainError, Forbidden, NotFound, ThrottledError
from elearn.exams.attempts.queries import paper_of
from elearn.exams.grades.queries import last_grade, visible_of
from elearn.exams.notices.services import tell_person
from elearn.models import Attempt, Dispute, DisputeState, Person, QuestionRevision

MAX_TEXT: Final = 500
MAX_ANSWER: Final = 1000
PER_DAY: Final = 10
DAY: Final = timedelta(days=1)


def file_dispute(
    session: Session, *, person: Person, attempt: Attempt, item_no: int, text: str, now: datetime
) -> Dispute:
    """Object to one item, once. A second click gives what the first one made.

    Only while the review is open to the person: nobody learns of keys through this door. Raises
    NotFound for an item that is not on the paper, ThrottledError above `PER_DAY` a day.
    """
    if attempt.person_id != person.id:
        raise NotFound
    grade = last_grade(session, attempt.id)
    if not visible_of(attempt.exam, attempt, grade, now).review:
        raise Conflict("题目和解析开放以后才能提出异议。", code="E-NOREVIEW")
    item = next((item for item in paper_of(attempt).items if item.number == item_no), None)
    if item is None:
        raise NotFound
    known = _known(session, attempt, item_no)
    if known is not None:
        return known
    text = text.strip()
    if not 5 <= len(text) <= MAX_TEXT:
        raise DomainError(f"请写明理由，5 到 {MAX_TEXT} 个字。", code="E-TEXT")
    _throttle(session, person, now)
    revision_id = session.scalars(
        select(QuestionRevision.id).where(QuestionRevision.hash == item.revision_hash)
    ).one()
    dispute = Dispute(
        attempt_id=attempt.id,
        item_no=item_no,
        question_revision_id=revision_id,
        person_id=person.id,
        text=text,
        state=DisputeState.OPEN,
        created_at=now,
    )
    try:
        with session.begin_nested():
            session.add(dispute)
    except IntegrityError:
        return session.scalars(
            select(Dispute).where(Dispute.attempt_id == attempt.id, Dispute.item_no == item_no)
        ).one()
    return dispute


def answer_dispute(
    session: Session,
    *,
    actor: Actor,
    dispute: Dispute,
    upheld: bool,
    answer: str,
    citation: str,
    now: datetime,
) -> Dispute:
    """Uphold or reject, citing the article. Once; the answer is shown to the candidate.

    An upheld dispute changes no score by itself: the correction flows from it, with its own
    preview and second person.
    """
    if actor.person_id == dispute.person_id:
        raise Forbidden("不能答复自己提出的异议。")
    session.refresh(dispute, ["state"], with_for_update=True)
    if dispute.state != DisputeState.OPEN:
        raise Conflict("这条异议已经答复过了。", code="E-ANSWERED")
    answer, citation = answer.strip(), citation.strip()
    _check_answer(session, answer, citation)
    dispute.state = DisputeState.UPHELD if upheld else DisputeState.REJECTED
    dispute.answer, dispute.citation = answer, citation
    dispute.decided_by_id, dispute.decided_at = actor.person_id, now
    session.flush()
    word = "成立" if upheld else "不成立"
    tell_person(
        session,
        person_id=dispute.person_id,
        exam_id=dispute.attempt.exam_id,
        attempt=dispute.attempt,
        text=f"您对第 {dispute.item_no} 题的异议已答复：{word}。",
        now=now,
    )
    record_act(
        session,
        actor=actor,
        action="dispute.answer",
        now=now,
        object_type="dispute",
        object_id=dispute.public_id,
        summary=f"答复异议：题目 {dispute.revision.question.code}，{word}",
        detail={"upheld": upheld, "citation": citation, "revision": dispute.revision.hash},
    )
    return dispute


def _known(session: Session, attempt: Attempt, item_no: int) -> Dispute | None:
    return session.scalar(
        select(Dispute).where(Dispute.attempt_id == attempt.id, Dispute.item_no == item_no)
    )


def _throttle(session: Session, person: Person, now: datetime) -> None:
    recent = session.scalar(
        select(func.count()).where(Dispute.person_id == person.id, Dispute.created_at > now - DAY)
    )
    if (recent or 0) >= PER_DAY:
        message = f"一天最多提出 {PER_DAY} 条异议，请明天再提。"
        raise ThrottledError(message, retry_after_s=int(DAY.total_seconds()))


def _check_answer(session: Session, answer: str, citation: str) -> None:
    problems = {}
    if not 5 <= len(answer) <= MAX_ANSWER:
        problems["answer"] = f"请写明答复，5 到 {MAX_ANSWER} 个字"
    registry = load_registry(session)
    law = read_citation(citation).law
    if (
        not citation
        or len(citation) > 200
        or (registry.instruments and law not in registry.instruments)
    ):
        problems["citation"] = "请写明依据的条文，照题库里的写法，例如 监察法@2024-12-25#46"
    if problems:
        raise DomainError("没有答复：" + "；".join(problems.values()), fields=problems)
