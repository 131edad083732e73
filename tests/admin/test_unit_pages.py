"""The tree of units, through its pages."""

import re

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn.admin import queries, unit_pages
from elearn.core.access import Role
from elearn.models import AuditEntry, OrgUnit
from tests.conftest import Browser
from tests.factories import make_person, make_unit


@pytest.fixture
def root(session: Session) -> OrgUnit:
    unit = make_unit(session, code="QU", name="某区")
    a = make_unit(session, unit, code="A", name="财政局")
    make_unit(session, a, code="A1", name="预算科")
    make_unit(session, unit, code="B", name="民政局")
    return unit


@pytest.fixture
def admin(client: Browser, session: Session, root: OrgUnit) -> Browser:
    return client.sign_in(make_person(session, root, Role.SYS_ADMIN), session)


def unit(session: Session, code: str) -> OrgUnit:
    session.expire_all()
    return session.scalars(select(OrgUnit).where(OrgUnit.code == code)).one()


def test_the_tree_shows_levels_and_heads_of_the_whole_subtree(
    admin: Browser, session: Session
) -> None:
    make_person(session, unit(session, "A1"))
    make_person(session, unit(session, "A"))
    make_person(session, unit(session, "A"), active=False)
    session.commit()
    text = re.sub(r"<[^>]+>|\s+", " ", admin.get("/admin/units").text)
    text = " ".join(text.split())
    assert "第 1 级： 某区 QU · 区 3 人" in text
    assert "第 2 级： 财政局 A · 单位 2 人" in text
    assert "第 3 级： 预算科 A1 · 单位 1 人" in text
    assert "第 2 级： 民政局 B · 单位 0 人" in text


def test_a_manager_sees_the_own_subtree_as_the_top(
    client: Browser, session: Session, root: OrgUnit
) -> None:
    client.sign_in(make_person(session, unit(session, "A"), Role.SYS_ADMIN), session)
    page = client.get("/admin/units").text
    assert "财政局" in page
    assert "预算科" in page
    assert "民政局" not in page
    assert "某区" not in page


def test_a_large_tree_opens_two_levels_at_a_time(
    admin: Browser, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "SHOW_ALL_UNITS", 3)
    page = admin.get("/admin/units").text
    assert "预算科" not in page
    assert "展开下级 1 个机构" in page
    below = admin.get(f"/admin/units?at={unit(session, 'A').public_id}").text
    assert "预算科" in below
    assert "民政局" not in below


def test_search_finds_by_name_and_code_and_says_when_it_finds_nothing(admin: Browser) -> None:
    assert "预算科" in admin.get("/admin/units?q=预算").text
    assert "预算科" in admin.get("/admin/units?q=ａ１").text
    assert "没有找到“税务%”" in admin.get("/admin/units?q=税务%25").text
    assert admin.get("/admin/units?q=%00").status_code == 200


def test_a_new_unit_is_made_once(admin: Browser, session: Session) -> None:
    form = {"parent": "B", "code": "B1", "name": "低保科", "type": "UNIT"}
    made = admin.post("/admin/units/new", data=form)
    assert made.location == f"/admin/units/{unit(session, 'B1').public_id}"
    assert "已新建「低保科」" in admin.get(made.location).text
    again = admin.post("/admin/units/new", data=form)
    assert again.status_code == 200
    assert "代码 B1 已被使用" in again.text
    assert 'value="低保科"' in again.text


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"code": ""}, "请填写单位代码"),
        ({"code": "b 1"}, "只能用字母"),
        ({"name": ""}, "请填写单位名称"),
        ({"name": "民政局", "parent": "QU"}, "同一上级下已有"),
        ({"parent": ""}, "请选择上级机构"),
        ({"parent": "ZZ"}, "没有这个单位"),
        ({"type": "STAR"}, "类型"),
    ],
)
def test_a_wrong_new_unit_says_what_is_wrong_and_keeps_the_rest(
    admin: Browser, session: Session, change: dict[str, str], word: str
) -> None:
    form = {"parent": "B", "code": "B1", "name": "低保科", "type": "UNIT", **change}
    page = admin.post("/admin/units/new", data=form)
    assert page.status_code == 200
    assert word in page.text
    assert "处需要修改" in page.text
    assert session.scalar(select(OrgUnit).where(OrgUnit.code == "B1")) is None


def test_new_below_starts_with_that_parent(admin: Browser) -> None:
    assert '<option value="B" selected>' in admin.get("/admin/units/new?under=B").text


def test_units_are_typed_when_they_are_too_many_for_a_list(
    admin: Browser, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unit_pages, "MANY", 2)
    page = admin.get("/admin/units/new").text
    assert "填写单位代码或名称" in page
    form = {"parent": "财政局/预算科", "code": "N", "name": "新", "type": "UNIT"}
    assert admin.post("/admin/units/new", data=form).status_code == 302
    assert unit(session, "N").parent_id == unit(session, "A1").id


def test_editing_saves_and_records(admin: Browser, session: Session) -> None:
    path = f"/admin/units/{unit(session, 'B').public_id}"
    page = admin.get(path).text
    assert "涉及在职人员 0 人、下级机构 0 个" in page
    form = {"code": "B", "name": "民政和社会工作局", "type": "DEPARTMENT"}
    assert admin.post(path, data=form).location == path
    assert unit(session, "B").name == "民政和社会工作局"
    wrong = admin.post(path, data={**form, "code": "A"})
    assert "代码 A 已被使用" in wrong.text
    assert unit(session, "B").code == "B"


def test_moving_asks_first_shows_the_impact_and_then_moves(
    admin: Browser, session: Session
) -> None:
    make_person(session, unit(session, "A1"))
    session.commit()
    target = unit(session, "A1")
    path = f"/admin/units/{target.public_id}/move"
    asked = admin.post(path, data={"parent": "B"})
    assert asked.status_code == 200
    assert "涉及在职人员 1 人、下级机构 0 个" in asked.text
    assert "民政局（B）" in asked.text
    assert unit(session, "A1").parent_id == unit(session, "A").id
    assert session.scalar(select(AuditEntry)) is None
    done = admin.post(path, data={"parent": "B", "confirmed": "y"})
    assert done.status_code == 302
    moved, parent = unit(session, "A1"), unit(session, "B")
    assert moved.path == f"{parent.path}{moved.id}/"
    assert session.scalars(select(AuditEntry)).one().action == "unit.move"
    again = admin.post(path, data={"parent": "B", "confirmed": "y"})
    assert "已经在「民政局」之下" in again.text


def test_moving_into_itself_is_refused_before_the_confirmation(
    admin: Browser, session: Session
) -> None:
    path = f"/admin/units/{unit(session, 'A').public_id}/move"
    for parent, word in (("A1", "绕成一圈"), ("A", "它自己"), ("", "请选择新的上级机构")):
        page = admin.post(path, data={"parent": parent, "confirmed": "y"})
        assert page.status_code == 200
        assert word in page.text
        assert "请确认" not in page.text


def test_the_own_top_unit_offers_no_move_and_refuses_it(
    client: Browser, session: Session, root: OrgUnit
) -> None:
    top = unit(session, "A")
    client.sign_in(make_person(session, top, Role.SYS_ADMIN), session)
    assert "移动到" not in client.get(f"/admin/units/{top.public_id}").text
    page = client.post(
        f"/admin/units/{top.public_id}/move", data={"parent": "A1", "confirmed": "y"}
    )
    assert "绕成一圈" in page.text


def test_closing_and_opening_again(admin: Browser, session: Session) -> None:
    path = f"/admin/units/{unit(session, 'A1').public_id}"
    assert "停用机构" in admin.get(path).text
    for _ in range(2):
        assert admin.post(f"{path}/active", data={"active": "0"}).location == path
    assert not unit(session, "A1").active
    assert "「预算科」已停用" in admin.get(path).text
    assert "启用机构" in admin.get(path).text
    admin.post(f"{path}/active", data={"active": "1"})
    assert unit(session, "A1").active


def test_closing_with_people_is_refused_on_the_page_and_by_the_server(
    admin: Browser, session: Session
) -> None:
    make_person(session, unit(session, "A1"))
    session.commit()
    path = f"/admin/units/{unit(session, 'A').public_id}"
    assert "停用机构" not in admin.get(path).text
    admin.post(f"{path}/active", data={"active": "0"})
    assert "还有 1 名在职人员" in admin.get(path).text
    assert unit(session, "A").active
