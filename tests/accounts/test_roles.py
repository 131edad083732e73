"""Granting and revoking roles; the three administrators exclude each other in one person."""

import threading

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from elearn import db
from elearn.accounts.roles import ROLE_MEANINGS, grant_role, revoke_role
from elearn.core.access import SEPARATED_ADMINS, Actor, Role
from elearn.core.errors import Conflict, DomainError, Forbidden, NotFound
from elearn.models import AuditEntry, OrgUnit, Person, RoleGrant, SeparatedAdmin
from tests.factories import NOW, make_actor, make_grant, make_person, make_unit


def security(session: Session, unit: OrgUnit) -> Actor:
    return make_actor(make_person(session, unit, Role.SEC_ADMIN))


def roles_of(session: Session, person: Person) -> list[str]:
    query = select(RoleGrant.role).where(RoleGrant.person_id == person.id)
    return sorted(session.scalars(query))


def test_grant_role_grants_within_the_subtree_and_records(session: Session) -> None:
    root = make_unit(session)
    below = make_unit(session, root)
    actor = security(session, root)
    person = make_person(session, below)
    grant = grant_role(session, actor=actor, person=person, role=Role.HR, unit=below, now=NOW)
    assert (grant.granted_by_id, grant.granted_at) == (actor.person_id, NOW)
    assert make_actor(person).grants == ((Role.HR, below.path),)
    act = session.scalars(select(AuditEntry)).one()
    assert (act.action, act.object_id) == ("role.grant", person.public_id)
    assert act.detail == {"role": "HR", "unit": below.code, "staff_no": person.staff_no}


def test_grant_role_outside_the_subtree_does_not_exist(session: Session) -> None:
    root = make_unit(session)
    mine, other = make_unit(session, root), make_unit(session, root)
    actor = security(session, mine)
    insider, outsider = make_person(session, mine), make_person(session, other)
    for person, unit in ((insider, other), (outsider, mine), (insider, root)):
        with pytest.raises(NotFound):
            grant_role(session, actor=actor, person=person, role=Role.HR, unit=unit, now=NOW)
    grant = make_grant(session, outsider, Role.HR, other)
    with pytest.raises(NotFound):
        revoke_role(session, actor=actor, grant=grant, now=NOW)


def test_only_security_administrators_grant(session: Session) -> None:
    root = make_unit(session)
    actor = make_actor(make_person(session, root, Role.SYS_ADMIN))
    with pytest.raises(NotFound):
        grant_role(
            session,
            actor=actor,
            person=make_person(session, root),
            role=Role.HR,
            unit=root,
            now=NOW,
        )


def test_nobody_grants_to_oneself(session: Session) -> None:
    root = make_unit(session)
    person = make_person(session, root, Role.SEC_ADMIN)
    with pytest.raises(Forbidden, match="自己"):
        grant_role(
            session, actor=make_actor(person), person=person, role=Role.HR, unit=root, now=NOW
        )


def test_grant_role_refuses_the_deactivated_and_closed_units(session: Session) -> None:
    root = make_unit(session)
    closed = make_unit(session, root, active=False)
    gone = make_person(session, root, active=False)
    with pytest.raises(DomainError) as caught:
        grant_role(session, actor=None, person=gone, role=Role.HR, unit=root, now=NOW)
    assert list(caught.value.fields) == ["staff_no"]
    with pytest.raises(DomainError) as caught:
        grant_role(
            session,
            actor=None,
            person=make_person(session, root),
            role=Role.HR,
            unit=closed,
            now=NOW,
        )
    assert list(caught.value.fields) == ["unit"]


def test_a_role_held_there_or_above_is_not_granted_twice(session: Session) -> None:
    root = make_unit(session)
    below = make_unit(session, root)
    person = make_person(session, root, Role.HR)
    for unit in (root, below):
        with pytest.raises(Conflict, match="已经是组织人事"):
            grant_role(session, actor=None, person=person, role=Role.HR, unit=unit, now=NOW)
    assert roles_of(session, person) == ["HR"]


@pytest.mark.parametrize("first", sorted(SEPARATED_ADMINS))
@pytest.mark.parametrize("second", sorted(SEPARATED_ADMINS))
def test_the_three_administrators_exclude_each_other(
    session: Session, first: Role, second: Role
) -> None:
    root = make_unit(session)
    other = make_unit(session)
    person = make_person(session, root)
    grant_role(session, actor=None, person=person, role=first, unit=root, now=NOW)
    if first is second:
        grant_role(session, actor=None, person=person, role=second, unit=other, now=NOW)
        assert roles_of(session, person) == [first, second]
    else:
        with pytest.raises(Conflict, match="必须由不同的人担任"):
            grant_role(session, actor=None, person=person, role=second, unit=other, now=NOW)
        assert roles_of(session, person) == [first]
        session.add(SeparatedAdmin(person_id=person.id, role=second))
        with pytest.raises(IntegrityError):  # the database itself
            session.flush()
        session.rollback()


def test_two_administrator_roles_granted_at_once_leave_one(own_engine: Engine) -> None:
    with db.transaction(own_engine) as work:
        unit = make_unit(work)
        ids = (make_person(work, unit).id, unit.id)
    start = threading.Barrier(2)
    outcomes: list[str] = []

    def grant(role: Role) -> None:
        start.wait()
        try:
            with db.transaction(own_engine) as work:
                person, unit = work.get_one(Person, ids[0]), work.get_one(OrgUnit, ids[1])
                grant_role(work, actor=None, person=person, role=role, unit=unit, now=NOW)
            outcomes.append("granted")
        except Conflict as error:
            outcomes.append(error.code)

    threads = [
        threading.Thread(target=grant, args=(role,)) for role in (Role.SYS_ADMIN, Role.AUDIT_ADMIN)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["E-ROLE", "granted"]


def test_revoke_role_deletes_the_grant_and_records(session: Session) -> None:
    root = make_unit(session)
    actor = security(session, root)
    person = make_person(session, root, Role.HR, Role.TRAINER)
    grant = next(grant for grant in person.grants if grant.role == Role.HR)
    revoke_role(session, actor=actor, grant=grant, now=NOW)
    assert roles_of(session, person) == ["TRAINER"]
    act = session.scalars(select(AuditEntry)).one()
    assert (act.action, act.actor_id, act.detail["role"]) == ("role.revoke", actor.person_id, "HR")


@pytest.mark.parametrize("role", sorted(SEPARATED_ADMINS))
def test_the_last_administrator_is_not_revoked(session: Session, role: Role) -> None:
    root = make_unit(session)
    below = make_unit(session, root)
    last = make_person(session, root, role)
    make_person(session, below, role)
    make_person(session, root, role, active=False)
    with pytest.raises(DomainError, match="最后一位"):
        revoke_role(session, actor=None, grant=last.grants[0], now=NOW)
    make_person(session, root, role)
    revoke_role(session, actor=None, grant=last.grants[0], now=NOW)
    assert roles_of(session, last) == []


def test_an_administrator_below_is_covered_by_the_one_above(session: Session) -> None:
    root = make_unit(session)
    make_person(session, root, Role.SEC_ADMIN)
    below = make_person(session, make_unit(session, root), Role.SEC_ADMIN)
    revoke_role(session, actor=None, grant=below.grants[0], now=NOW)
    assert roles_of(session, below) == []


def test_after_the_last_grant_of_a_kind_the_person_may_hold_another(session: Session) -> None:
    root, other = make_unit(session), make_unit(session)
    for unit in (root, other):
        make_person(session, unit, Role.SYS_ADMIN)
    person = make_person(session, root, Role.SYS_ADMIN)
    grant_role(session, actor=None, person=person, role=Role.SYS_ADMIN, unit=other, now=NOW)
    first, second = person.grants
    revoke_role(session, actor=None, grant=first, now=NOW)
    assert session.get(SeparatedAdmin, person.id) is not None
    revoke_role(session, actor=None, grant=second, now=NOW)
    session.expire_all()
    assert session.get(SeparatedAdmin, person.id) is None
    grant_role(session, actor=None, person=person, role=Role.AUDIT_ADMIN, unit=root, now=NOW)
    assert roles_of(session, person) == ["AUDIT_ADMIN"]


def test_every_role_says_what_it_lets_its_holder_do() -> None:
    assert set(ROLE_MEANINGS) == set(Role)
