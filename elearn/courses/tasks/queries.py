"""Reading pledges and reflections: one's own, and those a trainer may see."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, exists, false, or_, select
from sqlalchemy.orm import Session, aliased, contains_eager, joinedload

from elearn.core.access import Actor, Permission
from elearn.core.errors import NotFound
from elearn.core.lessons.tasks import LessonTask, TaskKind, task_from_canonical
from elearn.models import (
    Course,
    Lesson,
    OrgUnit,
    Person,
    PledgeSignature,
    Reflection,
    ReflectionReview,
)


@dataclass(frozen=True, slots=True)
class TaskState:
    """A task of a lesson and what this person has handed over for it."""

    number: int
    task: LessonTask
    signature: PledgeSignature | None = None
    reflections: tuple[Reflection, ...] = ()

    @property
    def is_pledge(self) -> bool:
        """Signed, not written."""
        return self.task.kind is TaskKind.PLEDGE

    @property
    def latest(self) -> Reflection | None:
        """The version that counts."""
        return self.reflections[-1] if self.reflections else None


def tasks_of(lesson: Lesson) -> list[LessonTask]:
    """In the order of their slots."""
    return [task_from_canonical(stored) for stored in lesson.tasks]


def task_states(
    session: Session, *, person_id: int, course_id: int, lesson: Lesson
) -> list[TaskState]:
    """The lesson's tasks with what the person has done; no statement when there are none."""
    tasks = tasks_of(lesson)
    if not tasks:
        return []
    here = {"person_id": person_id, "course_id": course_id, "lesson_code": lesson.code}
    signed = {
        row.text_hash: row for row in session.scalars(select(PledgeSignature).filter_by(**here))
    }
    written: dict[str, list[Reflection]] = {}
    query = select(Reflection).filter_by(**here).options(joinedload(Reflection.review))
    for row in session.scalars(query.order_by(Reflection.no)):
        written.setdefault(row.text_hash, []).append(row)
    return [
        TaskState(number, task, signed.get(task.text_hash), tuple(written.get(task.text_hash, ())))
        for number, task in enumerate(tasks)
    ]


def own_pledges(session: Session, person: Person) -> Sequence[PledgeSignature]:
    """Latest first."""
    query = select(PledgeSignature).where(PledgeSignature.person_id == person.id)
    return session.scalars(
        query.options(joinedload(PledgeSignature.course)).order_by(PledgeSignature.id.desc())
    ).all()


def get_own_pledge(session: Session, *, person: Person, public_id: str) -> PledgeSignature:
    """Raises NotFound."""
    row = session.scalar(
        select(PledgeSignature).where(
            PledgeSignature.public_id == public_id, PledgeSignature.person_id == person.id
        )
    )
    if row is None:
        raise NotFound
    return row


def own_reflections(session: Session, person: Person) -> Sequence[Reflection]:
    """The last version of each, latest first."""
    query = _last_versions().where(Reflection.person_id == person.id)
    return session.scalars(query.order_by(Reflection.id.desc())).all()


def review_query(actor: Actor, *, waiting: bool) -> Select[Reflection]:
    """Last versions by people of the trainer's subtrees, never the trainer's own; those waiting
    oldest first, those reviewed latest first."""
    reviewed = exists().where(ReflectionReview.reflection_id == Reflection.id)
    query = _in_scope(actor).where(~reviewed if waiting else reviewed)
    return query.order_by(Reflection.id if waiting else Reflection.id.desc())


def get_reflection(session: Session, *, public_id: str, actor: Actor) -> Reflection:
    """Any version in the trainer's scope. Raises NotFound."""
    row = session.scalar(_in_scope(actor, last=False).where(Reflection.public_id == public_id))
    if row is None:
        raise NotFound
    return row


def versions_before(session: Session, reflection: Reflection) -> Sequence[Reflection]:
    """What the person had handed in before, latest first."""
    return session.scalars(
        select(Reflection)
        .filter_by(
            person_id=reflection.person_id,
            course_id=reflection.course_id,
            lesson_code=reflection.lesson_code,
            text_hash=reflection.text_hash,
        )
        .where(Reflection.no < reflection.no)
        .options(joinedload(Reflection.review))
        .order_by(Reflection.no.desc())
    ).all()


def _last_versions() -> Select[Reflection]:
    later = aliased(Reflection)
    newer = exists().where(
        later.person_id == Reflection.person_id,
        later.course_id == Reflection.course_id,
        later.lesson_code == Reflection.lesson_code,
        later.text_hash == Reflection.text_hash,
        later.no > Reflection.no,
    )
    return (
        select(Reflection)
        .where(~newer)
        .options(
            joinedload(Reflection.review).joinedload(ReflectionReview.reviewer),
            joinedload(Reflection.course),
        )
    )


def _in_scope(actor: Actor, *, last: bool = True) -> Select[Reflection]:
    roots = actor.roots(Permission.REVIEW_CONTENT)
    query = _last_versions() if last else select(Reflection)
    return (
        query.join(Reflection.person)
        .join(Person.org_unit)
        .join(Course, Course.id == Reflection.course_id)
        .options(contains_eager(Reflection.person).contains_eager(Person.org_unit))
        .where(
            Reflection.person_id != actor.person_id,
            or_(false(), *(OrgUnit.path.startswith(r, autoescape=True) for r in roots)),
        )
    )
