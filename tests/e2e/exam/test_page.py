"""The exam page in a real browser and bad weather: nothing is called saved before the server has
it, and nothing that was answered gets lost."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy import delete, func, select

from elearn import db
from elearn.exams.attempts.saving import save_answers
from elearn.exams.attempts.services import submit_attempt
from elearn.models import Attempt, LoginSession
from tests.e2e.exam_room import (
    ANSWERS,
    KEPT,
    PASSWORD,
    SAVED,
    Room,
    choose,
    question_state,
    ready,
    status,
)
from tests.factories_exams import event

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


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
    card.get_by_role("button", name="已标记").click()
    expect(card.locator("h3:visible")).to_have_text(["单选题"])  # no heading over nothing
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
    expect(question_state(page)).to_have_text("… 本机已存")
    kept = page.evaluate(KEPT)
    assert len(kept) == 2
    assert all(room.attempt().public_id in name for name in kept)
    address = page.url
    page.close()
    context = room.contexts[-1]
    context.set_offline(False)
    again = room.tab(context)
    again.goto(address)
    expect(status(again)).to_have_text(SAVED)
    expect(again.locator("#q-1 input").nth(1)).to_be_checked()
    assert sorted(item for item, _, _ in room.events()) == [1, 2]
    expect(question_state(again)).to_have_text("✓ 已保存")
    assert again.evaluate(KEPT) == []


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
    page.add_init_script(
        "Storage.prototype.setItem = () => { throw new Error('no'); };"
        "IDBFactory.prototype.open = () => { throw new Error('no'); };"
    )
    room.start(page)
    page.context.set_offline(True)
    choose(page, 0)
    expect(status(page)).to_have_text("本机无法暂存，请保持页面打开")
    expect(question_state(page)).to_have_text("! 未保存")
    page.context.set_offline(False)
    expect(status(page)).to_have_text(SAVED)


def test_expired_sign_in_keeps_the_answer(room: Room, page: Page) -> None:
    with db.transaction(room.engine) as work:
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
    page.wait_for_load_state("networkidle")  # a reply under way would bring the cookie back
    page.context.clear_cookies()
    room.sign_in(other)
    choose(page, 1)
    expect(status(page)).to_have_text(SAVED, timeout=20_000)
    assert len(room.events()) == 1


# ---------------------------------------------------------------- the end


def test_warnings_and_the_deadline(room: Room) -> None:
    page = room.device()
    page.clock.install()
    # A poll would bring the true time back, which has not moved.
    page.route("**/room?*", lambda route: route.abort())
    room.start(page)
    page.wait_for_load_state("networkidle")
    live = page.locator("#live")
    for minutes, ahead in ((30, 20 * 60), (10, 20 * 60), (5, 5 * 60)):
        page.clock.fast_forward(ahead * 1000)
        page.clock.run_for(1000)
        expect(live).to_have_text(f"还剩 {minutes} 分钟")
    expect(page.locator("#clock")).to_have_class(re.compile("warn"))


def test_time_over_stops_the_input_and_keeps_uploading(room: Room, page: Page) -> None:
    with db.transaction(room.engine) as work:
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


def test_answer_after_handing_in_elsewhere_is_kept_for_a_decision(room: Room, page: Page) -> None:
    with db.transaction(room.engine) as work:
        row = work.scalars(select(Attempt)).one()
        submit_attempt(work, attempt=row, now=datetime.now(UTC))
    choose(page, 1)
    expect(status(page)).to_have_text("考试已结束", timeout=20_000)
    expect(page.locator("#q-1 input").first).to_be_disabled()
    expect(page.locator("#gone-text")).to_contain_text("第 1 题是交卷以后")
    expect(page.locator("#gone-text")).to_contain_text("由考务人员裁定")
    assert room.fates() == [(1, "HELD")]
    assert room.attempt().answered == 0
    page.get_by_role("link", name="查看结果").click()
    expect(page.get_by_text("交卷回执")).to_be_visible()
    assert page.evaluate(KEPT) == []


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
    with db.transaction(room.engine) as work:
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
    page.context.add_cookies([{"name": "font", "value": step, "url": room.url}])
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


def test_monitor_refreshes_by_itself(room: Room, page: Page) -> None:
    room.add_examiner()
    staff = room.device("e1")
    staff.goto(f"/manage/exams/{room.exam}/monitor")
    expect(staff.get_by_role("row", name=re.compile("周小兰"))).to_contain_text("0 / 6")
    choose(page, 1)
    expect(staff.get_by_role("row", name=re.compile("周小兰"))).to_contain_text(
        "1 / 6", timeout=15_000
    )
    with db.new_session(room.engine, write=False) as work:
        assert work.scalar(select(func.count()).select_from(Attempt)) == 1
