"""Answer files, always through the exam the actor manages; what is in one beside what is stored."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload

from elearn.core.access import Actor
from elearn.core.assembly.paper import PaperPart
from elearn.core.errors import NotFound
from elearn.core.grading.answers import CHOICES, Answer, is_empty, shown_options
from elearn.core.questions.model import QuestionType
from elearn.exams.attempts.events import check_events
from elearn.exams.attempts.queries import current_answers
from elearn.exams.attempts.shapes import shape_of
from elearn.exams.sittings.queries import managed_exams_query
from elearn.models import AnswerEvent, AnswerFile, Attempt, Exam

from .sealed import Contents

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Line:
    """One answer of a file. `part` counts from 1, 0 where the item has only one. `status`: what the
    event became, "" before the import; `here`: it had been delivered after all."""

    item: int
    part: int
    in_file: str
    stored: str
    same: bool
    here: bool
    status: str


def get_answer_file(session: Session, *, public_id: str, actor: Actor) -> AnswerFile:
    """The file if its exam lies in the actor's scope. Raises NotFound."""
    exams = managed_exams_query(actor).with_only_columns(Exam.id).order_by(None)
    file = session.scalar(
        _files()
        .join(AnswerFile.attempt)
        .where(AnswerFile.public_id == public_id, Attempt.exam_id.in_(exams))
    )
    if file is None:
        raise NotFound
    return file


def files_query(exam: Exam) -> Select[AnswerFile]:
    """The files of an exam, newest first."""
    return (
        _files()
        .join(AnswerFile.attempt)
        .where(Attempt.exam_id == exam.id)
        .order_by(AnswerFile.id.desc())
    )


def lines_of(session: Session, file: AnswerFile, contents: Contents) -> list[Line]:
    """What the file has for each part beside what counts now, in paper order."""
    attempt = file.attempt
    shape = shape_of(attempt)
    stored = current_answers(session, attempt.id)
    events = check_events(shape, contents.events).events
    delivered = set(
        session.scalars(
            select(AnswerEvent.event_id).where(
                AnswerEvent.attempt_id == attempt.id,
                AnswerEvent.event_id.in_([event.event_id for event in events]),
            )
        )
    )
    lines = []
    for event in sorted(events, key=lambda each: (each.item, each.part, each.number)):
        slot = shape.slots[event.item, event.part]
        now = stored.get((event.item, event.part))
        lines.append(
            Line(
                item=event.item,
                part=event.part + 1 if slot.count > 1 else 0,
                in_file=in_words(slot.part, event.answer),
                stored=in_words(slot.part, now),
                same=event.answer == now or (now is None and is_empty(event.answer)),
                here=event.event_id in delivered,
                status=file.result.get(event.event_id, ""),
            )
        )
    return lines


def in_words(part: PaperPart, answer: Answer | None) -> str:
    """Letters as on the candidate's screen, 对 or 错, or the texts; never a stem."""
    if answer is None or is_empty(answer):
        return "未答"
    if part.type is QuestionType.TRUE_FALSE:
        return "、".join("对错"[int(option)] for option in answer)
    if part.type in CHOICES:
        chosen: Sequence[int] = [int(option) for option in answer]
        return "、".join(LETTERS[position] for position in shown_options(part, chosen))
    return (
        answer if isinstance(answer, str) else "；".join(str(text) or "（空）" for text in answer)
    )


def _files() -> Select[AnswerFile]:
    return select(AnswerFile).options(
        joinedload(AnswerFile.attempt).options(
            joinedload(Attempt.person), joinedload(Attempt.exam)
        ),
        joinedload(AnswerFile.uploaded_by),
        joinedload(AnswerFile.imported_by),
    )
