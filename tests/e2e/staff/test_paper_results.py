"""Results of a printed paper: a table with mistakes, mended and imported again; a sheet typed; one
entered for the wrong person and moved by two; then the candidates see them."""

import csv
import io
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from elearn.core.assembly.model import Section
from elearn.exams.printing.services import approve_run, make_run
from elearn.models import Attempt, Person, PrintMode, ReviewPolicy
from tests.e2e.staff.desk import Desk, said
from tests.exams.test_printing import T, paper_of_form, right_words
from tests.factories import make_actor
from tests.factories_exams import make_bank, make_exam, make_revision, make_spec

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass
class Scene:
    """An approved run of forms A and B, three candidates, and what the right answers are."""

    exam: str
    base: str
    words: dict[str, dict[str, str]]
    held_at: str


@pytest.fixture
def scene(desk: Desk) -> Scene:
    now = datetime.now(UTC)
    with desk.change() as work:
        bank = make_bank(work)
        unit = desk.office(work)
        for number, name in (
            ("c1", "周小兰"),
            ("c2", "王永康"),
            ("c3", "李秀英"),
            ("c4", "赵建军"),
        ):
            desk.person(work, unit, staff_no=number, name=name)
        first, second = (
            work.scalars(select(Person).where(Person.staff_no == number)).one()
            for number in ("e1", "e2")
        )
        spec = make_spec(
            Section("单选题", T.SINGLE, 3, 300),
            Section("判断题", T.TRUE_FALSE, 2, 300),
            pass_centi=900,
        )
        exam = make_exam(
            work,
            unit,
            by=first,
            now=now - timedelta(hours=1),
            title="纸笔小测",
            revision=make_revision(work, spec),
            review_policy=ReviewPolicy.AT_ONCE,
        )
        run = make_run(
            work, actor=make_actor(first), exam=exam, forms=2, mode=PrintMode.SHUFFLED,
            seed="5e" * 16, now=now,
        )  # fmt: skip
        approve_run(work, actor=make_actor(second), run=run, now=now)
        words = {letter: right_words(paper_of_form(run, letter), bank) for letter in "AB"}
        held = (now - timedelta(minutes=20) + timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M")
        base = f"/manage/exams/{exam.public_id}/print/{run.public_id}"
        return Scene(exam.public_id, base, words, held)


def filled(template: bytes, rows: list[dict[str, str]]) -> bytes:
    """The downloaded template with these rows."""
    book = openpyxl.load_workbook(io.BytesIO(template))
    sheet = book["成绩"]
    headings = [str(cell.value) for cell in sheet[1]]
    for number, row in enumerate(rows, 2):
        for column, heading in enumerate(headings, 1):
            sheet.cell(number, column).value = row.get(heading, "")
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def template_of(page: Page) -> bytes:
    with page.expect_download() as started:
        page.get_by_role("link", name="下载模板").click()
    return started.value.path().read_bytes()


def import_table(page: Page, scene: Scene, file: dict[str, Any]) -> None:
    page.get_by_label("答卷表格").set_input_files(file)  # type: ignore[arg-type]  # a TypedDict
    page.get_by_label("开考时间").fill(scene.held_at)
    page.get_by_role("button", name="检查并导入").focus()
    page.keyboard.press("Enter")


def mistakes_of(page: Page, scene: Scene, data: bytes) -> list[dict[str, str]]:
    """The table given back with what is wrong in each row."""
    file: Any = {"name": "x.xlsx", "mimeType": XLSX, "buffer": data}
    page.get_by_label("答卷表格").set_input_files(file)
    page.get_by_label("开考时间").fill(scene.held_at)
    with page.expect_download() as started:
        page.get_by_role("button", name="只检查，下载标出问题的表格").click()
    book = openpyxl.load_workbook(io.BytesIO(started.value.path().read_bytes()))
    headings, *rows = ([str(cell or "") for cell in line] for line in book.active.values)
    return [dict(zip(headings, line, strict=True)) for line in rows]


def row(scene: Scene, staff_no: str, letter: str, **changes: str) -> dict[str, str]:
    return {
        "工号": staff_no,
        "卷别": letter,
        **scene.words.get(letter, scene.words["A"]),
        **changes,
    }


def test_a_table_with_mistakes_is_mended_and_the_results_are_seen(desk: Desk, scene: Scene) -> None:
    page = desk.open("e1")
    page.goto(scene.base)
    page.get_by_role("link", name="用表格导入").click()
    desk.look_over(page, "paper-import")
    desk.narrow(page, "paper-import")
    template = template_of(page)
    wrong = [
        row(scene, "nobody", "A"),
        row(scene, "c1", "D"),
        row(scene, "c2", "B", **{"2": "Z"}),
        row(scene, "c2", "A"),
    ]
    import_table(
        page, scene, {"name": "x.xlsx", "mimeType": XLSX, "buffer": filled(template, wrong)}
    )
    expect(page.locator("#wrong")).to_be_focused()
    expect(page.get_by_text("没有导入任何内容，有 4 处要改")).to_be_visible()
    for words in ("没有这个工号", "没有这种卷别", "没有选项", "是同一个工号"):
        expect(page.get_by_role("cell", name=re.compile(words)).first).to_be_visible()
    desk.look_over(page, "paper-import-errors")
    desk.narrow(page, "paper-import-errors")
    with desk.change() as work:
        assert work.scalars(select(Attempt)).all() == [], "all of it or nothing"

    marked = mistakes_of(page, scene, filled(template, wrong))
    assert [bool(line["问题"]) for line in marked] == [True, True, True, True]
    assert "没有选项" in marked[2]["问题"]

    right = [row(scene, "c1", "A"), row(scene, "c2", "B", **{"1": "", "2": "", "3": ""})]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(right[0]))
    writer.writeheader()
    writer.writerows(right)
    data = text.getvalue().encode("utf-8-sig")
    for words in ("已录入 2 份", "已录入 0 份，2 份以前录入过"):
        page.goto(f"{scene.base}/import")
        import_table(page, scene, {"name": "x.csv", "mimeType": "text/csv", "buffer": data})
        said(page, words)
    desk.look_over(page, "paper-results")
    desk.narrow(page, "paper-results")
    for number, words in (("c1", "15 / 15 分 ✓ 合格"), ("c2", "6 / 15 分 ! 未合格")):
        phone = desk.phone(number)
        phone.goto("/exams")
        phone.get_by_role("link", name="纸笔小测").first.click()
        phone.get_by_role("link", name="第 1 次").click()
        expect(phone.locator(".big")).to_contain_text(words)
        desk.look_over(phone, f"paper-result-{number}")


def test_a_sheet_typed_for_the_wrong_person_is_moved_by_two(desk: Desk, scene: Scene) -> None:
    page, other = desk.open("e1"), desk.open("e2")
    page.goto(f"{scene.base}/results")
    type_sheet(desk, page, scene, "c3")
    said(page, "李秀英（c3）A 卷：已录入")
    page.goto(scene.base)
    propose_move(desk, page)
    other.goto(scene.base)
    agree_to_move(desk, other)
    other.goto(scene.base)
    expect(other.get_by_role("row", name=re.compile("李秀英"))).to_contain_text("已改归")
    expect(other.get_by_role("row", name=re.compile("赵建军"))).to_contain_text("合格")
    desk.look_over(other, "paper-results-moved")
    for number, words in (("c3", "已经撤销"), ("c4", "已改到您的名下")):
        phone = desk.phone(number)
        phone.goto("/")
        expect(phone.get_by_text(words).first).to_be_visible()
        desk.look_over(phone, f"refiled-home-{number}")
        phone.get_by_role("link", name="去看看", exact=True).click()
        expect(phone.get_by_role("heading", level=1)).to_contain_text("纸笔小测")
        desk.look_over(phone, f"refiled-{number}")


def type_sheet(desk: Desk, page: Page, scene: Scene, staff_no: str) -> None:
    """One answer missing and a number nobody has, then right."""
    answers = [scene.words["A"][str(number)] for number in range(1, 6)]
    number, letters = page.get_by_label("工号"), page.get_by_label("选择题和判断题的答案")
    page.get_by_label("卷别").select_option("A")
    page.get_by_label("开考时间").fill(scene.held_at)
    for who, given, problem in (
        ("nobody", answers, "没有这个工号"),
        (staff_no, answers[:4], "共 5 个答案，读到 4 个"),
    ):
        number.fill(who)
        letters.fill(" ".join(given))
        page.get_by_role("button", name="检查").click()
        expect(page.get_by_text(problem).first).to_be_visible()
        desk.look_over(page, f"paper-type-{who}")
    letters.fill(" ".join(answers))
    page.get_by_role("button", name="检查").click()
    page.get_by_role("button", name="核对无误，录入").click()


def propose_move(desk: Desk, page: Page) -> None:
    """By keyboard, first with a number nobody has."""
    page.get_by_role("row", name=re.compile("李秀英")).get_by_role("link", name="改归").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("改归")
    desk.look_over(page, "refile")
    desk.narrow(page, "refile")
    number = page.get_by_label(re.compile("本人的工号"))
    number.fill("nobody")
    page.get_by_label(re.compile("怎么录错的")).fill("工号看错一位")
    page.keyboard.press("Enter")
    expect(page.get_by_text("没有这个工号").first).to_be_visible()
    desk.look_over(page, "refile-error")
    number.fill("c4")
    page.get_by_role("button", name="提出改归").click()
    said(page, "改归已提出")
    desk.look_over(page, "refiling-own")


def agree_to_move(desk: Desk, page: Page) -> None:
    """A refusal needs a reason."""
    page.get_by_text("项改归等另一位考务人员确认").get_by_role("link").click()
    expect(page.get_by_role("heading", name="决定")).to_be_visible()
    desk.look_over(page, "refiling-decide")
    desk.narrow(page, "refiling-decide")
    page.get_by_role("button", name="不同意").click()
    expect(page.get_by_role("alert")).to_contain_text("请写明为什么不改")
    page.get_by_role("button", name="核对无误，同意改归").focus()
    page.keyboard.press("Enter")
    said(page, "已改归")
    desk.look_over(page, "refiling-done")
