"""Extra time for people: one registers, the other ticks and approves, the candidate sees it."""

from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from elearn.models import Exam
from tests.e2e.staff.desk import Desk, said
from tests.factories_exams import make_bank, make_exam

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_register_tick_approve_and_see(desk: Desk) -> None:
    now = datetime.now(UTC)
    with desk.change() as work:
        make_bank(work)
        unit = desk.office(work)
        by = desk.person(work, unit, staff_no="c1", name="周小兰")
        desk.person(work, unit, staff_no="c2", name="王永康")
        exam: Exam = make_exam(work, unit, by=by, now=now, title="十一月小测")
        lobby = f"/exams/{exam.public_id}"
    first, second = desk.open("e1"), desk.open("e2")
    first.goto("/manage/exams")
    first.get_by_role("navigation", name="工作台").get_by_role("link", name="照顾加时").click()
    first.get_by_role("button", name="登记").click()
    expect(first.locator("#errors")).to_be_focused()
    desk.look_over(first, "accommodations-errors")
    for people in ("c1 c2", "e2"):
        first.get_by_label("工号", exact=True).fill(people)
        first.get_by_label("加时（分钟）").fill("15")
        first.get_by_label("依据").fill("人社字〔2026〕3 号")
        first.get_by_label("开始日期").fill(f"{now.year}-01-01")
        first.get_by_label("截止日期（含当天）").fill(f"{now.year + 1}-12-31")
        first.get_by_role("button", name="登记").click()
        said(first, "由另一位考务人员批准后生效")
    waiting = first.get_by_role("table").get_by_role("checkbox")
    expect(waiting).to_have_count(0)  # nothing here waits for e1
    second.goto("/manage/accommodations")
    waiting = second.get_by_role("table").get_by_role("checkbox")
    expect(waiting).to_have_count(2)  # not for oneself either
    second.get_by_role("button", name="批准选定的").click()
    expect(second.get_by_text("请先选定要批准的人")).to_be_visible()
    second.get_by_role("button", name="全选本页（2 条）").click()
    expect(second.get_by_role("checkbox", name="周小兰")).to_be_checked()
    desk.look_over(second, "accommodations")
    desk.narrow(second, "accommodations")
    second.get_by_role("button", name="批准选定的").click()
    said(second, "已批准 2 条")
    expect(second.get_by_role("row", name="周小兰")).to_contain_text("有效")
    phone = desk.phone("c1")
    phone.goto(lobby)
    expect(phone.get_by_text("您有 15 分钟照顾加时")).to_be_visible()
