"""The demo's second pair: in new and in older demo databases, outside the exams' candidates."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from elearn import db
from elearn.admin.queries import audit_scope
from elearn.config import load_settings
from elearn.core.access import Permission, Role
from elearn.demo import ensure_demo
from elearn.demo.office import open_exam_office
from elearn.demo.people import create_org
from elearn.exams.sittings.queries import get_managed_exam, is_eligible
from elearn.models import OrgUnit, Person, RoleGrant
from tests.factories import NOW, make_actor
from tests.factories_exams import make_bank, make_exam


@pytest.fixture
def older(session: Session) -> Session:
    """A demo database from before there was an exam office."""
    create_org(session, password="Demo-x-2026", now=NOW)
    session.flush()
    return session


def person(session: Session, staff_no: str) -> Person:
    return session.scalars(select(Person).where(Person.staff_no == staff_no)).one()


def test_the_second_pair_decides_but_sits_no_exam(older: Session) -> None:
    for _ in range(2):
        open_exam_office(older, now=NOW)
    make_bank(older)
    first, second = person(older, "examiner1"), person(older, "examiner2")
    exam = make_exam(older, first.grants[0].org_unit, by=first)
    assert is_eligible(older, exam=exam, person=first)
    assert not is_eligible(older, exam=exam, person=second)
    assert get_managed_exam(older, public_id=exam.public_id, actor=make_actor(second)) is exam
    marker = make_actor(person(older, "marker2"))
    assert marker.may(Permission.MARK_EXAM, first.org_unit.path)
    assert second.password_hash == first.password_hash
    assert older.scalar(select(func.count()).where(OrgUnit.name == "市考试中心")) == 1
    auditor = make_actor(person(older, "auditadmin1"))
    assert str(audit_scope(older, auditor)) == "true"  # still of the whole tree


def test_a_real_database_gets_no_demo_people(older: Session) -> None:
    older.execute(update(Person).values(is_demo=False))
    open_exam_office(older, now=NOW)
    assert older.scalar(select(func.count()).where(Person.staff_no == "examiner2")) == 0


def test_who_took_the_names_or_the_role_away_is_left_alone(older: Session) -> None:
    first = person(older, "examiner1")
    older.delete(first.grants[0])
    older.flush()
    open_exam_office(older, now=NOW)
    assert older.scalar(select(func.count()).where(Person.staff_no == "examiner2")) == 0
    assert older.scalar(select(func.count()).where(RoleGrant.role == Role.EXAMINER)) == 0


def test_only_accounts_that_are_there_are_printed(own_engine: Engine, tmp_path: Path) -> None:
    with db.transaction(own_engine) as work:
        create_org(work, password="Demo-x-2026", now=NOW)
        work.execute(update(Person).where(Person.staff_no == "marker1").values(staff_no="somebody"))
    settings = load_settings({"ELEARN_INSTANCE_DIR": str(tmp_path)})
    report = ensure_demo(own_engine, settings, now=NOW)
    printed = [line.split()[0] for line in report.accounts]
    assert {"examiner1", "examiner2", "marker2"} <= set(printed)
    assert "marker1" not in printed
