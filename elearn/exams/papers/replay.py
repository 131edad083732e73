"""Proving an exam after the fact: every paper drawn again, every score computed again.

What is read back: the master seed and its commitment, bank snapshots with their estimates,
blueprint, answer events, question keys (checked against the hash of their revision), marks, and
every grade row, regrades included. Nothing is written.
"""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn.core.assembly.seeds import commitment_of
from elearn.core.canonical import content_hash
from elearn.models import Attempt, AuditEntry, Exam

from .drawing import open_seed
from .estimates import read_estimates
from .findings import Difference, Replay
from .queries import seed_of
from .recomputing import check_grades, check_questions, check_record, check_refiling
from .redrawing import Redraw, check_paper
from .vault import Vault

__all__ = ["Difference", "Replay", "replay_exam"]


def replay_exam(session: Session, *, exam: Exam, vault: Vault) -> Replay:
    """Check everything about the exam; an empty `differences` means it all follows."""
    result = Replay(exam.public_id)
    master = _check_seed(session, exam, vault, result)
    estimates = _check_estimates(session, exam, result)
    revision = exam.blueprint_revision
    if content_hash(revision.spec) != revision.hash:
        result.differences.append(Difference("", "组卷规则和它的哈希对不上"))
    redraw = Redraw(session, exam, master, estimates)
    query = select(Attempt).where(Attempt.exam_id == exam.id).order_by(Attempt.id)
    checked: set[str] = set()
    for attempt in session.scalars(query):
        result.attempts += 1
        found = [
            *check_paper(redraw, attempt, result),
            *check_questions(session, attempt, checked),
            *check_grades(session, redraw.blueprint, attempt, result),
            *check_record(session, attempt),
            *check_refiling(session, attempt),
        ]
        result.differences += [Difference(attempt.public_id, what) for what in found]
    return result


# ---------------------------------------------------------------- seed


def _check_seed(session: Session, exam: Exam, vault: Vault, result: Replay) -> str | None:
    row = seed_of(session, exam)
    if row is None:
        result.notes.append("这场考试没有承诺种子，各答卷按自己存下的种子核对")
        return None
    result.commitment = row.commitment
    master = row.seed or open_seed(vault, exam, row.sealed)
    if commitment_of(master) != row.commitment:
        result.differences.append(Difference("", "种子和承诺对不上"))
    if _audited(session, exam).get("commitment") != row.commitment:
        result.differences.append(Difference("", "承诺和审计日志里记下的不同"))
    return master


def _check_estimates(session: Session, exam: Exam, result: Replay) -> str | None:
    """The set of estimates the exam was scheduled with: what its hash says, as the log says."""
    row = seed_of(session, exam)
    if row is None or row.estimates_hash is None:
        return None
    levels = read_estimates(session, row.estimates_hash)
    if content_hash([list(pair) for pair in sorted(levels.items())]) != row.estimates_hash:
        result.differences.append(Difference("", "难度估计和它的哈希对不上"))
    if _audited(session, exam).get("estimates") != row.estimates_hash:
        result.differences.append(Difference("", "难度估计和审计日志里记下的不同"))
    return row.estimates_hash


def _audited(session: Session, exam: Exam) -> dict[str, Any]:
    """What the log says was fixed when the exam was scheduled."""
    detail = session.scalar(
        select(AuditEntry.detail)
        .where(AuditEntry.action == "papers.commit", AuditEntry.object_id == exam.public_id)
        .order_by(AuditEntry.id)
        .limit(1)
    )
    return detail or {}
