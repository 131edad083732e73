"""Drills with a real Chromium: the phone is the only place that has an answer, and then something
happens to the network or to the phone.

A promise here is what the page said itself: 本机已存 (kept on this phone), and, before a kill, the
second copy of it in the mirror. Afterwards the database must have every one, counting.
"""

import os
import re
import secrets
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import BrowserContext, Page, Playwright, sync_playwright
from playwright.sync_api import Error as BrowserError
from sqlalchemy import Engine, select

from bench.databases import ROOT
from bench.drills import weak
from bench.drills.arena import Template
from bench.drills.disks import Unavailable
from bench.drills.phones import Unsettled
from bench.drills.runner import Run, Verdict, explained, require_postgres, state_of
from bench.drills.stores import open_store
from elearn import db, migrate
from elearn.accounts.passwords import hash_password
from elearn.cli.rehearsal.host import Host
from elearn.cli.rehearsal.stage import Stage, temporary_settings
from elearn.config import shipped
from elearn.core.assembly.model import Section
from elearn.core.questions.model import QuestionType
from elearn.exams.attempts.queries import current_answers
from elearn.models import Attempt, Person, ReviewPolicy
from tests.factories import make_person, make_unit
from tests.factories_exams import make_bank, make_exam, make_question, make_revision, make_spec
from tests.servers.chromium import find_chromium, launch_arguments, why_missing

QUIET: Final = (
    "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
PHONE: Final = {"width": 390, "height": 844}
BLANKS: Final = 8  # of two fields each: typed text, the slowest kind of answer
PATIENCE_S: Final = 60.0
ENDS_IN_S: Final = 6.0
PASSWORD: Final = f"Drill-{secrets.token_hex(4)}"
#: How many records the two copies on the phone have. The mirror answers [] while there is none.
KEPT: Final = "Object.keys(localStorage).filter(k => k.startsWith('elearn:exam:')).length"
MIRRORED: Final = """() => new Promise((done) => {
  const asked = indexedDB.open('elearn');
  asked.onerror = () => done(0);
  asked.onsuccess = () => {
    const names = asked.result.transaction('journal').objectStore('journal').getAllKeys();
    names.onsuccess = () => {
      asked.result.close(); done(names.result.filter((n) => n.includes('exam:')).length);
    };
  };
})"""
#: A phone that keeps nothing: the weakened one.
FORGETS: Final = (
    "Storage.prototype.setItem = () => {};"
    "IDBFactory.prototype.open = () => { throw new DOMException('no', 'UnknownError'); };"
)


@dataclass(slots=True)
class Desk:
    """One run: server, database, people, and what the pages promised."""

    engine: Engine
    url: str
    exam: str
    people: int
    forgets: bool
    playwright: Playwright
    program: str
    folder: Path
    #: staff number -> item -> what was typed into its first field
    promised: dict[str, dict[int, str]] = field(default_factory=dict)
    faults: int = 0

    def promise(self, staff_no: str, item: int, text: str) -> None:
        """The page said that it has it."""
        self.promised.setdefault(staff_no, {})[item] = text

    def move_deadline(self, staff_no: str, seconds: float) -> None:
        """So many seconds from now; the attempt began an hour earlier."""
        with db.transaction(self.engine) as work:
            attempt = _attempt_of(work, staff_no)
            attempt.deadline_at = datetime.now(UTC) + timedelta(seconds=seconds)
            attempt.started_at = attempt.deadline_at - timedelta(hours=1)


Act = Callable[[Desk, int], None]


@dataclass(frozen=True, slots=True)
class BrowserDrill:
    """`answers` per person. `weakness`: of the server (`bench.drills.weak`); `forgets`: of the
    phone. Either must lose something."""

    name: str
    act: Act
    short: int
    long: int
    shows: str
    weakness: str = ""
    forgets: bool = False
    answers: int = 4


def offline_across_the_deadline(desk: Desk, answers: int) -> None:
    """Everybody answers without a network, time runs out, and a minute later it is back."""
    arguments = [*launch_arguments(), *QUIET]
    browser = desk.playwright.chromium.launch(executable_path=desk.program, args=arguments)
    with ExitStack() as stack:
        stack.callback(browser.close)
        pages: dict[str, Page] = {}
        for number in range(desk.people):
            context = browser.new_context(
                viewport=PHONE,  # type: ignore[arg-type]  # a TypedDict in the stubs
                has_touch=True,
                is_mobile=True,
                device_scale_factor=3,
                locale="zh-CN",
            )
            pages[f"c{number}"] = _enter(desk, context, f"c{number}")
        for staff_no, page in pages.items():
            desk.move_deadline(staff_no, ENDS_IN_S + 3 * answers)
            _look_again(page)
            page.context.set_offline(True)
            _type_some(desk, page, staff_no, answers)
        for staff_no, page in pages.items():
            _until(page, "() => /待上传/.test(document.querySelector('#save').textContent)")
            desk.move_deadline(staff_no, -60)
            desk.faults += 1
        for page in pages.values():
            page.context.set_offline(False)
        for page in pages.values():
            _until(page, f"() => {KEPT} === 0")


def killed_while_typing(desk: Desk, answers: int) -> None:
    """No network, some answers on the phone, another one half typed: SIGKILL to the whole browser.
    Then it is opened again."""
    for number in range(desk.people):
        staff_no, profile = f"c{number}", desk.folder / f"profile-{number}"
        with _own_chromium(desk, profile) as page:
            if desk.forgets:
                page.context.add_init_script(FORGETS)
            _enter(desk, page.context, staff_no, page)
            address = page.url
            page.context.set_offline(True)
            _type_some(desk, page, staff_no, answers, mirrored=not desk.forgets)
            page.locator("#next").click()
            field_of(page).press_sequentially("写到一半", delay=20)
        desk.faults += 1
        with _own_chromium(desk, profile) as page:
            _sign_in(desk, page, staff_no)
            page.goto(address)
            _until(page, "() => document.documentElement.classList.contains('scripts')")
            _until(page, f"() => {KEPT} === 0")


BROWSER_DRILLS: Final = (
    BrowserDrill(
        "browser offline across the deadline",
        offline_across_the_deadline,
        2,
        6,
        "a server that counts nothing after the deadline",
        weakness="no-late",
    ),
    BrowserDrill(
        "browser killed while typing",
        killed_while_typing,
        1,
        4,
        "a phone that keeps nothing",
        forgets=True,
    ),
)


def judge_browser(drill: BrowserDrill, database: str, *, times: int) -> Verdict:
    """The drill with `times` people, then the control with as many as a short run has."""
    verdict = Verdict(drill.name, database, "passed", Run(), Run(), drill.shows)
    with explained(verdict):
        program = find_chromium()
        if program is None:
            raise Unavailable(why_missing())
        if database == "postgresql":
            require_postgres()
        sound = replace(drill, weakness="", forgets=False)
        verdict.sound = _run(sound, database, str(program), people=times)
        verdict.control = _run(drill, database, str(program), people=min(times, drill.short))
        verdict.state, verdict.why = state_of(verdict.sound, verdict.control)
    return verdict


_templates: dict[tuple[str, int], Template] = {}


def _run(drill: BrowserDrill, database: str, program: str, *, people: int) -> Run:
    begun = time.monotonic()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="elearn-drill-")))
        folder.chmod(0o755)
        for name in ("disk", "instance"):
            (folder / name).mkdir(mode=0o755)
        template = _template_of(database, people)
        store = open_store(database, folder / "disk")
        stack.callback(store.remove)
        store.start(template.data)
        settings = replace(
            template.stage.settings, database_url=store.url, instance_dir=folder / "instance"
        )
        module = "bench.drills.weak" if drill.weakness else "elearn.cli"
        host = Host(settings, workers=1, module=module)
        host.environment |= {weak.VARIABLE: drill.weakness, "PYTHONPATH": str(ROOT)}
        stack.callback(host.kill_all)
        host.start()
        engine = db.make_engine(store.url)
        stack.callback(engine.dispose)
        desk = Desk(
            engine,
            f"http://127.0.0.1:{host.port}",
            template.stage.exam,
            people,
            drill.forgets,
            stack.enter_context(sync_playwright()),
            program,
            folder,
        )
        try:
            drill.act(desk, drill.answers)
        except BrowserError as broken:
            raise Unsettled(str(broken)) from broken
        host.stop()
        return _count(desk, time.monotonic() - begun)


def _count(desk: Desk, seconds: float) -> Run:
    """What was promised against what counts."""
    found = Run(faults=desk.faults, seconds=seconds)
    with db.new_session(desk.engine, write=False) as work:
        for staff_no, answers in desk.promised.items():
            stored = current_answers(work, _attempt_of(work, staff_no).id)
            for item, text in answers.items():
                found.acked += 1
                has: Any = stored.get((item, 0))
                if has is None:
                    found.missing += 1
                elif has[0] != text:
                    found.changed += 1
    return found


def _template_of(database: str, people: int) -> Template:
    if (database, people) not in _templates:
        temporary = tempfile.TemporaryDirectory(prefix="elearn-drill-template-")
        folder = Path(temporary.name)
        folder.chmod(0o755)
        store = open_store(database, folder, {"fsync": "off"})
        try:
            store.start()
            settings = temporary_settings(shipped("courses").parent, store.url, folder)
            engine = db.make_engine(store.url)
            exam = _fill(engine, people)
            engine.dispose()
        finally:
            store.stop_cleanly()
        stage = Stage(settings, exam, (), _NOBODY, PASSWORD)
        _templates[database, people] = Template(stage, store.data, temporary)
    return _templates[database, people]


_NOBODY: Any = None  # these browsers sign in by the form


def _fill(engine: Engine, people: int) -> str:
    """Schema, an open exam of blanks, people c0, c1, …; the exam's public id."""
    migrate.upgrade(engine)
    now = datetime.now(UTC)
    with db.transaction(engine) as work:
        kind = QuestionType.BLANK
        make_bank(work, [make_question(kind) for _ in range(BLANKS + 4)])
        unit = make_unit(work, name="区财政局")
        hashed = hash_password(PASSWORD)
        made = [
            make_person(work, unit, staff_no=f"c{number}", password_hash=hashed)
            for number in range(people)
        ]
        exam = make_exam(
            work,
            unit,
            by=made[0],
            now=now,
            title=f"演练{secrets.token_hex(2)}",
            revision=make_revision(work, make_spec(Section("填空题", kind, BLANKS, 200))),
            review_policy=ReviewPolicy.AT_ONCE,
        )
        return exam.public_id


# ---------------------------------------------------------------- on the phone


def _enter(desk: Desk, context: BrowserContext, staff_no: str, page: Page | None = None) -> Page:
    """Signed in and at question 1."""
    page = page or context.new_page()
    _sign_in(desk, page, staff_no)
    page.goto(f"{desk.url}/exams/{desk.exam}")
    page.get_by_label("我已阅读以上说明").check()
    page.get_by_role("button", name="开始考试").click()
    _until(page, "() => document.documentElement.classList.contains('scripts')")
    page.wait_for_load_state("networkidle")
    return page


def _sign_in(desk: Desk, page: Page, staff_no: str) -> None:
    page.goto(f"{desk.url}/sign-in")
    page.get_by_label("工号").fill(staff_no)
    page.get_by_label("密码", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.get_by_role("navigation", name="主导航").wait_for()


def field_of(page: Page) -> Any:
    """The first field of the question on the screen."""
    return page.locator(".question:not([hidden]) input[type=text]").first


def _type_some(
    desk: Desk, page: Page, staff_no: str, answers: int, *, mirrored: bool = False
) -> None:
    """Into the first `answers` questions; what the page keeps is a promise."""
    for item in range(1, answers + 1):
        text = f"{staff_no}第{item}题"
        field_of(page).press_sequentially(text, delay=5)
        if not desk.forgets:
            _until(page, "() => /本机已存/.test(document.querySelector("
                         "'.question:not([hidden]) .state').textContent)")  # fmt: skip
        desk.promise(staff_no, item, text)
        if item < answers:
            page.locator("#next").click()
    if mirrored:
        until = time.monotonic() + PATIENCE_S
        while page.evaluate(MIRRORED) < answers:
            if time.monotonic() > until:
                raise Unsettled("the second copy never had all answers")
            page.wait_for_timeout(50)


def _look_again(page: Page) -> None:
    """As coming back to the page does: it asks how much time is left."""
    with page.expect_response(re.compile(r"/(state|room)")):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def _until(page: Page, condition: str) -> None:
    page.wait_for_function(condition, timeout=PATIENCE_S * 1000)


@contextmanager
def _own_chromium(desk: Desk, profile: Path) -> Iterator[Page]:
    """A whole browser with a profile on disk; at the end it is gone like a killed app: SIGKILL."""
    (profile / "DevToolsActivePort").unlink(missing_ok=True)
    command = [desk.program, *launch_arguments(), *QUIET, "--headless"]
    process = subprocess.Popen(
        [*command, "--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank"],
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )
    if process.stderr is None:
        raise Unsettled("Chromium says nothing")
    try:
        said = (re.search(r"ws://\S+", line) for line in process.stderr)
        address = next(found[0] for found in said if found)
        yield desk.playwright.chromium.connect_over_cdp(address).contexts[0].pages[0]
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=30)
        process.stderr.close()


def _attempt_of(work: Any, staff_no: str) -> Attempt:
    found: Attempt = work.scalars(
        select(Attempt).join(Attempt.person).where(Person.staff_no == staff_no)
    ).one()
    return found
