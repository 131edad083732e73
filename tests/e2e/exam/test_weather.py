"""The network goes away and comes back, across the deadline too: what was answered in time counts,
what came later is kept, and the page says which is which."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.exam_room import (
    ANSWERS,
    KEPT,
    SAVED,
    Room,
    choose,
    look,
    question_state,
    ready,
    status,
)
from tests.e2e.weather import Sky, Weather

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
OFFLINE_OVER = re.compile("时间到，还有 2 题待上传，请保持页面打开")


@pytest.fixture
def phone(room: Room) -> Page:
    """A phone as Chromium emulates it, in the exam."""
    page = room.device(has_touch=True, is_mobile=True, device_scale_factor=3)
    room.start(page)
    page.wait_for_load_state("networkidle")
    return page


def answer_offline_until_time_is_over(room: Room, phone: Page) -> None:
    room.end_in(9)
    look(phone, hidden=False)  # the page asks again how much time is left
    expect(phone.locator("#clock")).to_have_text(re.compile(r"00:0\d"))
    phone.context.set_offline(True)
    choose(phone, 1)
    phone.locator("#next").click()
    choose(phone, 2)
    expect(question_state(phone)).to_have_text("… 本机已存")
    expect(phone.locator("#acked")).to_have_text("已确认 0/6")
    expect(status(phone)).to_have_text(OFFLINE_OVER)
    expect(phone.locator("#q-2 input").first).to_be_disabled()
    expect(phone.locator("#gone-text")).to_contain_text("3 分钟内送到的仍然计入")
    assert room.events() == []


def test_two_minutes_without_network_across_the_deadline(room: Room, phone: Page) -> None:
    answer_offline_until_time_is_over(room, phone)
    room.ended(seconds=120)
    phone.context.set_offline(False)
    said = phone.locator("#gone-text")
    expect(said).to_contain_text("第 1、2 题在截止后的补传时间内送到，按规定计入")
    expect(question_state(phone)).to_have_text("✓ 已保存")
    expect(phone.locator("#acked")).to_have_text("已确认 2/6")
    assert room.fates() == [(1, "LATE"), (2, "LATE")]
    assert room.attempt().answered == 2
    assert phone.evaluate(KEPT) == []


def test_after_the_late_window_answers_wait_for_a_decision(room: Room, phone: Page) -> None:
    answer_offline_until_time_is_over(room, phone)
    room.ended(seconds=400)
    phone.context.set_offline(False)
    expect(phone.locator("#gone-text")).to_contain_text("第 1、2 题是交卷以后或补传时间以后送到的")
    assert room.fates() == [(1, "HELD"), (2, "HELD")]
    assert room.attempt().answered == 0
    assert phone.evaluate(KEPT) == []


def test_leftovers_go_up_from_the_result_page(room: Room, phone: Page) -> None:
    """Time over, not delivered, and the person has gone on to the result."""
    refuse = [True]

    def sky(route: Route) -> None:
        if refuse[0]:
            route.abort()
        else:
            route.continue_()

    phone.context.route(ANSWERS, sky)
    choose(phone, 1)
    expect(question_state(phone)).to_have_text("… 本机已存")
    room.ended(seconds=60)
    phone.goto(phone.url + "/result")
    left = phone.locator("#leftover")
    expect(left).to_contain_text("本机还有 1 题没有送到，正在补传")
    assert len(phone.evaluate(KEPT)) == 1
    refuse[0] = False
    look(phone, hidden=False)
    expect(left).to_contain_text("第 1 题在截止后的补传时间内送到，按规定计入")
    assert room.fates() == [(1, "LATE")]
    assert phone.evaluate(KEPT) == []


def test_lost_replies_and_pauses_asked_for(room: Room, network: Weather) -> None:
    """The reply is lost twice after the commit, then the server asks for a pause: stored once."""
    room.url = network.url
    page = room.device()
    room.start(page)
    page.wait_for_load_state("networkidle")
    network.sky = Sky.DEAF
    choose(page, 1)
    expect(status(page)).to_have_text("网络不稳，1 题暂存本机", timeout=40_000)
    expect(question_state(page)).to_have_text("… 本机已存")
    assert len(room.events()) == 1
    choose(page, 3)  # another answer to the same question, while the first one is in doubt
    network.sky = Sky.DOWN
    look(page, hidden=False)
    page.wait_for_timeout(1500)
    network.sky = Sky.FAIR
    expect(status(page)).to_have_text(SAVED, timeout=40_000)
    expect(question_state(page)).to_have_text("✓ 已保存")
    assert [fate for _, fate in room.fates()] == ["COUNTED", "COUNTED"]
    assert network.requests[Sky.DEAF] >= 2
    page.reload()
    ready(page)
    expect(page.locator("#q-1 input").nth(3)).to_be_checked()


def test_retry_after_is_obeyed(room: Room, phone: Page) -> None:
    tries: list[float] = []

    def busy(route: Route) -> None:
        tries.append(phone.evaluate("performance.now()"))
        if len(tries) == 1:
            route.fulfill(status=503, body="{}", headers={"Retry-After": "4"})
        else:
            route.continue_()

    phone.route(ANSWERS, busy)
    choose(phone, 1)
    phone.wait_for_timeout(1200)
    look(phone, hidden=True)  # neither leaving nor coming back breaks the pause
    look(phone, hidden=False)
    expect(status(phone)).to_have_text(SAVED, timeout=40_000)
    assert len(tries) == 2
    assert tries[1] - tries[0] >= 4000
