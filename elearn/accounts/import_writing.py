"""Writing what an import planned, and its entries in the audit log."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from elearn.audit import record_act, record_acts
from elearn.core.access import Actor
from elearn.core.people.plan import Plan
from elearn.core.people.plan_people import PersonPlan
from elearn.core.people.plan_units import UnitPlan
from elearn.core.people.world import KnownPerson, paths_of
from elearn.models import LoginSession, OrgUnit, Person

_CHUNK = 500


def write_plan(session: Session, plan: Plan, *, now: datetime) -> None:
    """Units first, then people: a dozen statements whatever the size of the plan."""
    unit_ids = _write_units(session, plan)
    _write_people(session, plan.people, unit_ids, now)


def _write_units(session: Session, plan: Plan) -> dict[str, int]:
    """Insert and change units, then write the path of every unit that hangs elsewhere now.
    Returns code -> id of all units."""
    new = [unit for unit in plan.units if unit.known is None]
    if new:
        session.execute(insert(OrgUnit), [_unit_row(unit) for unit in new])
    rows = session.execute(select(OrgUnit.id, OrgUnit.code, OrgUnit.parent_id, OrgUnit.path)).all()
    ids = {row.code: row.id for row in rows}
    if not plan.units:
        return ids
    parents = {row.id: row.parent_id for row in rows}
    parents |= {ids[u.code]: ids[u.parent] if u.parent else None for u in plan.units}
    changed = [unit for unit in plan.units if unit.known]
    if changed:
        values = [{"id": ids[u.code], "name": u.name, "type": u.type} for u in changed]
        session.execute(update(OrgUnit), values)
    paths = paths_of(parents)
    hung = [
        {"id": row.id, "parent_id": parents[row.id], "path": paths[row.id]}
        for row in rows
        if row.path != paths[row.id]
    ]
    if hung:
        session.execute(update(OrgUnit), hung)
    return ids


def _unit_row(unit: UnitPlan) -> dict[str, Any]:
    """Parent and path follow when all ids are known."""
    return {
        "code": unit.code,
        "name": unit.name,
        "type": unit.type,
        "path": f"?{unit.code}",
        "active": True,
    }


def _write_people(
    session: Session, people: list[PersonPlan], unit_ids: dict[str, int], now: datetime
) -> None:
    new = [_values(person, unit_ids) for person in people if person.known is None]
    if new:
        fresh = {"must_change_password": True, "session_version": 1, "created_at": now}
        session.execute(insert(Person), [{**row, **fresh} for row in new])
    # Only what changes: an edit on a page at the same time keeps its other columns.
    changed = [_changes(person, person.known, unit_ids) for person in people if person.known]
    if changed:
        session.execute(update(Person), sorted(changed, key=sorted))
    leaving = [p.known.id for p in people if p.known and p.deactivates]
    for start in range(0, len(leaving), _CHUNK):
        ids = leaving[start : start + _CHUNK]
        session.execute(delete(LoginSession).where(LoginSession.person_id.in_(ids)))
        session.execute(
            update(Person)
            .where(Person.id.in_(ids))
            .values(session_version=Person.session_version + 1)
            .execution_options(synchronize_session=False)
        )


def _changes(person: PersonPlan, known: KnownPerson, unit_ids: dict[str, int]) -> dict[str, Any]:
    """The columns that differ, and the id; rows with the same columns go in one statement."""
    old = {
        "staff_no": known.staff_no,
        "name": known.name,
        "org_unit_id": known.unit_id,
        "rank": known.rank,
        "post": known.post,
        "is_leader": known.is_leader,
        "party": known.party or None,
        "active": known.active,
        "promoted_on": _day(known.promoted_on),
    }
    new = _values(person, unit_ids)
    return {"id": known.id, **{key: new[key] for key in new if new[key] != old[key]}}


def _values(person: PersonPlan, unit_ids: dict[str, int]) -> dict[str, Any]:
    return {
        "staff_no": person.staff_no,
        "name": person.name,
        "org_unit_id": unit_ids[person.unit],
        "rank": person.rank,
        "post": person.post,
        "is_leader": person.is_leader,
        "party": person.party or None,
        "active": person.active,
        "promoted_on": _day(person.promoted_on),
    }


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def record_plan(
    session: Session,
    plan: Plan,
    *,
    actor: Actor | None,
    file: str,
    sha256: str,
    now: datetime,
) -> None:
    """One audit entry for the file, and one for every unit and person it made or changed."""
    counts = plan.counts()
    record_act(
        session,
        actor=actor,
        action="people.import",
        object_type="import",
        object_id=sha256[:16],
        summary=f"导入 {file}：人员新增 {counts['people_new']}、更新 {counts['people_changed']}，"
        f"机构新增 {counts['units_new']}、更新 {counts['units_changed']}",
        detail={"file": file, "sha256": sha256, "counts": counts},
        now=now,
    )
    unit_keys = _public_ids(session, OrgUnit.code, OrgUnit.public_id, [u.code for u in plan.units])
    person_keys = _public_ids(
        session, Person.staff_no, Person.public_id, [p.staff_no for p in plan.people]
    )
    batch = sha256[:16]
    for action, kind, acts in (
        ("unit.create", "org_unit", _unit_acts(plan, unit_keys, batch, known=False)),
        ("unit.edit", "org_unit", _unit_acts(plan, unit_keys, batch, known=True)),
        ("person.create", "person", _person_acts(plan, person_keys, batch, known=False)),
        ("person.edit", "person", _person_acts(plan, person_keys, batch, known=True)),
    ):
        record_acts(session, actor=actor, action=action, object_type=kind, acts=acts, now=now)


def _public_ids(session: Session, key: Any, value: Any, wanted: list[str]) -> dict[str, str]:
    """Key -> public id, for all rows: one statement however long the list."""
    if not wanted:
        return {}
    return {row[0]: row[1] for row in session.execute(select(key, value))}


def _unit_acts(
    plan: Plan, keys: dict[str, str], batch: str, *, known: bool
) -> Iterable[tuple[str, str, dict[str, Any]]]:
    for unit in plan.units:
        if (unit.known is not None) is known:
            verb = "修改" if known else "新建"
            detail = {"import": batch, "changes": [list(diff) for diff in unit.diffs]}
            yield keys[unit.code], f"{verb}机构 {unit.name}（{unit.code}）（导入）", detail


def _person_acts(
    plan: Plan, keys: dict[str, str], batch: str, *, known: bool
) -> Iterable[tuple[str, str, dict[str, Any]]]:
    for person in plan.people:
        if (person.known is not None) is known:
            verb = "修改" if known else "新建"
            changes = [list(diff) for diff in person.diffs]
            detail = {"import": batch, "unit": person.unit, "changes": changes}
            yield (
                keys[person.staff_no],
                f"{verb}人员 {person.name}（{person.staff_no}）（导入）",
                detail,
            )
