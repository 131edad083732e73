"""The last resort, end to end: from a phone that cannot deliver to the examiner's desk."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import DESKTOP
from tests.e2e.exam_room import KEPT, Room, choose, look

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.fixture
def stuck(room: Room, page: Page) -> Page:
    """Time is over, two answers could not be delivered, and the uploads go on failing."""
    page.wait_for_load_state("networkidle")
    room.end_in(8)
    look(page, hidden=False)
    expect(page.locator("#clock")).to_have_text(re.compile(r"00:0\d"))
    page.context.set_offline(True)
    choose(page, 1)
    for _ in range(4):
        page.locator("#next").click()
    page.locator(".question:not([hidden]) input[type=text]").first.fill("全面从严")
    expect(page.get_by_role("button", name="导出答案文件")).to_be_visible()
    return page


def examiner(room: Room) -> Page:
    room.add_examiner()
    desk = room.device("e1")
    desk.set_viewport_size(DESKTOP)  # type: ignore[arg-type]  # a TypedDict in the stubs
    desk.goto(f"{room.url}/manage/exams/{room.exam}/monitor")
    desk.get_by_role("link", name="补收答案").click()
    return desk


def test_from_the_phone_to_the_desk(room: Room, stuck: Page, tmp_path: Path) -> None:
    stuck.get_by_role("button", name="导出答案文件").click()
    with stuck.expect_download() as waiting:
        stuck.get_by_role("link", name="下载文件").click()
    path = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(path)
    text = path.read_text()
    assert path.suffix == ".txt"
    assert "全面" not in text
    assert stuck.locator("#export-text").input_value() == text
    stuck.get_by_role("button", name="复制文字").click()
    expect(stuck.locator("#export-said")).to_contain_text("复制")
    assert len(stuck.evaluate(KEPT)) == 2, "exporting delivers nothing"
    room.ended(seconds=400)
    desk = examiner(room)
    refuse_wrong_texts(desk, text)
    desk.get_by_label("答案文件", exact=True).set_input_files(path)
    desk.get_by_role("button", name="核对").click()
    row = desk.get_by_role("row", name=re.compile("^5 "))
    expect(row).to_contain_text("全面从严；（空）")
    expect(row).to_contain_text("未答")
    assert room.events() == []
    desk.get_by_role("button", name="导入这份答案").click()
    expect(desk.get_by_role("status").first).to_contain_text("答案文件已导入：待裁定 2 条")
    assert room.fates() == [(1, "HELD"), (5, "HELD")]
    # The phone comes back: the same events, told apart by their ids.
    stuck.context.set_offline(False)
    expect(stuck.locator("#gone-text")).to_contain_text("第 1、5 题是交卷以后")
    assert len(room.rows()) == 2
    assert stuck.evaluate(KEPT) == []


def refuse_wrong_texts(desk: Page, text: str) -> None:
    """Cut short, one letter changed, another attempt's name on it: said beside the field."""
    broken = json.loads(text)
    letter = "A" if broken["data"][40] != "A" else "B"
    broken["data"] = broken["data"][:40] + letter + broken["data"][41:]
    for wrong, said in (
        (text[:-20], "这不是答案文件"),
        (json.dumps(broken), "打不开"),
        (json.dumps({**broken, "attempt": "x" * 22}), "不属于这场考试"),
    ):
        desk.get_by_label("或者粘贴答案文件里的文字").fill(wrong)
        desk.get_by_role("button", name="核对").click()
        expect(desk.locator("#file-error")).to_contain_text(said)
    desk.get_by_label("或者粘贴答案文件里的文字").fill("")
