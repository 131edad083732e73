"""Cadres on their phones: nothing typed is lost, and every screen holds in the largest type and in
the dark."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import delete

from elearn.accounts.passwords import hash_password
from elearn.authoring.services import sync_content
from elearn.core.questions.model import QuestionType
from elearn.models import LoginSession, ReviewPolicy
from tests.core.lessons.test_activities import CARDS, ORDER, SCENARIO, SORTING, TIMELINE
from tests.core.lessons.test_tasks import PLEDGE, REFLECTION
from tests.e2e.exam_room import PASSWORD
from tests.e2e.staff.desk import Desk, said
from tests.factories import make_unit
from tests.factories_after import make_sat, right

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
T = QuestionType
LESSON = "/courses/e2e-short/e2e-short-01"
REFLECTED = "我会当面谢绝，说明自己正在经手他的事情，请他把东西带回去，再报告。"
DRAFTS = "Object.keys(localStorage).filter(k => k.startsWith('elearn:draft:')).length"
RESTORED = "写的内容还没有提交，已放回框里"


@pytest.fixture
def cadres(desk: Desk, content: Path) -> Desk:
    """Two people and a lesson with every interactive block; laws, but no bank to publish."""
    for folder in (content / "question_bank").iterdir():
        if folder.is_dir():
            shutil.rmtree(folder)
    file = content / "courses/dis/short/01-first.md"
    blocks = (SCENARIO, ORDER, SORTING, CARDS, TIMELINE, PLEDGE, REFLECTION)
    file.write_text(file.read_text().replace("```quiz", "\n\n".join(blocks) + "\n\n```quiz", 1))
    course = content / "courses/dis/short/course.md"
    course.write_text(course.read_text().replace("法规版本:", '法规版本:\n  监察法: "2024-12-25"'))
    with desk.change() as work:
        assert sync_content(work, root=content, now=datetime.now(UTC)).ok
        unit = make_unit(work, name="区财政局")
        for number, name in (("c1", "周小兰"), ("c2", "王永康")):
            desk.person(work, unit, staff_no=number, name=name).password_hash = hash_password(
                PASSWORD
            )
    return desk


def test_what_is_written_survives_network_crash_and_sign_in(cadres: Desk) -> None:
    """Nothing typed is lost before the server has it, and nothing is kept afterwards."""
    phone = cadres.phone("c1")
    phone.goto(LESSON)
    phone.get_by_label("您的心得").fill(REFLECTED)
    phone.context.set_offline(True)
    phone.get_by_role("button", name="提交给教员").click()
    expect(phone.get_by_text("现在没有网络，还没有提交。")).to_be_visible()
    expect(phone.get_by_label("您的心得")).to_have_value(REFLECTED)
    context = phone.context
    phone.close()  # the app was killed
    context.set_offline(False)
    phone = context.new_page()
    phone.goto(LESSON)
    expect(phone.get_by_label("您的心得")).to_have_value(REFLECTED)
    expect(phone.get_by_text(RESTORED)).to_be_visible()
    cadres.look_over(phone, "lesson-draft")
    with cadres.change() as work:
        work.execute(delete(LoginSession))
    phone.get_by_role("button", name="提交给教员").click()
    expect(phone.get_by_text("登录已过期，请重新登录")).to_be_visible()
    sign_in(phone)
    expect(phone).to_have_url(f"{cadres.url}{LESSON}")  # back to where it was written
    expect(phone.get_by_label("您的心得")).to_have_value(REFLECTED)
    phone.get_by_role("button", name="提交给教员").click()
    said(phone, "心得已提交")
    expect(phone.get_by_text(RESTORED)).to_have_count(0)
    assert phone.evaluate(DRAFTS) == 0
    phone.get_by_label("您的心得").fill(REFLECTED + "还要登记。")
    phone.reload()
    phone.get_by_role("button", name="不要这些内容").click()
    expect(phone.get_by_label("您的心得")).to_have_value(REFLECTED)
    assert phone.evaluate(DRAFTS) == 0


def sign_in(phone: Page) -> None:
    phone.get_by_label("工号").fill("c1")
    phone.get_by_label("密码", exact=True).fill(PASSWORD)
    phone.get_by_role("button", name="登录").click()


def test_a_draft_is_nobody_elses_and_goes_with_signing_out(cadres: Desk) -> None:
    phone = cadres.phone("c1")
    phone.goto(LESSON)
    phone.get_by_label("您的心得").fill(REFLECTED)
    ticket = {"name": "elearn", "value": cadres.ticket("c2"), "url": cadres.url}
    phone.context.add_cookies([ticket])  # somebody else takes the phone
    phone.goto(LESSON)
    expect(phone.get_by_label("您的心得")).to_have_value("")
    phone.get_by_label("您的心得").fill("别人写的")
    phone.goto("/settings")
    phone.get_by_role("button", name="退出登录").click()
    expect(phone.get_by_role("alert")).to_contain_text("写了没有提交的内容")
    phone.get_by_role("button", name="仍要退出").click()
    expect(phone.get_by_label("工号")).to_be_visible()
    assert phone.evaluate(DRAFTS) == 1  # the first person's own


def test_screens_hold_in_the_largest_type_and_in_the_dark(cadres: Desk) -> None:
    now = datetime.now(UTC)
    with cadres.change() as work:
        sat = make_sat(work)
        sat.exam.review_policy, sat.exam.title = ReviewPolicy.AT_ONCE, "任前廉政知识测试"
        sat.exam.opens_at, sat.exam.closes_at = now - timedelta(hours=1), now + timedelta(hours=1)
        person = cadres.person(work, sat.root, staff_no="c3", name="欧阳明霞")
        made = sat.sit({**right(sat, T.SINGLE, T.MULTI), T.TRUE_FALSE: [1]}, person=person, now=now)
        lobby, result = f"/exams/{sat.exam.public_id}", f"/attempts/{made.public_id}/result"
    phone = cadres.phone("c3", color_scheme="dark")
    font = {"name": "font", "value": "4", "url": cadres.url}
    phone.context.add_cookies([font])
    for name, address in (
        ("home", "/"),
        ("lesson", LESSON),
        ("lobby", lobby),
        ("result", result),
        ("portfolio", "/me"),
        ("tasks", "/me/tasks"),
        ("exams", "/exams"),
    ):
        phone.goto(address)
        cadres.look_over(phone, f"large-dark-{name}")
