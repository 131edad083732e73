"""What all exams together say about the difficulty of a question. No person, no unit in it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, contains_eager, joinedload

from elearn.core.access import Actor
from elearn.core.canonical import content_hash
from elearn.core.statistics.difficulty import Estimate, estimate
from elearn.models import (
    BankQuestion,
    DifficultyDecision,
    Exam,
    ItemAnalysis,
    QuestionKey,
    QuestionRevision,
)

from .queries import in_scope


@dataclass(frozen=True, slots=True)
class QuestionEstimate:
    """The current revision, what its answers say, and what a trainer has said to that. `exams`
    counts the exams behind it."""

    revision_hash: str
    estimate: Estimate
    total_share: float
    exams: int
    decision: DifficultyDecision | None


def question_estimate(session: Session, question: BankQuestion) -> QuestionEstimate | None:
    """Over every revision that asks the same and has the same key as the current one: mending a
    typing error in the explanation, or the difficulty itself, does not forget the answers.

    None with too few answers.
    """
    current = question.current
    if current is None:
        return None
    rows = session.scalars(
        select(ItemAnalysis).where(ItemAnalysis.revision_hash.in_(same_wording(session, question)))
    ).all()
    total = sum(row.total_share for row in rows)
    found = estimate(current.difficulty, total, sum(row.n for row in rows))
    if found is None:
        return None
    decision = session.scalar(
        select(DifficultyDecision)
        .where(
            DifficultyDecision.question_id == question.id,
            DifficultyDecision.revision_hash == current.hash,
            DifficultyDecision.suggested == found.difficulty,
        )
        .options(joinedload(DifficultyDecision.decided_by))
        .order_by(DifficultyDecision.id.desc())
        .limit(1)
    )
    exams = len({row.exam_id for row in rows})
    return QuestionEstimate(current.hash, found, total, exams, decision)


def same_wording(session: Session, question: BankQuestion) -> Sequence[str]:
    """Hashes of the revisions of a question with the body and key of the current one."""
    rows = session.execute(
        select(QuestionRevision.id, QuestionRevision.hash, QuestionRevision.body, QuestionKey.key)
        .join(QuestionKey, QuestionKey.question_revision_id == QuestionRevision.id)
        .where(QuestionRevision.question_id == question.id)
    ).all()
    asked = {
        row.hash: content_hash(
            {
                "body": row.body,
                "key": [[part["key"], part["blanks"]] for part in row.key["parts"]],
            }
        )
        for row in rows
    }
    wanted = next(asked[row.hash] for row in rows if row.id == question.current_revision_id)
    return [digest for digest, words in asked.items() if words == wanted]


def appearances(session: Session, question: BankQuestion, actor: Actor) -> list[ItemAnalysis]:
    """Exams in the actor's scope with statistics for any revision of the question, latest first."""
    rows = session.scalars(
        select(ItemAnalysis)
        .join(ItemAnalysis.exam)
        .join(Exam.org_unit)
        .where(ItemAnalysis.code == question.code, in_scope(actor))
        .options(contains_eager(ItemAnalysis.exam))
        .order_by(Exam.closes_at.desc(), ItemAnalysis.id.desc())
    )
    return list(rows)
