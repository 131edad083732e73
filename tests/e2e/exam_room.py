"""One exam with one candidate: what the browser tests of the exam page share, whatever the engine."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import Engine, select

from elearn import db
from elearn.accounts.passwords import hash_password
from elearn.core.access import Role
from elearn.core.assembly.model import Section
from elearn.core.questions.model import QuestionType
from elearn.models import AnswerEvent, Attempt, OrgUnit, ReviewPolicy
from tests.e2e.conftest import PHONE
from tests.factories import make_person, make_unit
from tests.factories_exams import make_bank, make_exam, make_revision, make_spec

PASSWORD = "Own-2026-bc"
SAVED = re.compile(r"已保存 \d\d:\d\d")
ANSWERS = "**/answers"
KEPT = "Object.keys(localStorage).filter(k => k.startsWith('elearn:exam:'))"
T = QuestionType


class ExamWorld:
    """The exam in the database and what the server has of it."""

    def __init__(self, engine: Engine):
        self.engine = engine
        now = datetime.now(UTC)
        with db.transaction(engine) as work:
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

    def attempt(self) -> Attempt:
        with db.new_session(self.engine, write=False) as work:
            return work.scalars(select(Attempt)).one()

    def rows(self) -> list[AnswerEvent]:
        """Answer events in the order the server has them."""
        with db.new_session(self.engine, write=False) as work:
            return list(work.scalars(select(AnswerEvent).order_by(AnswerEvent.seq)))

    def events(self) -> list[tuple[int, int, Any]]:
        """(item, part, answer) in the order the server has them."""
        return [(row.item_no, row.part_no, row.value["answer"]) for row in self.rows()]

    def fates(self) -> list[tuple[int, str]]:
        """(item, status) in the order the server has them."""
        return [(row.item_no, str(row.status)) for row in self.rows()]

    def end_in(self, seconds: float) -> None:
        """Move the deadline: the tests do not wait for the real one."""
        with db.transaction(self.engine) as work:
            attempt = work.scalars(select(Attempt)).one()
            attempt.deadline_at = datetime.now(UTC) + timedelta(seconds=seconds)

    def ended(self, seconds: float) -> None:
        """As if the deadline had been `seconds` ago, and the attempt had begun before it."""
        with db.transaction(self.engine) as work:
            attempt = work.scalars(select(Attempt)).one()
            now = datetime.now(UTC)
            attempt.started_at = now - timedelta(seconds=seconds + 3600)
            attempt.deadline_at = now - timedelta(seconds=seconds)

    def add_examiner(self) -> None:
        """`e1`, for the unit of the exam."""
        with db.transaction(self.engine) as work:
            unit = work.scalars(select(OrgUnit)).first()
            make_person(
                work, unit, Role.EXAMINER, staff_no="e1", password_hash=hash_password(PASSWORD)
            )


class Room(ExamWorld):
    """The exam and the Chromium windows people use. `url`: the server, or the weather before it."""

    def __init__(self, engine: Engine, chromium: Browser, url: str):
        super().__init__(engine)
        self.chromium = chromium
        self.url = url
        self.contexts: list[BrowserContext] = []
        self.errors: list[str] = []

    def device(self, staff_no: str = "c1", **options: Any) -> Page:
        """Another phone, signed in."""
        context = self.chromium.new_context(
            base_url=self.url,
            viewport=PHONE,  # type: ignore[arg-type]  # a TypedDict in the stubs
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            **options,
        )
        context.set_default_timeout(15_000)
        self.contexts.append(context)
        page = self.tab(context)
        self.sign_in(page, staff_no)
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

    def sign_in(self, page: Page, staff_no: str = "c1") -> None:
        page.goto(f"{self.url}/sign-in")
        page.get_by_label("工号").fill(staff_no)
        page.get_by_label("密码", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="登录").click()
        expect(page.get_by_role("navigation", name="主导航")).to_be_visible()

    def start(self, page: Page) -> None:
        """From the lobby into the paper."""
        page.goto(f"{self.url}/exams/{self.exam}")
        page.get_by_label("我已阅读以上说明").check()
        page.get_by_role("button", name="开始考试").click()
        ready(page)


def ready(page: Page) -> None:
    expect(page.locator("html.scripts")).to_be_attached()
    expect(page.locator("#bar")).to_be_visible()


def choose(page: Page, position: int) -> None:
    page.locator(".question:not([hidden]) .opt").nth(position).click()


def status(page: Page) -> Any:
    return page.locator("#save")


def question_state(page: Page) -> Any:
    """What is said of the answer on the screen."""
    return page.locator(".question:not([hidden]) .state")


def look(page: Page, *, hidden: bool) -> None:
    """Hide the page or show it again, as switching apps does."""
    page.evaluate(
        "hidden => { Object.defineProperty(document, 'hidden',"
        " { configurable: true, get: () => hidden });"
        " document.dispatchEvent(new Event('visibilitychange')); }",
        hidden,
    )
