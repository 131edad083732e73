"""Questions inside a lesson: what is shown, how an answer is graded, what feedback may say.

The key of a question is read only for a person who has answered that question.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from elearn.bank.laws import CitationLink, cite, load_registry
from elearn.bank.queries import Body, BodyPart, StoredKey, load_bodies, load_keys
from elearn.core.errors import DomainError, NotFound
from elearn.core.grading.answers import Answer, is_empty, parse_answer
from elearn.core.grading.grade import PartState, grade_part, normal_text
from elearn.core.grading.keys import Policy
from elearn.core.questions.model import Part, QuestionType
from elearn.models import BankQuestion, Lesson, LessonQuizItem, QuestionRevision, QuizResponse

SAME_TAP: Final = timedelta(seconds=10)
_POLICY: Final = Policy(pass_centi=0)
_GOOD: Final = {PartState.RIGHT, PartState.PENDING}  # a short answer is compared by the person


@dataclass(frozen=True, slots=True)
class Feedback:
    """What one answered question may say. `given` holds one answer per part."""

    correct: bool
    given: list[Any]
    key: StoredKey
    citations: list[CitationLink]

    def blank_right(self, part: int, blank: int) -> bool:
        """Did this blank hold an accepted text?"""
        accepted = self.key.parts[part].blanks[blank]
        return normal_text(self.given[part][blank]) in {normal_text(text) for text in accepted}


@dataclass(frozen=True, slots=True)
class QuizItem:
    """One question as the page shows it. `number` counts over the whole lesson."""

    number: int
    slot: int
    code: str
    body: Body
    feedback: Feedback | None = None

    @property
    def passed(self) -> bool:
        """The latest answer was right."""
        return self.feedback is not None and self.feedback.correct


def load_items(session: Session, *, lesson: Lesson, person_id: int) -> list[QuizItem]:
    """The lesson's questions in page order, with feedback on those the person has answered in
    this very revision."""
    rows = quiz_rows(session, lesson)
    responses = _latest(session, person_id, [row.id for row in rows])
    bodies = load_bodies(session, [row.hash for row in rows])
    keys = load_keys(session, [row.hash for row in rows if row.id in responses])
    registry = load_registry(session) if keys else None
    items = []
    for number, row in enumerate(rows, start=1):
        feedback = None
        if registry is not None and row.id in responses:
            key, response = keys[row.hash], responses[row.id]
            links = [cite(registry, text) for text in key.citations]
            feedback = Feedback(response.correct, response.answer["parts"], key, links)
        items.append(QuizItem(number, row.slot, row.code, bodies[row.hash], feedback))
    return items


def check_answers(
    session: Session, *, lesson: Lesson, answers: Mapping[str, Sequence[Sequence[str]]]
) -> list[tuple[int, list[Answer], bool]]:
    """(question revision id, canonical answers, right?) per question code; all or nothing.

    `answers` holds, per part, the texts of the form: option indexes, blanks, or one text.
    Raises NotFound for a question of another lesson, DomainError for an unfit or empty answer.
    """
    rows = {row.code: row for row in quiz_rows(session, lesson)}
    unknown = [code for code in answers if code not in rows]
    if unknown or not answers:
        raise NotFound("这一节没有这道题，可能课程已更新。请刷新后再试。")
    asked = [rows[code].hash for code in answers]
    bodies, keys = load_bodies(session, asked), load_keys(session, asked)
    checked = []
    for code, raw in answers.items():
        row = rows[code]
        given = _parse(bodies[row.hash], raw)
        checked.append((row.id, given, _is_right(keys[row.hash], given)))
    return checked


def is_same_tap(
    session: Session, *, person_id: int, revision_id: int, given: list[Answer], now: datetime
) -> bool:
    """A button tapped twice, or a form sent again: the same answer within seconds."""
    last = _latest(session, person_id, [revision_id]).get(revision_id)
    return last is not None and last.answer["parts"] == given and now - last.at < SAME_TAP


def quiz_rows(session: Session, lesson: Lesson) -> Sequence[Row[int, str, str, int]]:
    """(id, hash, code, slot) of the lesson's questions in page order."""
    return session.execute(
        select(QuestionRevision.id, QuestionRevision.hash, BankQuestion.code, LessonQuizItem.slot)
        .join(LessonQuizItem, LessonQuizItem.question_revision_id == QuestionRevision.id)
        .join(BankQuestion, BankQuestion.id == QuestionRevision.question_id)
        .where(LessonQuizItem.lesson_id == lesson.id)
        .order_by(LessonQuizItem.slot, LessonQuizItem.position)
    ).all()


def _latest(session: Session, person_id: int, revision_ids: list[int]) -> dict[int, QuizResponse]:
    rows = session.scalars(
        select(QuizResponse)
        .where(
            QuizResponse.person_id == person_id,
            QuizResponse.question_revision_id.in_(revision_ids),
        )
        .order_by(QuizResponse.id)
    )
    return {row.question_revision_id: row for row in rows}


def _parse(body: Body, raw: Sequence[Sequence[str]]) -> list[Answer]:
    if len(raw) != len(body.parts):
        raise DomainError("答案的格式不对，请刷新后再试。", code="E-ANSWER")
    given = [_parse_part(part, texts) for part, texts in zip(body.parts, raw, strict=True)]
    if any(is_empty(answer) for answer in given):
        many = "请把每个小题都答完再提交。" if len(given) > 1 else "请先作答，再提交本题。"
        raise DomainError(many, code="E-EMPTY")
    return given


def _parse_part(part: BodyPart, texts: Sequence[str]) -> Answer:
    if part.type is QuestionType.SHORT_ANSWER:
        raw: Any = texts[0] if texts else ""
    else:
        raw = list(texts)
    shape = Part(part.type, part.stem, part.options, blanks=((),) * part.blanks)
    return parse_answer(shape, raw)


def _is_right(key: StoredKey, given: list[Answer]) -> bool:
    return all(
        grade_part(part, answer, 100, _POLICY).state in _GOOD
        for part, answer in zip(key.answer.parts, given, strict=True)
    )
