"""The main job in a real browser: learn, be quizzed, sit an exam, and HR has the record."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from elearn import db
from elearn.accounts.passwords import hash_password
from elearn.assignments.services import create_assignment
from elearn.authoring.services import sync_content
from elearn.bank.queries import load_keys
from elearn.core.access import Role
from elearn.core.assembly.paper import paper_from_canonical
from elearn.core.grading.answers import shown_options
from elearn.exams.sittings.services import schedule_exam
from elearn.models import Attempt, BlueprintRow, Course, ReviewPolicy
from tests.e2e.conftest import DESKTOP, Site
from tests.factories import make_actor, make_grant, make_person, make_unit

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
INITIAL, OWN = "Init-2026-a", "Own-2026-bc"


@pytest.fixture
def shots(request: pytest.FixtureRequest) -> Callable[[Page, str], None]:
    """Save a screenshot of every screen when ELEARN_TEST_SHOTS names a folder."""
    folder = os.environ.get("ELEARN_TEST_SHOTS")

    def take(page: Page, name: str) -> None:
        page.wait_for_load_state()
        overflow = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert not page.evaluate(overflow), f"{name} scrolls sideways"
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            backend = request.node.callspec.params["own_engine"]
            page.screenshot(path=f"{folder}/{backend}-{name}.png")

    return take


@pytest.fixture
def office(site: Site, content: Path) -> None:
    """A unit with a cadre, HR above it, a course due and an exam open."""
    now = datetime.now(UTC)
    with db.transaction(site.engine) as work:
        assert sync_content(work, root=content, now=now).ok
        district = make_unit(work, name="示范区", code="QU")
        bureau = make_unit(work, district, name="区财政局", code="CZ")
        make_unit(work, district, name="区民政局", code="MZ")
        make_person(
            work,
            bureau,
            staff_no="c100",
            name="周小兰",
            password_hash=hash_password(INITIAL),
            must_change_password=True,
            notice_accepted_at=None,
        )
        make_person(work, bureau, staff_no="c101", name="吴大勇")
        hr = make_person(
            work, district, Role.HR, staff_no="hr9", name="何人事", password_hash=hash_password(OWN)
        )
        examiner = make_person(work, district, Role.EXAMINER, staff_no="ex9")
        make_grant(work, hr, Role.TRAINER, district)
        blueprint = work.scalar(select(BlueprintRow).where(BlueprintRow.code == "integrity-80"))
        assert blueprint is not None
        assert blueprint.current is not None
        exam = schedule_exam(
            work,
            actor=make_actor(examiner),
            blueprint_revision=blueprint.current,
            title="任前廉政知识测试",
            opens_at=now - timedelta(hours=1),
            closes_at=now + timedelta(days=3),
            org_unit=district,
            attempts_max=1,
            review_policy=ReviewPolicy.AT_ONCE,
            now=now - timedelta(hours=2),
        )
        course = work.scalar(select(Course).where(Course.code == "e2e-short"))
        assert course is not None
        for target in (course, exam):
            create_assignment(
                work,
                actor=make_actor(hr),
                target=target,
                org_unit=district,
                ranks=(),
                due_at=now + timedelta(days=2),
                note="",
                now=now,
            )


def sign_in(page: Page, staff_no: str, password: str) -> None:
    page.goto("/sign-in")
    page.get_by_label("工号").fill(staff_no)
    page.get_by_label("密码", exact=True).fill(password)
    page.get_by_role("button", name="登录").click()


def test_the_main_job_from_sign_in_to_the_file_hr_opens(
    site: Site,
    office: None,
    open_page: Callable[..., Page],
    shots: Callable[[Page, str], None],
    tmp_path: Path,
) -> None:
    phone = open_page(has_touch=True)
    first_sign_in(phone, shots)
    learn(phone, shots)
    score = sit_exam(phone, site, shots)
    phone.get_by_role("link", name="我的", exact=True).first.click()
    portfolio = phone.locator("main")
    expect(portfolio).to_contain_text("一盒茶叶怎么退")
    expect(portfolio).to_contain_text("任前廉政知识测试")
    expect(portfolio).to_contain_text("2 / 50 学时")
    shots(phone, "12-portfolio")
    check_hr_file(open_page(DESKTOP), score, shots, tmp_path)


def first_sign_in(page: Page, shots: Callable[[Page, str], None]) -> None:
    shots_page = page
    page.goto("/")
    shots(shots_page, "01-sign-in")
    sign_in(page, "c100", "wrong-password")
    expect(page.get_by_role("alert")).to_contain_text("工号或密码不对")
    sign_in(page, "c100", INITIAL)
    expect(page.get_by_role("heading", name="首次登录")).to_be_visible()
    shots(page, "02-first-sign-in")
    page.get_by_label("我已阅读以上告知").check()
    page.get_by_label("新密码", exact=True).fill(OWN)
    page.get_by_label("再输一次新密码").fill(OWN)
    page.get_by_role("button", name="开始使用").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("周小兰")
    expect(page.locator("main")).to_contain_text("一盒茶叶怎么退")
    expect(page.locator("main")).to_contain_text("任前廉政知识测试")
    shots(page, "03-home")


def learn(page: Page, shots: Callable[[Page, str], None]) -> None:
    page.get_by_role("link", name="课程", exact=True).click()
    shots(page, "04-catalogue")
    page.get_by_role("link", name="一盒茶叶怎么退").first.click()
    shots(page, "05-course")
    page.get_by_role("link", name="周五下午的窗口").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("周五下午的窗口")
    expect(page.locator("article")).to_contain_text("第九十七条")
    assert "回送不改变" not in page.content(), "the explanation is on the page before the answer"
    shots(page, "06-lesson")
    page.get_by_role("button", name="学完，下一节").click()
    expect(page.get_by_role("alert")).to_contain_text("还不能学完")
    answer_quiz(page, "收下，邻里往来很正常", "回答错误")
    page.get_by_role("button", name="再试一次").or_(
        page.get_by_role("link", name="再试一次")
    ).click()
    answer_quiz(page, "当面谢绝并说明原因", "回答正确")
    expect(page.locator("article")).to_contain_text("回送不改变")
    shots(page, "07-quiz")
    page.get_by_role("button", name="学完，下一节").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("写一句拒绝的话")
    page.get_by_role("button", name="学完", exact=True).click()
    expect(page.locator("main")).to_contain_text("已完成")
    shots(page, "08-course-done")


def answer_quiz(page: Page, option: str, verdict: str) -> None:
    page.get_by_text(option).click()
    page.get_by_role("button", name="提交本题").click()
    expect(page.locator("article")).to_contain_text(verdict)


def sit_exam(page: Page, site: Site, shots: Callable[[Page, str], None]) -> str:
    page.get_by_role("link", name="考试", exact=True).first.click()
    page.get_by_role("link", name="任前廉政知识测试").first.click()
    shots(page, "09-lobby")
    page.get_by_label("我已阅读以上说明").check()
    page.get_by_role("button", name="开始考试").click()
    expect(page.get_by_role("timer")).to_be_visible()
    right = keys_of_open_attempt(site)
    for number in range(1, 41):
        answer_question(page, number, right[number])
        page.locator("#next").click()
    expect(page.locator("#save")).to_contain_text("已保存", timeout=20_000)
    page.reload()  # in the middle, as when the phone kills the page
    expect(page.locator("#save")).to_contain_text("已保存")
    page.locator("#open-card").click()
    expect(page.locator("#sum")).to_contain_text("40")
    shots(page, "10-answer-card")
    page.locator("#cells").get_by_role("button", name="第 41 题").click()
    for number in range(41, 79):
        answer_question(page, number, right[number])
        page.locator("#next").click()
    expect(page.locator("#save")).to_contain_text("已保存", timeout=20_000)
    page.locator("#open-card").click()
    page.locator("#check").click()
    expect(page.locator("main")).to_contain_text("还有 2 题没有答完")
    shots(page, "11-confirm")
    page.get_by_role("button", name="确认交卷").click()
    expect(page.locator("main")).to_contain_text("合格")
    score = page.locator(".big").inner_text().split("/")[0].strip()
    assert 80 <= float(score) < 100
    shots(page, "11-result")
    return score


def answer_question(page: Page, number: int, positions: list[int]) -> None:
    options = page.locator(f"#q-{number} .opt")
    expect(options.first).to_be_visible()
    for position in positions:
        options.nth(position).click()


def keys_of_open_attempt(site: Site) -> dict[int, list[int]]:
    """Question number -> positions on the screen of the right options."""
    with db.new_session(site.engine, write=False) as work:
        attempt = work.scalars(select(Attempt)).one()
        items = list(paper_from_canonical(attempt.paper).items)
        keys = load_keys(work, [item.revision_hash for item in items])
        return {
            item.number: shown_options(item.parts[0], keys[item.revision_hash].parts[0].key)
            for item in items
        }


def check_hr_file(page: Page, score: str, shots: Callable[[Page, str], None], folder: Path) -> None:
    sign_in(page, "hr9", OWN)
    page.goto("/reports/completion?q=c100")
    expect(page.locator("main")).to_contain_text("周小兰")
    shots(page, "13-report")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Excel").or_(
            page.get_by_role("button", name="Excel")
        ).first.click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    assert path.suffix == ".xlsx"
    book = openpyxl.load_workbook(path)
    rows = list(book.worksheets[0].iter_rows(values_only=True))
    head = [str(cell) for cell in rows[0]]
    mine = [dict(zip(head, row, strict=True)) for row in rows[1:] if "c100" in row]
    assert mine, rows
    values = {str(value) for row in mine for value in row.values()}
    assert "周小兰" in values
    assert "完成" in values or "已完成" in values
    text = " ".join(str(value) for row in rows for value in row)
    assert score in text
