"""People: create, edit, move, deactivate, reset passwords; the operator's first accounts."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from elearn.accounts.passwords import verify_password
from elearn.accounts.people import (
    PersonFields,
    add_user,
    create_person,
    deactivate_person,
    edit_person,
    reactivate_person,
    reset_password,
)
from elearn.accounts.sign_in import sign_in
from elearn.core.access import Actor, Role
from elearn.core.errors import Conflict, DomainError, Forbidden, NotFound
from elearn.models import AuditEntry, LoginSession, OrgUnit, Party, Person, SignInFailure
from tests.factories import NOW, make_actor, make_person, make_unit, open_login_session


def manager(session: Session, unit: OrgUnit) -> Actor:
    return make_actor(make_person(session, unit, Role.SYS_ADMIN))


def fields(unit: OrgUnit, **values: Any) -> PersonFields:
    return PersonFields(**{"staff_no": "n1", "name": "新人", "unit": unit, **values})


def acts(session: Session, action: str) -> list[AuditEntry]:
    return list(session.scalars(select(AuditEntry).where(AuditEntry.action == action)))


def test_create_person_cleans_values_and_has_no_password(session: Session) -> None:
    unit = make_unit(session)
    actor = manager(session, unit)
    given = fields(
        unit, staff_no=" ｎ００１ ", name=" 王　伟 ", rank="一级 科员", post=" 科长 ", is_leader=True,
        party=Party.PARTY,
    )  # fmt: skip
    person = create_person(session, actor=actor, fields=given, now=NOW)
    session.expire_all()
    assert (person.staff_no, person.name, person.rank, person.post) == (
        "n001", "王伟", "一级科员", "科长",
    )  # fmt: skip
    assert (person.is_leader, person.party, person.active) == (True, "PARTY", True)
    assert (person.password_hash, person.must_change_password) == (None, True)
    (act,) = acts(session, "person.create")
    assert (act.actor_id, act.object_id) == (actor.person_id, person.public_id)
    assert act.detail["after"]["staff_no"] == "n001"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"staff_no": ""}, "staff_no"),
        ({"staff_no": "a b"}, "staff_no"),
        ({"staff_no": "P9"}, "staff_no"),
        ({"name": " "}, "name"),
        ({"name": "王" * 51}, "name"),
        ({"name": "王\x00伟"}, "name"),
        ({"rank": "级" * 31}, "rank"),
        ({"post": "职" * 101}, "post"),
    ],
)
def test_create_person_refuses_with_the_field(
    session: Session, values: dict[str, Any], field: str
) -> None:
    unit = make_unit(session)
    make_person(session, unit, staff_no="p9")
    with pytest.raises(DomainError) as caught:
        create_person(session, actor=None, fields=fields(unit, **values), now=NOW)
    assert list(caught.value.fields) == [field]
    session.rollback()


def test_create_person_in_a_closed_unit_is_refused(session: Session) -> None:
    with pytest.raises(DomainError) as caught:
        create_person(session, actor=None, fields=fields(make_unit(session, active=False)), now=NOW)
    assert list(caught.value.fields) == ["unit"]


def test_a_rank_outside_the_table_is_kept_as_written(session: Session) -> None:
    person = create_person(
        session, actor=None, fields=fields(make_unit(session), rank="专业技术十级"), now=NOW
    )
    assert person.rank == "专业技术十级"


def test_edit_person_moves_and_records_before_and_after(session: Session) -> None:
    root = make_unit(session)
    here, there = make_unit(session, root), make_unit(session, root)
    actor = manager(session, root)
    person = make_person(session, here, staff_no="n1", name="新人", rank="")
    edit_person(session, actor=actor, person=person, fields=fields(there, post="科长"), now=NOW)
    session.expire_all()
    assert (person.org_unit_id, person.post) == (there.id, "科长")
    (act,) = acts(session, "person.move")
    assert (act.detail["before"]["unit"], act.detail["after"]["unit"]) == (here.code, there.code)


def test_edit_person_without_change_leaves_no_trace(session: Session) -> None:
    unit = make_unit(session)
    person = make_person(session, unit, staff_no="n1", name="新人", rank="")
    edit_person(session, actor=None, person=person, fields=fields(unit), now=NOW)
    assert session.scalar(select(func.count()).select_from(AuditEntry)) == 0


def test_edit_person_keeps_a_staff_number_of_somebody_else_free(session: Session) -> None:
    unit = make_unit(session)
    make_person(session, unit, staff_no="Taken1")
    person = make_person(session, unit)
    with pytest.raises(Conflict):
        edit_person(
            session, actor=None, person=person, fields=fields(unit, staff_no="taken1"), now=NOW
        )


def test_a_person_in_a_closed_unit_can_still_be_edited_there(session: Session) -> None:
    unit = make_unit(session, active=False)
    person = make_person(session, unit, staff_no="n1", active=False)
    edit_person(session, actor=None, person=person, fields=fields(unit, post="已退休"), now=NOW)
    assert person.post == "已退休"


def test_a_manager_reaches_the_own_subtree_only(session: Session) -> None:
    root = make_unit(session)
    mine, other = make_unit(session, root), make_unit(session, root)
    actor = manager(session, mine)
    stranger, own = make_person(session, other), make_person(session, mine)
    hr = make_actor(make_person(session, root, Role.HR))
    for act in (
        lambda: create_person(session, actor=actor, fields=fields(other), now=NOW),
        lambda: edit_person(session, actor=actor, person=stranger, fields=fields(mine), now=NOW),
        lambda: edit_person(session, actor=actor, person=own, fields=fields(other), now=NOW),
        lambda: deactivate_person(session, actor=actor, person=stranger, now=NOW),
        lambda: reactivate_person(session, actor=actor, person=stranger, now=NOW),
        lambda: reset_password(session, actor=actor, person=stranger, now=NOW),
        lambda: reset_password(session, actor=hr, person=own, now=NOW),
    ):
        with pytest.raises(NotFound):
            act()


def test_deactivate_person_ends_sessions_once(session: Session) -> None:
    person = make_person(session)
    open_login_session(session, person, now=NOW)
    for _ in range(2):
        deactivate_person(session, actor=None, person=person, now=NOW)
    assert (person.active, person.session_version) == (False, 2)
    assert session.scalar(select(LoginSession)) is None
    assert len(acts(session, "person.deactivate")) == 1


def test_reactivate_person_needs_a_unit_in_use(session: Session) -> None:
    unit = make_unit(session, active=False)
    person = make_person(session, unit, active=False)
    with pytest.raises(DomainError, match="停用"):
        reactivate_person(session, actor=None, person=person, now=NOW)
    unit.active = True
    for _ in range(2):
        reactivate_person(session, actor=None, person=person, now=NOW)
    assert person.active
    assert len(acts(session, "person.reactivate")) == 1


def test_nobody_deactivates_the_own_account(session: Session) -> None:
    admin = make_person(session, None, Role.SYS_ADMIN)
    with pytest.raises(DomainError, match="不能停用自己"):
        deactivate_person(session, actor=make_actor(admin), person=admin, now=NOW)


@pytest.mark.parametrize("role", [Role.SYS_ADMIN, Role.SEC_ADMIN, Role.AUDIT_ADMIN])
def test_the_last_administrator_over_a_unit_stays(session: Session, role: Role) -> None:
    root = make_unit(session)
    below = make_unit(session, root)
    last = make_person(session, root, role)
    make_person(session, below, role)  # does not reach the root
    make_person(session, root, role, active=False)  # cannot act
    with pytest.raises(DomainError, match="唯一"):
        deactivate_person(session, actor=None, person=last, now=NOW)
    make_person(session, root, role)
    deactivate_person(session, actor=None, person=last, now=NOW)
    assert not last.active


def test_reset_password_gives_a_one_time_password_and_ends_sessions(session: Session) -> None:
    unit = make_unit(session)
    person = make_person(session, unit)
    open_login_session(session, person, now=NOW)
    session.add(SignInFailure(account=person.staff_no, source="10.0.0.9", at=NOW))
    password = reset_password(session, actor=manager(session, unit), person=person, now=NOW)
    assert verify_password(person.password_hash, password)
    assert not verify_password(person.password_hash, password + "x")
    assert (person.must_change_password, person.session_version) == (True, 2)
    assert session.scalar(select(LoginSession)) is None
    assert session.scalar(select(SignInFailure)) is None
    (act,) = acts(session, "person.reset_password")
    assert password not in repr((act.summary, act.detail))


def test_a_one_time_password_gets_a_full_hash_at_the_first_sign_in(session: Session) -> None:
    person = make_person(session)
    password = reset_password(session, actor=None, person=person, now=NOW)
    quick = person.password_hash
    sign_in(
        session, staff_no=person.staff_no, password=password, source="10.0.0.1", device=None,
        demo_allowed=False, now=NOW + timedelta(minutes=1),
    )  # fmt: skip
    assert person.password_hash != quick
    assert "m=19456" in (person.password_hash or "")
    assert verify_password(person.password_hash, password)


def test_reset_password_is_refused_for_oneself_and_for_the_deactivated(session: Session) -> None:
    unit = make_unit(session)
    admin = make_person(session, unit, Role.SYS_ADMIN)
    with pytest.raises(Forbidden):
        reset_password(session, actor=make_actor(admin), person=admin, now=NOW)
    with pytest.raises(DomainError, match="停用"):
        reset_password(
            session,
            actor=make_actor(admin),
            person=make_person(session, unit, active=False),
            now=NOW,
        )


@pytest.mark.parametrize("role", [Role.SEC_ADMIN, Role.AUDIT_ADMIN])
def test_a_system_administrator_cannot_become_the_other_two(session: Session, role: Role) -> None:
    unit = make_unit(session)
    other = make_person(session, unit, role)
    with pytest.raises(Forbidden, match="三员分立"):
        reset_password(session, actor=manager(session, unit), person=other, now=NOW)
    assert other.password_hash is None
    assert reset_password(session, actor=None, person=other, now=NOW)


def test_add_user_makes_the_first_unit_and_administrator(session: Session) -> None:
    person, password = add_user(
        session, staff_no="boss", name="王五", unit_code="QU", unit_name="某区", roles=[Role.SYS_ADMIN],
        now=NOW,
    )  # fmt: skip
    assert (person.org_unit.name, person.org_unit.path) == ("某区", f"/{person.org_unit_id}/")
    assert [(grant.role, grant.org_unit.code) for grant in person.grants] == [("SYS_ADMIN", "QU")]
    assert verify_password(person.password_hash, password)
    assert person.must_change_password


def test_add_user_refuses_unknown_units_weak_passwords_and_two_administrators(
    session: Session,
) -> None:
    make_unit(session, code="QU01")
    common: dict[str, Any] = {"name": "王五", "now": NOW}
    with pytest.raises(DomainError, match="是不是 QU01"):
        add_user(session, staff_no="a", unit_code="QU0I", **common)
    with pytest.raises(DomainError, match="请先导入机构"):
        add_user(session, staff_no="b", unit_code="ZZZ", **common)
    with pytest.raises(DomainError, match="至少"):
        add_user(session, staff_no="c", unit_code="QU01", password="short", **common)
    with pytest.raises(Conflict, match="不同的人"):
        add_user(
            session,
            staff_no="d",
            unit_code="QU01",
            roles=[Role.SYS_ADMIN, Role.SEC_ADMIN],
            **common,
        )


def test_add_user_takes_a_given_password(session: Session) -> None:
    person, password = add_user(
        session, staff_no="a", name="王五", unit_code="QU", password="Lian-zheng8", now=NOW
    )
    assert password == "Lian-zheng8"
    assert verify_password(session.get_one(Person, person.id).password_hash, "Lian-zheng8")
    assert person.org_unit.name == "QU"
