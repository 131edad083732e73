"""Reading entered classes: only those of people in the reader's own units."""

from collections.abc import Collection

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, contains_eager

from elearn.accounts.queries import people_in, within
from elearn.core.access import Actor, Permission
from elearn.core.errors import NotFound
from elearn.models import Person, RecordKind, TrainingRecord
from elearn.records.queries import is_current


def classes_query(actor: Actor) -> Select[TrainingRecord]:
    """Entered classes that stand, of people the actor answers for, the last entered first."""
    return (
        select(TrainingRecord)
        .join(TrainingRecord.person)
        .join(Person.org_unit)
        .where(
            TrainingRecord.kind == RecordKind.TRAINING,
            within(actor.roots(Permission.MANAGE_CREDIT)),
            is_current(),
        )
        .options(contains_eager(TrainingRecord.person).contains_eager(Person.org_unit))
        .order_by(TrainingRecord.id.desc())
    )


def get_class_record(session: Session, actor: Actor, public_id: str) -> TrainingRecord:
    """One of them. Raises NotFound for anybody else's and for one that stands no more."""
    row = session.scalar(classes_query(actor).where(TrainingRecord.public_id == public_id))
    if row is None or row.evidence.get("withdrawn"):
        raise NotFound
    return row


def people_by_number(session: Session, actor: Actor, numbers: Collection[str]) -> dict[str, Person]:
    """Staff number in lower case -> person in use; people of other units are not there."""
    query = people_in(actor.roots(Permission.MANAGE_CREDIT)).where(
        func.lower(Person.staff_no).in_([number.lower() for number in numbers]), Person.active
    )
    return {person.staff_no.lower(): person for person in session.scalars(query)}
