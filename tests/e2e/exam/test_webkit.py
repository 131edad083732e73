"""The exam journey in WebKit, the engine family of every browser and webview on iOS, behind a
network that goes away. It is not iOS; it is the engine."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.e2e.conftest import Site
from tests.e2e.exam.webkit_phone import HERE, WebKitPhone, webkit_display, webkit_phone
from tests.e2e.exam_room import ExamWorld
from tests.e2e.weather import Sky, Weather
from tests.servers.webkit import WebKit

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    # selenium warns of the way in which it itself makes the connection
    pytest.mark.filterwarnings("ignore:setting remote_server_addr:DeprecationWarning"),
]
SAVED = r"已保存 \d\d:\d\d"


@pytest.fixture(scope="module")
def display(webkit_paths: WebKit) -> Iterator[str]:
    with webkit_display(webkit_paths) as name:
        yield name


@pytest.fixture
def world(site: Site) -> ExamWorld:
    return ExamWorld(site.engine)


@pytest.fixture
def new_phone(
    webkit_paths: WebKit, display: str, network: Weather, world: ExamWorld
) -> Iterator[Callable[[], WebKitPhone]]:
    """Phones signed in as the candidate."""
    with ExitStack() as stack:

        def made() -> WebKitPhone:
            phone = stack.enter_context(webkit_phone(webkit_paths, display, network.url))
            phone.sign_in()
            return phone

        yield made


def test_two_minutes_without_network_across_the_deadline(
    world: ExamWorld, network: Weather, new_phone: Callable[[], WebKitPhone]
) -> None:
    phone = new_phone()
    address = phone.start(world.exam)
    phone.choose(1)
    phone.says("#save", SAVED)
    phone.says(f"{HERE} .state", "✓ 已保存")
    world.end_in(12)
    phone.open(address)
    phone.ready()
    network.sky = Sky.CUT
    phone.next()
    phone.choose(2)
    phone.says(f"{HERE} .state", "… 本机已存")
    phone.says("#acked", "已确认 1/6")
    phone.says("#save", "时间到，还有 1 题待上传，请保持页面打开")
    assert phone.js("document.querySelector('#q-2 fieldset').disabled")
    world.ended(seconds=120)
    network.sky = Sky.FAIR
    phone.says("#gone-text", "第 2 题在截止后的补传时间内送到，按规定计入")
    phone.says("#acked", "已确认 2/6")
    assert world.fates() == [(1, "COUNTED"), (2, "LATE")]
    phone.until(lambda _: not phone.kept(), "the journal still holds something")


def test_lost_reply_error_closed_page_and_wiped_storage(
    world: ExamWorld, network: Weather, new_phone: Callable[[], WebKitPhone]
) -> None:
    phone = new_phone()
    address = phone.start(world.exam)
    network.sky = Sky.DEAF  # committed, and nobody told us
    phone.choose(1)
    phone.says("#save", "网络不稳，1 题暂存本机")
    network.sky = Sky.DOWN
    phone.until(lambda _: network.requests[Sky.DOWN] > 0, "no request came")
    network.sky = Sky.FAIR
    phone.says("#save", SAVED)
    assert world.fates() == [(1, "COUNTED")]
    network.sky = Sky.CUT
    for _ in range(4):
        phone.next()
    phone.find(f"{HERE} input[type=text]").send_keys("从严治党")
    phone.says(f"{HERE} .state", "… 本机已存")
    assert len(phone.kept()) == 1
    phone.close_page()
    network.sky = Sky.FAIR
    phone.open(address)
    phone.ready()
    phone.says("#save", SAVED)
    assert world.events()[-1] == (5, 0, ["从严治党", ""])
    network.sky = Sky.CUT
    phone.next()
    phone.choose(0)
    phone.says(f"{HERE} .state", "… 本机已存")
    phone.until(lambda _: mirrored(phone) == 1, "the second copy never came")
    phone.js("localStorage.clear()")
    network.sky = Sky.FAIR
    phone.open(address)
    phone.ready()
    phone.says("#acked", "已确认 3/6")
    assert [item for item, _ in world.fates()] == [1, 5, 2]
    phone.until(lambda _: not phone.kept(), "the journal still holds something")


def test_two_tabs_and_a_second_phone(
    world: ExamWorld, network: Weather, new_phone: Callable[[], WebKitPhone]
) -> None:
    phone = new_phone()
    address = phone.start(world.exam)
    phone.choose(1)
    phone.says("#save", SAVED)
    first = phone.driver.current_window_handle
    phone.driver.switch_to.new_window("tab")
    phone.open(address)
    phone.ready()
    network.sky = Sky.CUT
    phone.choose(3)
    phone.says(f"{HERE} .state", "… 本机已存")
    phone.driver.switch_to.window(first)
    phone.until(
        lambda _: phone.js("document.querySelectorAll('#q-1 input')[3].checked"), "not told"
    )
    network.sky = Sky.FAIR
    phone.says("#acked", "已确认 1/6")
    phone.until(lambda _: phone.kept() == [], "not delivered")
    assert world.fates() == [(1, "COUNTED"), (1, "COUNTED")]
    other = new_phone()
    other.open(address)
    other.ready()
    other.says("#save", "已在另一台设备继续，本页只读")
    other.find("#take-over").click()
    other.until(
        lambda _: not other.js("document.querySelector('#q-1 fieldset').disabled"), "locked"
    )
    other.choose(2)
    other.says("#save", SAVED)
    phone.choose(0)
    phone.says("#save", "第 1 题有两个不同的答案，请选择")
    assert [fate for _, fate in world.fates()] == ["COUNTED"] * 3 + ["CONFLICT"]
    phone.find("#keep-theirs").click()
    phone.says("#save", "已在另一台设备继续")
    phone.until(lambda _: phone.kept() == [], "not delivered")


def mirrored(phone: WebKitPhone) -> int:
    """How many events the second copy holds."""
    found: int = phone.driver.execute_async_script(
        "const done = arguments[0]; const asked = indexedDB.open('elearn');"
        "asked.onerror = () => done(-1); asked.onsuccess = () => {"
        " const names = asked.result.transaction('journal').objectStore('journal').getAllKeys();"
        " names.onsuccess = () => { asked.result.close();"
        "  done(names.result.filter((n) => n.includes('exam:')).length); }; };"
    )
    return found
