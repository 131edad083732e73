"""Proving an exam after the fact: every paper drawn again, every score computed again.

What is read back: the master seed and its commitment, bank snapshots, blueprint, answer events,
question keys (checked against the hash of their revision), marks, and every grade row, regrades
included. Nothing is written.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn.core.assembly.model import Blueprint
from elearn.core.assembly.paper import Paper, paper_from_canonical
from elearn.core.assembly.seeds import attempt_seed, commitment_of, form_number, forms_seed
from elearn.core.canonical import canonical_json, content_hash
from elearn.core.errors import Infeasible, NotFound
from elearn.core.grading.answers import Answer
from elearn.core.grading.grade import Place, grade, voided
from elearn.core.grading.keys import AnswerKey, policy_of
from elearn.exams.attempts.queries import answers_digest, current_answers
from elearn.exams.blueprints.queries import read_spec
from elearn.exams.grades.keys import load_exam_keys
from elearn.models import (
    Attempt,
    AttemptVoid,
    AuditEntry,
    BankQuestion,
    Exam,
    Grade,
    Mark,
    Person,
    QuestionKey,
    QuestionRevision,
    TrainingRecord,
    VoidDecision,
)

from .drawing import make_forms, open_seed
from .queries import codes_seen, papers_of, seed_of
from .snapshots import Stock, current_stock, plan_for, stock_of
from .vault import Vault

CHUNK: Final = 200


@dataclass(frozen=True, slots=True)
class Difference:
    """Something stored that does not follow from what it should follow from. `attempt` is the
    public id, "" for the exam itself; `what` is Chinese."""

    attempt: str
    what: str


@dataclass(slots=True)
class Replay:
    """What was checked. `notes`: what could not be checked, and why (no difference)."""

    exam: str
    commitment: str = ""
    attempts: int = 0
    papers: int = 0
    grades: int = 0
    notes: list[str] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "exam": self.exam,
            "commitment": self.commitment,
            "attempts": self.attempts,
            "papers": self.papers,
            "grades": self.grades,
            "notes": self.notes,
            "differences": [{"attempt": d.attempt, "what": d.what} for d in self.differences],
        }


def replay_exam(session: Session, *, exam: Exam, vault: Vault) -> Replay:
    """Check everything about the exam; an empty `differences` means it all follows."""
    result = Replay(exam.public_id)
    master = _check_seed(session, exam, vault, result)
    revision = exam.blueprint_revision
    if content_hash(revision.spec) != revision.hash:
        result.differences.append(Difference("", "组卷规则和它的哈希对不上"))
    redraw = _Redraw(session, exam, master)
    query = select(Attempt).where(Attempt.exam_id == exam.id).order_by(Attempt.id)
    checked: set[str] = set()
    for attempt in session.scalars(query):
        result.attempts += 1
        found = [
            *_check_paper(redraw, attempt, result),
            *_check_questions(session, attempt, checked),
            *_check_grades(session, redraw.blueprint, attempt, result),
            *_check_record(session, attempt),
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
    said = _audited_commitment(session, exam)
    if said != row.commitment:
        result.differences.append(Difference("", "承诺和审计日志里记下的不同"))
    return master


def _audited_commitment(session: Session, exam: Exam) -> str | None:
    detail = session.scalar(
        select(AuditEntry.detail)
        .where(AuditEntry.action == "papers.commit", AuditEntry.object_id == exam.public_id)
        .order_by(AuditEntry.id)
        .limit(1)
    )
    return detail.get("commitment") if detail else None


# ---------------------------------------------------------------- papers


class _Redraw:
    """Draws again, with banks and forms read once."""

    def __init__(self, session: Session, exam: Exam, master: str | None):
        self.session = session
        self.exam = exam
        self.master = master
        self.blueprint = read_spec(exam.blueprint_revision)
        self.papers = papers_of(session, exam)
        self._stocks: dict[str, Stock | None] = {}
        self._forms: dict[str, tuple[Paper, ...]] = {}

    def stock(self, attempt: Attempt) -> Stock | None:
        """What the attempt's paper was drawn from; None when that was not kept."""
        name = (attempt.draw or {}).get("snapshot") or attempt.bank_hash
        if name not in self._stocks:
            try:
                self._stocks[name] = stock_of(self.session, name)
            except NotFound:
                now = current_stock(self.session)
                self._stocks[name] = now if now.snapshot_hash == name else None
        return self._stocks[name]

    def seed(self, attempt: Attempt) -> str:
        """The seed the attempt should have; its own where nothing was committed."""
        draw = attempt.draw or {}
        if self.master is None:
            return attempt.seed
        if draw.get("mode") == "FORMS":
            return forms_seed(self.master)
        return attempt_seed(self.master, self._person(attempt), attempt.no)

    def paper(self, attempt: Attempt, stock: Stock) -> Paper:
        """The paper as it should be. Raises Infeasible."""
        draw = attempt.draw or {}
        if draw.get("mode") == "FORMS" and self.master is not None:
            number = form_number(self.master, self._person(attempt), attempt.no, self.papers.forms)
            return self._all_forms(stock)[number - 1]
        seen = self._seen(draw.get("seen", []))
        return plan_for(stock, self.blueprint).draw(self.seed(attempt), seen)

    def _all_forms(self, stock: Stock) -> tuple[Paper, ...]:
        if stock.snapshot_hash not in self._forms:
            forms = make_forms(stock, self.exam, self.master or "", self.papers.forms)
            self._forms[stock.snapshot_hash] = forms.papers
        return self._forms[stock.snapshot_hash]

    def _seen(self, ids: list[str]) -> set[str]:
        if not ids:
            return set()
        attempts = self.session.scalars(select(Attempt).where(Attempt.public_id.in_(ids)))
        return codes_seen(self.session, attempts)

    def _person(self, attempt: Attempt) -> str:
        return self.session.get_one(Person, attempt.person_id).public_id


def _check_paper(redraw: _Redraw, attempt: Attempt, result: Replay) -> Iterator[str]:
    if content_hash(attempt.paper) != attempt.paper_hash:
        yield "存下的试卷和它的哈希对不上"
    committed = (attempt.draw or {}).get("commitment")
    if redraw.master is not None and committed != result.commitment:
        yield "试卷不是从承诺的种子抽的"
        return
    if attempt.seed != redraw.seed(attempt):
        yield "答卷的种子不是从总种子推出的"
    stock = redraw.stock(attempt)
    if stock is None:
        result.notes.append(f"答卷 {attempt.public_id}：没有保存当时的题库，试卷没有重抽")
        return
    try:
        again = redraw.paper(attempt, stock)
    except Infeasible as error:
        yield f"试卷抽不出来：{error.message}"
        return
    what = _first_difference(again, stored_paper(attempt))
    if what:
        yield what
    else:
        result.papers += 1


def stored_paper(attempt: Attempt) -> Paper:
    """What lies in the row: not `paper_of`, which takes the hash's word for it."""
    return paper_from_canonical(attempt.paper)


def _first_difference(again: Paper, stored: Paper) -> str:
    if again == stored:
        return ""
    for mine, theirs in zip(again.items, stored.items, strict=False):
        if mine.revision_hash != theirs.revision_hash:
            return f"试卷第 {theirs.number} 题不是应该抽到的题"
        if mine != theirs:
            return f"试卷第 {theirs.number} 题的分值或选项顺序不同"
    return "试卷的题数或部分不同"


# ---------------------------------------------------------------- questions and grades


def _check_questions(session: Session, attempt: Attempt, checked: set[str]) -> Iterator[str]:
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


def _check_grades(
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
        if canonical_json(row.detail) != same:
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


def _check_record(session: Session, attempt: Attempt) -> Iterator[str]:
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


def _grade_difference(again: Mapping[str, Any], row: Grade) -> str:
    for mine, theirs in zip(again["items"], row.detail["items"], strict=False):
        if mine["awarded_centi"] != theirs["awarded_centi"]:
            return f"第 {mine['number']} 题"
    return "合计或合格"


def answers_at(session: Session, attempt: Attempt, row: Grade) -> dict[Place, Answer]:
    """The answers that counted when the grade was made."""
    return current_answers(session, attempt.id, as_of=row.graded_at)


def keys_at(session: Session, exam_id: int, paper: Paper, row: Grade) -> dict[str, AnswerKey]:
    """The keys that were in force when the grade was made: it names the last correction."""
    hashes = (item.revision_hash for item in paper.items)
    return load_exam_keys(session, exam_id=exam_id, hashes=hashes, up_to=row.keys_no).answers


def marks_at(session: Session, attempt: Attempt, row: Grade) -> dict[Place, int]:
    """The marks that counted when the grade was made."""
    query = select(Mark).where(
        Mark.attempt_id == attempt.id, Mark.counts, Mark.marked_at <= row.graded_at
    )
    rows = session.scalars(query.order_by(Mark.id))
    return {(mark.item_no, mark.part_no): mark.points_centi for mark in rows}
