"""The network is cut on the pages around the paper: nobody meets a dead end, nothing is lost, and the
phone goes on by itself. The service worker is an enhancement: it answers for pages that cannot be
reached, keeps nothing of anybody, and can be taken away."""

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect
from sqlalchemy import func, select

from elearn import db
from elearn.models import Attempt, AttemptState, Exam
from tests.e2e.conftest import Site, serving
from tests.e2e.exam_room import (
    KEPT,
    PASSWORD,
    SAVED,
    Room,
    choose,
    question_state,
    ready,
    status,
)
from tests.e2e.weather import Sky, Weather

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
OFFLINE = "现在连不上系统"
REGISTERED = "navigator.serviceWorker.getRegistrations().then((all) => all.length)"
CACHES = "caches.keys()"
# Everything Cache Storage holds: [address, text].
CACHED = """async () => {
  const found = [];
  for (const name of await caches.keys()) {
    const kept = await caches.open(name);
    for (const request of await kept.keys()) {
      found.push([new URL(request.url).pathname, await (await kept.match(request, { ignoreVary: true })).text()]);
    }
  }
  return found;
}"""


@pytest.fixture
def stormy(room: Room, network: Weather) -> Room:
    """The room behind a network whose sky the test changes."""
    room.url = network.url
    return room


@pytest.fixture
def phone(stormy: Room) -> Page:
    """Signed in, with the worker at work."""
    page = stormy.device()
    wait_for_worker(page)
    return page


def wait_for_worker(page: Page) -> None:
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    until(page, CACHES, lambda names: len(names) == 1)


def until(page: Page, expression: str, good: object) -> None:
    """Until what the page says is good."""
    for _ in range(300):
        last = page.evaluate(expression)
        if good(last):  # type: ignore[operator]  # a function of what was said
            return
        page.wait_for_timeout(100)
    pytest.fail(f"{expression} stayed {last}")


def post_natively(page: Page, form: str) -> None:
    """Past the page's own care, until the browser shows its error page."""
    page.evaluate("form => setTimeout(() => document.querySelector(form).submit())", form)
    for _ in range(300):
        if page.url.startswith("chrome-error:"):
            return
        page.wait_for_timeout(100)
    pytest.fail(f"the browser shows {page.url}")


def shot(page: Page, name: str) -> None:
    """A picture for looking at, when asked for."""
    if folder := os.environ.get("ELEARN_TEST_SHOTS"):
        page.screenshot(path=f"{folder}/{name}.png")


def attempts(room: Room) -> int:
    with db.new_session(room.engine, write=False) as work:
        return work.scalar(select(func.count()).select_from(Attempt)) or 0


# ---------------------------------------------------------------- the worker


def test_a_link_without_network_leads_to_a_page_that_comes_back(
    phone: Page, network: Weather
) -> None:
    phone.goto("/exams")
    network.sky = Sky.CUT
    phone.get_by_role("navigation", name="主导航").get_by_role("link", name="课程").click()
    expect(phone.get_by_role("heading", name=OFFLINE)).to_be_visible()
    assert phone.url.endswith("/courses")
    expect(phone.locator("#elsewhere")).to_contain_text("已经提交的都在系统里")
    expect(phone.locator("#attempt")).to_be_hidden()
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert phone.evaluate(wide) <= 0
    shot(phone, "offline")
    phone.get_by_role("link", name="再试一次").click()
    expect(phone.locator("#said")).to_contain_text("还没有连上")
    network.sky = Sky.FAIR
    expect(phone.get_by_role("heading", name="课程", exact=True)).to_be_visible()


def test_the_offline_page_has_the_persons_type_size(
    stormy: Room, phone: Page, network: Weather
) -> None:
    phone.context.add_cookies(
        [{"name": name, "value": value, "url": stormy.url} for name, value in DISPLAY]
    )
    network.sky = Sky.CUT
    phone.goto("/me")
    expect(phone.get_by_role("heading", name=OFFLINE)).to_be_visible()
    expect(phone.locator("html")).to_have_attribute("data-fs", "4")
    expect(phone.locator("html")).to_have_attribute("data-theme", "dark")
    shot(phone, "offline-large-dark")


DISPLAY = (("font", "4"), ("theme", "dark"))


def test_the_paper_opened_without_network_returns_and_delivers(
    stormy: Room, phone: Page, network: Weather
) -> None:
    stormy.start(phone)
    network.sky = Sky.CUT
    choose(phone, 1)
    expect(question_state(phone)).to_have_text("… 本机已存")
    phone.reload()
    expect(phone.get_by_role("heading", name=OFFLINE)).to_be_visible()
    expect(phone.locator("#attempt")).to_contain_text("您的答案都在")
    expect(phone.locator("#attempt")).to_contain_text("会自动上传")
    expect(phone.locator("#elsewhere")).to_be_hidden()
    shot(phone, "offline-paper")
    assert len(phone.evaluate(KEPT)) == 1
    assert stormy.events() == []
    network.sky = Sky.FAIR
    ready(phone)  # nobody touched the phone
    expect(status(phone)).to_have_text(SAVED)
    assert [item for item, _, _ in stormy.events()] == [1]
    assert phone.evaluate(KEPT) == []


def test_nothing_of_anybody_is_kept(stormy: Room, phone: Page) -> None:
    stormy.start(phone)
    choose(phone, 1)
    expect(status(phone)).to_have_text(SAVED)
    for address in ("/", "/courses", "/me", f"/exams/{stormy.exam}", "/settings"):
        phone.goto(address)
    phone.goto(f"/attempts/{stormy.attempt().public_id}/confirm")
    phone.get_by_role("button", name="确认交卷").click()
    expect(phone.get_by_text("交卷回执")).to_be_visible()
    kept = dict(phone.evaluate(CACHED))
    names = [re.sub(r"-[A-Z0-9]{8}\.", "-*.", name) for name in kept]
    assert sorted(names) == ["/offline", "/static/build/app-*.css", "/static/build/offline-*.js"]
    for text in kept.values():
        assert "周小兰" not in text
        assert stormy.attempt().public_id not in text


def test_a_post_is_never_answered_by_the_worker(
    stormy: Room, phone: Page, network: Weather
) -> None:
    """Sent past the page's own care: the browser says what happened, not a page of ours."""
    stormy.start(phone)
    phone.goto(f"/attempts/{stormy.attempt().public_id}/confirm")
    network.sky = Sky.CUT
    post_natively(phone, "#hand-in")
    assert stormy.attempt().state == AttemptState.IN_PROGRESS


def test_another_worker_takes_over_and_clears_up(
    phone: Page, network: Weather, site: Site, content: Path, tmp_path: Path
) -> None:
    (before,) = phone.evaluate(CACHES)
    with serving(site.engine, content, tmp_path, ELEARN_HELP_CONTACT="新的联系人") as changed:
        network.server = ("127.0.0.1", int(changed.url.rsplit(":", 1)[1]))
        phone.goto("/exams")
        until(phone, CACHES, lambda names: len(names) == 1 and names != [before])
        network.sky = Sky.CUT
        phone.goto("/courses")
        expect(phone.get_by_text("新的联系人")).to_be_visible()


def test_switched_off_it_goes_and_the_answers_stay(
    stormy: Room, phone: Page, network: Weather, site: Site, content: Path, tmp_path: Path
) -> None:
    stormy.start(phone)
    network.sky = Sky.CUT
    choose(phone, 1)
    expect(question_state(phone)).to_have_text("… 本机已存")
    phone.goto("about:blank")
    with serving(site.engine, content, tmp_path, ELEARN_SERVICE_WORKER="0") as without:
        network.server = ("127.0.0.1", int(without.url.rsplit(":", 1)[1]))
        network.sky = Sky.FAIR
        phone.goto(f"{stormy.url}/exams")
        until(phone, REGISTERED, lambda count: count == 0)
        assert phone.evaluate(CACHES) == []
        assert len(phone.evaluate(KEPT)) == 1
        phone.goto(f"/attempts/{stormy.attempt().public_id}")
        expect(status(phone)).to_have_text(SAVED)
        phone.goto("/exams")
        assert phone.evaluate(REGISTERED) == 0


def test_without_workers_a_tap_stays_where_one_is(room: Room) -> None:
    """As in the webviews of iOS, and on plain http."""
    phone = room.device(service_workers="block")
    room.start(phone)
    choose(phone, 1)
    expect(status(phone)).to_have_text(SAVED)
    phone.goto("/exams")
    phone.context.set_offline(True)
    phone.get_by_role("navigation", name="主导航").get_by_role("link", name="课程").click()
    expect(phone.get_by_role("alert")).to_contain_text("现在没有网络，打不开")
    assert phone.url.endswith("/exams")
    shot(phone, "no-worker")
    phone.context.set_offline(False)
    phone.get_by_role("navigation", name="主导航").get_by_role("link", name="课程").click()
    expect(phone.get_by_role("heading", name="课程", exact=True)).to_be_visible()
    assert phone.evaluate(REGISTERED) == 0


# ---------------------------------------------------------------- before the exam


def test_start_without_network_waits_and_starts_once(
    stormy: Room, phone: Page, network: Weather
) -> None:
    phone.goto(f"/exams/{stormy.exam}")
    phone.get_by_label("我已阅读以上说明").check()
    network.sky = Sky.CUT
    button = phone.get_by_role("button", name="开始考试")
    button.click()
    expect(phone.get_by_role("alert")).to_contain_text("考试还没有开始，不计时")
    shot(phone, "lobby-cut")
    button.click()
    expect(phone.get_by_role("alert")).to_contain_text("联网后再点一次")
    assert attempts(stormy) == 0
    network.sky = Sky.FAIR
    button.dblclick()
    ready(phone)
    assert attempts(stormy) == 1


def test_the_reply_to_the_start_is_lost(stormy: Room, phone: Page, network: Weather) -> None:
    """The exam has begun and the phone does not know it: the list leads into it."""
    phone.goto(f"/exams/{stormy.exam}")
    phone.get_by_label("我已阅读以上说明").check()
    network.sky = Sky.DEAF
    post_natively(phone, "form[action$=start]")
    assert attempts(stormy) == 1
    network.sky = Sky.FAIR
    phone.goto(f"{stormy.url}/exams/{stormy.exam}")
    phone.get_by_role("link", name="继续考试").click()
    ready(phone)
    assert attempts(stormy) == 1


def opens_in(room: Room, seconds: float) -> None:
    with db.transaction(room.engine) as work:
        exam = work.scalars(select(Exam)).one()
        exam.opens_at = datetime.now(UTC) + timedelta(seconds=seconds)


def test_the_doors_open_while_the_network_is_away(
    stormy: Room, phone: Page, network: Weather
) -> None:
    opens_in(stormy, 8)
    phone.goto(f"/exams/{stormy.exam}")
    waiting = phone.locator("#opening")
    expect(waiting).to_contain_text(re.compile(r"离开始还有 \d+ 秒，到时间本页自动刷新"))
    expect(phone.get_by_role("button", name="开始考试")).to_be_disabled()
    shot(phone, "lobby-waiting")
    network.sky = Sky.CUT
    expect(waiting).to_contain_text("时间到了，现在连不上系统")
    shot(phone, "lobby-opened-offline")
    network.sky = Sky.FAIR
    phone.get_by_label("我已阅读以上说明").check()  # the page has come by itself
    phone.get_by_role("button", name="开始考试").click()
    ready(phone)


def test_the_device_check_notices_that_the_network_is_back(
    stormy: Room, phone: Page, network: Weather
) -> None:
    phone.route("**/healthz", lambda route: route.abort())
    phone.goto(f"/exams/{stormy.exam}")
    expect(phone.locator("#preflight")).to_contain_text("现在连不上系统")
    phone.unroute("**/healthz")
    expect(phone.locator("#preflight")).to_contain_text("网络正常")


# ---------------------------------------------------------------- leaving the paper


def test_checking_without_network_stays_on_the_paper(
    stormy: Room, phone: Page, network: Weather
) -> None:
    stormy.start(phone)
    choose(phone, 1)
    expect(status(phone)).to_have_text(SAVED)
    paper = phone.url
    network.sky = Sky.CUT
    phone.locator("#open-card").click()
    phone.get_by_role("link", name="检查并交卷").click()
    expect(phone.get_by_role("alert")).to_contain_text("请留在本页，接着答题")
    shot(phone, "check-cut")
    assert phone.url == paper
    phone.get_by_role("button", name="关闭").click()
    phone.locator("#next").click()
    choose(phone, 2)  # and goes on answering
    expect(question_state(phone)).to_have_text("… 本机已存")
    network.sky = Sky.FAIR
    phone.locator("#open-card").click()
    phone.get_by_role("link", name="检查并交卷").click()
    expect(phone.get_by_role("heading", name="交卷前请检查")).to_be_visible()
    assert len(stormy.events()) == 2


def test_handing_in_without_network(stormy: Room, phone: Page, network: Weather) -> None:
    stormy.start(phone)
    choose(phone, 1)
    expect(status(phone)).to_have_text(SAVED)
    phone.goto(phone.url + "/confirm")
    network.sky = Sky.CUT
    button = phone.get_by_role("button", name="确认交卷")
    button.click()
    expect(phone.get_by_role("alert")).to_contain_text("还没有交卷。已保存的答案都在")
    shot(phone, "hand-in-cut")
    assert stormy.attempt().state == AttemptState.IN_PROGRESS
    network.sky = Sky.FAIR
    button.dblclick()
    expect(phone.get_by_text("交卷回执")).to_be_visible()
    network.sky = Sky.CUT
    phone.reload()
    expect(phone.get_by_role("heading", name=OFFLINE)).to_be_visible()
    network.sky = Sky.FAIR
    expect(phone.get_by_text("交卷回执")).to_be_visible()


def test_a_silent_network_is_tried_on_the_second_tap(
    stormy: Room, phone: Page, network: Weather
) -> None:
    """Nothing comes back for a long time: the page does not promise, and does not refuse for ever."""
    stormy.start(phone)
    phone.goto(phone.url + "/confirm")
    phone.wait_for_load_state("networkidle")
    asked: list[Route] = []
    phone.route("**/app-*.js", lambda route: asked.append(route))  # noqa: PLW0108  # no builtins here
    button = phone.get_by_role("button", name="确认交卷")
    button.click()
    expect(phone.get_by_role("alert")).to_contain_text("网络很慢，还没有提交")
    assert [route.request.method for route in asked] == ["HEAD"]
    phone.unroute("**/app-*.js")
    button.click()
    expect(phone.get_by_text("交卷回执")).to_be_visible()


# ---------------------------------------------------------------- signing in


def test_signing_in_without_network(stormy: Room, network: Weather) -> None:
    context: BrowserContext = stormy.device().context
    context.clear_cookies()
    page = stormy.tab(context)
    page.goto(f"{stormy.url}/sign-in")
    page.get_by_label("工号").fill("c1")
    page.get_by_label("密码", exact=True).fill(PASSWORD)
    until(page, "performance.now()", lambda age: age > 10_000)  # the page is no longer fresh
    network.sky = Sky.CUT
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("alert")).to_contain_text("现在没有网络，还没有提交")
    expect(page.get_by_label("密码", exact=True)).to_have_value(PASSWORD)
    shot(page, "sign-in-cut")
    network.sky = Sky.FAIR
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("navigation", name="主导航")).to_be_visible()
