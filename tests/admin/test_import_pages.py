"""Importing a roster in three steps, through its pages."""

import io
import re
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from elearn.accounts.importing import check_people_file
from elearn.accounts.pending import KEPT_FOR
from elearn.core.access import Role
from elearn.models import AuditEntry, OrgUnit, PendingImport, Person
from tests.conftest import Browser
from tests.factories import NOW, make_person, make_unit

GOOD = "工号,姓名,单位代码,职级\nn1,新人,A,一级科员\nold,改名,A,\n"
BAD = "工号,姓名,单位代码\nn1,,A\nn2 x,乙,ZZ\n"


@pytest.fixture
def root(session: Session) -> OrgUnit:
    unit = make_unit(session, code="QU", name="某区")
    a = make_unit(session, unit, code="A", name="财政局")
    make_person(session, a, staff_no="old", name="旧名", password_hash="x")
    return unit


@pytest.fixture
def admin(client: Browser, session: Session, root: OrgUnit) -> Browser:
    return client.sign_in(make_person(session, root, Role.SYS_ADMIN, password_hash="x"), session)


def upload(client: Browser, data: str | bytes, name: str = "名册.csv") -> TestResponse:
    raw = data.encode() if isinstance(data, str) else data
    return client.post("/admin/people/import", data={"file": (io.BytesIO(raw), name)})


def commit(client: Browser, location: str) -> TestResponse:
    page = client.get(location).text
    found = re.search(r'name="fingerprint" value="([^"]*)"', page)
    assert found is not None, page
    return client.post(f"{location}/commit", data={"fingerprint": found.group(1)})


def people(session: Session) -> dict[str, str]:
    session.expire_all()
    rows = session.execute(select(Person.staff_no, Person.name))
    return {row[0]: row[1] for row in rows}


def test_from_file_to_people_in_three_steps(admin: Browser, session: Session) -> None:
    location = upload(admin, GOOD).location
    assert re.fullmatch(r"/admin/people/import/[\w-]{22}", location)
    page = admin.get(location).text
    assert "没有错误，可以导入" in page
    assert "名册.csv" in page
    assert "文字编码：UTF-8" in page
    assert "姓名：旧名 → 改名" in page
    assert "某区/财政局" in page
    assert people(session)["old"] == "旧名"
    assert "n1" not in people(session)
    done = commit(admin, location)
    assert done.location == location
    page = admin.get(location).text
    assert "导入完成" in page
    assert "新增 1，更新 1" in page
    assert "有 1 人还没有密码" in page
    assert people(session)["old"] == "改名"
    assert people(session)["n1"] == "新人"
    kept = session.scalars(select(PendingImport)).one()
    assert (kept.data, kept.result["people_new"]) == (None, 1)


def test_committing_twice_imports_once(admin: Browser, session: Session) -> None:
    location = upload(admin, GOOD).location
    commit(admin, location)
    count = session.scalar(select(func.count()).select_from(AuditEntry))
    assert admin.post(f"{location}/commit", data={"fingerprint": "x"}).location == location
    assert session.scalar(select(func.count()).select_from(AuditEntry)) == count
    page = admin.get(location).text
    assert "导入完成" in page
    assert "没有导入任何内容" not in page


def test_problems_are_listed_with_cell_value_reason_and_remedy(
    admin: Browser, session: Session
) -> None:
    location = upload(admin, BAD).location
    page = admin.get(location).text
    assert "有 3 处错误，还不能导入" in page
    for text in ("B2", "A3", "n2 x", "C3", "没有这个单位代码", "P-format", "请填写姓名"):
        assert text in page, text
    assert 'name="fingerprint"' not in page
    assert "disabled" in page
    forced = admin.post(f"{location}/commit", data={"fingerprint": ""})
    assert forced.location == location
    assert "没有导入任何内容" in admin.get(location).text
    assert set(people(session)) == {"old", *people(session)} - {"n1", "n2"}


def test_values_are_escaped(admin: Browser) -> None:
    page = admin.get(upload(admin, "工号,姓名,单位代码\n<b>x</b>,<i>,A\n").location).text
    assert "&lt;b&gt;x&lt;/b&gt;" in page
    assert "<b>x</b>" not in page


def test_many_problems_come_in_pages_and_hints_can_be_left_out(admin: Browser) -> None:
    rows = "".join(f"n{n},,A,县长\n" for n in range(150))
    location = upload(admin, "工号,姓名,单位代码,职级\n" + rows).location
    page = admin.get(location).text
    assert "150 处错误，150 处提示" in page
    assert "第 1 / 3 页，共 300 条" in page
    assert "B151" in admin.get(f"{location}?page=3").text
    only = admin.get(f"{location}?show=errors").text
    assert "第 1 / 2 页，共 150 条" in only
    assert "P-rank" not in only
    assert admin.get(f"{location}?page=x").status_code == 200
    assert admin.get(f"{location}?page=999").status_code == 200


def test_when_people_changed_since_the_check_it_is_shown_again(
    admin: Browser, session: Session
) -> None:
    location = upload(admin, GOOD).location
    page = admin.get(location).text
    found = re.search(r'name="fingerprint" value="([^"]*)"', page)
    assert found is not None
    make_person(session, session.scalars(select(OrgUnit)).all()[1], staff_no="n1", name="别人")
    session.commit()
    response = admin.post(f"{location}/commit", data={"fingerprint": found.group(1)})
    assert response.location == location
    page = admin.get(location).text
    assert "有变化" in page
    assert people(session)["n1"] == "别人"
    commit(admin, location)
    assert people(session)["n1"] == "新人"


def test_the_same_file_again_is_named_and_changes_nothing(admin: Browser) -> None:
    commit(admin, upload(admin, GOOD).location)
    page = admin.get(upload(admin, GOOD).location).text
    assert "导入的文件相同" in page
    text = re.sub(r"<[^>]+>|\s+", " ", page)
    assert "人员新增 0 人员更新 0 人员不变 2" in " ".join(text.split())


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "文件是空的"),
        (b"PK\x03\x04x", "文件损坏"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1x", ".xls"),
        (b"\x00\x01\x02", "不是表格文件"),
    ],
)
def test_a_file_that_is_no_table_is_refused_at_once(
    admin: Browser, session: Session, data: bytes, word: str
) -> None:
    response = upload(admin, data)
    assert response.status_code == 200
    assert word in response.text
    assert session.scalar(select(PendingImport)) is None


def test_no_file_is_named(admin: Browser) -> None:
    assert "请选择文件" in admin.post("/admin/people/import", data={}).text


def test_a_file_over_the_limit_of_the_server_is_refused(admin: Browser, session: Session) -> None:
    response = admin.post(
        "/admin/people/import",
        data=b"--x",
        content_type="multipart/form-data; boundary=x",
        environ_overrides={"CONTENT_LENGTH": str(20 * 1024 * 1024 + 1)},
    )
    assert response.status_code == 413
    assert "文件太大" in response.text
    assert session.scalar(select(PendingImport)) is None


def test_uploads_left_lying_are_thrown_away_and_imported_ones_stay_as_a_note(
    admin: Browser, session: Session, root: OrgUnit
) -> None:
    owner = make_person(session, root)
    for committed in (None, NOW):
        session.add(
            PendingImport(
                person_id=owner.id, kind="people", filename="x", sha256="0" * 64,
                data=None if committed else b"x", committed_at=committed,
                created_at=NOW - KEPT_FOR - timedelta(days=400),
            )
        )  # fmt: skip
    session.commit()
    upload(admin, GOOD)
    session.expire_all()
    left = session.scalars(select(PendingImport).where(PendingImport.person_id == owner.id)).all()
    assert [row.committed_at for row in left] == [NOW]


def test_a_manager_sees_nothing_of_other_units(
    client: Browser, session: Session, root: OrgUnit
) -> None:
    mine = make_unit(session, root, code="M", name="我局")
    client.sign_in(make_person(session, mine, Role.SYS_ADMIN), session)
    page = client.get(upload(client, GOOD).location).text
    assert "旧名" not in page
    assert "财政局" not in page
    assert "不在您的管理范围内" in page


def test_the_template_reads_clean_and_its_examples_are_skipped(
    admin: Browser, session: Session
) -> None:
    response = admin.get("/admin/people/import/template")
    assert response.mimetype.endswith("spreadsheetml.sheet")
    assert "attachment" in response.headers["Content-Disposition"]
    report = check_people_file(session, data=response.data, filename="t.xlsx", now=NOW)
    assert report.notes == ["工作表：机构、人员、填写说明", "跳过模板里的 6 行示例"]
    assert [cell.code for cell in report.cells] == ["P-empty"]  # nothing but examples
    book: Any = openpyxl.load_workbook(io.BytesIO(response.data))
    assert book["人员"].freeze_panes == "A2"
    assert [cell.value for cell in book["人员"][1]] == [
        "工号", "姓名", "单位代码", "单位", "职级", "职务", "是否负责人", "政治面貌", "状态",
        "提任日期",
    ]  # fmt: skip
    assert len(book["人员"].data_validations.dataValidation) == 3
    sheet = book["人员"]
    for column, value in enumerate(("n9", "王伟", "A"), 1):
        sheet.cell(row=5, column=column, value=value)
    target = io.BytesIO()
    book.save(target)
    commit(admin, upload(admin, target.getvalue(), "t.xlsx").location)
    assert people(session)["n9"] == "王伟"
