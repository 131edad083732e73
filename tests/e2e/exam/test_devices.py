"""Two phones and one paper: one writes, taking over is explicit, nothing is overwritten silently."""

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from elearn import db
from elearn.models import AuditEntry, Grade
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

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
TORN = "第 1 题有两个不同的答案"
READ_ONLY = "已在另一台设备继续，本页只读"


@pytest.fixture
def tablet(room: Room, page: Page) -> Page:
    """A second device on the same paper, after the first one has saved question 1."""
    page.wait_for_load_state("networkidle")
    choose(page, 1)
    expect(status(page)).to_have_text(SAVED)
    other = room.device()
    other.goto(page.url)
    ready(other)
    expect(status(other)).to_have_text(READ_ONLY)
    expect(other.locator("#q-1 input").first).to_be_disabled()
    return other


def take_over(device: Page) -> None:
    device.get_by_role("button", name="在此设备继续").click()
    expect(device.locator("#gone")).to_be_hidden()
    expect(device.locator("#q-1 input").first).to_be_enabled()


def test_taking_over_and_what_the_old_phone_still_had(room: Room, page: Page, tablet: Page) -> None:
    page.context.set_offline(True)
    page.locator("#next").click()
    choose(page, 2)
    expect(question_state(page)).to_have_text("… 本机已存")
    take_over(tablet)
    expect(tablet.locator("#q-1 input").nth(1)).to_be_checked()
    page.context.set_offline(False)
    expect(status(page)).to_have_text(READ_ONLY, timeout=20_000)
    expect(question_state(page)).to_have_text("✓ 已保存", timeout=20_000)
    expect(page.locator("#q-2 input").first).to_be_disabled()
    expect(page.locator("#gone-text")).to_contain_text("本页只能查看")
    assert room.fates() == [(1, "COUNTED"), (2, "COUNTED")]
    look(tablet, hidden=False)
    expect(tablet.locator("#q-2 input").nth(2)).to_be_checked()
    with db.new_session(room.engine, write=False) as work:
        acts = list(work.scalars(select(AuditEntry.action)))
    assert acts.count("attempt.take_over") == 1
    take_over(page)  # and back again
    look(tablet, hidden=False)
    expect(status(tablet)).to_have_text(READ_ONLY)


@pytest.mark.parametrize(("button", "kept"), [("用本机的答案", 0), ("用已保存的答案", 3)])
def test_two_answers_are_shown_and_the_person_chooses(
    room: Room, page: Page, tablet: Page, button: str, kept: int
) -> None:
    """The old phone delivers an answer late; the new one, not knowing, gives another."""
    page.context.set_offline(True)
    choose(page, 3)
    take_over(tablet)
    page.context.set_offline(False)
    expect(question_state(page)).to_have_text("✓ 已保存", timeout=20_000)
    choose(tablet, 0)
    dialog = tablet.get_by_role("dialog", name="第 1 题有两个不同的答案")
    expect(dialog).to_be_visible(timeout=20_000)
    labels = tablet.locator("#q-1 .opt").all_inner_texts()
    expect(tablet.locator("#mine")).to_have_text(labels[0].strip())
    expect(tablet.locator("#theirs")).to_have_text(labels[3].strip())
    assert room.fates()[-1] == (1, "CONFLICT")
    tablet.reload()  # nothing is decided by closing the page
    ready(tablet)
    expect(dialog).to_be_visible()
    expect(question_state(tablet)).to_have_text("! 未保存")
    tablet.keyboard.press("Escape")  # nor by closing the dialog: it comes again with its question
    expect(dialog).to_be_hidden()
    expect(status(tablet)).to_have_text("第 1 题有两个不同的答案，请选择")
    tablet.locator("#next").click()
    tablet.locator("#prev").click()
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name=button).click()
    expect(dialog).to_be_hidden()
    expect(tablet.locator("#q-1 input").nth(kept)).to_be_checked()
    expect(status(tablet)).to_have_text(SAVED, timeout=20_000)
    expect(question_state(tablet)).to_have_text("✓ 已保存")
    tablet.reload()
    ready(tablet)
    expect(tablet.locator("#q-1 input").nth(kept)).to_be_checked()
    assert tablet.evaluate(KEPT) == []
    fates = [fate for _, fate in room.fates()]
    assert fates[:3] == ["COUNTED", "COUNTED", "CONFLICT"]
    assert fates[3:] == (["COUNTED"] if kept == 0 else [])


@pytest.fixture
def torn(room: Room, page: Page, tablet: Page) -> Page:
    """The old phone answered without a network, the new one answered and holds the paper. The old
    one is back in the network and shows both answers."""
    page.context.set_offline(True)
    choose(page, 3)
    take_over(tablet)
    choose(tablet, 0)
    expect(status(tablet)).to_have_text(SAVED)
    page.context.set_offline(False)
    expect(page.get_by_role("dialog", name=TORN)).to_be_visible(timeout=20_000)
    labels = page.locator("#q-1 .opt").all_inner_texts()
    expect(page.locator("#mine")).to_have_text(labels[3].strip())
    expect(page.locator("#theirs")).to_have_text(labels[0].strip())
    assert room.fates() == [(1, "COUNTED"), (1, "COUNTED"), (1, "CONFLICT")]
    return page


def test_a_stale_phone_overwrites_nothing(room: Room, torn: Page, tablet: Page) -> None:
    """Nothing is decided by closing the dialog, nor by loading the page again."""
    torn.keyboard.press("Escape")
    expect(status(torn)).to_have_text("第 1 题有两个不同的答案，请选择")
    expect(torn.locator("#q-1 input").first).to_be_disabled()
    torn.reload()
    ready(torn)
    torn.get_by_role("button", name="用已保存的答案").click()
    expect(status(torn)).to_have_text(READ_ONLY)
    expect(torn.locator("#q-1 input").nth(0)).to_be_checked()
    torn.wait_for_function(f"{KEPT}.length === 0")
    expect(tablet.locator("#q-1 input").nth(0)).to_be_checked()
    assert [fate for _, fate in room.fates()] == ["COUNTED", "COUNTED", "CONFLICT"]


def test_choosing_the_own_answer_goes_on_here(room: Room, torn: Page, tablet: Page) -> None:
    mine = torn.get_by_role("button", name="用本机的答案")
    torn.context.set_offline(True)
    mine.click()
    expect(torn.get_by_text("没有连上系统，请稍后再点一次")).to_be_visible(timeout=20_000)
    torn.context.set_offline(False)
    mine.click()
    expect(torn.get_by_role("dialog", name=TORN)).to_be_hidden(timeout=20_000)
    expect(status(torn)).to_have_text(SAVED, timeout=20_000)
    expect(torn.locator("#q-1 input").nth(3)).to_be_checked()
    expect(torn.locator("#q-1 input").nth(3)).to_be_enabled()
    assert [fate for _, fate in room.fates()] == ["COUNTED", "COUNTED", "CONFLICT", "COUNTED"]
    look(tablet, hidden=False)
    expect(status(tablet)).to_have_text(READ_ONLY)
    expect(tablet.locator("#q-1 input").nth(3)).to_be_checked()


def test_handing_in_elsewhere_ends_the_choice(torn: Page, tablet: Page) -> None:
    """The server has both answers: the phone keeps nothing of a paper that is closed."""
    tablet.goto(tablet.url.split("#")[0] + "/confirm")
    tablet.get_by_role("button", name="确认交卷").click()
    expect(tablet.get_by_text("交卷回执")).to_be_visible()
    look(torn, hidden=False)
    expect(status(torn)).to_have_text("考试已结束")
    torn.wait_for_function(f"{KEPT}.length === 0")


def test_handing_in_twice_at_once_is_one_end(room: Room, page: Page, tablet: Page) -> None:
    for device in (page, tablet):
        device.goto(device.url.split("#")[0] + "/confirm")
        expect(device.get_by_role("button", name="确认交卷")).to_be_enabled()
    for device in (page, tablet):  # neither waits for the other's answer
        device.evaluate("const f = document.getElementById('hand-in'); f.submit(); f.submit()")
    receipts = []
    for device in (page, tablet):
        expect(device.get_by_text("交卷回执")).to_be_visible()
        receipts.append(device.locator(".receipt strong").inner_text())
    assert receipts[0] == receipts[1]
    with db.new_session(room.engine, write=False) as work:
        assert work.scalar(select(func.count()).select_from(Grade)) == 1
