"""Objection on the phone, answer, proposal, a preview that fills itself, second person, notice."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from elearn.core.questions.model import QuestionType
from elearn.models import ReviewPolicy
from tests.e2e.staff.desk import Desk, said
from tests.factories_after import make_sat

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
T = QuestionType
WORKED_OFF = 30_000  # the worker looks every five seconds


def test_an_objection_becomes_a_correction_two_people_make(desk: Desk) -> None:
    now = datetime.now(UTC)
    with desk.change() as work:
        sat = make_sat(work)
        sat.exam.review_policy, sat.exam.title = ReviewPolicy.AT_ONCE, "十一月小测"
        sat.exam.opens_at, sat.exam.closes_at = now - timedelta(hours=1), now + timedelta(hours=1)
        for person, number in ((sat.trainer, "t1"), (sat.examiner, "e1")):
            person.staff_no = number
        candidate = desk.person(work, sat.root, staff_no="c1", name="周小兰")
        attempt = sat.sit({T.SINGLE: [1]}, person=candidate, now=now)
        question = f"#r-{sat.number(attempt, T.SINGLE)}"
        result, digest = f"/attempts/{attempt.public_id}/result", sat.revision(T.SINGLE).hash
    phone, trainer, second = desk.phone("c1"), desk.open("t1"), desk.open("e1")
    phone.goto(result)
    phone.locator(question).get_by_text("对这道题有异议").click()
    phone.locator(question).get_by_label(re.compile("理由")).fill("第二个选项也符合条文的规定")
    phone.locator(question).get_by_role("button", name="提出异议").click()
    said(phone, "异议已提交")
    uphold(desk, trainer)
    expect(trainer).to_have_url(re.compile(digest))
    propose(desk, trainer)
    second.goto(trainer.url)
    approve(desk, second)
    phone.goto("/")
    expect(phone.get_by_text(re.compile("更正"))).to_be_visible()
    phone.goto(result)
    expect(phone.get_by_text("成绩更正过")).to_be_visible()
    expect(phone.get_by_text("异议成立，成绩已更正")).to_be_visible()
    desk.look_over(phone, "result-corrected")


def uphold(desk: Desk, trainer: Page) -> None:
    """The desk: without an answer nothing is decided."""
    trainer.goto("/manage/disputes")
    desk.look_over(trainer, "disputes")
    trainer.get_by_role("row").get_by_role("link").click()
    trainer.get_by_role("button", name="成立，去更正").click()
    expect(trainer.locator("#errors")).to_be_focused()
    trainer.get_by_label("答复（应考人会看到）").fill("两个选项都符合第四十六条")
    desk.look_over(trainer, "dispute")
    trainer.get_by_role("button", name="成立，去更正").click()


def propose(desk: Desk, page: Page) -> None:
    """With a mistake first: the question stays in sight, the mistakes are said and focused."""
    page.get_by_role("button", name="提出更正").click()
    expect(page.locator("#errors")).to_be_focused()
    expect(page.locator("details .quiz")).to_be_visible()
    page.locator("#errors").get_by_role("link").first.click()
    expect(page.locator("#kind")).to_be_focused()
    page.get_by_label("增加可接受的答案").check()
    page.get_by_role("checkbox").nth(1).check()
    page.get_by_label(re.compile("用过这道题的全部考试")).check()
    page.get_by_role("button", name="提出更正").click()
    expect(page.get_by_label("理由（应考人会看到）")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#errors")).to_be_focused()  # though the address ends in #kind
    desk.look_over(page, "propose-errors")
    page.get_by_label("理由（应考人会看到）").fill("两个选项都符合条文")
    page.get_by_role("button", name="提出更正").click()
    said(page, "更正已提出")
    expect(page.get_by_text("要由另一位同事批准")).to_be_visible()


def approve(desk: Desk, second: Page) -> None:
    """The page fills itself in, before and after; nobody loads it again."""
    button = second.get_by_role("button", name="批准并重新评分")
    expect(button).to_be_enabled(timeout=WORKED_OFF)
    desk.look_over(second, "correction-preview")
    desk.narrow(second, "correction-preview")
    second.get_by_role("button", name="不批准").click()
    expect(second.get_by_text("请写明不批准的理由")).to_be_visible()
    button.click()
    said(second, "已批准，正在重新评分")
    expect(second.get_by_text("✓ 已更正")).to_be_visible(timeout=WORKED_OFF)
    desk.look_over(second, "correction-applied")
