"""From the rule to the sealed paper: report of fairness, scheduling, sealing, two people's look."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from elearn.core.assembly.model import Section
from elearn.core.questions.model import QuestionType
from tests.e2e.staff.desk import Desk
from tests.factories import make_unit
from tests.factories_exams import make_bank, make_question, make_revision, make_spec

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
T = QuestionType


def test_fair_papers_are_sealed_and_looked_at_by_two(desk: Desk) -> None:
    with desk.change() as work:
        make_bank(work, [make_question(T.SINGLE, difficulty=n % 5 + 1) for n in range(20)])
        office = desk.office(work)
        unit = make_unit(work, office, name="预算科")
        desk.person(work, unit, staff_no="c1", name="周小兰")
        spec = make_spec(Section("单选题", T.SINGLE, 5, 200), title="月度小测", code="monthly-5")
        make_revision(work, spec)
    first, second = desk.open("e1"), desk.open("e2")
    first.goto("/manage/blueprints/monthly-5")
    desk.look_over(first, "blueprint")
    first.get_by_role("link", name="公平报告").click()
    first.get_by_role("button", name="模拟抽").click()
    expect(first.get_by_role("img")).to_have_count(3)
    desk.look_over(first, "fairness")
    desk.narrow(first, "fairness")
    schedule(desk, first)
    seal(desk, first)
    first.get_by_label("第几份").fill("1")
    first.get_by_label("查看的原因").fill("开考前核对题目")
    first.get_by_role("button", name="申请查看").click()
    expect(first.get_by_text("等另一位同意")).to_be_visible()
    second.goto(first.url)
    second.get_by_role("button", name="同意").click()
    desk.look_over(second, "papers-look")
    second.get_by_role("link", name="查看", exact=True).click()
    expect(second.get_by_role("heading", name="封存的试卷（第 1 份）")).to_be_visible()
    desk.look_over(second, "sealed-paper")
    print_papers(desk, first, second)


def schedule(desk: Desk, page: Page) -> None:
    """Nothing filled in first; then for tomorrow."""
    page.goto("/manage/exams/new?blueprint=monthly-5")
    page.get_by_role("button", name="安排考试").click()
    expect(page.locator("#errors")).to_be_focused()
    desk.look_over(page, "schedule-errors")
    page.get_by_label("考试名称").fill("十一月小测")
    for label, hours in (("开始时间", 24), ("结束时间", 30)):
        at = datetime.now(UTC) + timedelta(hours=8 + hours)  # the form takes Beijing time
        page.get_by_label(label).fill(at.strftime("%Y-%m-%dT%H:%M"))
    page.get_by_label("单位（含下级）").select_option(label="预算科")
    page.get_by_role("button", name="安排考试").click()
    expect(page.get_by_role("heading", name="十一月小测")).to_be_visible()


def seal(desk: Desk, page: Page) -> None:
    """Two parallel forms, drawn now and opened at the start."""
    pages = page.get_by_role("navigation", name="这场考试的页面")
    pages.get_by_role("link", name="试卷", exact=True).click()
    page.get_by_label("平行卷套数").fill("2")
    page.get_by_role("radio", name=re.compile("平行卷")).check()
    page.get_by_role("button", name="改出卷方式").click()
    page.get_by_role("button", name="抽题并封存").click()
    expect(page.get_by_text("✓ 已封存")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("第 2 套"))).to_be_visible()
    desk.look_over(page, "papers-sealed")
    desk.narrow(page, "papers-sealed")


def print_papers(desk: Desk, first: Page, second: Page) -> None:
    """Forms to print: made by one, agreed to by the other, looked over on the screen."""
    first.get_by_role("link", name="纸笔试卷").click()
    desk.look_over(first, "prints")
    first.get_by_role("button", name="出卷").click()
    expect(first.get_by_text("不能自己同意")).to_be_visible()
    second.goto(first.url)
    second.get_by_role("button", name="同意印制").click()
    desk.look_over(second, "print-run")
    desk.narrow(second, "print-run")
    second.get_by_role("link", name="逐份录入").click()
    desk.look_over(second, "enter-result")
    second.go_back()
    second.get_by_role("link", name="B 卷").click()
    desk.look_over(second, "printed-paper")
