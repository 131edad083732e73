"""The exam page in a real browser and bad weather: nothing is called saved before the server has
it, and nothing that was answered gets lost."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect
from sqlalchemy import Engine, delete, func, select

from elearn import db, migrate
from elearn.accounts.passwords import hash_password
from elearn.core.assembly.model import Section
from elearn.core.questions.model import QuestionType
from elearn.exams.attempts.services import save_answers, submit_attempt
from elearn.models import AnswerEvent, Attempt, LoginSession, ReviewPolicy
from tests.e2e.conftest import PHONE, Site
from tests.factories import make_person, make_unit
from tests.factories_exams import event, make_bank, make_exam, make_revision, make_spec

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
PASSWORD = "Own-2026-bc"
SAVED = re.compile(r"已保存 \d\d:\d\d")
ANSWERS = "**/answers"
T = QuestionType


@pytest.fixture
def own_engine(tmp_path: Path) -> Iterator[Engine]:
    """What is tested here runs in the browser: one database will do."""
    made = db.make_engine(f"sqlite:///{tmp_path / 'e2e.db'}")
    migrate.upgrade(made)
    yield made
    made.dispose()


class Room:
    """One exam with one candidate, and the browsers they use."""

    def __init__(self, site: Site, chromium: Browser):
        self.site = site
        self.chromium = chromium
        self.contexts: list[BrowserContext] = []
        self.errors: list[str] = []
        now = datetime.now(UTC)
        with db.transaction(site.engine) as work:
            make_bank(work)
            unit = make_unit(work, name="区财政局")
            sections = (
                Section("单选题", T.SINGLE, 3, 200),
                Section("多选题", T.MULTI, 1, 200),
                Section("填空题", T.BLANK, 1, 200),
                Section("案例题", T.CASE, 1, 200),
            )
            person = make_person(
                work, unit, staff_no="c1", name="周小兰", password_hash=hash_password(PASSWORD)
            )
            exam = make_exam(
                work,
                unit,
                by=person,
                now=now,
                title="十一月小测",
                revision=make_revision(work, make_spec(*sections)),
                review_policy=ReviewPolicy.AT_ONCE,
            )
            self.exam = exam.public_id

    def device(self, **options: Any) -> Page:
        """Another phone, signed in."""
        context = self.chromium.new_context(
            base_url=self.site.url,
            viewport=PHONE,  # type: ignore[arg-type]  # a TypedDict in the stubs
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            **options,
        )
        context.set_default_timeout(15_000)
        self.contexts.append(context)
        page = self.tab(context)
        self.sign_in(page)
        return page

    def tab(self, context: BrowserContext) -> Page:
        page = context.new_page()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on(
            "console",
            lambda message: (
                self.errors.append(message.text)
                if "Content Security Policy" in message.text
                else None
            ),
        )
        return page

    def sign_in(self, page: Page) -> None:
        page.goto("/sign-in")
        page.get_by_label("工号").fill("c1")
        page.get_by_label("密码", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="登录").click()
        expect(page.get_by_role("navigation", name="主导航")).to_be_visible()

    def start(self, page: Page) -> None:
        """From the lobby into the paper."""
        page.goto(f"/exams/{self.exam}")
        page.get_by_label("我已阅读以上说明").check()
        page.get_by_role("button", name="开始考试").click()
        ready(page)

    def attempt(self) -> Attempt:
        with db.new_session(self.site.engine, write=False) as work:
            return work.scalars(select(Attempt)).one()

    def events(self) -> list[tuple[int, int, Any]]:
        """(item, part, answer) in the order the server has them."""
        with db.new_session(self.site.engine, write=False) as work:
            rows = work.scalars(select(AnswerEvent).order_by(AnswerEvent.seq))
            return [(row.item_no, row.part_no, row.value["answer"]) for row in rows]


@pytest.fixture
def room(site: Site, chromium: Browser) -> Iterator[Room]:
    made = Room(site, chromium)
    yield made
    for context in made.contexts:
        context.close()
    assert made.errors == []


@pytest.fixture
def page(room: Room) -> Page:
    """In the exam, at question 1."""
    made = room.device()
    room.start(made)
    return made


def ready(page: Page) -> None:
    expect(page.locator("html.scripts")).to_be_attached()
    expect(page.locator("#bar")).to_be_visible()


def choose(page: Page, position: int) -> None:
    page.locator(".question:not([hidden]) .opt").nth(position).click()


def status(page: Page) -> Any:
    return page.locator("#save")


def look(page: Page, *, hidden: bool) -> None:
    """Hide the page or show it again, as switching apps does."""
    page.evaluate(
        "hidden => { Object.defineProperty(document, 'hidden',"
        " { configurable: true, get: () => hidden });"
        " document.dispatchEvent(new Event('visibilitychange')); }",
        hidden,
    )


# ---------------------------------------------------------------- answering


def test_saved_is_said_after_the_server_said_it(room: Room, page: Page) -> None:
    expect(status(page)).to_have_text("答案会自动保存")
    held: list[Route] = []
    page.route(ANSWERS, lambda route: held.append(route))  # noqa: PLW0108  # no builtins here
    choose(page, 1)
    expect(status(page)).to_have_text("正在保存…")
    page.wait_for_timeout(900)
    expect(status(page)).to_have_text("正在保存…")
    assert room.events() == []
    held[0].continue_()
    expect(status(page)).to_have_text(SAVED)
    assert len(room.events()) == 1


def test_one_request_at_a_time_and_only_what_changed(room: Room, page: Page) -> None:
    bodies: list[dict[str, Any]] = []
    page.on("request", lambda r: bodies.append(r.post_data_json) if r.method == "POST" else None)
    choose(page, 0)
    choose(page, 2)
    expect(status(page)).to_have_text(SAVED)
    page.locator("#next").click()
    choose(page, 1)
    page.locator("#flag").click()
    expect(status(page)).to_have_text(SAVED)
    page.wait_for_timeout(600)
    sent = [[entry["value"] for entry in body["events"]] for body in bodies]
    assert sent[0] == [[2]]
    assert [values for values in sent[1:] if values] == [[[1]]]
    assert room.attempt().flags == [2]
    assert (room.attempt().answered, len(room.events())) == (2, 2)


def test_moving_card_flags_and_keys(room: Room, page: Page) -> None:
    where = page.locator("#where")
    expect(where).to_have_text("1/6")
    page.keyboard.press("PageDown")
    expect(where).to_have_text("2/6")
    page.keyboard.press("PageUp")
    expect(where).to_have_text("1/6")
    expect(page.get_by_role("button", name="上一题")).to_be_disabled()
    choose(page, 0)
    page.locator("#flag").click()
    page.locator("#open-card").click()
    card = page.get_by_role("dialog", name="答题卡")
    expect(card).to_contain_text("已答 1，未答 5，标记 1")
    expect(card.get_by_label("第 1 题，已答，已标记")).to_have_attribute("aria-current", "true")
    card.get_by_role("button", name="未答", exact=True).click()
    expect(card.locator("li:visible")).to_have_count(5)
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    expect(page.locator("#open-card")).to_be_focused()
    page.locator("#open-card").click()
    card.get_by_role("button", name="全部").click()
    card.get_by_label("第 5 题，未答").click()
    expect(where).to_have_text("5/6")
    page.locator(".question:not([hidden]) input[type=text]").first.fill("全面从严")
    expect(status(page)).to_have_text(SAVED)
    page.get_by_role("button", name="清除本题答案").click()
    page.wait_for_timeout(600)
    expect(status(page)).to_have_text(SAVED)
    assert room.events()[-2:] == [(5, 0, ["全面从严", ""]), (5, 0, ["", ""])]
    page.reload()
    ready(page)
    expect(where).to_have_text("5/6")
    expect(page.locator("#flag")).to_have_text("☆ 标记")
    page.locator("#next").click()
    expect(page.locator("#next")).to_have_text("去交卷")
    page.locator("#left").focus()
    page.locator("#left").press("Enter")
    expect(page.locator("#live")).to_have_text(re.compile("还剩 (49|50) 分"))


# ---------------------------------------------------------------- bad weather


def test_offline_answers_wait_in_the_phone_and_go_up_alone(room: Room, page: Page) -> None:
    page.context.set_offline(True)
    choose(page, 1)
    expect(status(page)).to_have_text("网络不稳，1 题暂存本机", timeout=20_000)
    page.locator("#next").click()
    choose(page, 2)
    expect(status(page)).to_have_text("网络不稳，2 题暂存本机")
    kept = page.evaluate(
        "Object.entries(localStorage).filter(e => e[0].startsWith('elearn:exam:'))"
    )
    ((key, value),) = kept
    assert room.attempt().public_id in key
    assert "题干" not in value
    address = page.url
    page.close()
    context = room.contexts[-1]
    context.set_offline(False)
    again = room.tab(context)
    again.goto(address)
    expect(status(again)).to_have_text(SAVED)
    expect(again.locator("#q-1 input").nth(1)).to_be_checked()
    assert sorted(item for item, _, _ in room.events()) == [1, 2]
    left = again.evaluate("Object.keys(localStorage).filter(k => k.startsWith('elearn:exam:'))")
    assert left == []


def test_a_lost_reply_and_an_error_store_the_answer_once(room: Room, page: Page) -> None:
    tries: list[int] = []

    def weather(route: Route) -> None:
        tries.append(1)
        if len(tries) == 1:
            route.fetch()  # the server commits, the reply gets lost
            route.abort()
        elif len(tries) == 2:
            route.fulfill(status=500, body="broken")
        elif len(tries) == 3:
            route.fulfill(status=503, body="{}", headers={"Retry-After": "1"})
        else:
            route.continue_()

    page.route(ANSWERS, weather)
    choose(page, 1)
    expect(status(page)).to_have_text(SAVED, timeout=40_000)
    assert len(tries) == 4
    assert len(room.events()) == 1


def test_without_storage_the_page_says_so(room: Room) -> None:
    page = room.device()
    page.add_init_script("Storage.prototype.setItem = () => { throw new Error('no'); };")
    room.start(page)
    page.context.set_offline(True)
    choose(page, 0)
    expect(status(page)).to_have_text("本机无法暂存，请保持页面打开")
    page.context.set_offline(False)
    expect(status(page)).to_have_text(SAVED)


def test_expired_sign_in_keeps_the_answer(room: Room, page: Page) -> None:
    with db.transaction(room.site.engine) as work:
        work.execute(delete(LoginSession))
    choose(page, 1)
    expect(status(page)).to_have_text("登录已过期，请重新登录（答案在本机）")
    page.get_by_role("link", name="重新登录").click()
    page.get_by_label("工号").fill("c1")
    page.get_by_label("密码", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    ready(page)
    expect(status(page)).to_have_text(SAVED)
    expect(page.locator("#q-1 input").nth(1)).to_be_checked()
    assert len(room.events()) == 1


def test_a_new_sign_in_in_another_tab_does_not_stop_saving(room: Room, page: Page) -> None:
    """Signing in rotates the session: the old page's token is worth nothing, its answers are."""
    other = room.tab(room.contexts[-1])
    other.goto("/settings")
    page.context.clear_cookies()
    room.sign_in(other)
    choose(page, 1)
    expect(status(page)).to_have_text(SAVED, timeout=20_000)
    assert len(room.events()) == 1


def test_two_phones_see_each_other(room: Room, page: Page) -> None:
    second = room.device()
    second.goto(page.url)
    ready(second)
    choose(page, 1)
    expect(status(page)).to_have_text(SAVED)
    look(second, hidden=True)
    look(second, hidden=False)
    expect(second.locator("#q-1 input").nth(1)).to_be_checked()
    second.locator("#next").click()
    choose(second, 0)
    expect(status(second)).to_have_text(SAVED)
    choose(page, 2)  # the reply tells the first phone that somebody else saved
    expect(page.locator("#q-2 input").nth(0)).to_be_checked()
    assert [item for item, _, _ in room.events()] == [1, 2, 1]


# ---------------------------------------------------------------- the end


def test_warnings_and_the_deadline(room: Room) -> None:
    page = room.device()
    page.clock.install()
    room.start(page)
    page.wait_for_load_state("networkidle")
    live = page.locator("#live")
    for minutes, ahead in ((30, 20 * 60), (10, 20 * 60), (5, 5 * 60)):
        page.clock.fast_forward(ahead * 1000)
        page.clock.run_for(1000)
        expect(live).to_have_text(f"还剩 {minutes} 分钟")
    expect(page.locator("#clock")).to_have_class(re.compile("warn"))


def test_time_over_stops_the_input_and_keeps_uploading(room: Room, page: Page) -> None:
    with db.transaction(room.site.engine) as work:
        row = work.scalars(select(Attempt)).one()
        row.deadline_at = datetime.now(UTC) + timedelta(seconds=6)
    page.reload()
    ready(page)
    page.context.set_offline(True)
    choose(page, 1)
    expect(status(page)).to_have_text(
        re.compile("时间到，还有 1 题待上传，请保持页面打开"), timeout=20_000
    )
    expect(page.locator("#q-1 input").first).to_be_disabled()
    page.context.set_offline(False)
    expect(status(page)).to_have_text("时间到，答案已全部上传", timeout=20_000)
    assert len(room.events()) == 1
    page.get_by_role("link", name="查看结果").click()
    expect(page.get_by_role("heading", name="时间到，正在收卷")).to_be_visible()


def test_closed_elsewhere_shows_the_way_to_the_result(room: Room, page: Page) -> None:
    with db.transaction(room.site.engine) as work:
        row = work.scalars(select(Attempt)).one()
        submit_attempt(work, attempt=row, now=datetime.now(UTC))
    choose(page, 1)
    expect(status(page)).to_have_text("考试已结束，1 题没有送到")
    expect(page.locator("#q-1 input").first).to_be_disabled()
    page.get_by_role("link", name="查看结果").click()
    expect(page.get_by_text("交卷回执")).to_be_visible()
    left = page.evaluate("Object.keys(localStorage).filter(k => k.startsWith('elearn:exam:'))")
    assert left == []
    assert room.events() == []


def test_hand_in_waits_for_what_this_phone_still_holds(room: Room, page: Page) -> None:
    blocked = [True]

    def weather(route: Route) -> None:
        if blocked[0]:
            route.abort()
        else:
            route.continue_()

    page.context.route(ANSWERS, weather)
    choose(page, 1)
    page.locator("#open-card").click()
    page.get_by_role("link", name="检查并交卷").click()
    expect(page.get_by_role("heading", name="交卷前请检查")).to_be_visible()
    button = page.get_by_role("button", name="确认交卷")
    expect(button).to_be_disabled()
    expect(page.locator("#waiting")).to_contain_text("还有 1 题没有上传")
    blocked[0] = False
    expect(button).to_be_enabled(timeout=20_000)
    expect(page.locator("#waiting")).to_contain_text("已全部上传")
    button.click()
    expect(page.get_by_text("交卷回执")).to_be_visible()
    assert len(room.events()) == 1
    page.go_back()
    expect(page.get_by_text("交卷回执")).to_be_visible()


def test_pending_answers_lead_back_to_their_question(room: Room, page: Page) -> None:
    with db.transaction(room.site.engine) as work:
        row = work.scalars(select(Attempt)).one()
        sent = [event(item, 0, [0]) for item in (1, 3)]
        save_answers(work, attempt=row, events=sent, now=datetime.now(UTC))
    page.goto(page.url + "/confirm")
    page.get_by_role("link", name="去答第 2 题").click()
    ready(page)
    expect(page.locator("#where")).to_have_text("2/6")
    assert room.attempt().answered == 2


@pytest.mark.parametrize("step", ["1", "4"])
def test_small_screens_and_large_type(room: Room, step: str) -> None:
    page = room.device()
    page.context.add_cookies([{"name": "font", "value": step, "url": room.site.url}])
    room.start(page)
    page.set_viewport_size({"width": 320, "height": 640})
    for _ in range(6):
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(wide) == 0
        page.locator("#next").click()
        page.keyboard.press("Escape")
    sticky = page.evaluate(
        "[...document.querySelectorAll('.top, .bar')].filter(e =>"
        " getComputedStyle(e).position === 'sticky').reduce((sum, e) => sum + e.offsetHeight, 0)"
    )
    assert sticky <= 0.4 * 640
    least = 60 if step == "4" else 44
    small = page.evaluate(
        "least => [...document.querySelectorAll('.question:not([hidden]) .opt, #bar button,"
        " #open-card')].filter(e => e.getBoundingClientRect().height < least - 0.5).length",
        least,
    )
    assert small == 0


def test_monitor_refreshes_by_itself(room: Room, page: Page, chromium: Browser) -> None:
    from elearn.core.access import Role  # noqa: PLC0415
    from elearn.models import OrgUnit  # noqa: PLC0415

    with db.transaction(room.site.engine) as work:
        unit = work.scalars(select(OrgUnit)).first()
        make_person(work, unit, Role.EXAMINER, staff_no="e1", password_hash=hash_password(PASSWORD))
    context = chromium.new_context(base_url=room.site.url, locale="zh-CN")
    room.contexts.append(context)
    staff = room.tab(context)
    staff.goto("/sign-in")
    staff.get_by_label("工号").fill("e1")
    staff.get_by_label("密码", exact=True).fill(PASSWORD)
    staff.get_by_role("button", name="登录").click()
    staff.goto(f"/manage/exams/{room.exam}/monitor")
    expect(staff.get_by_role("row", name=re.compile("周小兰"))).to_contain_text("0 / 6")
    choose(page, 1)
    expect(staff.get_by_role("row", name=re.compile("周小兰"))).to_contain_text(
        "1 / 6", timeout=15_000
    )
    with db.new_session(room.site.engine, write=False) as work:
        assert work.scalar(select(func.count()).select_from(Attempt)) == 1
