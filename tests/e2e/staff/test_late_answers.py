"""What came too late, and what came in a file: decided and taken in at the desk."""

import re
import secrets
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from elearn.exams.attempts.saving import Sender, save_answers
from elearn.exams.attempts.services import close_due_attempts
from elearn.exams.grades.policy import LATE_SYNC
from elearn.exams.rescue.sealed import Contents, seal_file
from elearn.models import AnswerDecision
from tests.e2e.conftest import SITE_KEY
from tests.e2e.staff.desk import Desk, said
from tests.factories_exams import all_right, event, make_attempt, make_bank, make_exam

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_late_answers_and_an_answer_file(desk: Desk) -> None:
    now = datetime.now(UTC)
    with desk.change() as work:
        bank = make_bank(work)
        unit = desk.office(work)
        slow = desk.person(work, unit, staff_no="c1", name="周小兰")
        cut_off = desk.person(work, unit, staff_no="c2", name="王永康")
        exam = make_exam(work, unit, by=slow, now=now - timedelta(hours=3), title="十一月小测")
        attempt = make_attempt(work, exam, slow, now=now - timedelta(hours=2))
        after = attempt.deadline_at + LATE_SYNC + timedelta(minutes=20)
        close_due_attempts(work, now=after)
        events = [{**each, "made_ms": 65_000} for each in all_right(attempt, bank)[:3]]
        save_answers(work, attempt=attempt, events=events, now=after, sender=Sender("phone-0001"))
        running = make_attempt(work, exam, cut_off, now=now)
        contents = Contents("phone-0002", [{**event(1, 0, [1]), "base": 0, "made_ms": 60_000}])
        text = seal_file(running.public_id, contents, SITE_KEY, nonce=secrets.token_bytes(12))
        board = f"/manage/exams/{exam.public_id}/monitor"
    examiner = desk.open("e1")
    examiner.goto(board)
    pages = examiner.get_by_role("navigation", name="这场考试的页面")
    pages.get_by_role("link", name="补传待裁定").click()
    decide(desk, examiner)
    with desk.change() as work:
        decisions = work.scalars(select(AnswerDecision.accepted)).all()
        assert sorted(decisions) == [False, True, True]
    pages.get_by_role("link", name="补收答案").click()
    take_in(desk, examiner, text)
    desk.look_over(examiner, "rescued")


def decide(desk: Desk, examiner: Page) -> None:
    """Two of three count. A mistake in the reason keeps what was ticked."""
    expect(examiner.get_by_text("还有 3 个答案等待裁定")).to_be_visible()
    examiner.get_by_role("checkbox").nth(2).uncheck()
    examiner.get_by_label(re.compile("理由")).fill("　　短　　")
    examiner.get_by_role("button", name="选定的计分").click()
    expect(examiner.get_by_role("alert")).to_be_visible()
    expect(examiner.get_by_role("checkbox").nth(1)).to_be_checked()
    expect(examiner.get_by_role("checkbox").nth(2)).not_to_be_checked()
    desk.look_over(examiner, "late-error")
    desk.narrow(examiner, "late-error")
    for button in ("选定的计分", "选定的不计分"):
        examiner.get_by_label(re.compile("理由")).fill("考场断网，监考证明")
        examiner.get_by_role("button", name=button).click()
        said(examiner, "裁定已记录")
    desk.look_over(examiner, "late-decided")


def take_in(desk: Desk, examiner: Page, text: str) -> None:
    """Pasted text; broken first."""
    pasted = examiner.get_by_label("或者粘贴答案文件里的文字")
    pasted.fill(text[:-20])
    examiner.get_by_role("button", name="核对").click()
    expect(examiner.locator("#errors")).to_be_focused()
    desk.look_over(examiner, "rescue-errors")
    pasted.fill(text)
    examiner.get_by_role("button", name="核对").click()
    expect(examiner.get_by_role("heading", name="王永康的答案文件")).to_be_visible()
    desk.look_over(examiner, "rescue-file")
    desk.narrow(examiner, "rescue-file")
    examiner.get_by_role("button", name="导入这份答案").click()
    expect(examiner.get_by_text("这个文件已经导入")).to_be_visible()
