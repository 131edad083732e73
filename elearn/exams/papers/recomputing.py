"""Working every grade of an attempt out again, from what is stored, and comparing."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn.core.assembly.model import Blueprint
from elearn.core.assembly.paper import Paper
from elearn.core.canonical import canonical_json, content_hash
from elearn.core.grading.answers import Answer
from elearn.core.grading.grade import Place, grade, voided
from elearn.core.grading.keys import AnswerKey, policy_of
from elearn.exams.attempts.queries import Extent, answers_digest, current_answers
from elearn.exams.grades.keys import load_exam_keys
from elearn.models import (
    Attempt,
    AttemptVoid,
    BankQuestion,
    Grade,
    Mark,
    PaperRefiling,
    QuestionKey,
    QuestionRevision,
    RefilingDecision,
    TrainingRecord,
    VoidDecision,
)

from .findings import Replay
from .redrawing import stored_paper

CHUNK: Final = 200


def check_questions(session: Session, attempt: Attempt, checked: set[str]) -> Iterator[str]:
    """Content and key of every question still are what their hash names."""
    fresh = sorted({item.revision_hash for item in stored_paper(attempt).items} - checked)
    checked.update(fresh)
    for at in range(0, len(fresh), CHUNK):
        rows = session.execute(
            select(QuestionRevision, BankQuestion.code, QuestionKey.key)
            .join(BankQuestion, BankQuestion.id == QuestionRevision.question_id)
            .join(QuestionKey, QuestionKey.question_revision_id == QuestionRevision.id)
            .where(QuestionRevision.hash.in_(fresh[at : at + CHUNK]))
        )
        for revision, code, key in rows:
            if content_hash(_content(revision, code, key)) != revision.hash:
                yield f"题目 {code} 的内容或答案和它的哈希对不上"


def _content(revision: QuestionRevision, code: str, key: Mapping[str, Any]) -> dict[str, Any]:
    """`Question.canonical()` put together again from the two tables."""
    return {
        "code": code,
        "type": str(revision.type),
        "topic": revision.topic,
        "difficulty": revision.difficulty,
        "stem": revision.body["stem"],
        "explanation": key["explanation"],
        "citations": key["citations"],
        "audience": revision.audience,
        "tags": revision.tags,
        "facts": revision.facts,
        "parts": [
            {
                "type": body["type"],
                "stem": body["stem"],
                "options": body["options"],
                "key": part["key"],
                "blanks": part["blanks"],
                "reference": part["reference"],
                "rubric": part["rubric"],
                "explanation": part["explanation"],
                "fixed_order": body["fixed_order"],
            }
            for body, part in zip(revision.body["parts"], key["parts"], strict=True)
        ],
    }


def check_grades(
    session: Session, blueprint: Blueprint, attempt: Attempt, result: Replay
) -> Iterator[str]:
    paper, void_no = stored_paper(attempt), _void_from(session, attempt)
    query = select(Grade).where(Grade.attempt_id == attempt.id).order_by(Grade.no)
    for row in session.scalars(query):
        again = grade(
            paper,
            answers_at(session, attempt, row),
            keys_at(session, attempt.exam_id, paper, row),
            policy_of(blueprint),
            marks_at(session, attempt, row),
        )
        if void_no is not None and row.no >= void_no:
            again = voided(again)
        same = canonical_json(json.loads(canonical_json(again.canonical())))
        stored = (row.score_centi, row.passed, row.state)
        stored_detail = {name: row.detail[name] for name in row.detail if name != "extent"}
        if canonical_json(stored_detail) != same:
            yield f"第 {row.no} 次评分和重算的不同：{_grade_difference(again.canonical(), row)}"
        elif stored != (again.total_centi, again.passed, again.state.value):
            yield f"第 {row.no} 次评分的总分或合格与明细不符"
        else:
            result.grades += 1


def _void_from(session: Session, attempt: Attempt) -> int | None:
    """The first grade that is nothing because the attempt was annulled."""
    return session.scalar(
        select(VoidDecision.grade_no)
        .join(VoidDecision.void)
        .where(AttemptVoid.attempt_id == attempt.id, VoidDecision.approved)
    )


def check_record(session: Session, attempt: Attempt) -> Iterator[str]:
    """The training record names the answers it was made from."""
    record = session.scalar(
        select(TrainingRecord).where(TrainingRecord.source_key == f"attempt:{attempt.public_id}")
    )
    if record is None:
        return
    said = record.evidence
    row = session.scalar(
        select(Grade).where(Grade.attempt_id == attempt.id, Grade.no == said.get("grade_no"))
    )
    if row is None:
        yield "培训记录所依据的评分不存在"
    elif answers_digest(attempt, answers_at(session, attempt, row)) != said.get("answers_hash"):
        yield "答案和培训记录里的摘要对不上"


def check_refiling(session: Session, attempt: Attempt) -> Iterator[str]:
    """A paper result that was moved: two people agreed, and the same answers stand where it is now."""
    found = session.execute(
        select(Attempt, RefilingDecision.decided_at)
        .join(RefilingDecision, RefilingDecision.new_attempt_id == Attempt.id)
        .join(RefilingDecision.refiling)
        .where(PaperRefiling.attempt_id == attempt.id, RefilingDecision.accepted)
    ).one_or_none()
    if (attempt.refiled_at is None) != (found is None):
        yield "改归的标记和两人的决定对不上"
    if found is None:
        return
    new, decided_at = found
    first = session.scalar(select(Grade).where(Grade.attempt_id == new.id, Grade.no == 1))
    if first is None:
        yield "改归以后的答卷没有评分"
        return
    before = current_answers(session, attempt.id, as_of=decided_at)
    # By the time they are said to be of: entered and graded in one act, nothing may be added.
    after = current_answers(session, new.id, as_of=first.graded_at)
    if _by_question(attempt, before) != _by_question(new, after):
        yield "改归以后的答案和原来的不同"


def _by_question(
    attempt: Attempt, answers: Mapping[Place, Answer]
) -> dict[tuple[str, int], Answer]:
    """Answers by (revision hash, part): the same on every form."""
    names = {item.number: item.revision_hash for item in stored_paper(attempt).items}
    return {(names[item], part): answer for (item, part), answer in answers.items()}


def _grade_difference(again: Mapping[str, Any], row: Grade) -> str:
    for mine, theirs in zip(again["items"], row.detail["items"], strict=False):
        if mine["awarded_centi"] != theirs["awarded_centi"]:
            return f"第 {mine['number']} 题"
    return "合计或合格"


def answers_at(session: Session, attempt: Attempt, row: Grade) -> dict[Place, Answer]:
    """The answers that counted when the grade was made."""
    extent = _extent(row)
    if extent is None:
        return current_answers(session, attempt.id, as_of=row.graded_at)
    return current_answers(session, attempt.id, extent=extent)


def _extent(row: Grade) -> Extent | None:
    """None for a grade of before grades named it: then the times have to say."""
    named = row.detail.get("extent")
    return Extent(**named) if named is not None else None


def keys_at(session: Session, exam_id: int, paper: Paper, row: Grade) -> dict[str, AnswerKey]:
    """The keys that were in force when the grade was made: it names the last correction."""
    hashes = (item.revision_hash for item in paper.items)
    return load_exam_keys(session, exam_id=exam_id, hashes=hashes, up_to=row.keys_no).answers


def marks_at(session: Session, attempt: Attempt, row: Grade) -> dict[Place, int]:
    """The marks that counted when the grade was made."""
    extent = _extent(row)
    known = Mark.marked_at <= row.graded_at if extent is None else Mark.id <= extent.mark
    query = select(Mark).where(Mark.attempt_id == attempt.id, Mark.counts, known)
    rows = session.scalars(query.order_by(Mark.id))
    return {(mark.item_no, mark.part_no): mark.points_centi for mark in rows}
