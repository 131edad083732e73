"""What a candidate may see of an own attempt, and when: one pure function, asked on every request.

Nothing about keys before the attempt is closed, ever. `GRACE` is how long after a deadline an
answer that was already on its way is still taken without a question; `LATE_SYNC` how long after it
an answer claimed to be made before it is taken, flagged. What shows scores or keys opens after
that; what comes later still is kept for an examiner, until `held_until`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from elearn.core.grading.grade import GradeState
from elearn.models import AttemptState, ReviewPolicy

GRACE: Final = timedelta(seconds=30)
LATE_SYNC: Final = timedelta(minutes=3)
HELD_AFTER_FINAL: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Visible:
    """`score`: points and pass or fail. `review`: questions, own answers, keys, explanations.

    `pending`: a marker is still at work. `review_from`: when the review opens by itself.
    `late_until`: answers made before the deadline may still arrive and count until then.
    """

    score: bool = False
    review: bool = False
    pending: bool = False
    review_from: datetime | None = None
    late_until: datetime | None = None


def visible(
    *,
    policy: ReviewPolicy,
    closes_at: datetime,
    released_at: datetime | None,
    attempt_state: AttemptState,
    grade_state: GradeState | None,
    now: datetime,
    late_until: datetime | None = None,
) -> Visible:
    """The whole rule (`ReviewPolicy` says it in words)."""
    if attempt_state != AttemptState.SUBMITTED or grade_state is None:
        return Visible()
    if late_until is not None:
        return Visible(late_until=late_until)
    if policy == ReviewPolicy.HIDDEN and (released_at is None or now < released_at):
        return Visible()
    if grade_state != GradeState.FINAL:
        return Visible(pending=True)
    if policy == ReviewPolicy.SCORE_ONLY:
        return Visible(score=True)
    if policy == ReviewPolicy.AFTER_CLOSE:
        opens = closes_at + LATE_SYNC
        if now <= opens:
            return Visible(score=True, review_from=opens)
    return Visible(score=True, review=True)


def held_until(
    *,
    policy: ReviewPolicy,
    closes_at: datetime,
    released_at: datetime | None,
    deadline_at: datetime,
) -> datetime | None:
    """Until when events that came too late are kept for a decision; None: not limited yet.

    A day after the results can be final: hidden ones are when they are released.
    """
    if policy == ReviewPolicy.HIDDEN:
        return None if released_at is None else released_at + HELD_AFTER_FINAL
    return max(closes_at, deadline_at) + LATE_SYNC + HELD_AFTER_FINAL
