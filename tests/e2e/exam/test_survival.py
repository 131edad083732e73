"""What happens to the phone: a killed browser, emptied or broken storage, a second tab. The network
is cut where the answer is given, so the phone is the only place that has it."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, Playwright, expect

from tests.e2e.conftest import QUIET
from tests.e2e.exam_room import (
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
from tests.servers.chromium import launch_arguments

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
# Names of what the second copy has; [] while there is no store yet.
MIRRORED = """() => new Promise((done) => {
  const asked = indexedDB.open('elearn');
  asked.onerror = () => done([]);
  asked.onsuccess = () => {
    const names = asked.result.transaction('journal').objectStore('journal').getAllKeys();
    names.onsuccess = () => { asked.result.close(); done(names.result.filter((n) => n.includes('exam:'))); };
  };
})"""


@pytest.fixture
def stormy(room: Room, network: Weather) -> Room:
    """The room behind a network whose sky the test changes."""
    room.url = network.url
    return room


def start(room: Room) -> Page:
    page = room.device()
    room.start(page)
    page.wait_for_load_state("networkidle")
    return page


def wait_for_mirror(page: Page, count: int) -> None:
    """Until the second copy has that many. (`wait_for_function` takes any promise for a yes.)"""
    for _ in range(300):
        if len(page.evaluate(MIRRORED)) == count:
            return
        page.wait_for_timeout(50)
    pytest.fail(f"the second copy never had {count} records")


@contextmanager
def own_chromium(program: str, folder: Path, playwright: Playwright) -> Iterator[Page]:
    """A whole browser of its own with a profile on disk, gone like a killed app: SIGKILL."""
    port_file = folder / "DevToolsActivePort"
    port_file.unlink(missing_ok=True)
    command = [program, *launch_arguments(), *QUIET, "--headless", "--remote-debugging-port=0"]
    process = subprocess.Popen(
        [*command, f"--user-data-dir={folder}", "about:blank"],
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )
    try:
        assert process.stderr is not None
        said = (re.search(r"ws://\S+", line) for line in process.stderr)
        address = next(found[0] for found in said if found)
        browser = playwright.chromium.connect_over_cdp(address)
        yield browser.contexts[0].pages[0]
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=30)
        process.stderr.close()


def test_browser_killed_while_typing(
    stormy: Room, network: Weather, chromium_path: str, playwright: Playwright, tmp_path: Path
) -> None:
    folder = tmp_path / "profile"
    with own_chromium(chromium_path, folder, playwright) as page:
        stormy.sign_in(page)
        stormy.start(page)
        address = page.url
        network.sky = Sky.CUT
        for _ in range(4):
            page.locator("#next").click()
        field = page.locator(".question:not([hidden]) input[type=text]").first
        field.press_sequentially("全面从严治", delay=20)
        wait_for_mirror(page, 1)
    network.sky = Sky.FAIR
    assert stormy.events() == []
    with own_chromium(chromium_path, folder, playwright) as page:
        stormy.sign_in(page)  # the cookie had not reached the disk yet either
        page.goto(address)
        ready(page)
        expect(page.locator("#q-5 input[type=text]").first).to_have_value("全面从严治")
        expect(status(page)).to_have_text(SAVED)
        assert stormy.events() == [(5, 0, ["全面从严治", ""])]
        wait_for_mirror(page, 0)


def test_emptied_storage_comes_back_from_the_mirror(stormy: Room, network: Weather) -> None:
    page = start(stormy)
    choose(page, 0)  # takes the writing lease for this browser
    expect(status(page)).to_have_text(SAVED)
    network.sky = Sky.CUT
    page.locator("#next").click()
    choose(page, 2)
    wait_for_mirror(page, 1)
    device = page.evaluate("localStorage.getItem('elearn:device')")
    page.evaluate("localStorage.clear()")
    address, context = page.url, page.context
    page.close()
    network.sky = Sky.FAIR
    again = stormy.tab(context)
    again.goto(address)
    ready(again)
    expect(status(again)).to_have_text(SAVED)
    again.locator("#next").click()
    expect(question_state(again)).to_have_text("✓ 已保存")
    expect(again.locator("#q-2 input").nth(2)).to_be_checked()
    assert [item for item, _, _ in stormy.events()] == [1, 2]
    # The same browser still: nobody is asked to take over from themselves.
    assert again.evaluate("localStorage.getItem('elearn:device')") == device
    assert stormy.attempt().device == device


def test_broken_indexeddb_leaves_the_journal(stormy: Room, network: Weather) -> None:
    page = stormy.device()
    page.context.add_init_script(
        "IDBFactory.prototype.open = () => { throw new DOMException('no', 'UnknownError'); };"
    )
    stormy.start(page)
    page.wait_for_load_state("networkidle")
    network.sky = Sky.CUT
    choose(page, 1)
    expect(question_state(page)).to_have_text("… 本机已存")
    address, context = page.url, page.context
    page.close()
    network.sky = Sky.FAIR
    again = stormy.tab(context)
    again.goto(address)
    expect(status(again)).to_have_text(SAVED)
    assert [item for item, _, _ in stormy.events()] == [1]


def test_mirror_opens_again_after_its_connection_died(stormy: Room, network: Weather) -> None:
    """As WebKit does to pages in the background: every transaction of the old handle throws."""
    page = stormy.device()
    page.context.add_init_script(
        "const work = IDBDatabase.prototype.transaction; const dead = new WeakSet();"
        "window.killMirror = () => { window.mirrorDied = true; };"
        "IDBDatabase.prototype.transaction = function (...of) {"
        "  if (window.mirrorDied) { window.mirrorDied = false; dead.add(this); }"
        "  if (dead.has(this)) throw new DOMException('lost', 'InvalidStateError');"
        "  return work.apply(this, of); };"
    )
    stormy.start(page)
    page.wait_for_load_state("networkidle")
    page.evaluate("window.killMirror()")
    network.sky = Sky.CUT
    choose(page, 1)
    wait_for_mirror(page, 1)


def test_two_tabs_share_the_journal(stormy: Room, network: Weather) -> None:
    first = start(stormy)
    second = stormy.tab(first.context)
    second.goto(first.url)
    ready(second)
    second.wait_for_load_state("networkidle")
    network.sky = Sky.CUT
    choose(first, 1)
    second.locator("#next").click()
    choose(second, 2)
    expect(second.locator("#q-1 input").nth(1)).to_be_checked()
    expect(first.locator("#q-2 input").nth(2)).to_be_checked()
    expect(second.locator("#open-card")).to_be_visible()
    assert len(first.evaluate(KEPT)) == 2
    first.close()  # what it could not deliver, the other tab does
    network.sky = Sky.FAIR
    look(second, hidden=False)
    expect(status(second)).to_have_text(SAVED, timeout=40_000)
    expect(second.locator("#acked")).to_have_text("已确认 2/6")
    assert sorted(item for item, _, _ in stormy.events()) == [1, 2]
    assert second.evaluate(KEPT) == []


def test_signing_out_warns_and_keeps(stormy: Room, network: Weather) -> None:
    page = start(stormy)
    address = page.url
    network.sky = Sky.CUT
    choose(page, 1)
    expect(question_state(page)).to_have_text("… 本机已存")
    page.route("**/answers", lambda route: route.abort())
    network.sky = Sky.FAIR
    page.goto(f"{stormy.url}/settings")
    page.get_by_role("button", name="退出登录").click()
    expect(page.get_by_role("alert")).to_contain_text("还有考试答案没有上传")
    page.get_by_role("button", name="仍要退出").click()
    expect(page.get_by_role("heading", name="登录", exact=True)).to_be_visible()
    kept = page.evaluate("Object.values({...localStorage}).join()")
    assert len(page.evaluate(KEPT)) == 1
    assert '"value"' not in kept
    page.unroute("**/answers")
    stormy.sign_in(page)
    page.goto(address)
    expect(status(page)).to_have_text(SAVED)
    assert [item for item, _, _ in stormy.events()] == [1]
