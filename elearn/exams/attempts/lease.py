"""One writing device at a time. Taking over is explicit and logged."""

from datetime import datetime

from sqlalchemy.orm import Session

from elearn.audit import record_act
from elearn.core.access import Actor
from elearn.core.errors import DomainError, Gone
from elearn.models import Attempt, AttemptState

from .events import BROKEN
from .protocol import running
from .saving import clockwork, hold_attempt


def take_over(
    session: Session, *, attempt: Attempt, device: str, actor: Actor, now: datetime
) -> Attempt:
    """This device writes from now on; a second tap changes nothing. Raises Gone after the end."""
    if not device:
        raise DomainError(BROKEN, code="E-SHAPE")
    hold_attempt(session, attempt)
    if attempt.voided_at is not None:
        raise Gone("这份答卷已由考务人员决定作废，不能再作答。", code="E-VOIDED")
    if attempt.state != AttemptState.IN_PROGRESS:
        raise Gone("已经交卷，不能在此设备继续。", code="E-SUBMITTED")
    if not running(clockwork(session, attempt), now):
        raise Gone("考试时间已到，系统已收卷。", code="E-DEADLINE")
    if attempt.device == device:
        return attempt
    since = attempt.device_since
    if attempt.last_seq or attempt.device is not None:
        attempt.mixed = True
    attempt.device, attempt.device_since = device, now
    record_act(
        session,
        actor=actor,
        action="attempt.take_over",
        now=now,
        object_type="attempt",
        object_id=attempt.public_id,
        summary="换到另一台设备继续作答",
        detail={
            "device": device[:8],
            "held_since": since.isoformat() if since else None,
            "seq": attempt.last_seq,
        },
    )
    return attempt
