"""People, through their pages."""

import csv
import io
import re

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from elearn.accounts.passwords import verify_password
from elearn.core.access import Role
from elearn.models import LoginSession, OrgUnit, Person
from tests.conftest import Browser
from tests.factories import NOW, make_person, make_unit, open_login_session


@pytest.fixture
def root(session: Session) -> OrgUnit:
    unit = make_unit(session, code="QU", name="某区")
    make_unit(session, unit, code="A", name="财政局")
    make_unit(session, unit, code="B", name="民政局")
    return unit


@pytest.fixture
def admin(client: Browser, session: Session, root: OrgUnit) -> Browser:
    person = make_person(session, root, Role.SYS_ADMIN, name="管理员", password_hash="x")
    return client.sign_in(person, session)


def unit(session: Session, code: str) -> OrgUnit:
    return session.scalars(select(OrgUnit).where(OrgUnit.code == code)).one()


def by_number(session: Session, staff_no: str) -> Person:
    session.expire_all()
    return session.scalars(select(Person).where(Person.staff_no == staff_no)).one()


def names(page: str) -> list[str]:
    return re.findall(r'<th scope="row"><a href="/admin/people/[^"]+">([^<]+)</a>', page)


FORM = {"staff_no": "n1", "name": "新人", "unit": "A", "rank": "一级科员", "post": "", "party": ""}


def test_the_list_searches_name_number_post_and_unit(admin: Browser, session: Session) -> None:
    a, b = unit(session, "A"), unit(session, "B")
    make_person(session, a, staff_no="g001", name="王伟", post="科长")
    make_person(session, b, staff_no="g002", name="王芳")
    make_person(session, b, staff_no="G%03", name="李静", active=False)
    session.commit()
    for query, found in (
        ("q=王", ["王伟", "王芳"]),
        ("q=Ｇ００２", ["王芳"]),
        ("q=科长", ["王伟"]),
        ("q=民政", ["王芳"]),
        ("q=王 财政", ["王伟"]),
        ("q=g%25", []),
        ("q=g%25&status=all", ["李静"]),
        ("status=left", ["李静"]),
        ("status=all", ["管理员", "王伟", "王芳", "李静"]),
        ("status=waiting", ["王伟", "王芳"]),
        ("status=nonsense", ["管理员", "王伟", "王芳"]),
        (f"unit={b.public_id}", ["王芳"]),
        (f"unit={a.public_id}&q=王芳", []),
    ):
        assert sorted(names(admin.get(f"/admin/people?{query}").text)) == sorted(found), query


def test_the_list_pages_and_keeps_its_filters(admin: Browser, session: Session) -> None:
    for number in range(60):
        make_person(session, unit(session, "A"), name=f"干部{number:02d}")
    session.commit()
    first = admin.get("/admin/people?q=干部")
    assert len(names(first.text)) == 50
    assert "第 1 / 2 页，共 60 条" in first.text
    link = re.search(r'href="([^"]+)" rel="next"', first.text)
    assert link is not None
    second = admin.get(link.group(1).replace("&amp;", "&"))
    assert len(names(second.text)) == 10
    assert set(names(first.text)).isdisjoint(names(second.text))
    assert len(names(admin.get("/admin/people?q=干部&page=99999").text)) == 10


def test_the_list_shows_the_own_subtree_only(
    client: Browser, session: Session, root: OrgUnit
) -> None:
    make_person(session, unit(session, "B"), name="外人")
    client.sign_in(make_person(session, unit(session, "A"), Role.SYS_ADMIN, name="甲管"), session)
    assert names(client.get("/admin/people?status=all").text) == ["甲管"]


def test_an_empty_result_offers_the_way_back(admin: Browser) -> None:
    page = admin.get("/admin/people?q=无此人").text
    assert "没有符合条件的人员" in page


def test_a_new_person_is_made_once(admin: Browser, session: Session) -> None:
    made = admin.post("/admin/people/new", data=FORM)
    person = by_number(session, "n1")
    assert made.location == f"/admin/people/{person.public_id}"
    assert (person.name, person.rank, person.party) == ("新人", "一级科员", None)
    assert "还没有密码" in admin.get(made.location).text
    again = admin.post("/admin/people/new", data=FORM)
    assert again.status_code == 200
    assert "工号 n1 已被使用" in again.text


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"staff_no": ""}, "请填写工号"),
        ({"staff_no": "a b"}, "只能用字母"),
        ({"name": ""}, "请填写姓名"),
        ({"unit": ""}, "请选择单位"),
        ({"unit": "ZZ"}, "没有这个单位"),
        ({"party": "X"}, "政治面貌"),
        ({"rank": "级" * 40}, "职级最多 30 个字"),
        ({"name": "王" * 200}, "姓名"),
    ],
)
def test_a_wrong_new_person_says_what_is_wrong(
    admin: Browser, session: Session, change: dict[str, str], word: str
) -> None:
    page = admin.post("/admin/people/new", data={**FORM, **change})
    assert page.status_code == 200
    assert word in page.text
    assert "处需要修改" in page.text
    assert session.scalar(select(Person).where(Person.staff_no == "n1")) is None


def test_a_unit_outside_the_scope_is_not_there(
    client: Browser, session: Session, root: OrgUnit
) -> None:
    client.sign_in(make_person(session, unit(session, "A"), Role.SYS_ADMIN), session)
    page = client.get("/admin/people/new").text
    assert "民政局" not in page
    page = client.post("/admin/people/new", data={**FORM, "unit": "B"}).text
    assert "没有这个单位" in page
    assert "民政局" not in page


def test_editing_and_moving(admin: Browser, session: Session) -> None:
    person = make_person(session, unit(session, "A"), staff_no="n1", name="旧名", is_leader=True)
    session.commit()
    path = f"/admin/people/{person.public_id}"
    page = admin.get(path).text
    assert 'value="旧名"' in page
    assert "checked" in page
    form = {**FORM, "unit": "B", "party": "PARTY"}
    assert admin.post(path, data=form).location == path
    session.expire_all()
    assert (person.name, person.org_unit.code, person.party) == ("新人", "B", "PARTY")
    assert person.is_leader is False
    make_person(session, unit(session, "A"), staff_no="taken")
    session.commit()
    wrong = admin.post(path, data={**form, "staff_no": "taken"})
    assert "工号 taken 已被使用" in wrong.text
    assert by_number(session, "n1").id == person.id


def test_a_person_of_a_closed_unit_keeps_it_when_edited(admin: Browser, session: Session) -> None:
    closed = make_unit(session, unit(session, "A"), code="OLD", name="旧科", active=False)
    person = make_person(session, closed, staff_no="n1", active=False)
    session.commit()
    path = f"/admin/people/{person.public_id}"
    assert '<option value="OLD" selected>' in admin.get(path).text
    assert admin.post(path, data={**FORM, "unit": "OLD"}).location == path
    assert by_number(session, "n1").name == "新人"


def test_deactivating_and_reactivating(admin: Browser, session: Session) -> None:
    person = make_person(session, unit(session, "A"), staff_no="n1")
    open_login_session(session, person, now=NOW)
    path = f"/admin/people/{person.public_id}"
    for _ in range(2):
        assert admin.post(f"{path}/active", data={"active": "0"}).location == path
    assert not by_number(session, "n1").active
    query = select(LoginSession).where(LoginSession.person_id == person.id)
    assert session.scalar(query) is None
    admin.post(f"{path}/active", data={"active": "1"})
    assert by_number(session, "n1").active


def test_the_own_account_is_not_deactivated_or_reset(
    client: Browser, session: Session, root: OrgUnit
) -> None:
    me = make_person(session, root, Role.SYS_ADMIN)
    client.sign_in(me, session)
    path = f"/admin/people/{me.public_id}"
    assert "重置密码" not in client.get(path).text
    client.post(f"{path}/active", data={"active": "0"})
    assert "不能停用自己" in client.get(path).text
    client.post(f"{path}/password")
    assert "自己的密码请在" in client.get(path).text
    session.expire_all()
    assert me.active
    assert me.password_hash is None


def test_a_reset_password_is_shown_once_and_works(admin: Browser, session: Session) -> None:
    person = make_person(session, unit(session, "A"), staff_no="n1")
    session.commit()
    path = f"/admin/people/{person.public_id}"
    response = admin.post(f"{path}/password")
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    found = re.search(r"[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}", response.text)
    assert found is not None
    assert verify_password(by_number(session, "n1").password_hash, found.group())
    assert found.group() not in admin.get(path).text
    again = re.search(r"[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}", admin.post(f"{path}/password").text)
    assert again is not None
    assert again.group() != found.group()
    assert not verify_password(by_number(session, "n1").password_hash, found.group())


def test_a_security_administrators_password_is_not_reset_here(
    admin: Browser, session: Session, root: OrgUnit
) -> None:
    other = make_person(session, root, Role.SEC_ADMIN, staff_no="sec")
    session.commit()
    path = f"/admin/people/{other.public_id}"
    assert admin.post(f"{path}/password").location == path
    assert "三员分立" in admin.get(path).text
    assert by_number(session, "sec").password_hash is None


def test_initial_passwords_download_once(admin: Browser, session: Session) -> None:
    person = make_person(
        session,
        unit(session, "A"),
        staff_no="n1",
        must_change_password=True,
        notice_accepted_at=None,
    )
    session.commit()
    assert "有 <strong>1</strong> 人还没有密码" in admin.get("/admin/people/passwords").text
    response = admin.post("/admin/people/passwords")
    assert response.mimetype == "text/csv"
    assert "%E5%88%9D%E5%A7%8B%E5%AF%86%E7%A0%81" in response.headers["Content-Disposition"]
    assert response.headers["Cache-Control"] == "no-store"
    text = response.data.decode()
    assert text.startswith("\ufeff")
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert rows[1][:4] == ["n1", person.name, "A", "财政局"]
    assert verify_password(by_number(session, "n1").password_hash, rows[1][4])
    again = admin.post("/admin/people/passwords")
    assert again.location == "/admin/people/passwords"
    assert "没有需要生成" in admin.get("/admin/people/passwords").text
    assert admin.post("/admin/people/passwords", data={"again": "1"}).mimetype == "text/csv"
