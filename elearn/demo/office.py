"""The demo's second examiner and second marker: acts that take two people can be tried.

They belong to an exam office beside the district, so they sit none of its exams and may look at its
papers. Added to demo databases made before there was such an office, too.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn.core.access import SEPARATED_ADMINS, Role
from elearn.models import OrgType, OrgUnit, Person, RoleGrant

OFFICE: Final = ("DEMO-KS", "市考试中心")
FIRST: Final = "examiner1"
SECOND_STAFF: Final = (
    ("examiner2", "韩正明", "考务科副科长", Role.EXAMINER),
    ("marker2", "邓淑清", "阅卷员", Role.MARKER),
)


def open_exam_office(session: Session, *, now: datetime) -> None:
    """Once, and in a demo database only; the accounts have the password of the others."""
    first = session.scalar(select(Person).where(Person.staff_no == FIRST, Person.is_demo))
    numbers = [staff_no for staff_no, *_ in SECOND_STAFF]
    if first is None or session.scalar(
        select(Person.id).where(Person.staff_no.in_(numbers)).limit(1)
    ):
        return
    district = _district(session, first)
    if district is None:
        return
    office = _office(session)
    for staff_no, name, post, role in SECOND_STAFF:
        person = Person(
            staff_no=staff_no,
            name=name,
            org_unit_id=office.id,
            rank=first.rank,
            post=post,
            party=first.party,
            password_hash=first.password_hash,
            must_change_password=False,
            notice_accepted_at=now,
            is_demo=True,
            created_at=now,
        )
        session.add(person)
        session.flush()
        _grant(session, person.id, role, district, now)
    _extend_administrators(session, district, office, now)


def _district(session: Session, first: Person) -> OrgUnit | None:
    """The unit the first examiner examines; None once that role was taken away."""
    return session.scalars(
        select(OrgUnit)
        .join(RoleGrant, RoleGrant.org_unit_id == OrgUnit.id)
        .where(RoleGrant.person_id == first.id, RoleGrant.role == Role.EXAMINER)
        .order_by(OrgUnit.path)
        .limit(1)
    ).first()


def _office(session: Session) -> OrgUnit:
    code, name = OFFICE
    office = OrgUnit(code=code, name=name, type=OrgType.UNIT, parent_id=None, path=f"?{code}")
    session.add(office)
    session.flush()
    office.path = f"/{office.id}/"
    return office


def _extend_administrators(
    session: Session, district: OrgUnit, office: OrgUnit, now: datetime
) -> None:
    """Who administers the whole tree administers its new part too."""
    whole = session.execute(
        select(RoleGrant.person_id, RoleGrant.role).where(
            RoleGrant.org_unit_id == district.id, RoleGrant.role.in_(SEPARATED_ADMINS)
        )
    ).all()
    for person_id, role in whole:
        _grant(session, person_id, Role(role), office, now)


def _grant(session: Session, person_id: int, role: Role, unit: OrgUnit, now: datetime) -> None:
    session.add(RoleGrant(person_id=person_id, role=role, org_unit_id=unit.id, granted_at=now))
