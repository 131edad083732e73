"""Reads of the completion report: a fixed number of statements, however many people there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, Select, case, func, or_, select
from sqlalchemy.orm import Session

from elearn.accounts.queries import within
from elearn.assignments.coverage import assignments_in_force, due_of
from elearn.assignments.facts import counts_by, people_in_state
from elearn.assignments.queries import name_or_number, title_of
from elearn.config import DISPLAY_ZONE
from elearn.core.duties import DutyState
from elearn.core.rates import Counts
from elearn.models import Assignment, OrgUnit, Person, TrainingRecord
from elearn.records.queries import is_current

from .filters import Filters, Item, Sort

OWN: Final = 0  # the people of the chosen unit itself; no row has this id


@dataclass(frozen=True, slots=True)
class UnitLine:
    """One row of the table by unit: a unit with everything below it, or a unit's own people."""

    unit: OrgUnit
    own_people: bool
    people: int
    counts: Counts


def assignments_of(session: Session, roots: Sequence[str]) -> list[Assignment]:
    """Assignments in force that can concern somebody in these subtrees, earliest due first."""
    ancestors = {int(part) for root in roots for part in root.split("/") if part}
    query = assignments_in_force().where(or_(within(roots), OrgUnit.id.in_(ancestors)))
    return list(session.scalars(query.order_by(Assignment.due_at, Assignment.id)))


def chosen_assignments(assignments: Sequence[Assignment], filters: Filters) -> list[Assignment]:
    """Those of the scope, the item and the period."""
    return [
        assignment
        for assignment in assignments
        if _concerns(assignment.org_unit.path, filters.scope.roots)
        and filters.start_at <= due_of(assignment) < filters.end_at
        and (filters.item is None or _item_has(filters.item, assignment))
    ]


def items_of(assignments: Sequence[Assignment]) -> dict[str, Item]:
    """What can be chosen: each course and exam once, then every single assignment."""
    targets: dict[str, Item] = {}
    tasks: dict[str, Item] = {}
    for assignment in assignments:
        title = title_of(assignment)
        if assignment.course is not None:
            key = f"course:{assignment.course.code}"
            targets.setdefault(key, Item(key, title, assignment.course.id))
        elif assignment.exam is not None:
            key = f"exam:{assignment.exam.public_id}"
            targets.setdefault(key, Item(key, title, assignment.exam.id))
        key = f"task:{assignment.public_id}"
        due = due_of(assignment).astimezone(DISPLAY_ZONE)
        words = f"{title}（{assignment.org_unit.name}，{due:%Y-%m-%d} 截止）"
        tasks[key] = Item(key, words, assignment.id)
    return targets | tasks


def counts_by_unit(
    session: Session, filters: Filters, assignments: Sequence[Assignment], *, now: datetime
) -> dict[int, Counts]:
    """Unit id -> duties of its own people."""
    conditions = _people_conditions(filters)
    found: dict[int, Counts] = {}
    for (unit_id, _), counts in counts_by(session, assignments, conditions, now=now).items():
        found[unit_id] = found.get(unit_id, Counts()) + counts
    return found


def people_by_unit(session: Session, filters: Filters) -> dict[int, int]:
    """Unit id -> how many active people (of the rank) are in it."""
    query = (
        select(Person.org_unit_id, func.count())
        .join(Person.org_unit)
        .where(*_people_conditions(filters))
        .group_by(Person.org_unit_id)
    )
    return dict(session.execute(query).all())


def unit_lines(
    units: Sequence[OrgUnit], filters: Filters, counts: dict[int, Counts], people: dict[int, int]
) -> list[UnitLine]:
    """The units one level below the chosen one (or the reader's own roots), worst first.

    The people of the chosen unit itself have a line of their own. Units without duties come last:
    no data is not 0 %.
    """
    chosen = filters.scope.unit
    if chosen is None:
        heads = [unit for unit in units if unit.path in filters.scope.roots]
    else:
        heads = [unit for unit in units if unit.parent_id == chosen.id]
    head_of = {head.path: head for head in heads}
    sizes: dict[int, int] = {}
    sums: dict[int, Counts] = {}
    for unit in units:
        head = _head(unit.path, head_of)
        key = head.id if head else OWN
        sizes[key] = sizes.get(key, 0) + people.get(unit.id, 0)
        sums[key] = sums.get(key, Counts()) + counts.get(unit.id, Counts())
    found = [
        UnitLine(head, False, sizes.get(head.id, 0), sums.get(head.id, Counts()))
        for head in heads
        if head.active or sizes.get(head.id)
    ]
    if chosen is not None and sizes.get(OWN):
        found.append(UnitLine(chosen, True, sizes[OWN], sums[OWN]))
    return sorted(found, key=_worst_first)


def people_ids(
    filters: Filters, assignments: Sequence[Assignment], *, now: datetime
) -> Select[int]:
    """Ids of the people of the list, in its order.

    Everybody of the scope; with an item only those it is asked of, with a state only those who
    have a duty in it.
    """
    query = select(Person.id).join(Person.org_unit).where(*_people_conditions(filters))
    if filters.search:
        query = query.where(name_or_number(filters.search))
    if filters.item is not None or filters.state is not None:
        asked = people_in_state(assignments, filters.state, now=now)
        query = query.where(Person.id.in_(select(asked.c.person_id)))
    value = _sort_value(filters, assignments, now)
    if value is not None:
        query = query.outerjoin(value, value.c.person_id == Person.id)
        key = func.coalesce(value.c.value, 0)
        query = query.order_by(key.desc() if filters.descending else key)
    if filters.sort is Sort.NAME:
        query = query.order_by(Person.name.desc() if filters.descending else Person.name)
    return query.order_by(OrgUnit.path, Person.staff_no)


def _people_conditions(filters: Filters) -> list[ColumnElement[bool]]:
    conditions = [Person.active.is_(True), within(filters.scope.roots)]
    if filters.rank:
        conditions.append(Person.rank == filters.rank)
    return conditions


def _sort_value(
    filters: Filters, assignments: Sequence[Assignment], now: datetime
) -> FromClause | None:
    """(person_id, value) to sort by, for the orders that are not columns of Person."""
    if filters.sort in {Sort.UNIT, Sort.NAME}:
        return None
    if filters.sort is Sort.HOURS:
        return _online_hours(filters)
    states = {Sort.DONE: DutyState.DONE, Sort.OVERDUE: DutyState.OVERDUE}
    duties = people_in_state(assignments, states.get(filters.sort), now=now)
    return (
        select(duties.c.person_id, func.count().label("value"))
        .group_by(duties.c.person_id)
        .subquery()
    )


def _online_hours(filters: Filters) -> FromClause:
    """The two kinds of hours are never added up."""
    online = case((TrainingRecord.hours_bucket == "ONLINE", TrainingRecord.hours_centi), else_=0)
    return (
        select(TrainingRecord.person_id, func.sum(online).label("value"))
        .where(
            TrainingRecord.finished_at >= filters.start_at,
            TrainingRecord.finished_at < filters.end_at,
            is_current(),
        )
        .group_by(TrainingRecord.person_id)
        .subquery()
    )


def _concerns(path: str, roots: Sequence[str]) -> bool:
    """Given out above, in or below one of these subtrees."""
    return any(root.startswith(path) or path.startswith(root) for root in roots)


def _item_has(item: Item, assignment: Assignment) -> bool:
    ids = {"course": assignment.course_id, "exam": assignment.exam_id, "task": assignment.id}
    return ids.get(item.kind) == item.target_id


def _head(path: str, heads: dict[str, OrgUnit]) -> OrgUnit | None:
    """The head whose subtree this unit lies in."""
    parts = path.split("/")
    for length in range(2, len(parts)):
        head = heads.get("/".join(parts[:length]) + "/")
        if head is not None:
            return head
    return None


def _worst_first(line: UnitLine) -> tuple[bool, int, int, str]:
    rate: Any = line.counts.completion.permille
    return rate is None, rate or 0, -line.counts.overdue, line.unit.path
