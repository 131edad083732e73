"""Reads of the administrators' pages."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, exists, func, or_, select, true
from sqlalchemy.orm import Session, aliased, contains_eager, joinedload

from elearn.accounts.queries import people_in, sort_tree, within
from elearn.core.access import Actor, Permission, Role
from elearn.core.errors import NotFound
from elearn.models import AuditEntry, OrgUnit, Person, RoleGrant

SHOW_ALL_UNITS = 300
MANY = 500


@dataclass(frozen=True, slots=True)
class Branch:
    """A unit on the tree page. `people` are the active ones of the whole subtree, `hidden` how
    many units below are not shown because the tree is large."""

    unit: OrgUnit
    level: int
    people: int
    below: int
    children: "list[Branch]"
    hidden: int


def clean_query(text: str | None) -> str:
    """What somebody typed into a search box, fit for any database."""
    folded = unicodedata.normalize("NFKC", text or "")
    return " ".join("".join(c if c.isprintable() else " " for c in folded).split())[:100]


def people_query(
    roots: Sequence[str], *, text: str, unit: OrgUnit | None, status: str
) -> Select[Person]:
    """People of these subtrees by name, staff number, post or unit; `status` is active, left,
    waiting (no password yet) or all."""
    query = people_in([unit.path] if unit else roots).options(
        joinedload(Person.org_unit).joinedload(OrgUnit.parent)
    )
    for word in text.split():
        query = query.where(
            or_(
                Person.name.icontains(word, autoescape=True),
                Person.staff_no.icontains(word, autoescape=True),
                Person.post.icontains(word, autoescape=True),
                OrgUnit.name.icontains(word, autoescape=True),
                OrgUnit.code.icontains(word, autoescape=True),
            )
        )
    if status == "waiting":
        query = query.where(Person.password_hash.is_(None))
    if status in {"active", "waiting"}:
        query = query.where(Person.active)
    elif status == "left":
        query = query.where(~Person.active)
    return query


def unit_tree(session: Session, roots: Sequence[str], *, at: OrgUnit | None) -> list[Branch]:
    """The units of these subtrees (or below `at`) as trees, with head counts. A large tree shows
    two levels at a time."""
    scope = [at.path] if at else roots
    units = sort_tree(list(session.scalars(select(OrgUnit).where(within(scope)))))
    heads = _heads(session, scope)
    children: dict[int | None, list[OrgUnit]] = {}
    inside = {unit.id for unit in units}
    for unit in units:
        parent = unit.parent_id if unit.parent_id in inside else None
        children.setdefault(parent, []).append(unit)
    depth = 99 if len(units) <= SHOW_ALL_UNITS else 2

    def branch(unit: OrgUnit, level: int) -> Branch:
        grown = [branch(child, level + 1) for child in children.get(unit.id, [])]
        people = heads.get(unit.id, 0) + sum(child.people for child in grown)
        below = sum(1 + child.below for child in grown)
        cut = level >= depth and below > 0
        return Branch(unit, level, people, below, [] if cut else grown, below if cut else 0)

    return [branch(unit, 1) for unit in children.get(None, [])]


def _heads(session: Session, roots: Sequence[str]) -> dict[int, int]:
    """Unit id -> active people right there."""
    query = (
        select(Person.org_unit_id, func.count())
        .join(Person.org_unit)
        .where(Person.active, within(roots))
        .group_by(Person.org_unit_id)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def units_query(roots: Sequence[str], text: str) -> Select[OrgUnit]:
    """Units of these subtrees by name or code."""
    query = select(OrgUnit).where(within(roots)).order_by(OrgUnit.path)
    for word in text.split():
        named = OrgUnit.name.icontains(word, autoescape=True)
        query = query.where(named | OrgUnit.code.icontains(word, autoescape=True))
    return query


def ancestors_of(session: Session, unit: OrgUnit, roots: Sequence[str]) -> list[OrgUnit]:
    """The units above, outermost first, as far as the actor may see."""
    ids = [int(part) for part in unit.path.split("/") if part][:-1]
    query = select(OrgUnit).where(OrgUnit.id.in_(ids), within(roots))
    return sorted(session.scalars(query), key=lambda above: above.path.count("/"))


def grants_query(roots: Sequence[str], *, text: str, role: Role | None) -> Select[RoleGrant]:
    """Grants over units of these subtrees, with person and unit."""
    home = aliased(OrgUnit)
    query = (
        select(RoleGrant)
        .join(RoleGrant.org_unit)
        .join(RoleGrant.person)
        .join(home, Person.org_unit_id == home.id)
        .where(within(roots))
        .options(
            contains_eager(RoleGrant.org_unit),
            contains_eager(RoleGrant.person).joinedload(Person.org_unit),
        )
        .order_by(OrgUnit.path, RoleGrant.role, Person.staff_no)
    )
    for word in text.split():
        query = query.where(
            or_(
                Person.name.icontains(word, autoescape=True),
                Person.staff_no.icontains(word, autoescape=True),
                home.name.icontains(word, autoescape=True),
                OrgUnit.name.icontains(word, autoescape=True),
            )
        )
    return query.where(RoleGrant.role == role) if role else query


def get_grant(session: Session, actor: Actor, grant_id: int) -> RoleGrant:
    """A grant over a unit the actor may grant in. Raises NotFound for any other."""
    grant = session.scalar(
        select(RoleGrant)
        .join(RoleGrant.org_unit)
        .where(RoleGrant.id == grant_id, within(actor.roots(Permission.GRANT_ROLE)))
        .options(joinedload(RoleGrant.person))
    )
    if grant is None:
        raise NotFound
    return grant


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What to show of the audit log. `since` and `until` are moments, `until` not included."""

    action: str = ""
    staff_no: str = ""
    object: str = ""
    since: datetime | None = None
    until: datetime | None = None
    outcome: str = ""


def audit_query(session: Session, actor: Actor, wanted: AuditFilter) -> Select[AuditEntry]:
    """Entries in the actor's scope, newest first."""
    conditions = [audit_scope(session, actor)]
    if wanted.action:
        conditions.append(AuditEntry.action == wanted.action)
    if wanted.staff_no:
        who = select(Person.id).where(func.lower(Person.staff_no) == wanted.staff_no.lower())
        conditions.append(AuditEntry.actor_id.in_(who))
    if wanted.object:
        about = AuditEntry.summary.icontains(wanted.object, autoescape=True)
        conditions.append(about | (AuditEntry.object_id == wanted.object))
    if wanted.since:
        conditions.append(AuditEntry.at >= wanted.since)
    if wanted.until:
        conditions.append(AuditEntry.at < wanted.until)
    if wanted.outcome in {"ok", "failed"}:
        conditions.append(AuditEntry.ok.is_(wanted.outcome == "ok"))
    return (
        select(AuditEntry).where(*conditions).order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
    )


def audit_scope(session: Session, actor: Actor) -> ColumnElement[bool]:
    """An auditor of the whole tree reads everything, the system's own acts too; one of a subtree
    reads what its people did and what was done to its people and units."""
    roots = actor.roots(Permission.READ_AUDIT)
    tops = session.scalars(select(OrgUnit.path).where(OrgUnit.parent_id.is_(None))).all()
    if set(tops) <= set(roots):
        return true()
    person = aliased(Person)
    by_them = exists().where(
        person.id == AuditEntry.actor_id, person.org_unit_id == OrgUnit.id, within(roots)
    )
    to_them = exists().where(
        AuditEntry.object_type == "person",
        person.public_id == AuditEntry.object_id,
        person.org_unit_id == OrgUnit.id,
        within(roots),
    )
    to_units = exists().where(
        AuditEntry.object_type == "org_unit",
        OrgUnit.public_id == AuditEntry.object_id,
        within(roots),
    )
    return or_(by_them, to_them, to_units)


def audit_actions(session: Session) -> list[str]:
    """Every action that was ever recorded."""
    return list(session.scalars(select(AuditEntry.action).distinct().order_by(AuditEntry.action)))
