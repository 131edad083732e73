"""Deferral asked for on the phone, approved at the desk; the make-up scheduled and sat."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from elearn.models import Exam
from tests.e2e.staff.desk import Desk, said
from tests.factories_exams import make_bank, make_exam

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_deferred_then_made_up(desk: Desk) -> None:
    now = datetime.now(UTC)
    with desk.change() as work:
        make_bank(work, each=6)
        unit = desk.office(work)
        by = desk.person(work, unit, staff_no="c1", name="周小兰")
        exam = make_exam(work, unit, by=by, now=now, title="十一月小测")
        lobby = f"/exams/{exam.public_id}"
    phone, examiner = desk.phone("c1"), desk.open("e1")
    ask_deferral(desk, phone, lobby)
    approve_deferral(desk, examiner)
    phone.reload()
    expect(phone.get_by_text("您的缓考已批准")).to_be_visible()
    expect(phone.get_by_role("button", name="开始考试")).to_be_hidden()
    desk.look_over(phone, "lobby-excused")
    with desk.change() as work:
        main = work.scalars(select(Exam)).one()
        main.opens_at, main.closes_at = now - timedelta(hours=3), now - timedelta(hours=1)
    schedule(desk, examiner, now)
    phone.goto(lobby)
    phone.get_by_role("link", name="十一月小测（补考）").click()
    expect(phone.get_by_text("这是《十一月小测》的补考")).to_be_visible()
    desk.look_over(phone, "lobby-makeup")
    with desk.change() as work:
        made = work.scalars(select(Exam).where(Exam.is_makeup)).one()
        made.opens_at = now - timedelta(minutes=1)
    phone.reload()
    phone.get_by_label("我已阅读以上说明").check()
    phone.get_by_role("button", name="开始考试").click()
    expect(phone.locator("#bar")).to_be_visible()


def ask_deferral(desk: Desk, phone: Page, lobby: str) -> None:
    phone.goto(lobby)
    phone.get_by_text("不能参加？申请缓考或免考").click()
    phone.get_by_role("radio", name=re.compile("缓考：")).check()
    phone.get_by_label("理由").fill("出差，附件见公文")
    desk.look_over(phone, "lobby-ask")
    phone.get_by_role("button", name="提交申请").click()
    said(phone, "申请已提交")


def approve_deferral(desk: Desk, examiner: Page) -> None:
    """Found by the navigation of the exam."""
    examiner.goto("/manage/exams")
    examiner.get_by_role("link", name="十一月小测").click()
    desk.look_over(examiner, "monitor")
    pages = examiner.get_by_role("navigation", name="这场考试的页面")
    pages.get_by_role("link", name="补考与缓考").click()
    expect(pages.locator("[aria-current=page]")).to_have_text("补考与缓考")
    desk.look_over(examiner, "makeups-before")
    desk.narrow(examiner, "makeups-before")
    examiner.get_by_role("button", name="不批准").click()
    expect(examiner.get_by_text("请写明理由")).to_be_visible()
    examiner.get_by_role("button", name="批准", exact=True).click()
    said(examiner, "已处理")


def schedule(desk: Desk, examiner: Page, now: datetime) -> None:
    """Two of the three stay on the derived roster."""
    examiner.reload()
    for label, minutes in (("开始时间", 1), ("结束时间", 24 * 60)):
        at = now + timedelta(hours=8, minutes=minutes)  # the form takes Beijing time
        examiner.get_by_label(label).fill(at.strftime("%Y-%m-%dT%H:%M"))
    examiner.get_by_label("从名单去掉").fill("e1 已调离")
    desk.look_over(examiner, "makeups-schedule")
    examiner.get_by_role("button", name="安排补考").click()
    said(examiner, "补考已安排")
    expect(examiner.get_by_role("row", name=re.compile("林国强"))).to_contain_text("已调离")
    desk.look_over(examiner, "makeup")
