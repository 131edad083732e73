"""What a candidate may see of an own attempt, and when: one pure function, asked on every request.

Nothing about keys before the attempt is closed, ever. `GRACE` is how long after a deadline an
answer that was already on its way is still taken; what shows keys opens only after it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from elearn.core.grading.grade import GradeState
from elearn.models import AttemptState, ReviewPolicy

GRACE: Final = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Visible:
    """`score`: points and pass or fail. `review`: questions, own answers, keys, explanations.

    `pending`: a marker is still at work. `review_from`: when the review opens by itself.
    """

    score: bool = False
    review: bool = False
    pending: bool = False
    review_from: datetime | None = None


def visible(
    *,
    policy: ReviewPolicy,
    closes_at: datetime,
    released_at: datetime | None,
    attempt_state: AttemptState,
    grade_state: GradeState | None,
    now: datetime,
) -> Visible:
    """The whole rule (`ReviewPolicy` says it in words)."""
    if attempt_state != AttemptState.SUBMITTED or grade_state is None:
        return Visible()
    if policy == ReviewPolicy.HIDDEN and (released_at is None or now < released_at):
        return Visible()
    if grade_state != GradeState.FINAL:
        return Visible(pending=True)
    if policy == ReviewPolicy.SCORE_ONLY:
        return Visible(score=True)
    if policy == ReviewPolicy.AFTER_CLOSE:
        opens = closes_at + GRACE
        if now <= opens:
            return Visible(score=True, review_from=opens)
    return Visible(score=True, review=True)
