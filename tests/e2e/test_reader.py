"""The lesson page in a real browser: with scripts, without, on another phone, in large type."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from elearn import db
from elearn.accounts.passwords import hash_password
from elearn.authoring.services import sync_content
from elearn.core.reading import ClockMode
from elearn.models import LessonProgress, QuizResponse, ReadingClock, TrainingRecord
from tests.e2e.conftest import Site
from tests.factories import make_person

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
LESSON = "/courses/e2e-short/e2e-short-01"
PASSWORD = "Own-2026-bc"
TABLE = "\n\n| 谁送的 | 能不能收 | 怎么处理 | 依据 | 备注 |\n|---|---|---|---|---|\n" + (
    "| 正在办事的邻居 | 不能 | 当面谢绝并登记 | [[纪律处分条例#97.1]] | 留下记录 |\n" * 3
)
LONG = "\n\n".join(
    f"## 第{n}段\n\n第 {n} 段：先看送礼的人和职务有没有关系。" * 1 for n in range(1, 30)
)


@pytest.fixture
def long_content(content: Path) -> Path:
    """The short course with a lesson long enough to scroll."""
    file = content / "courses/dis/short/01-first.md"
    front, quiz = file.read_text().split("```quiz")
    file.write_text(front + TABLE + "\n" + LONG + "\n\n```quiz" + quiz)
    return content


@pytest.fixture
def sign_in(site: Site, long_content: Path, open_page: Callable[..., Page]) -> Callable[..., Page]:
    """`sign_in()` is a browser signed in as the same person every time."""
    with db.transaction(site.engine) as work:
        assert sync_content(work, root=long_content, now=datetime.now(UTC)).ok
        make_person(work, staff_no="c1", password_hash=hash_password(PASSWORD))

    def opened(**options: object) -> Page:
        page = open_page(**options)
        page.goto("/sign-in")
        page.get_by_label("工号").fill("c1")
        page.get_by_label("密码", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="登录").click()
        expect(page.get_by_role("navigation", name="主导航")).to_be_visible()
        return page

    return opened


def look(page: Page, *, hidden: bool) -> None:
    """Hide the page or show it again, as switching apps does."""
    state = "hidden" if hidden else "visible"
    page.evaluate(
        "state => { Object.defineProperty(document, 'visibilityState',"
        " { configurable: true, get: () => state });"
        " document.dispatchEvent(new Event('visibilitychange')); }",
        state,
    )


def clock_mode(site: Site) -> str:
    with db.new_session(site.engine, write=False) as work:
        return work.scalars(select(ReadingClock.mode)).one()


def test_page_says_that_it_is_read_only_while_it_can_be_seen(
    site: Site, sign_in: Callable[..., Page]
) -> None:
    page = sign_in()
    beats: list[str] = []
    page.on(
        "request", lambda r: beats.append(r.post_data or "") if r.url.endswith("/beat") else None
    )
    page.clock.install()
    page.goto(LESSON)
    page.wait_for_load_state("networkidle")
    assert len(beats) == 1
    assert clock_mode(site) == ClockMode.BEAT
    page.clock.run_for(45_000)
    for _ in range(100):  # one after the other, so the last is not sent at once
        if len(beats) >= 4:
            break
        page.wait_for_timeout(100)
    assert len(beats) == 4
    with page.expect_response(lambda r: "away=1" in (r.request.post_data or "")):
        look(page, hidden=True)
    assert clock_mode(site) == ClockMode.AWAY
    page.clock.run_for(600_000)
    assert len(beats) == 5
    with page.expect_response("**/beat"):
        look(page, hidden=False)
    assert len(beats) == 6
    assert clock_mode(site) == ClockMode.BEAT


def test_place_is_remembered_on_another_phone(site: Site, sign_in: Callable[..., Page]) -> None:
    page = sign_in()
    page.goto(LESSON)
    page.get_by_role("heading", name="第20段").scroll_into_view_if_needed()
    page.evaluate("document.getElementById('s-第20段').scrollIntoView({block: 'start'})")
    with page.expect_response("**/beat"):
        look(page, hidden=True)
    other = sign_in()
    other.goto(LESSON)
    link = other.get_by_role("link", name="上次读到这里")
    place = link.get_attribute("href")
    assert place is not None
    link.click()
    near = other.evaluate(
        "([place, wanted]) => document.querySelector(place).getBoundingClientRect().top"
        " - document.getElementById(wanted).getBoundingClientRect().top",
        [place, "s-第20段"],
    )
    assert 0 <= near < 844


def test_question_is_answered_in_place(site: Site, sign_in: Callable[..., Page]) -> None:
    page = sign_in()
    page.goto(LESSON)
    opened = page.evaluate("window.opened = Math.random()")
    page.get_by_text("收下，邻里往来很正常").click()
    page.get_by_role("button", name="提交本题").click()
    verdict = page.get_by_role("heading", name="✗ 回答错误")
    expect(verdict).to_be_focused()
    expect(page.locator(".opt.wrong")).to_contain_text("✗ 您选了，不正确")
    expect(page.locator(".opt.right")).to_contain_text("✓ 正确答案")
    expect(page.locator("#missing")).to_contain_text("第 1 题还没答对")
    page.get_by_role("link", name="再试一次").click()
    page.get_by_text("当面谢绝并说明原因").click()
    page.get_by_role("button", name="提交本题").click()
    expect(page.get_by_role("heading", name="✓ 回答正确")).to_be_focused()
    expect(page.locator("#missing")).to_contain_text("读到这里了")
    assert page.evaluate("window.opened") == opened, "the page was loaded again"
    with db.new_session(site.engine, write=False) as work:
        kept = work.scalars(select(QuizResponse.correct).order_by(QuizResponse.id)).all()
    assert kept == [False, True]


def test_answer_without_network_is_kept_on_the_page(
    site: Site, sign_in: Callable[..., Page]
) -> None:
    page = sign_in()
    page.goto(LESSON)
    page.get_by_text("当面谢绝并说明原因").click()
    page.context.set_offline(True)
    page.get_by_role("button", name="提交本题").click()
    expect(page.locator(".said")).to_contain_text("没有连上网络。您选的还在")
    expect(page.locator("input[type=radio]").nth(1)).to_be_checked()
    page.context.set_offline(False)
    page.get_by_role("button", name="提交本题").click()
    expect(page.get_by_role("heading", name="✓ 回答正确")).to_be_visible()


def test_finishing_without_network_stays_on_the_lesson(
    site: Site, sign_in: Callable[..., Page]
) -> None:
    page = sign_in()
    page.goto(LESSON)
    page.get_by_text("当面谢绝并说明原因").click()
    page.get_by_role("button", name="提交本题").click()
    expect(page.get_by_role("heading", name="✓ 回答正确")).to_be_visible()
    page.context.set_offline(True)
    page.get_by_role("button", name="学完，下一节").click()
    said = page.get_by_role("alert").filter(has_text="现在没有网络，还没有提交")
    expect(said).to_be_in_viewport()
    assert page.url.endswith(LESSON)
    page.context.set_offline(False)
    page.get_by_role("button", name="学完，下一节").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("写一句拒绝的话")


def test_signed_out_meanwhile_is_said(site: Site, sign_in: Callable[..., Page]) -> None:
    page = sign_in()
    page.goto(LESSON)
    page.wait_for_load_state("networkidle")
    page.context.clear_cookies()
    with page.expect_response("**/beat"):
        look(page, hidden=True)
    expect(page.locator("#signed-out")).to_contain_text("登录已过期")


def test_course_is_completed_without_scripts(site: Site, sign_in: Callable[..., Page]) -> None:
    page = sign_in(java_script_enabled=False)
    page.goto(LESSON)
    page.get_by_role("button", name="学完，下一节").click()
    expect(page.get_by_role("alert")).to_contain_text("还不能学完")
    page.get_by_role("link", name="第 1 题未答").click()
    for option, verdict in (
        ("收下，邻里往来很正常", "✗ 回答错误"),
        ("当面谢绝并说明原因", "✓ 回答正确"),
    ):
        page.get_by_text(option).click()
        page.get_by_role("button", name="提交本题").click()
        expect(page.get_by_role("heading", name=verdict)).to_be_visible()
        assert "#q-" in page.url
        if verdict.startswith("✗"):
            page.get_by_role("link", name="再试一次").click()
    page.get_by_role("button", name="学完，下一节").click()
    page.get_by_role("button", name="学完", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("这门课已完成")
    with db.new_session(site.engine, write=False) as work:
        assert work.scalars(select(TrainingRecord.subject_code)).all() == ["e2e-short"]
        modes = work.scalars(select(ReadingClock.mode)).all()
        assert modes == [ClockMode.PAGE]
        assert len(work.scalars(select(LessonProgress)).all()) == 2


@pytest.mark.parametrize(("width", "step"), [(320, "4"), (360, "1"), (390, "4")])
def test_pages_fit_a_phone_in_large_type(
    site: Site, sign_in: Callable[..., Page], width: int, step: str
) -> None:
    page = sign_in(size={"width": width, "height": 640})
    page.context.add_cookies([{"name": "font", "value": step, "url": site.url}])
    for path in ("/courses", "/courses/e2e-short", LESSON, "/laws", "/laws/纪律处分条例"):
        page.goto(path)
        wide = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert wide <= 0, f"{path} is {wide} px too wide"
        sticky = page.evaluate(
            "[...document.querySelectorAll('.top, .bar')]"
            ".filter(e => getComputedStyle(e).position === 'sticky')"
            ".reduce((sum, e) => sum + e.offsetHeight, 0)"
        )
        assert sticky <= 640 * 0.4, path
    page.goto(LESSON)
    low = page.evaluate("[...document.querySelectorAll('.quiz .opt')].map(e => e.offsetHeight)")
    assert min(low) >= 56
