"""A paper exam from the forms to the result, in a real browser, and the pages as they print."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from elearn import db
from elearn.accounts.passwords import hash_password
from elearn.authoring.services import sync_content
from elearn.core.access import Role
from elearn.models import BlueprintRow
from tests.e2e.conftest import DESKTOP, Site
from tests.factories import make_person, make_unit
from tests.factories_exams import make_exam

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
PASSWORD = "Own-2026-bc"
A4 = rb"/MediaBox \[0 0 59[45](\.\d+)? 84[12](\.\d+)?\]"


@pytest.fixture
def exam_path(site: Site, content: Path) -> str:
    """An open exam of the shipped 80-question blueprint, two examiners, one candidate."""
    now = datetime.now(UTC)
    with db.transaction(site.engine) as work:
        assert sync_content(work, root=content, now=now).ok
        office = make_unit(work)
        unit = make_unit(work, office)
        for number in ("e1", "e2"):
            person = make_person(
                work, office, Role.EXAMINER, staff_no=number, password_hash=hash_password(PASSWORD)
            )
        make_person(work, unit, staff_no="c1", name="李秀英")
        revision = work.query(BlueprintRow).filter_by(code="integrity-80").one().current
        exam = make_exam(work, unit, by=person, revision=revision, now=now)
        return f"/manage/exams/{exam.public_id}/print"


@pytest.fixture
def sign_in(open_page: Callable[..., Page]) -> Callable[[str], Page]:
    """A desktop browser signed in as that person."""

    def opened(staff_no: str) -> Page:
        page = open_page(DESKTOP)
        page.goto("/sign-in")
        page.get_by_label("工号").fill(staff_no)
        page.get_by_label("密码", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="登录").click()
        expect(page.get_by_role("navigation", name="工作台")).to_be_visible()
        return page

    return opened


def test_a_paper_exam_from_print_to_result(exam_path: str, sign_in: Callable[[str], Page]) -> None:
    maker, second = sign_in("e1"), sign_in("e2")
    maker.goto(exam_path)
    maker.get_by_role("button", name="出卷").click()
    expect(maker.get_by_text("您是出卷的人，不能自己同意")).to_be_visible()
    run = maker.url
    second.goto(run)
    second.get_by_role("button", name="同意印制").click()
    expect(second.get_by_role("link", name="B 卷")).to_be_visible()

    printed = printed_pages(maker, run + "/papers?form=B")
    assert 4 <= printed <= 12  # 80 questions
    assert maker.locator(".item").count() == 80
    assert printed_pages(maker, run + "/sheet") == 1

    maker.goto(run + "/results")
    maker.get_by_label("工号").fill("c1")
    maker.get_by_label("卷别").select_option("B")
    answers = maker.get_by_label("选择题和判断题的答案")
    answers.fill("A " * 79)
    maker.get_by_role("button", name="检查").click()
    expect(maker.get_by_text("共 80 个答案，读到 79 个")).to_be_visible()
    answers.fill(" ".join(["A"] * 30 + ["对"] * 30 + ["AB"] * 20))
    maker.get_by_role("button", name="检查").click()
    expect(maker.get_by_text("请和答题卡核对")).to_be_visible()
    maker.get_by_role("button", name="核对无误，录入").click()
    expect(maker.get_by_text("李秀英（c1）B 卷：已录入")).to_be_visible()


def printed_pages(page: Page, address: str) -> int:
    """Pages of A4 when printed; what is only for the screen is left out."""
    page.goto(address)
    page.emulate_media(media="print")
    expect(page.locator(".screen")).to_be_hidden()
    data = page.pdf(prefer_css_page_size=True)
    page.emulate_media(media="screen")
    boxes = len(re.findall(A4, data))
    pages = len(re.findall(rb"/Type /Page\b", data))
    assert boxes == pages
    return pages
