"""Short answers marked by two who do not see each other's points, and looked at again by a third."""

import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from elearn.core.access import Role
from elearn.exams.attempts.services import save_answers, submit_attempt
from elearn.models import Attempt, Mark, Person, ReviewPolicy
from tests.e2e.staff.desk import Desk, said
from tests.factories_exams import (
    event,
    make_attempt,
    make_bank,
    make_exam,
    make_revision,
    short_spec,
)

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def start_exam(desk: Desk) -> tuple[str, str]:
    """A running attempt with two short answers; (exam, attempt)."""
    now = datetime.now(UTC)
    with desk.change() as work:
        make_bank(work)
        unit = desk.office(work)
        for number, name in (("m1", "刘敏"), ("m2", "陈慧"), ("m3", "高志强")):
            desk.person(work, unit, Role.MARKER, staff_no=number, name=name)
        candidate = desk.person(work, unit, staff_no="c1", name="周小兰")
        exam = make_exam(
            work,
            unit,
            by=candidate,
            now=now,
            title="党规党纪综合测试",
            revision=make_revision(work, short_spec(pass_centi=2000)),
            review_policy=ReviewPolicy.AT_ONCE,
        )
        attempt = make_attempt(work, exam, candidate, now=now)
        events = [event(2, 0, "先向单位报告并登记。"), event(3, 0, "说明理由，留下书面记录。")]
        save_answers(work, attempt=attempt, events=events, now=now)
        return exam.public_id, attempt.public_id


def test_two_mark_and_a_third_looks_again(desk: Desk) -> None:
    exam, sheet = start_exam(desk)
    examiner = desk.open("e1")
    ask_for_two(examiner, f"/manage/exams/{exam}/marking-rules")
    with desk.change() as work:
        attempt = work.scalars(select(Attempt)).one()
        submit_attempt(work, attempt=attempt, now=datetime.now(UTC))
    one, two, three = desk.open("m1"), desk.open("m2"), desk.open("m3")
    one.goto(f"/manage/marking/{sheet}")  # a link somebody sent: nothing is taken by looking
    desk.look_over(one, "sheet-untaken")
    two.goto("/manage/marking")
    desk.look_over(two, "marking-queue")
    for marker, words in ((one, "等另一位阅卷人"), (two, "成绩已生成")):
        marker.goto("/manage/marking")
        marker.get_by_role("button", name=re.compile("领这份")).click()
        fill_marks(desk, marker, wrong=marker is one)
        said(marker, words)
    phone = desk.phone("c1")
    ask_again(phone, f"/attempts/{sheet}/result")
    allow_recheck(desk, examiner)
    three.goto("/manage/marking")
    three.get_by_role("button", name="领下一份").click()
    expect(three.get_by_text("这是复核：请独立评分")).to_be_visible()
    fill_marks(desk, three)
    said(three, "成绩已生成")
    phone.reload()
    expect(phone.get_by_text("复核完毕")).to_be_visible()
    desk.look_over(phone, "result-rechecked")


def test_two_differ_by_more_than_allowed_and_a_third_decides(desk: Desk) -> None:
    exam, sheet = start_exam(desk)
    examiner = desk.open("e1")
    ask_for_two(examiner, f"/manage/exams/{exam}/marking-rules", allowed="5")
    with desk.change() as work:
        attempt = work.scalars(select(Attempt)).one()
        submit_attempt(work, attempt=attempt, now=datetime.now(UTC))
    one, two, three = desk.open("m1"), desk.open("m2"), desk.open("m3")
    for marker, points in ((one, "4"), (two, "0")):
        marker.goto("/manage/marking")
        marker.get_by_role("button", name=re.compile("领这份")).focus()
        marker.keyboard.press("Enter")
        expect(marker.get_by_text("两人都评完以前互相看不到评分")).to_be_visible()
        expect(marker.get_by_text("甲评")).to_have_count(0)
        give_points(marker, points)
        said(marker, "等另一位阅卷人")
    phone = desk.phone("c1")
    phone.goto(f"/attempts/{sheet}/result")
    expect(phone.get_by_text("待阅卷").first).to_be_visible()
    for marker in (one, two):  # who marked it does not decide
        marker.goto("/manage/marking")
        expect(marker.get_by_text("没有待阅的答卷").first).to_be_visible()
    three.goto("/manage/marking")
    three.get_by_role("button", name="领下一份").focus()
    three.keyboard.press("Enter")
    expect(three.get_by_text("请您评定。您的评分作准")).to_be_visible()
    expect(three.get_by_text(re.compile("甲评 .* 分.*乙评 0 分")).first).to_be_visible()
    desk.look_over(three, "sheet-third")
    desk.narrow(three, "sheet-third")
    give_points(three, "3")
    said(three, "成绩已生成")
    phone.reload()
    expect(phone.get_by_text("待阅卷")).to_have_count(0)
    expect(phone.locator(".big")).to_contain_text("分")
    desk.look_over(phone, "result-third")
    with desk.change() as work:
        marks = work.scalars(select(Mark).where(Mark.counts)).all()
        deciders = {work.get_one(Person, mark.marker_id).staff_no for mark in marks}
        assert deciders == {"m3"}, "the third one's points are the points"


def give_points(page: Page, points: str) -> None:
    """The same for every rubric point; by keyboard."""
    fields = page.locator("input.points")
    expect(fields).to_have_count(4)
    for number in range(4):
        fields.nth(number).fill(points)
    page.keyboard.press("Enter")


def ask_for_two(examiner: Page, rules: str, allowed: str = "20") -> None:
    examiner.goto(rules)
    examiner.get_by_label(re.compile("双评：")).check()
    examiner.get_by_label("双评时允许的差异（每题，分）").fill(allowed)
    examiner.get_by_role("button", name="保存", exact=True).click()
    said(examiner, "评阅方式已保存")


def fill_marks(desk: Desk, page: Page, *, wrong: bool = False) -> None:
    """Points for every rubric point of the sheet."""
    fields = page.locator("input.points")
    expect(fields).to_have_count(4)
    if wrong:
        fields.first.fill("99")
        page.get_by_role("button", name="保存评分").click()
        expect(page.locator("#errors")).to_be_focused()
        desk.look_over(page, "sheet-errors")
        desk.narrow(page, "sheet-errors")
    for number in range(4):
        fields.nth(number).fill("4")
    page.get_by_role("button", name="保存评分").click()


def ask_again(phone: Page, result: str) -> None:
    phone.goto(result)
    phone.get_by_text("申请复核").first.click()
    phone.get_by_label("理由", exact=True).fill("第二题漏看了一条")
    phone.get_by_role("button", name="申请复核").click()
    said(phone, "复核申请已提交")


def allow_recheck(desk: Desk, examiner: Page) -> None:
    """A refusal without a reason is refused on the page itself."""
    examiner.reload()
    examiner.get_by_role("button", name="不同意").click()
    expect(examiner.get_by_text("请写明理由")).to_be_visible()
    desk.look_over(examiner, "marking-rules")
    desk.narrow(examiner, "marking-rules")
    examiner.get_by_role("button", name="同意复核", exact=True).click()
    said(examiner, "已处理")
