"""Publishing questions and the law registry: immutable revisions, a pointer that moves."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from elearn.core.errors import Conflict
from elearn.core.laws.registry import LawRegistry
from elearn.core.questions.markup import plain_text
from elearn.core.questions.model import Part, Question, QuestionStatus
from elearn.models import BankQuestion, LawVersion, Pool, QuestionKey, QuestionRevision


def publish_questions(
    session: Session, *, questions: Sequence[Question], pool: Pool, file_path: str, now: datetime
) -> dict[str, int]:
    """Make the current revision of each question what the file says.

    Returns question code -> revision id. The same content keeps its revision; other content makes
    a new one; attempts go on naming the old. Raises Conflict when a code belongs to another pool
    or file: two files must never fight over one question.
    """
    known = _known(session, [question.code for question in questions])
    revisions = _revisions(session, [question.revision_hash for question in questions])
    result: dict[str, int] = {}
    for question in questions:
        row = known.get(question.code)
        if row is None:
            row = BankQuestion(code=question.code, pool=pool, status=question.status)
            session.add(row)
            session.flush()
        elif row.pool != pool or (row.file_path != file_path and row.status != RETIRED):
            msg = f"编号 {question.code} 已经用在 {row.file_path}，{file_path} 里请换一个编号"
            raise Conflict(msg, code="E-CODE")
        revision = revisions.get(question.revision_hash) or _add_revision(
            session, row.id, question, now
        )
        row.status, row.file_path, row.line = question.status, file_path, question.line
        row.purpose = question.purpose
        row.current_revision_id = revision.id
        result[question.code] = revision.id
    session.flush()
    return result


RETIRED = QuestionStatus.RETIRED


def retire_missing(
    session: Session, *, file_path: str, pool: Pool, keep: Iterable[str]
) -> list[str]:
    """Questions this file no longer holds leave the draw; returns their codes. Nothing is deleted:
    attempts and records go on naming their revisions."""
    rows = session.scalars(
        select(BankQuestion).where(
            BankQuestion.file_path == file_path,
            BankQuestion.pool == pool,
            BankQuestion.status != RETIRED,
            BankQuestion.code.not_in(list(keep)),
        )
    )
    gone = list(rows)
    for row in gone:
        row.status = RETIRED
    session.flush()
    return [row.code for row in gone]


def publish_registry(session: Session, *, registry: LawRegistry) -> int:
    """Replace the table of law versions by the registry; returns the number of versions."""
    session.execute(delete(LawVersion))
    count = 0
    for instrument in registry.instruments.values():
        for version in instrument.versions:
            session.add(
                LawVersion(
                    short=instrument.short,
                    title=instrument.title,
                    kind=instrument.kind,
                    version=version.version,
                    issued=version.issued or "",
                    in_force=version.in_force or "",
                    articles=version.articles,
                    status=version.status.value,
                    note=version.note or "",
                    repealed_on=version.repealed_on,
                    replaced_by=version.replaced_by,
                )
            )
            count += 1
    session.flush()
    return count


def visible_body(question: Question) -> dict[str, Any]:
    """What a candidate may see; no key, explanation, reference or rubric text."""
    return {
        "stem": question.stem,
        "parts": [
            {
                "type": part.type.value,
                "stem": part.stem,
                "options": list(part.options),
                "blanks": len(part.blanks),
                "fixed_order": part.fixed_order,
                "weight": sum(point.points_centi for point in part.rubric),
            }
            for part in question.parts
        ],
    }


def key_of(question: Question) -> dict[str, Any]:
    """The other half, for grading, marking and review."""
    return {
        "explanation": question.explanation,
        "citations": [citation.as_text() for citation in question.citations],
        "parts": [_part_key(part) for part in question.parts],
    }


def visible_words(question: Question) -> str:
    """Stems and options as plain text, for searching."""
    texts = [question.stem]
    for part in question.parts:
        texts += [part.stem, *part.options]
    return _lines(texts)


def key_words(question: Question) -> str:
    """Explanations and answers in words, for searching by trainers."""
    texts = [question.explanation]
    for part in question.parts:
        texts += [part.explanation, part.reference]
        texts += [text for blank in part.blanks for text in blank]
        texts += [point.text for point in part.rubric]
    return _lines(texts)


def _lines(texts: Iterable[str]) -> str:
    return "\n".join(plain_text(text) for text in texts if text)


def _part_key(part: Part) -> dict[str, Any]:
    return {
        "key": list(part.key),
        "blanks": [list(blank) for blank in part.blanks],
        "reference": part.reference,
        "rubric": [[point.text, point.points_centi] for point in part.rubric],
        "explanation": part.explanation,
    }


def _known(session: Session, codes: list[str]) -> dict[str, BankQuestion]:
    rows = session.scalars(select(BankQuestion).where(BankQuestion.code.in_(codes)))
    return {row.code: row for row in rows}


def _revisions(session: Session, hashes: list[str]) -> dict[str, QuestionRevision]:
    rows = session.scalars(select(QuestionRevision).where(QuestionRevision.hash.in_(hashes)))
    return {row.hash: row for row in rows}


def _add_revision(
    session: Session, question_id: int, question: Question, now: datetime
) -> QuestionRevision:
    revision = QuestionRevision(
        question_id=question_id,
        hash=question.revision_hash,
        type=question.type,
        strand=question.strand,
        topic=question.topic,
        difficulty=question.difficulty,
        body=visible_body(question),
        laws=[citation.as_text() for citation in question.citations],
        tags=list(question.tags),
        audience=list(question.audience),
        facts=list(question.facts),
        search_text=visible_words(question),
        created_at=now,
    )
    session.add(revision)
    session.flush()
    session.add(
        QuestionKey(
            question_revision_id=revision.id,
            key=key_of(question),
            search_text=key_words(question),
        )
    )
    return revision
