"""Makes rows for tests: one function per thing, sensible defaults, everything overridable."""

import hashlib
import itertools
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from elearn.core.access import SEPARATED_ADMINS, Actor, Role
from elearn.models import (
    LoginSession,
    OrgType,
    OrgUnit,
    Person,
    RoleGrant,
    SeparatedAdmin,
)

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
_counter = itertools.count(1)


def make_unit(session: Session, parent: OrgUnit | None = None, **values: Any) -> OrgUnit:
    """An org unit under `parent` (None: a root), with its path written."""
    number = next(_counter)
    kind = OrgType.UNIT if parent else OrgType.DISTRICT
    unit = OrgUnit(
        **{
            "code": f"U{number}",
            "name": f"单位{number}",
            "type": kind,
            "path": f"?{number}",
            **values,
        }
    )
    unit.parent_id = parent.id if parent else None
    session.add(unit)
    session.flush()
    unit.path = f"{parent.path if parent else '/'}{unit.id}/"
    session.flush()
    return unit


def make_person(
    session: Session, unit: OrgUnit | None = None, *roles: Role, **values: Any
) -> Person:
    """A cadre past the first sign-in; each of `roles` is granted over the person's own unit."""
    unit = unit or make_unit(session)
    number = next(_counter)
    defaults: dict[str, Any] = {
        "staff_no": f"p{number}",
        "name": f"干部{number}",
        "org_unit_id": unit.id,
        "rank": "一级科员",
        "must_change_password": False,
        "notice_accepted_at": NOW,
        "created_at": NOW - timedelta(days=2000),
    }
    person = Person(**{**defaults, **values})
    session.add(person)
    session.flush()
    for role in roles:
        make_grant(session, person, role, unit)
    return person


def make_grant(session: Session, person: Person, role: Role, unit: OrgUnit) -> RoleGrant:
    """`role` over the subtree of `unit`."""
    grant = RoleGrant(person_id=person.id, role=role, org_unit_id=unit.id, granted_at=NOW)
    session.add(grant)
    if role in SEPARATED_ADMINS:
        session.add(SeparatedAdmin(person_id=person.id, role=role))
    session.flush()
    session.expire(person, ["grants"])
    return grant


def make_actor(person: Person) -> Actor:
    """The actor a service gets for this person."""
    grants = tuple(sorted((grant.role, grant.org_unit.path) for grant in person.grants))
    return Actor(person.id, person.name, person.staff_no, grants, "127.0.0.1")


def open_login_session(session: Session, person: Person, *, now: datetime) -> str:
    """A signed-in browser's token."""
    token = secrets.token_urlsafe(16)
    session.add(
        LoginSession(
            token_hash=hashlib.sha256(token.encode()).hexdigest(),
            person_id=person.id,
            session_version=person.session_version,
            created_at=now,
            last_seen_at=now,
            expires_at=now + timedelta(hours=8),
        )
    )
    session.commit()
    return token
