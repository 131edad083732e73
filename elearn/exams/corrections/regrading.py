"""The two passes over the attempts a correction concerns: working out, and writing new grades.

Every step takes some rows nobody else holds, does them and marks them done, in one transaction:
it can be stopped, repeated, and run by several processes.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload

from elearn.audit import record_act
from elearn.core.errors import DomainError
from elearn.core.grading.corrections import corrected
from elearn.core.grading.grade import Grade as CoreGrade
from elearn.core.grading.grade import GradeState, grade, voided
from elearn.core.grading.keys import AnswerKey, Policy, policy_of
from elearn.exams.attempts.queries import current_answers, paper_of
from elearn.exams.attempts.saving import hold_attempt
from elearn.exams.blueprints.queries import read_spec
from elearn.exams.grades.keys import KeyCache, as_correction
from elearn.exams.grades.queries import last_grade, last_grades, marks_rows
from elearn.exams.grades.services import follow_correction, grade_attempt
from elearn.models import (
    Attempt,
    AttemptState,
    CorrectionState,
    Exam,
    KeyCorrection,
    Regrade,
)

BATCH: Final = 100
log = logging.getLogger("elearn")


def preview_some(session: Session, *, correction: KeyCorrection, limit: int = BATCH) -> int:
    """Work out what the correction would give for some attempts; how many were done.

    The same function as grading itself, so the preview is what will happen.
    """
    rows = _take(session, correction, Regrade.previewed, limit)
    grades = last_grades(session, [row.attempt_id for row in rows])
    trial = _Trial(session, correction)
    for row in rows:
        before = grades.get(row.attempt_id)
        if before is not None and row.attempt.state == AttemptState.SUBMITTED:
            after = trial.grade(row.attempt)
            row.score_before, row.passed_before = before.score_centi, before.passed
            row.full_centi = before.full_centi
            final = after.state is GradeState.FINAL
            row.score_after = after.total_centi
            row.passed_after = after.passed if final else None
        row.previewed = True
    session.flush()
    return len(rows)


def apply_some(
    session: Session, *, correction: KeyCorrection, now: datetime, limit: int = BATCH
) -> int:
    """Write the new grade of some attempts; how many were done. Closes the correction when all are.

    An attempt already graded with this correction (it was handed in after the approval) gets no
    second grade. One that is still being answered is left for later.
    """
    rows = _take(session, correction, Regrade.done, limit, graded=True)
    done, cache = 0, KeyCache(session)
    for row in rows:
        try:
            with session.begin_nested():
                _regrade(session, correction, row, cache, now)
        except (DomainError, KeyError, ValueError):
            log.exception("attempt %s could not be regraded", row.attempt_id)
        else:
            done += 1
    if len(rows) < limit:
        _close_if_done(session, correction, now)
    return done


def work_waiting() -> Select[KeyCorrection]:
    """Corrections with something to do now, oldest first."""
    todo = exists().where(Regrade.correction_id == KeyCorrection.id, Regrade.previewed.is_(False))
    ready = exists().where(
        Regrade.correction_id == KeyCorrection.id,
        Regrade.done.is_(False),
        Attempt.id == Regrade.attempt_id,
        Attempt.state == AttemptState.SUBMITTED,
    )
    unsettled = exists().where(Regrade.correction_id == KeyCorrection.id, Regrade.done.is_(False))
    return (
        select(KeyCorrection)
        .where(
            ((KeyCorrection.state == CorrectionState.PROPOSED) & todo)
            | ((KeyCorrection.state == CorrectionState.APPROVED) & (ready | ~unsettled))
        )
        .order_by(KeyCorrection.id)
    )


class _Trial:
    """Grades with one more correction, without writing; what attempts share is read once."""

    def __init__(self, session: Session, correction: KeyCorrection):
        self._session = session
        self._correction = correction
        self._policies: dict[int, Policy] = {}
        self._cache = KeyCache(session)

    def grade(self, attempt: Attempt) -> CoreGrade:
        """What this attempt would get."""
        session = self._session
        paper = paper_of(attempt)
        hashes = [item.revision_hash for item in paper.items]
        marks = {(m.item_no, m.part_no): m.points_centi for m in marks_rows(session, attempt.id)}
        found = grade(
            paper,
            current_answers(session, attempt.id),
            self._answers(attempt.exam_id, hashes),
            self._policy(attempt.exam_id),
            marks,
        )
        return voided(found) if attempt.voided_at is not None else found

    def _policy(self, exam_id: int) -> Policy:
        if exam_id not in self._policies:
            exam = self._session.get_one(Exam, exam_id)
            self._policies[exam_id] = policy_of(read_spec(exam.blueprint_revision))
        return self._policies[exam_id]

    def _answers(self, exam_id: int, hashes: Sequence[str]) -> dict[str, AnswerKey]:
        keys = self._cache.load(exam_id=exam_id, hashes=hashes).answers
        changed = self._correction.revision.hash
        keys[changed] = corrected(keys[changed], [as_correction(self._correction)])
        return keys


def _take(
    session: Session,
    correction: KeyCorrection,
    flag: InstrumentedAttribute[bool],
    limit: int,
    *,
    graded: bool = False,
) -> list[Regrade]:
    """Rows not done yet that nobody else holds, with their attempts."""
    query = (
        select(Regrade)
        .join(Regrade.attempt)
        .options(joinedload(Regrade.attempt))
        .where(Regrade.correction_id == correction.id, flag.is_(False))
        .order_by(Regrade.attempt_id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=Regrade)
    )
    if graded:
        query = query.where(Attempt.state == AttemptState.SUBMITTED)
    return list(session.scalars(query))


def _regrade(
    session: Session, correction: KeyCorrection, row: Regrade, cache: KeyCache, now: datetime
) -> None:
    attempt = row.attempt
    # Read before the lock, they may be those of a moment ago: settled in between, an attempt would
    # get its grade and never its record.
    hold_attempt(session, attempt)
    before = last_grade(session, attempt.id)
    if before is not None and before.keys_no < (correction.no or 0):
        reason = f"第 {correction.no} 号更正：{correction.reason}"
        after = grade_attempt(session, attempt=attempt, now=now, reason=reason, cache=cache)
        row.grade_id = after.id
        text = "有一道题的答案作了更正，您的成绩已重新计算。"
        follow_correction(session, attempt=attempt, before=before, after=after, text=text, now=now)
    elif before is not None:
        row.grade_id = before.id
    row.done = before is not None


def _close_if_done(session: Session, correction: KeyCorrection, now: datetime) -> None:
    session.refresh(correction, ["state"], with_for_update=True)
    left = select(Regrade.attempt_id).where(
        Regrade.correction_id == correction.id, Regrade.done.is_(False)
    )
    if correction.state != CorrectionState.APPROVED or session.scalar(left.limit(1)) is not None:
        return
    correction.state = CorrectionState.APPLIED
    correction.applied_at = now
    session.flush()
    record_act(
        session,
        actor=None,
        action="correction.apply",
        now=now,
        object_type="correction",
        object_id=correction.public_id,
        summary=f"第 {correction.no} 号更正已重新评分完毕",
        detail={"no": correction.no},
    )
