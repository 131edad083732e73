"""Reading what waits for a marker, without names."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Select, exists, false, or_, select
from sqlalchemy.orm import Session, contains_eager

from elearn.bank.queries import load_bodies, load_keys
from elearn.core.access import Actor, Permission
from elearn.core.errors import NotFound
from elearn.core.grading.answers import is_empty
from elearn.core.grading.grade import GradeState, Place
from elearn.core.questions.model import QuestionType, RubricPoint
from elearn.exams.attempts.queries import current_answers, paper_of
from elearn.exams.grades.queries import marks_rows
from elearn.models import Attempt, AttemptState, Exam, Grade, Mark, OrgUnit, Person

ALIAS_LETTERS: Final = 6


@dataclass(frozen=True, slots=True)
class Task:
    """One answered short answer. `given` is what the last marker gave, if anybody did."""

    item: int
    part: int
    material: str
    stem: str
    answer: str
    reference: str
    rubric: tuple[RubricPoint, ...]
    full_centi: int
    given: Mark | None

    @property
    def place(self) -> Place:
        """Where it stands on the paper."""
        return self.item, self.part


def queue_query(actor: Actor) -> Select[Attempt]:
    """Attempts waiting for a marker, oldest first: people of the marker's subtrees, never the
    marker's own."""
    final = exists().where(Grade.attempt_id == Attempt.id, Grade.state == GradeState.FINAL)
    pending = exists().where(Grade.attempt_id == Attempt.id, Grade.state == GradeState.PENDING)
    return (
        _in_scope(actor)
        .where(Attempt.state == AttemptState.SUBMITTED, pending, ~final)
        .order_by(Attempt.submitted_at, Attempt.id)
    )


def get_marking(session: Session, *, public_id: str, actor: Actor) -> Attempt:
    """An attempt in the marker's scope that had short answers to mark. Raises NotFound."""
    pending = exists().where(Grade.attempt_id == Attempt.id, Grade.state == GradeState.PENDING)
    attempt = session.scalar(_in_scope(actor).where(Attempt.public_id == public_id, pending))
    if attempt is None:
        raise NotFound
    return attempt


def marking_tasks(session: Session, attempt: Attempt) -> list[Task]:
    """Every short answer with a text, in paper order; empty ones score 0 without a marker."""
    answers = current_answers(session, attempt.id)
    paper = paper_of(attempt)
    wanted = {
        item.revision_hash: item
        for item in paper.items
        if any(part.type is QuestionType.SHORT_ANSWER for part in item.parts)
    }
    bodies, keys = load_bodies(session, wanted), load_keys(session, wanted)
    given: Mapping[Place, Mark] = {
        (mark.item_no, mark.part_no): mark for mark in marks_rows(session, attempt.id)
    }
    tasks = []
    for digest, item in wanted.items():
        for at, part in enumerate(item.parts):
            answer = answers.get((item.number, at))
            if part.type is not QuestionType.SHORT_ANSWER or is_empty(answer):
                continue
            key = keys[digest].parts[at]
            tasks.append(
                Task(
                    item=item.number,
                    part=at,
                    material=bodies[digest].stem,
                    stem=bodies[digest].parts[at].stem,
                    answer=str(answer),
                    reference=key.reference,
                    rubric=key.rubric,
                    full_centi=part.points_centi,
                    given=given.get((item.number, at)),
                )
            )
    return tasks


def alias_of(attempt: Attempt) -> str:
    """What the marker calls the paper: no name, no staff number, no unit."""
    return attempt.public_id[:ALIAS_LETTERS].upper()


def _in_scope(actor: Actor) -> Select[Attempt]:
    roots = actor.roots(Permission.MARK_EXAM)
    return (
        select(Attempt)
        .join(Person, Person.id == Attempt.person_id)
        .join(OrgUnit, OrgUnit.id == Person.org_unit_id)
        .join(Exam, Exam.id == Attempt.exam_id)
        .options(contains_eager(Attempt.exam))
        .where(
            Attempt.person_id != actor.person_id,
            or_(false(), *(OrgUnit.path.startswith(r, autoescape=True) for r in roots)),
        )
    )
