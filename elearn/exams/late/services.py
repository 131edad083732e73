"""Deciding on held answers: once, with a reason, by somebody else than the candidate."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn.audit import record_act
from elearn.core.access import Actor
from elearn.core.errors import Conflict, DomainError, Forbidden
from elearn.exams.attempts.queries import current_answers
from elearn.exams.attempts.saving import hold_attempt
from elearn.exams.attempts.shapes import shape_of
from elearn.exams.grades.queries import last_grade
from elearn.exams.grades.services import follow_correction, grade_attempt
from elearn.models import AnswerDecision, AnswerEvent, Attempt, AttemptState

MIN_REASON: Final = 4
MAX_REASON: Final = 200


def decide_held(
    session: Session,
    *,
    actor: Actor,
    attempt: Attempt,
    events: Sequence[AnswerEvent],
    accepted: bool,
    reason: str,
    now: datetime,
) -> None:
    """Accept or refuse; a closed attempt is graded anew when something was accepted.

    Raises Conflict when one of them was decided meanwhile: nothing is changed then.
    """
    reason = " ".join(reason.split())
    if attempt.person_id == actor.person_id:
        raise Forbidden("不能裁定自己的答案。")
    if not MIN_REASON <= len(reason) <= MAX_REASON:
        message = f"请写明理由，{MIN_REASON} 到 {MAX_REASON} 个字。"
        raise DomainError(message, code="E-REASON", fields={"reason": message})
    hold_attempt(session, attempt)
    ids = [event.id for event in events]
    done = select(AnswerDecision.id).where(AnswerDecision.answer_event_id.in_(ids))
    if session.scalar(done.limit(1)) is not None:
        raise Conflict("其中有答案已被裁定，请刷新后再看。", code="E-DECIDED")
    session.add_all(
        AnswerDecision(
            answer_event_id=event.id,
            accepted=accepted,
            reason=reason,
            decided_by_id=actor.person_id,
            decided_at=now,
        )
        for event in events
    )
    session.flush()
    record_act(
        session,
        actor=actor,
        action="attempt.accept_late" if accepted else "attempt.refuse_late",
        now=now,
        object_type="attempt",
        object_id=attempt.public_id,
        summary=f"补传的 {len(events)} 个答案{'计分' if accepted else '不计分'}：{reason}",
        detail={"events": [event.event_id for event in events], "reason": reason},
    )
    if accepted:
        _count(session, attempt, now)


def _count(session: Session, attempt: Attempt, now: datetime) -> None:
    shape = shape_of(attempt)
    attempt.answered_mask = shape.mask(current_answers(session, attempt.id))
    attempt.answered = shape.answered(attempt.answered_mask)
    attempt.mixed = True
    session.flush()
    if attempt.state != AttemptState.SUBMITTED:
        return
    before = last_grade(session, attempt.id)
    after = grade_attempt(session, attempt=attempt, now=now, reason="补传裁定")
    if before is not None:
        # An answer taken back late can cost the pass as well: then another attempt has the hours.
        text = "补传的答案经裁定计分，您的成绩已重新计算。"
        follow_correction(session, attempt=attempt, before=before, after=after, text=text, now=now)
