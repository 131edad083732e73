"""The invigilator at a desk and the candidate on a phone, in one real browser each."""

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import Engine, select

from elearn import db, migrate
from elearn.accounts.passwords import hash_password
from elearn.core.access import Role
from elearn.core.assembly.model import Section
from elearn.core.questions.model import QuestionType
from elearn.exams.timing.clock import remaining_ms
from elearn.models import AnswerEvent, Attempt, MessageReceipt, PageLeave
from tests.e2e.conftest import DESKTOP, PHONE, Site
from tests.factories import make_person, make_unit
from tests.factories_exams import make_bank, make_exam, make_revision, make_spec

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
PASSWORD = "Own-2026-bc"
WITHIN_15_S = 16_000  # EXM-13, and a second for the page to be drawn
T = QuestionType


@pytest.fixture
def own_engine(tmp_path: Path) -> Iterator[Engine]:
    """What is tested here runs in the browser: one database will do."""
    made = db.make_engine(f"sqlite:///{tmp_path / 'e2e.db'}")
    migrate.upgrade(made)
    yield made
    made.dispose()


class Hall:
    """One exam, one candidate, one invigilator."""

    def __init__(self, site: Site, chromium: Browser):
        self.site, self.chromium = site, chromium
        self.contexts: list[BrowserContext] = []
        self.errors: list[str] = []
        with db.transaction(site.engine) as work:
            make_bank(work)
            unit = make_unit(work, name="区财政局")
            secret = hash_password(PASSWORD)
            make_person(work, unit, staff_no="c1", name="周小兰", password_hash=secret)
            examiner = make_person(
                work, unit, Role.EXAMINER, staff_no="e1", name="林国强", password_hash=secret
            )
            sections = (Section("单选题", T.SINGLE, 3, 200), Section("填空题", T.BLANK, 1, 200))
            exam = make_exam(
                work,
                unit,
                by=examiner,
                now=datetime.now(UTC),
                title="十一月小测",
                revision=make_revision(work, make_spec(*sections)),
                room_code="8K3M",
                leave_min_s=1,
            )
            self.exam = exam.public_id

    def open(self, staff_no: str, size: dict[str, int]) -> Page:
        context = self.chromium.new_context(
            base_url=self.site.url,
            viewport=size,  # type: ignore[arg-type]  # a TypedDict in the stubs
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
        )
        context.set_default_timeout(15_000)
        self.contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on(
            "console",
            lambda said: (
                self.errors.append(said.text) if "Content Security Policy" in said.text else None
            ),
        )
        page.goto("/sign-in")
        page.get_by_label("工号").fill(staff_no)
        page.get_by_label("密码", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="登录").click()
        expect(page.get_by_role("link", name=re.compile("设置"))).to_be_visible()
        return page

    def start(self) -> Page:
        phone = self.open("c1", PHONE)
        phone.goto(f"/exams/{self.exam}")
        expect(phone.get_by_text("切换到其他应用会被记录")).to_be_visible()
        phone.get_by_label("我已阅读以上说明").check()
        phone.get_by_label("考场口令").fill("8k3x")
        shot(phone, "a3-lobby")
        phone.get_by_role("button", name="开始考试").click()
        expect(phone.locator("#code-error")).to_contain_text("考场口令不对")
        phone.get_by_label("考场口令").fill("8k3m")
        phone.get_by_role("button", name="开始考试").click()
        expect(phone.locator("#bar")).to_be_visible()
        return phone

    def attempt(self) -> Attempt:
        with db.new_session(self.site.engine, write=False) as work:
            return work.scalars(select(Attempt)).one()


@pytest.fixture
def hall(site: Site, chromium: Browser) -> Iterator[Hall]:
    made = Hall(site, chromium)
    yield made
    for context in made.contexts:
        context.close()
    assert made.errors == []


def shot(page: Page, name: str) -> None:
    """For looking at, when asked for."""
    if folder := os.environ.get("ELEARN_TEST_SHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def look(page: Page, *, hidden: bool) -> None:
    """Hide the page or show it again, as switching apps does; showing it asks the server."""
    page.evaluate(
        "hidden => { Object.defineProperty(document, 'hidden',"
        " { configurable: true, get: () => hidden });"
        " document.dispatchEvent(new Event('visibilitychange')); }",
        hidden,
    )


def act(desk: Page, summary: str, button: str, **fields: str) -> None:
    """Fill one of the board's forms for everybody."""
    part = desk.locator("details", has=desk.locator("summary", has_text=summary))
    part.locator("summary").click()
    part.get_by_label("范围").select_option("all")
    for label, text in fields.items():
        part.get_by_label(re.compile(label)).fill(text)
    shot(desk, f"a3-board-{button}")
    part.get_by_role("button", name=button).click()


def test_pause_resume_extend_and_message_reach_the_phone(hall: Hall) -> None:
    phone = hall.start()
    desk = hall.open("e1", DESKTOP)
    board = f"/manage/exams/{hall.exam}/monitor"
    phone.locator(".question:not([hidden]) .opt").first.click()
    expect(phone.locator("#save")).to_have_text(re.compile(r"已保存 \d\d:\d\d"))
    desk.goto(board)
    expect(desk.get_by_role("row", name=re.compile("周小兰"))).to_contain_text("答题中")
    pause_and_resume(phone, desk)
    extend(hall, phone, desk)
    act(desk, "发消息", "发送", 消息="第 3 题的附件在讲台领取")
    look(phone, hidden=False)
    expect(phone.locator("[role=status] .notice").nth(1)).to_contain_text("第 3 题的附件")
    shot(phone, "a3-notices")
    phone.locator(".notice").first.get_by_role("button", name="知道了").click()
    expect(phone.locator(".notice")).to_have_count(1)
    phone.get_by_role("button", name="知道了").click()
    expect(phone.locator(".notice")).to_have_count(0)
    with db.new_session(hall.site.engine, write=False) as work:
        assert len(work.scalars(select(MessageReceipt)).all()) == 2
        assert len(work.scalars(select(AnswerEvent)).all()) == 1
    desk.goto(board)
    desk.get_by_text("已发的消息（2）").click()
    expect(desk.locator("li", has_text="第 3 题的附件")).to_contain_text("1 人已读")
    shot(desk, "a3-board")


def pause_and_resume(phone: Page, desk: Page) -> None:
    """The phone finds out by itself; the paper is away and the clock stands."""
    act(desk, "延长时间、暂停", "暂停", 原因="投影仪故障")
    expect(desk.get_by_text("暂停中：全部应考人")).to_be_visible()
    expect(desk.get_by_role("row", name=re.compile("周小兰"))).to_contain_text("已暂停")
    expect(phone.get_by_role("heading", name="考试已暂停")).to_be_visible(timeout=WITHIN_15_S)
    expect(phone.locator("#paused-why")).to_have_text("投影仪故障")
    for hidden in ("#paper", "#bar", "#open-card"):
        expect(phone.locator(hidden)).to_be_hidden()
    stands = phone.locator("#clock").text_content()
    phone.wait_for_timeout(2500)
    assert phone.locator("#clock").text_content() == stands
    shot(phone, "a3-paused")
    other = phone.context.new_page()
    other.goto(phone.url)
    expect(other.get_by_role("heading", name="考试已暂停")).to_be_visible()
    assert "题干" not in other.content()
    other.close()
    desk.get_by_role("button", name="恢复").click()
    expect(desk.get_by_text("剩余时间没有减少")).to_be_visible()
    look(phone, hidden=False)
    expect(phone.locator("#paper")).to_be_visible()
    expect(phone.locator("#paused")).to_be_hidden()
    expect(phone.locator("#live")).to_have_text("考试继续")


def extend(hall: Hall, phone: Page, desk: Page) -> None:
    """Countdown and words, without anybody touching the phone."""
    left_ms = remaining_ms(hall.attempt(), datetime.now(UTC))
    act(desk, "延长时间、暂停", "延长", 原因="投影仪故障", 延长多少分钟="8")
    expect(desk.get_by_text("已延长 8 分钟：全部应考人")).to_be_visible()
    assert remaining_ms(hall.attempt(), datetime.now(UTC)) > left_ms + 7 * 60_000
    notice = phone.locator(".notice").first
    expect(notice).to_contain_text("监考为您延长 8 分钟", timeout=WITHIN_15_S)
    minutes = int((phone.locator("#clock").text_content() or "").split(":")[0])
    assert minutes in {56, 57, 58}


def test_leaving_is_recorded_shown_and_judged_by_a_person(hall: Hall) -> None:
    phone = hall.start()
    mark = phone.locator(".watermark")
    expect(mark.locator("text").first).to_have_text("周小兰 c1")
    assert mark.evaluate("e => getComputedStyle(e).pointerEvents") == "none"
    expect(phone.locator("#leaves")).to_be_hidden()
    look(phone, hidden=True)
    phone.wait_for_timeout(1300)
    look(phone, hidden=False)
    expect(phone.locator("#leaves")).to_have_text(re.compile("离开 1 次，共 [12] 秒"))
    # An own page is no leave, and neither is a reload.
    phone.locator("#open-card").click()
    phone.get_by_role("link", name="检查并交卷").click()
    expect(phone.get_by_role("heading", name="交卷前请检查")).to_be_visible()
    phone.wait_for_timeout(1300)
    phone.get_by_role("link", name="返回检查").click()
    expect(phone.locator("#leaves")).to_have_text(re.compile("离开 1 次"))
    shot(phone, "a3-leaves")
    with db.new_session(hall.site.engine, write=False) as work:
        assert [str(row.kind) for row in work.scalars(select(PageLeave))] == ["LEAVE"]
    desk = hall.open("e1", DESKTOP)
    desk.goto(f"/manage/exams/{hall.exam}/monitor")
    desk.get_by_role("link", name="周小兰").click()
    shot(desk, "a3-candidate")
    desk.get_by_label("不计入的原因").fill("接听单位值班电话")
    desk.get_by_role("button", name="不计入").click()
    expect(desk.get_by_text("不计入：接听单位值班电话")).to_be_visible()
    look(phone, hidden=False)
    phone.reload()
    expect(phone.locator("#leaves")).to_be_hidden()
    assert hall.attempt().submitted_at is None
