"""Interactive blocks on a phone: with a finger, with the keyboard alone, without scripts."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from elearn import db
from elearn.accounts.passwords import hash_password
from elearn.authoring.services import sync_content
from tests.core.lessons.test_activities import CARDS, ORDER, SCENARIO, SORTING, TIMELINE
from tests.core.lessons.test_tasks import PLEDGE, REFLECTION
from tests.e2e.conftest import Site
from tests.factories import make_person

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
PASSWORD = "Own-2026-bc"


@pytest.fixture
def lesson(site: Site, content: Path, open_page: Callable[..., Page]) -> Callable[..., Page]:
    """`lesson()` is a phone on a lesson with every interactive block."""
    file = content / "courses/dis/short/01-first.md"
    blocks = f"{SCENARIO}\n\n{ORDER}\n\n{SORTING}\n\n{CARDS}\n\n{TIMELINE}\n\n{PLEDGE}\n\n{REFLECTION}\n\n"
    file.write_text(file.read_text().replace("```quiz", blocks + "```quiz", 1))
    course = content / "courses/dis/short/course.md"
    course.write_text(course.read_text().replace("法规版本:", '法规版本:\n  监察法: "2024-12-25"'))
    with db.transaction(site.engine) as work:
        assert sync_content(work, root=content, now=datetime.now(UTC)).ok
        make_person(work, staff_no="c1", name="周小兰", password_hash=hash_password(PASSWORD))

    def opened(**options: object) -> Page:
        page = open_page(**options)
        page.goto("/sign-in")
        page.get_by_label("工号").fill("c1")
        page.get_by_label("密码", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="登录").click()
        expect(page.get_by_role("navigation", name="主导航")).to_be_visible()
        page.goto("/courses/e2e-short/e2e-short-01")
        return page

    return opened


def test_blocks_work_with_the_keyboard_alone(lesson: Callable[..., Page]) -> None:
    page = lesson()
    first, second = page.locator("#step-1-1"), page.locator("#step-1-3")
    expect(first).to_be_visible()
    expect(second).to_be_hidden()
    page.get_by_role("link", name="收下", exact=True).press("Enter")
    expect(second).to_be_visible()
    expect(first).to_be_hidden()
    expect(second.locator(".step-name")).to_be_focused()
    page.get_by_role("link", name="现在退").press("Enter")
    page.get_by_role("link", name="回到开头").press("Enter")
    expect(first).to_be_visible()

    order = page.locator(".activity.order")
    order.get_by_role("button", name="检查顺序").press("Enter")
    expect(order.get_by_role("status")).to_contain_text("再想想")
    expect(order.locator("details")).not_to_have_attribute("open", "")
    for _ in range(2):
        order.get_by_role("button", name="上移：记下来源").press("Enter")
    expect(order.get_by_role("button", name="上移：记下来源")).to_be_focused()
    for _ in range(2):
        order.get_by_role("button", name="下移：登记上交").press("Enter")
    order.get_by_role("button", name="检查顺序").press("Enter")
    expect(order.get_by_role("status")).to_contain_text("顺序正确")
    expect(order.locator("details")).to_have_attribute("open", "")

    things = page.get_by_role("group", name="子女去管理对象处任职")
    things.get_by_role("button", name="可以", exact=True).press("Enter")
    expect(page.locator(".activity.sorting")).to_contain_text("✗ 不是“可以”")
    things.get_by_role("button", name="先报告").press("Enter")
    expect(page.locator(".activity.sorting")).to_contain_text("✓ 归对了：先报告")
    page.get_by_text("第一面").click()
    expect(page.get_by_text("第一背")).to_be_visible()
    if folder := os.environ.get("ELEARN_TEST_SHOTS"):
        page.screenshot(path=f"{folder}/activities.png", full_page=True)
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not page.evaluate(wide)


def test_blocks_are_readable_without_scripts(lesson: Callable[..., Page]) -> None:
    page = lesson(java_script_enabled=False)
    for at in (1, 2, 3):
        expect(page.locator(f"#step-1-{at}")).to_be_visible()
    page.get_by_text("看正确的顺序").click()
    expect(page.get_by_text("先固定事实。")).to_be_visible()
    page.get_by_text("参加统一培训").click()
    expect(page.get_by_text("公务活动。")).to_be_visible()
    if folder := os.environ.get("ELEARN_TEST_SHOTS"):
        page.screenshot(path=f"{folder}/activities-no-scripts.png", full_page=True)


def test_a_pledge_is_signed_and_a_reflection_written_on_a_phone(
    lesson: Callable[..., Page],
) -> None:
    page = lesson()
    pledge = page.locator(".task").first
    expect(pledge.get_by_role("listitem")).to_have_text(["不收一分礼金", "回家说一遍"])
    pledge.get_by_label("我已逐条阅读").check()
    pledge.get_by_label("签名").fill("周小兰")
    pledge.get_by_role("button", name="签署").click()
    expect(page.locator("#task-0")).to_contain_text("已签署")
    page.locator("#task-1").get_by_label("您的心得").fill("太短")
    page.get_by_role("button", name="提交给教员").click()
    expect(page.get_by_role("alert")).to_contain_text("至少写 30 个字")
    expect(page.get_by_label("您的心得")).to_have_value("太短")
    page.get_by_label("您的心得").fill(
        "我会当面谢绝，说明自己正在经手他的事情，请他把东西带回去，再报告。"
    )
    page.get_by_role("button", name="提交给教员").click()
    expect(page.locator("#task-1")).to_contain_text("待批阅")
    if folder := os.environ.get("ELEARN_TEST_SHOTS"):
        page.locator("#task-0").scroll_into_view_if_needed()
        page.screenshot(path=f"{folder}/tasks.png")
        page.goto("/me/tasks")
        page.screenshot(path=f"{folder}/tasks-mine.png")
        page.get_by_role("link", name="廉洁从家开始").click()
        page.screenshot(path=f"{folder}/tasks-pledge.png")
