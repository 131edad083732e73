"""Every page of the administrators: who may open it, and how."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from elearn.core.access import HOLDERS, SEPARATED_ADMINS, Permission, Role
from elearn.models import OrgUnit, PendingImport, Person, RoleGrant
from elearn.web.policy import ROUTES
from tests.conftest import Browser
from tests.factories import NOW, make_person, make_unit


@dataclass
class World:
    """Two districts of one tree; everything the pages point at lies in `mine`."""

    root: OrgUnit
    mine: OrgUnit
    other: OrgUnit
    person: Person
    grant: RoleGrant


@pytest.fixture
def world(session: Session) -> World:
    root = make_unit(session, code="QU", name="区")
    mine = make_unit(session, root, code="A", name="甲")
    other = make_unit(session, root, code="B", name="乙")
    person = make_person(session, mine, Role.HR, staff_no="target", name="目标")
    session.commit()
    return World(root, mine, other, person, person.grants[0])


PAGES = [
    ("get", "/admin/units", "people.manage"),
    ("get", "/admin/units?at={unit}", "people.manage"),
    ("get", "/admin/units/new", "people.manage"),
    ("get", "/admin/units/{unit}", "people.manage"),
    ("get", "/admin/units/{unit}/move", "people.manage"),
    ("get", "/admin/people", "people.manage"),
    ("get", "/admin/people?unit={unit}", "people.manage"),
    ("get", "/admin/people/new", "people.manage"),
    ("get", "/admin/people/{person}", "people.manage"),
    ("get", "/admin/people/passwords", "people.manage"),
    ("get", "/admin/people/import", "people.manage"),
    ("get", "/admin/people/import/template", "people.manage"),
    ("get", "/admin/roles", "role.grant"),
    ("get", "/admin/audit", "audit.read"),
    ("get", "/admin/audit/export", "audit.read"),
    ("post", "/admin/units/new", "people.manage"),
    ("post", "/admin/units/{unit}", "people.manage"),
    ("post", "/admin/units/{unit}/move", "people.manage"),
    ("post", "/admin/units/{unit}/active", "people.manage"),
    ("post", "/admin/people/new", "people.manage"),
    ("post", "/admin/people/{person}", "people.manage"),
    ("post", "/admin/people/{person}/active", "people.manage"),
    ("post", "/admin/people/{person}/password", "people.manage"),
    ("post", "/admin/people/passwords", "people.manage"),
    ("post", "/admin/people/import", "people.manage"),
    ("post", "/admin/roles/grant", "role.grant"),
    ("post", "/admin/roles/{grant}/revoke", "role.grant"),
]
POINTED = [page for page in PAGES if "{" in page[1]]


def address(template: str, world: World) -> str:
    return template.format(
        unit=world.mine.public_id, person=world.person.public_id, grant=world.grant.id
    )


def holder(permission: str) -> Role:
    return next(iter(HOLDERS[Permission(permission)]))


@pytest.mark.parametrize(("method", "path", "permission"), PAGES)
def test_the_holder_passes_and_nobody_else(
    browser: Callable[[], Browser],
    session: Session,
    world: World,
    method: str,
    path: str,
    permission: str,
) -> None:
    target = address(path, world)
    client = browser()
    assert getattr(client, method)(target).location.startswith("/sign-in")
    right = holder(permission)
    for role in [None, Role.HR, *sorted(SEPARATED_ADMINS)]:
        person = make_person(session, world.root, *([role] if role else []))
        response = getattr(browser().sign_in(person, session), method)(target)
        status = response.status_code
        response.close()
        assert (status in {200, 302}) if role is right else (status == 403), role


@pytest.mark.parametrize(("method", "path", "permission"), POINTED)
def test_another_unit_is_not_found(
    client: Browser, session: Session, world: World, method: str, path: str, permission: str
) -> None:
    stranger = make_person(session, world.other, holder(permission))
    client.sign_in(stranger, session)
    response = getattr(client, method)(address(path, world))
    assert response.status_code == 404
    assert "目标" not in response.text
    session.expire_all()
    assert world.person.active
    assert world.person.password_hash is None
    assert world.mine.active
    assert session.get(RoleGrant, world.grant.id) is not None


@pytest.mark.parametrize(("method", "path", "permission"), POINTED)
def test_what_does_not_exist_is_not_found(
    client: Browser, session: Session, world: World, method: str, path: str, permission: str
) -> None:
    client.sign_in(make_person(session, world.root, holder(permission)), session)
    target = path.format(unit="x" * 22, person="x" * 22, grant=999_999_999)
    assert getattr(client, method)(target).status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/admin/units/{unit}/active"),
        ("get", "/admin/people/{person}/active"),
        ("get", "/admin/people/{person}/password"),
        ("get", "/admin/roles/grant"),
        ("get", "/admin/roles/{grant}/revoke"),
        ("post", "/admin/people"),
        ("post", "/admin/units"),
        ("post", "/admin/audit"),
        ("post", "/admin/audit/export"),
        ("delete", "/admin/people/{person}"),
    ],
)
def test_wrong_methods(
    client: Browser, session: Session, world: World, method: str, path: str
) -> None:
    client.sign_in(make_person(session, world.root, Role.SYS_ADMIN), session)
    assert getattr(client, method)(address(path, world)).status_code == 405


def test_uploads_of_somebody_else_are_not_found(
    browser: Callable[[], Browser], session: Session, world: World
) -> None:
    owner = make_person(session, world.root, Role.SYS_ADMIN)
    upload = PendingImport(
        person_id=owner.id, kind="people", filename="x.csv", data=b"x", sha256="0" * 64,
        created_at=NOW,
    )  # fmt: skip
    session.add(upload)
    session.commit()
    path = f"/admin/people/import/{upload.public_id}"
    other = browser().sign_in(make_person(session, world.root, Role.SYS_ADMIN), session)
    assert other.get(path).status_code == 404
    assert other.post(f"{path}/commit").status_code == 404
    wrong = browser().sign_in(make_person(session, world.root, Role.SEC_ADMIN), session)
    assert wrong.get(path).status_code == 403
    assert wrong.post(f"{path}/commit").status_code == 403
    assert browser().post(f"{path}/commit").location == "/sign-in"
    assert browser().sign_in(owner, session).get(f"{path}/commit").status_code == 405


def test_every_route_of_this_feature_is_in_the_policy(app: Flask) -> None:
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    ours = {name for name in endpoints if name.startswith("admin.")}
    assert ours == {name for name in ROUTES if name.startswith("admin.")}
