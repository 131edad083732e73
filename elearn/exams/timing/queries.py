"""Reading time changes and accommodations: what is in effect, for whom."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, exists, false, or_, select, true
from sqlalchemy.orm import Session, contains_eager, joinedload

from elearn.core.access import Actor, Permission
from elearn.core.assembly.model import Book, is_open_book
from elearn.core.errors import Conflict, NotFound
from elearn.core.exam_time import Allowance, extra_seconds
from elearn.exams.sittings.queries import audience
from elearn.models import (
    Accommodation,
    Attempt,
    Exam,
    ExamMessage,
    OrgUnit,
    Person,
    TimeChange,
    TimeKind,
)


@dataclass(frozen=True, slots=True)
class Target:
    """Whom an act is for: one person, the subtree of a unit (a room), or everybody."""

    org_unit: OrgUnit | None = None
    person: Person | None = None

    @property
    def everybody(self) -> bool:
        """Neither a room nor one person."""
        return self.org_unit is None and self.person is None

    @property
    def words(self) -> str:
        """For the audit log and the board."""
        if self.person is not None:
            return f"{self.person.name}（{self.person.staff_no}）"
        return self.org_unit.name if self.org_unit is not None else "全部应考人"


@dataclass(frozen=True, slots=True)
class Ledger:
    """All time changes of one exam, oldest first, and what follows from them."""

    changes: tuple[TimeChange, ...]

    @property
    def answered(self) -> dict[int, TimeChange]:
        """Id of an act -> the act that answered it."""
        return {change.of_id: change for change in self.changes if change.of_id is not None}

    @property
    def pauses(self) -> list[TimeChange]:
        """Pauses in force."""
        answered = self.answered
        return [c for c in self.changes if c.kind == TimeKind.PAUSE and c.id not in answered]

    @property
    def pending(self) -> list[TimeChange]:
        """Extensions that wait for a second person."""
        answered = self.answered
        return [
            c
            for c in self.changes
            if c.kind == TimeKind.EXTEND and c.needs_approval and c.id not in answered
        ]

    @property
    def effective(self) -> list[tuple[TimeChange, int]]:
        """Extensions in effect, each with how many running attempts it moved."""
        answered, found = self.answered, []
        for change in self.changes:
            if change.kind != TimeKind.EXTEND:
                continue
            if not change.needs_approval:
                found.append((change, change.touched))
            elif (decided := answered.get(change.id)) and decided.kind == TimeKind.APPROVE:
                found.append((change, decided.touched))
        return found


def target_of(act: TimeChange | ExamMessage) -> Target:
    """Whom a stored act is for."""
    return Target(act.org_unit, act.person)


def covers(target: Target, person: Person) -> bool:
    """Is this person meant?"""
    if target.person is not None:
        return target.person.id == person.id
    return target.org_unit is None or person.org_unit.path.startswith(target.org_unit.path)


def overlap(one: Target, other: Target) -> bool:
    """Can somebody be meant by both?"""
    if one.person is not None:
        return covers(other, one.person)
    if other.person is not None:
        return covers(one, other.person)
    if one.org_unit is None or other.org_unit is None:
        return True
    paths = (one.org_unit.path, other.org_unit.path)
    return paths[0].startswith(paths[1]) or paths[1].startswith(paths[0])


def contains(outer: Target, inner: Target) -> bool:
    """Is everybody of `inner` meant by `outer`?"""
    if inner.person is not None:
        return covers(outer, inner.person)
    if outer.everybody:
        return True
    if outer.org_unit is None or inner.org_unit is None:
        return False
    return inner.org_unit.path.startswith(outer.org_unit.path)


def attempts_of(target: Target) -> ColumnElement[bool]:
    """The same as a condition on Attempt."""
    if target.person is not None:
        return Attempt.person_id == target.person.id
    if target.org_unit is None:
        return true()
    inside = (
        select(Person.id)
        .join(Person.org_unit)
        .where(OrgUnit.path.startswith(target.org_unit.path, autoescape=True))
    )
    return Attempt.person_id.in_(inside)


def read_ledger(session: Session, exam: Exam) -> Ledger:
    """One statement; an exam has few time changes."""
    query = (
        select(TimeChange)
        .where(TimeChange.exam_id == exam.id)
        .options(
            joinedload(TimeChange.by),
            joinedload(TimeChange.org_unit),
            joinedload(TimeChange.person).joinedload(Person.org_unit),
        )
        .order_by(TimeChange.id)
    )
    return Ledger(tuple(session.scalars(query)))


def get_change(ledger: Ledger, public_id: str) -> TimeChange:
    """An act of this exam. Raises NotFound."""
    found = next((c for c in ledger.changes if c.public_id == public_id), None)
    if found is None:
        raise NotFound
    return found


def allowance_for(session: Session, *, exam: Exam, person: Person, now: datetime) -> Allowance:
    """What this person gets when starting now. Raises Conflict while a pause covers the person.

    No statement for an exam nobody changed and a person without accommodation.
    """
    granted = 0
    if exam.retimed:
        ledger = read_ledger(session, exam)
        for pause in ledger.pauses:
            if covers(target_of(pause), person):
                message = f"考试已暂停（{pause.reason}）。恢复后再进入，您的答题时间不会减少。"
                raise Conflict(message, code="E-PAUSED")
        granted = granted_seconds(ledger, person)
    return Allowance(
        exam.duration_s,
        whole_s=exam.extended_s,
        extra_s=accommodation_seconds(session, exam=exam, person=person, now=now),
        granted_s=granted,
    )


def granted_seconds(ledger: Ledger, person: Person) -> int:
    """Extensions of this person or room that a later start gets too. What one person was given
    while already answering belonged to that attempt."""
    return sum(
        change.seconds
        for change, touched in ledger.effective
        if not target_of(change).everybody
        and covers(target_of(change), person)
        and not (change.person_id is not None and touched)
    )


def accommodation_seconds(session: Session, *, exam: Exam, person: Person, now: datetime) -> int:
    """Extra time by accommodations in force."""
    if not person.accommodated:
        return 0
    rows = session.execute(
        select(Accommodation.percent, Accommodation.minutes).where(
            Accommodation.person_id == person.id,
            in_force(now),
            or_(Accommodation.percent.is_not(None), Accommodation.minutes.is_not(None)),
        )
    )
    return extra_seconds(exam.duration_s, [(percent, minutes) for percent, minutes in rows])


def open_book_for(
    session: Session, *, book: Book | None, person: Person, now: datetime
) -> bool | None:
    """May this person have books at hand? None where the blueprint does not say; a statement only
    for somebody with an accommodation at an exam that decides by person."""
    approved = False
    if book is Book.BY_PERSON and person.accommodated:
        given = select(Accommodation.id).where(
            Accommodation.person_id == person.id, Accommodation.open_book, in_force(now)
        )
        approved = session.scalar(given.limit(1)) is not None
    return is_open_book(book, approved=approved)


def in_force(now: datetime) -> ColumnElement[bool]:
    """Approved, not ended, within its period."""
    return and_(
        Accommodation.approved_at.is_not(None),
        Accommodation.ended_at.is_(None),
        Accommodation.valid_from <= now,
        Accommodation.valid_until > now,
    )


def accommodations_query(actor: Actor) -> Select[Accommodation]:
    """Accommodations of people the actor examines, waiting ones first, then latest first."""
    roots = actor.roots(Permission.SCHEDULE_EXAM)
    return (
        select(Accommodation)
        .join(Accommodation.person)
        .join(Person.org_unit)
        .where(or_(false(), *(OrgUnit.path.startswith(r, autoescape=True) for r in roots)))
        .options(
            contains_eager(Accommodation.person).contains_eager(Person.org_unit),
            joinedload(Accommodation.requested_by),
            joinedload(Accommodation.approved_by),
        )
        .order_by(
            and_(Accommodation.approved_at.is_(None), Accommodation.ended_at.is_(None)).desc(),
            Accommodation.ended_at.is_not(None),
            Accommodation.id.desc(),
        )
    )


def get_accommodation(session: Session, *, public_id: str, actor: Actor) -> Accommodation:
    """Raises NotFound outside the actor's scope."""
    found = session.scalar(accommodations_query(actor).where(Accommodation.public_id == public_id))
    if found is None:
        raise NotFound
    return found


def get_accommodations(
    session: Session, *, public_ids: Collection[str], actor: Actor
) -> list[Accommodation]:
    """All of these, in the order of the page. Raises NotFound when one is outside the scope."""
    query = accommodations_query(actor).where(Accommodation.public_id.in_(public_ids))
    found = list(session.scalars(query))
    if len(found) != len(set(public_ids)):
        raise NotFound
    return found


def people_in_scope(session: Session, actor: Actor, numbers: Iterable[str]) -> Sequence[Person]:
    """Active people of the actor's subtrees with these staff numbers."""
    roots = actor.roots(Permission.SCHEDULE_EXAM)
    return session.scalars(
        select(Person)
        .join(Person.org_unit)
        .where(
            Person.active,
            Person.staff_no.in_(list(numbers)),
            or_(false(), *(OrgUnit.path.startswith(r, autoescape=True) for r in roots)),
        )
    ).all()


def get_candidate(session: Session, *, exam: Exam, public_id: str) -> Person:
    """Somebody invited to the exam or who has sat it. Raises NotFound."""
    sat = exists().where(Attempt.exam_id == exam.id, Attempt.person_id == Person.id)
    person = session.scalar(
        select(Person)
        .join(Person.org_unit)
        .options(contains_eager(Person.org_unit))
        .where(Person.public_id == public_id, or_(audience(exam), sat))
    )
    if person is None:
        raise NotFound
    return person


def get_room(session: Session, *, exam: Exam, public_id: str) -> OrgUnit:
    """A unit inside the exam's. Raises NotFound."""
    unit = session.scalar(rooms_query(exam).where(OrgUnit.public_id == public_id))
    if unit is None:
        raise NotFound
    return unit


def rooms_query(exam: Exam) -> Select[OrgUnit]:
    """Units inside the exam's, in tree order."""
    return (
        select(OrgUnit)
        .where(OrgUnit.path.startswith(exam.org_unit.path, autoescape=True))
        .order_by(OrgUnit.path)
    )
