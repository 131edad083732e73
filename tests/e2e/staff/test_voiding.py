"""Annulling an attempt while it is being written: two desks and the phone in the candidate's hand."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from elearn.models import AnswerEvent, Attempt, EventStatus
from tests.e2e.exam_room import SAVED, choose, ready, status
from tests.e2e.staff.desk import Desk, said
from tests.factories_exams import make_attempt, make_bank, make_exam

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
STOPPED = "答卷已作废，已停止作答"
WHY = "监考发现由他人代考，已当场核实"


class Scene:
    """A candidate with the paper open on a phone, and where staff find the attempt."""

    def __init__(self, desk: Desk):
        self.desk, now = desk, datetime.now(UTC)
        with desk.change() as work:
            make_bank(work)
            unit = desk.office(work)
            person = desk.person(work, unit, staff_no="c1", name="周小兰")
            since = now - timedelta(hours=1)
            exam = make_exam(work, unit, by=person, now=since, title="十一月小测")
            attempt = make_attempt(work, exam, person, now=now)
            paper = f"/attempts/{attempt.public_id}"
            self.about = f"/manage/exams/{exam.public_id}/candidates/{person.public_id}"
            self.board = f"/manage/exams/{exam.public_id}/monitor"
        self.phone = desk.phone("c1")
        self.phone.goto(paper)
        ready(self.phone)

    def ask(self) -> None:
        """By keyboard."""
        page = self.desk.open("e1")
        page.goto(self.about)
        page.get_by_text("提出作废这份答卷").focus()
        page.keyboard.press("Enter")
        page.get_by_label(re.compile("原因（4 到 200 字")).fill(WHY)
        self.desk.look_over(page, "void-running-ask")
        self.desk.narrow(page, "void-running-ask")
        page.keyboard.press("Enter")
        said(page, "已提出作废")
        expect(page.get_by_text("要由另一位考务人员批准。", exact=True)).to_be_visible()

    def approve(self) -> None:
        """The other one, from the board."""
        page = self.desk.open("e2")
        page.goto(self.board)
        page.get_by_role("link", name=re.compile("周小兰，第 1 次答卷")).click()
        self.desk.look_over(page, "void-running-decide")
        page.get_by_role("button", name="批准作废并收卷").focus()
        page.keyboard.press("Enter")
        said(page, "已作废")
        self.desk.look_over(page, "void-running-decided")


def test_an_attempt_is_annulled_while_it_is_written(desk: Desk) -> None:
    scene = Scene(desk)
    phone = scene.phone
    choose(phone, 1)
    expect(status(phone)).to_have_text(SAVED)
    scene.ask()
    choose(phone, 2)  # asked for only: the candidate goes on
    expect(status(phone)).to_have_text(SAVED)
    phone.context.set_offline(True)
    choose(phone, 3)
    scene.approve()
    phone.context.set_offline(False)
    expect(status(phone)).to_have_text(STOPPED, timeout=30_000)
    expect(phone.locator("#gone-text")).to_contain_text("不能再作答")
    expect(phone.locator("#gone-text")).to_contain_text("留存备查", timeout=30_000)
    expect(phone.locator("#q-1 input").first).to_be_disabled()
    phone.get_by_role("link", name="查看结果").click()
    expect(phone.get_by_role("alert")).to_contain_text(WHY)
    desk.look_over(phone, "void-running-result")
    with desk.change() as work:
        fates = work.scalars(select(AnswerEvent.status).order_by(AnswerEvent.seq)).all()
        assert list(fates).count(EventStatus.HELD) == 1, "what the phone still had is kept"
        assert work.scalars(select(Attempt.voided_at)).one() is not None


def test_a_page_nobody_touches_says_so_too(desk: Desk) -> None:
    scene = Scene(desk)
    scene.ask()
    scene.approve()
    expect(status(scene.phone)).to_have_text(STOPPED, timeout=40_000)
