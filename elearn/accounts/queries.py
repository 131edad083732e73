"""Reads of people, units and roles."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, false, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from elearn.core.access import Actor, Permission, Role
from elearn.core.errors import NotFound
from elearn.models import LoginSession, OrgUnit, Person, RoleGrant


def person_by_staff_no(session: Session, staff_no: str) -> Person | None:
    """Exact match on the staff number."""
    return session.scalar(
        select(Person)
        .where(Person.staff_no == staff_no)
        .options(
            joinedload(Person.org_unit),
            selectinload(Person.grants).joinedload(RoleGrant.org_unit),
        )
    )


def within(roots: Sequence[str]) -> ColumnElement[bool]:
    """OrgUnit rows inside any of these subtrees; false when there is none."""
    if not roots:
        return false()
    return or_(*(OrgUnit.path.startswith(root, autoescape=True) for root in roots))


def people_in(roots: Sequence[str]) -> Select[Person]:
    """People of these subtrees, with their unit loaded, in a stable order."""
    return (
        select(Person)
        .join(Person.org_unit)
        .where(within(roots))
        .options(joinedload(Person.org_unit))
        .order_by(OrgUnit.path, Person.staff_no)
    )


def get_person(session: Session, actor: Actor, permission: Permission, public_id: str) -> Person:
    """A person the actor holds `permission` over. Raises NotFound for anybody else."""
    person = session.scalar(people_in(actor.roots(permission)).where(Person.public_id == public_id))
    if person is None:
        raise NotFound
    return person


def units_in(session: Session, roots: Sequence[str], *, active: bool = True) -> list[OrgUnit]:
    """Units of these subtrees, parents before children."""
    query = select(OrgUnit).where(within(roots)).order_by(OrgUnit.path)
    if active:
        query = query.where(OrgUnit.active)
    return sort_tree(list(session.scalars(query)))


def sort_tree(units: list[OrgUnit]) -> list[OrgUnit]:
    """Depth first by id path: string order would put `/10/` before `/2/`."""
    return sorted(units, key=lambda unit: [int(part) for part in unit.path.split("/") if part])


def get_unit(session: Session, actor: Actor, permission: Permission, public_id: str) -> OrgUnit:
    """A unit the actor holds `permission` over. Raises NotFound for any other."""
    query = select(OrgUnit).where(OrgUnit.public_id == public_id, within(actor.roots(permission)))
    unit = session.scalar(query)
    if unit is None:
        raise NotFound
    return unit


def covering_holders(
    session: Session, role: Role, path: str, *, apart_from: int | None = None
) -> set[int]:
    """Ids of active people who hold `role` over the unit at `path`, there or above it;
    `apart_from` leaves one grant out."""
    units = [int(part) for part in path.split("/") if part]
    query = (
        select(RoleGrant.person_id)
        .join(RoleGrant.person)
        .where(RoleGrant.role == role, RoleGrant.org_unit_id.in_(units), Person.active)
    )
    if apart_from is not None:
        query = query.where(RoleGrant.id != apart_from)
    return set(session.scalars(query))


def sessions_of(session: Session, person: Person, *, now: datetime) -> list[LoginSession]:
    """Browsers of a person that are still signed in, last used first."""
    query = (
        select(LoginSession)
        .where(
            LoginSession.person_id == person.id,
            LoginSession.session_version == person.session_version,
            LoginSession.expires_at > now,
        )
        .order_by(LoginSession.last_seen_at.desc())
    )
    return list(session.scalars(query))
