"""The audit log, through its pages."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from elearn.accounts.units import edit_unit
from elearn.admin.audit_text import detail_lines
from elearn.audit import record_act
from elearn.core.access import Role
from elearn.models import AuditEntry, OrgType, OrgUnit, Person
from tests.conftest import Browser
from tests.factories import NOW, make_actor, make_person, make_unit


@pytest.fixture
def root(session: Session) -> OrgUnit:
    unit = make_unit(session, code="QU", name="某区")
    make_unit(session, unit, code="A", name="财政局")
    make_unit(session, unit, code="B", name="民政局")
    return unit


@pytest.fixture
def auditor(client: Browser, session: Session, root: OrgUnit) -> Browser:
    return client.sign_in(make_person(session, root, Role.AUDIT_ADMIN, staff_no="audit1"), session)


def unit(session: Session, code: str) -> OrgUnit:
    return session.scalars(select(OrgUnit).where(OrgUnit.code == code)).one()


def note(session: Session, person: Person | None, summary: str, **values: Any) -> AuditEntry:
    given = {
        "action": "person.edit",
        "object_type": "person",
        "object_id": "",
        "now": NOW,
        **values,
    }
    actor = make_actor(person) if person else None
    return record_act(session, actor=actor, summary=summary, **given)


def summaries(page: str) -> list[str]:
    cells = re.findall(r'<td class="text">\s*([^\n<]*)', page)
    return [cell.strip() for cell in cells]


def test_entries_come_newest_first_with_local_time_and_detail(
    auditor: Browser, session: Session
) -> None:
    admin = make_person(session, unit(session, "A"), staff_no="adm", name="管理员")
    note(session, admin, "较早")
    note(session, admin, "较晚", now=NOW + timedelta(hours=1))
    edit_unit(
        session, actor=None, unit=unit(session, "B"), code="B", name="民政二局", kind=OrgType.UNIT,
        now=NOW + timedelta(hours=2),
    )  # fmt: skip
    session.commit()
    page = auditor.get("/admin/audit").text
    assert summaries(page) == ["修改机构 民政二局（B）", "较晚", "较早"]
    assert "2026-11-23 09:00:00" in page
    assert "管理员（adm）" in page
    assert "名称：民政局 → 民政二局" in page
    assert "系统" in page


def test_filters(auditor: Browser, session: Session) -> None:
    one = make_person(session, unit(session, "A"), staff_no="one")
    two = make_person(session, unit(session, "B"), staff_no="two")
    note(session, one, "甲做的", object_id="obj-1")
    note(session, two, "乙做的", action="role.grant", now=NOW + timedelta(days=1))
    note(session, two, "失败了", action="account.sign_in", ok=False, now=NOW + timedelta(days=2))
    session.commit()
    for query, found in (
        ("", ["失败了", "乙做的", "甲做的"]),
        ("action=role.grant", ["乙做的"]),
        ("staff_no=ONE", ["甲做的"]),
        ("staff_no=nobody", []),
        ("object=obj-1", ["甲做的"]),
        ("object=乙做", ["乙做的"]),
        ("object=%25", []),
        ("outcome=failed", ["失败了"]),
        ("outcome=ok", ["乙做的", "甲做的"]),
        ("since=2026-11-24", ["失败了", "乙做的"]),
        ("until=2026-11-23", ["甲做的"]),
        ("since=2026-11-24&until=2026-11-24", ["乙做的"]),
        ("since=nonsense&until=9999-12-31", ["失败了", "乙做的", "甲做的"]),
        ("since=0001-01-01", ["失败了", "乙做的", "甲做的"]),
        ("staff_no=two&outcome=ok", ["乙做的"]),
    ):
        assert summaries(auditor.get(f"/admin/audit?{query}").text) == found, query
    assert "没有符合条件的记录" in auditor.get("/admin/audit?object=无").text


def test_a_day_is_a_day_here(auditor: Browser, session: Session) -> None:
    note(session, None, "零点前", now=datetime(2026, 11, 22, 15, 59, 59, tzinfo=UTC))
    note(session, None, "零点", now=datetime(2026, 11, 22, 16, 0, tzinfo=UTC))
    session.commit()
    assert summaries(auditor.get("/admin/audit?since=2026-11-23").text) == ["零点"]
    assert summaries(auditor.get("/admin/audit?until=2026-11-22").text) == ["零点前"]


def test_an_auditor_of_a_subtree_reads_what_its_people_did_and_suffered(
    client: Browser, session: Session, root: OrgUnit
) -> None:
    mine, other = unit(session, "A"), unit(session, "B")
    client.sign_in(make_person(session, mine, Role.AUDIT_ADMIN), session)
    insider, outsider = make_person(session, mine), make_person(session, other)
    note(session, insider, "自己人做的")
    note(session, outsider, "外人做的")
    note(session, outsider, "对自己人做的", object_id=insider.public_id)
    note(session, outsider, "对本单位做的", object_type="org_unit", object_id=mine.public_id)
    note(session, outsider, "对外人做的", object_id=outsider.public_id)
    note(session, None, "系统做的")
    session.commit()
    page = client.get("/admin/audit").text
    assert sorted(summaries(page)) == ["对本单位做的", "对自己人做的", "自己人做的"]
    exported = client.get("/admin/audit/export").data.decode()
    assert "外人做的" not in exported
    assert "自己人做的" in exported


def test_many_entries_come_in_pages_that_keep_the_filter(
    auditor: Browser, session: Session
) -> None:
    person = make_person(session, unit(session, "A"), staff_no="one")
    for number in range(120):
        note(session, person, f"第{number}次")
    note(session, None, "别的")
    session.commit()
    page = auditor.get("/admin/audit?staff_no=one&page=3")
    assert len(summaries(page.text)) == 20
    assert "共 120 条" in page.text
    assert "staff_no=one" in page.text


def test_the_export_has_the_filtered_rows_neutralised_and_is_itself_recorded(
    auditor: Browser, session: Session
) -> None:
    one = make_person(session, unit(session, "A"), staff_no="one", name="=HYPERLINK(1)")
    note(
        session,
        one,
        "＝cmd|' /C calc'!A0",
        detail={"before": {"rank": "甲"}, "after": {"rank": "乙"}},
    )
    note(session, one, "别的", action="role.grant")
    session.commit()
    response = auditor.get("/admin/audit/export?action=person.edit")
    assert response.mimetype == "text/csv"
    assert "%E5%AE%A1%E8%AE%A1%E6%97%A5%E5%BF%97" in response.headers["Content-Disposition"]
    text = response.data.decode()
    assert text.startswith("\ufeff")
    table = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert table[0][:4] == ["时间", "人员", "操作", "操作代码"]
    assert len(table) == 2
    row = dict(zip(table[0], table[1], strict=True))
    assert row["时间"] == "2026-11-23 09:00:00"
    assert row["人员"] == "'=HYPERLINK(1)（one）"
    assert row["摘要"] == "'＝cmd|' /C calc'!A0"
    assert row["详情"] == '{"before": {"rank": "甲"}, "after": {"rank": "乙"}}'
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "audit.export")).one()
    assert entry.detail == {"rows": 1, "filters": {"action": "person.edit"}}
    assert entry.actor_name.endswith("（audit1）")
    assert "导出审计日志 1 条" in auditor.get("/admin/audit").text


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_entry SET summary = 'x'", "DELETE FROM audit_entry"]
)
def test_the_database_refuses_to_change_the_log(session: Session, statement: str) -> None:
    note(session, None, "记录")
    with pytest.raises(DBAPIError, match="append-only"):
        session.connection().exec_driver_sql(statement)
    session.rollback()


def test_control_characters_cannot_forge_a_line(auditor: Browser, session: Session) -> None:
    note(session, None, "第一行\n第二行\x00")
    session.commit()
    assert session.scalars(select(AuditEntry.summary)).one() == "第一行 第二行 "


@pytest.mark.parametrize(
    ("detail", "lines"),
    [
        ({}, []),
        (
            {"before": {"rank": "甲", "post": "x"}, "after": {"rank": "乙", "post": "x"}},
            ["职级：甲 → 乙"],
        ),
        ({"after": {"staff_no": "n1", "is_leader": False}}, ["工号：n1", "负责人：否"]),
        (
            {"changes": [["职级", "", "乙"], "broken"], "import": "ab"},
            ["职级：（空） → 乙", "导入批次：ab"],
        ),
        (
            {"rows": 3, "filters": {"a": "b"}, "unknown": None},
            ["行数：3", '筛选：{"a": "b"}', "unknown：（空）"],
        ),
    ],
)
def test_details_in_words(detail: dict[str, Any], lines: list[str]) -> None:
    assert detail_lines(detail) == lines
