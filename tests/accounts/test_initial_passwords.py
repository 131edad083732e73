"""One-time passwords for many people at once."""

import csv
import io
import re

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn.accounts.initial_passwords import (
    count_without_password,
    set_initial_passwords,
    write_initial_passwords,
)
from elearn.accounts.passwords import hash_password, verify_password
from elearn.core.access import Role
from elearn.core.errors import DomainError
from elearn.models import AuditEntry, LoginSession, Person
from tests.factories import NOW, make_actor, make_person, make_unit, open_login_session


def newcomer(session: Session, **values: object) -> Person:
    return make_person(
        session, **{"must_change_password": True, "notice_accepted_at": None, **values}
    )


def test_people_without_password_get_one_that_works(session: Session) -> None:
    unit = make_unit(session)
    admin = make_person(session, unit, Role.SYS_ADMIN, password_hash="kept")
    first, second = newcomer(session, unit=unit), newcomer(session, unit=unit)
    user = make_person(session, unit, password_hash=hash_password("Own-pass1"))
    gone = newcomer(session, unit=unit, active=False)
    actor = make_actor(admin)
    assert count_without_password(session, actor=actor) == 2
    lines = set_initial_passwords(session, actor=actor, now=NOW)
    assert [line.staff_no for line in lines] == [first.staff_no, second.staff_no]
    for person, line in zip((first, second), lines, strict=True):
        assert re.fullmatch(r"[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}", line.password)
        assert verify_password(person.password_hash, line.password)
        assert (line.unit_code, line.unit_name) == (unit.code, unit.name)
    assert verify_password(user.password_hash, "Own-pass1")
    assert gone.password_hash is None
    act = session.scalars(select(AuditEntry)).one()
    assert act.detail == {"count": 2, "again": False}
    assert count_without_password(session, actor=actor) == 0


def test_a_second_time_there_is_nothing_to_do_unless_asked_again(session: Session) -> None:
    unit = make_unit(session)
    person = newcomer(session, unit=unit)
    in_use = make_person(session, unit, password_hash="in use")
    (first,) = set_initial_passwords(session, actor=None, now=NOW)
    with pytest.raises(DomainError, match="没有需要"):
        set_initial_passwords(session, actor=None, now=NOW)
    open_login_session(session, person, now=NOW)
    (again,) = set_initial_passwords(session, actor=None, now=NOW, again=True)
    assert again.staff_no == person.staff_no
    assert verify_password(person.password_hash, again.password)
    assert not verify_password(person.password_hash, first.password)
    assert session.scalar(select(LoginSession)) is None
    assert in_use.password_hash == "in use"


def test_the_own_subtree_and_no_separated_administrators(session: Session) -> None:
    root = make_unit(session)
    mine, other = make_unit(session, root), make_unit(session, root)
    admin = make_person(session, mine, Role.SYS_ADMIN, password_hash="kept")
    newcomer(session, unit=other)
    newcomer(session, unit=root)
    auditor = make_person(
        session, mine, Role.AUDIT_ADMIN, must_change_password=True, notice_accepted_at=None
    )
    own = newcomer(session, unit=mine)
    lines = set_initial_passwords(session, actor=make_actor(admin), now=NOW, again=True)
    assert [line.staff_no for line in lines] == [own.staff_no]
    everyone = set_initial_passwords(session, actor=None, now=NOW)
    assert auditor.staff_no in {line.staff_no for line in everyone}


def test_sessions_of_strangers_are_not_ended(session: Session) -> None:
    root = make_unit(session)
    mine, other = make_unit(session, root), make_unit(session, root)
    admin = make_person(session, mine, Role.SYS_ADMIN, password_hash="kept")
    newcomer(session, unit=mine)
    stranger = newcomer(session, unit=other)
    open_login_session(session, stranger, now=NOW)
    set_initial_passwords(session, actor=make_actor(admin), now=NOW, again=True)
    kept = session.scalars(select(LoginSession.person_id)).all()
    assert kept == [stranger.id]


def test_the_list_is_a_csv_with_neutral_cells(session: Session) -> None:
    newcomer(session, name="=HYPERLINK()")
    target = io.StringIO()
    lines = set_initial_passwords(session, actor=None, now=NOW)
    write_initial_passwords(target, lines)
    rows = list(csv.reader(io.StringIO(target.getvalue().removeprefix("\ufeff"), newline="")))
    assert rows[0] == ["工号", "姓名", "单位代码", "单位", "初始密码"]
    assert rows[1][1] == "'=HYPERLINK()"
    assert rows[1][4] == lines[0].password
