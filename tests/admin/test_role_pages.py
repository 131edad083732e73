"""Roles, through their pages."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn.core.access import Role
from elearn.models import OrgUnit, Person, RoleGrant
from tests.conftest import Browser
from tests.factories import make_person, make_unit


@pytest.fixture
def root(session: Session) -> OrgUnit:
    unit = make_unit(session, code="QU", name="某区")
    make_unit(session, unit, code="A", name="财政局")
    make_unit(session, unit, code="B", name="民政局")
    return unit


@pytest.fixture
def security(client: Browser, session: Session, root: OrgUnit) -> Browser:
    return client.sign_in(
        make_person(session, root, Role.SEC_ADMIN, staff_no="sec1", name="安全员"), session
    )


def unit(session: Session, code: str) -> OrgUnit:
    return session.scalars(select(OrgUnit).where(OrgUnit.code == code)).one()


def held(session: Session, person: Person) -> list[tuple[str, str]]:
    session.expire_all()
    return [(grant.role, grant.org_unit.code) for grant in person.grants]


def rows(page: str) -> list[str]:
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in body.split("<tr>")[1:]]


def test_a_role_is_granted_once_and_opens_its_pages_at_once(
    security: Browser, browser: Callable[[], Browser], session: Session
) -> None:
    person = make_person(session, unit(session, "A"), staff_no="n1")
    session.commit()
    theirs = browser().sign_in(person, session)
    assert theirs.get("/admin/people").status_code == 403
    form = {"staff_no": " n1 ", "role": "SYS_ADMIN", "unit": "A"}
    assert security.post("/admin/roles/grant", data=form).location == "/admin/roles"
    assert held(session, person) == [("SYS_ADMIN", "A")]
    assert theirs.get("/admin/people").status_code == 200
    again = security.post("/admin/roles/grant", data=form)
    assert again.status_code == 200
    assert "已经是系统管理员" in again.text
    assert held(session, person) == [("SYS_ADMIN", "A")]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"staff_no": ""}, "请填写工号"),
        ({"staff_no": "nobody"}, "没有这个工号"),
        ({"unit": ""}, "请选择范围"),
        ({"unit": "ZZ"}, "没有这个单位"),
        ({"role": "KING"}, "角色"),
        ({"staff_no": "sec1"}, "不能给自己授权"),
        ({"staff_no": "gone"}, "已停用"),
        ({"staff_no": "audit1", "role": "SYS_ADMIN"}, "必须由不同的人担任"),
    ],
)
def test_a_wrong_grant_says_what_is_wrong_and_keeps_the_form(
    security: Browser, session: Session, root: OrgUnit, change: dict[str, str], word: str
) -> None:
    make_person(session, unit(session, "A"), staff_no="n1")
    make_person(session, unit(session, "A"), staff_no="gone", active=False)
    make_person(session, root, Role.AUDIT_ADMIN, staff_no="audit1")
    session.commit()
    before = session.scalars(select(RoleGrant.id)).all()
    form = {"staff_no": "n1", "role": "HR", "unit": "A", **change}
    page = security.post("/admin/roles/grant", data=form)
    assert page.status_code == 200
    assert word in page.text
    assert f'value="{form["staff_no"]}"' in page.text
    assert session.scalars(select(RoleGrant.id)).all() == before


def test_another_units_people_and_units_do_not_exist(
    client: Browser, session: Session, root: OrgUnit
) -> None:
    client.sign_in(make_person(session, unit(session, "A"), Role.SEC_ADMIN), session)
    make_person(session, unit(session, "B"), staff_no="out")
    make_person(session, unit(session, "A"), staff_no="in")
    session.commit()
    page = client.get("/admin/roles").text
    assert "民政局" not in page
    wrong = client.post("/admin/roles/grant", data={"staff_no": "out", "role": "HR", "unit": "A"})
    assert "没有这个工号" in wrong.text
    wrong = client.post("/admin/roles/grant", data={"staff_no": "in", "role": "HR", "unit": "B"})
    assert "没有这个单位" in wrong.text
    assert session.scalars(select(RoleGrant.role)).all() == ["SEC_ADMIN"]


def test_the_list_filters_by_words_and_role(security: Browser, session: Session) -> None:
    make_person(session, unit(session, "A"), Role.HR, staff_no="h1", name="王伟")
    make_person(session, unit(session, "B"), Role.HR, Role.TRAINER, staff_no="h2", name="李静")
    session.commit()
    everything = rows(security.get("/admin/roles").text)
    assert [row.split()[0] for row in everything] == ["安全员", "王伟", "李静", "李静"]
    assert "王伟 h1 财政局 组织人事 财政局及下级" in everything[1]
    for query, found in (
        ("q=李", 2), ("q=李&role=HR", 1), ("q=h1", 1), ("q=民政", 2), ("role=MARKER", 0),
        ("role=nonsense", 4), ("q=%25", 0),
    ):  # fmt: skip
        assert len(rows(security.get(f"/admin/roles?{query}").text)) == found, query
    assert "没有符合条件的授权" in security.get("/admin/roles?q=无").text


def test_revoking_takes_the_role_at_once_and_only_once(
    security: Browser, browser: Callable[[], Browser], session: Session
) -> None:
    person = make_person(session, unit(session, "A"), Role.AUDIT_ADMIN, staff_no="a1")
    make_person(session, unit(session, "QU"), Role.AUDIT_ADMIN)
    theirs = browser().sign_in(person, session)
    assert theirs.get("/admin/audit").status_code == 200
    path = f"/admin/roles/{person.grants[0].id}/revoke"
    assert security.post(path).location == "/admin/roles"
    assert held(session, person) == []
    assert theirs.get("/admin/audit").status_code == 403
    assert security.post(path).status_code == 404


def test_the_last_security_administrator_stays(security: Browser, session: Session) -> None:
    grant = session.scalars(select(RoleGrant)).one()
    security.post(f"/admin/roles/{grant.id}/revoke")
    assert "最后一位安全管理员" in security.get("/admin/roles").text
    assert session.scalars(select(RoleGrant)).one().id == grant.id


def test_every_role_is_explained(security: Browser) -> None:
    page = security.get("/admin/roles").text
    assert page.count("<dt>") == len(Role)
    assert "看不到审计日志" in page
