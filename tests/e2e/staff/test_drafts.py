"""What cadres write on their phones (objection, recheck, deferral) is kept until the server has it,
is nobody else's, and goes with signing out. The reflection has the same journey in
`test_cadre_screens.py`."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import delete, select

from elearn.accounts.passwords import hash_password
from elearn.core.access import Role
from elearn.exams.attempts.services import save_answers, submit_attempt
from elearn.exams.makeups.services import decide_standing
from elearn.exams.marking.services import PartMark, mark_attempt
from elearn.models import Dispute, ExamStanding, LoginSession, Person, Recheck, ReviewPolicy
from tests.e2e.exam_room import PASSWORD
from tests.e2e.staff.desk import Desk, said
from tests.factories import make_actor, make_unit
from tests.factories_exams import (
    event,
    make_attempt,
    make_bank,
    make_exam,
    make_revision,
    short_spec,
)

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
WRITTEN = "我认为参考答案漏了一种情形：当场退还并登记的，应当给分。"
RESTORED = "写的内容还没有提交，已放回框里"
DRAFTS = "Object.keys(localStorage).filter(k => k.startsWith('elearn:draft:')).length"
# Everything this browser keeps, in one text.
EVERYTHING = """async () => {
  const kept = [JSON.stringify(localStorage), JSON.stringify(sessionStorage)];
  for (const { name } of await indexedDB.databases()) {
    const asked = indexedDB.open(name);
    await new Promise((done) => { asked.onsuccess = done; });
    for (const store of asked.result.objectStoreNames) {
      const all = asked.result.transaction(store).objectStore(store).getAll();
      await new Promise((done) => { all.onsuccess = done; });
      kept.push(JSON.stringify(all.result));
    }
    asked.result.close();
  }
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const each of await cache.matchAll()) kept.push(await each.text());
  }
  return kept.join("\\n");
}"""


@dataclass(frozen=True)
class Text:
    """Something to write: where, behind which words, under which label; its button and thanks."""

    page: str
    summary: str
    label: str
    button: str
    thanks: str
    sent: str
    choice: str = ""
    model: type = field(default=Dispute)

    def area(self, phone: Page) -> Locator:
        """The field, of the first question where there is one for each."""
        return phone.locator("details[open], details").get_by_label(self.label, exact=True).first

    def open(self, phone: Page) -> Locator:
        """The field, unfolded."""
        if not self.area(phone).is_visible():
            phone.get_by_text(self.summary).first.click()
        return self.area(phone)

    def send(self, phone: Page) -> None:
        if self.choice:
            phone.get_by_label(self.choice).check()
        phone.get_by_role("button", name=self.button, exact=True).first.click()


TEXTS = {
    "objection": Text(
        page="result",
        summary="对这道题有异议",
        label="理由（5 到 500 个字）",
        button="提出异议",
        thanks="异议已提交",
        sent="异议待答复",
        model=Dispute,
    ),
    "recheck": Text(
        page="result",
        summary="对简答题的评分有疑问？申请复核",
        label="理由",
        button="申请复核",
        thanks="复核申请已提交",
        sent="已申请，等待处理",
        model=Recheck,
    ),
    "deferral": Text(
        page="lobby",
        summary="不能参加？申请缓考或免考",
        label="理由",
        button="提交申请",
        thanks="申请已提交",
        sent="缓考等待审批",
        choice="缓考：以后参加补考",
        model=ExamStanding,
    ),
}


@pytest.fixture
def pages(desk: Desk) -> dict[str, str]:
    """One person's marked paper with the review open, and an exam not begun; a second person."""
    now = datetime.now(UTC)
    with desk.change() as work:
        make_bank(work)
        unit = make_unit(work, name="区财政局")
        marker = desk.person(work, unit, Role.MARKER, staff_no="m1", name="刘敏")
        examiner = desk.person(work, unit, Role.EXAMINER, staff_no="e1", name="林国强")
        for number, name in (("c1", "周小兰"), ("c2", "王永康")):
            made = desk.person(work, unit, staff_no=number, name=name)
            made.password_hash = hash_password(PASSWORD)
        revision = make_revision(work, short_spec(pass_centi=2000))
        coming = make_exam(work, unit, by=examiner, now=now, revision=revision, title="年度测试")
        sat = make_exam(
            work,
            unit,
            by=examiner,
            now=now,
            revision=revision,
            title="任前测试",
            review_policy=ReviewPolicy.AT_ONCE,
        )
        person = work.scalars(select(Person).where(Person.staff_no == "c1")).one()
        attempt = make_attempt(work, sat, person, now=now)
        events = [event(2, 0, "先报告。"), event(3, 0, "说明理由。")]
        save_answers(work, attempt=attempt, events=events, now=now)
        submit_attempt(work, attempt=attempt, now=now)
        given = {(2, 0): PartMark((200, 300)), (3, 0): PartMark((200, 300))}
        mark_attempt(
            work,
            actor=make_actor(marker),
            attempt=attempt,
            given=given,
            now=now + timedelta(minutes=5),
        )
        return {
            "result": f"/attempts/{attempt.public_id}/result",
            "lobby": f"/exams/{coming.public_id}",
        }


def sign_in(phone: Page, staff_no: str) -> None:
    phone.get_by_label("工号").fill(staff_no)
    phone.get_by_label("密码", exact=True).fill(PASSWORD)
    phone.get_by_role("button", name="登录").click()


def rows(desk: Desk, text: Text) -> int:
    with desk.change() as work:
        return len(work.scalars(select(text.model)).all())


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_survives_until_the_server_has_it(
    desk: Desk, pages: dict[str, str], name: str
) -> None:
    """Network away, page closed, sign-in over - and gone from the phone only when it was taken."""
    text = TEXTS[name]
    phone = desk.phone("c1")
    phone.goto(pages[text.page])
    text.open(phone).fill(WRITTEN)
    phone.context.set_offline(True)
    text.send(phone)
    expect(phone.get_by_role("alert")).to_contain_text("现在没有网络，还没有提交")
    expect(text.area(phone)).to_have_value(WRITTEN)
    assert rows(desk, text) == 0
    desk.look_over(phone, f"draft-{name}-cut")
    context = phone.context
    phone.close()
    context.set_offline(False)
    phone = context.new_page()
    phone.goto(pages[text.page])
    expect(text.area(phone)).to_be_visible()  # unfolded by itself
    expect(text.area(phone)).to_have_value(WRITTEN)
    expect(phone.get_by_text(RESTORED)).to_be_visible()
    assert phone.evaluate(DRAFTS) == 1
    desk.look_over(phone, f"draft-{name}")
    with desk.change() as work:
        work.execute(delete(LoginSession))
    text.send(phone)
    expect(phone.get_by_text("登录已过期，请重新登录")).to_be_visible()
    assert phone.evaluate(DRAFTS) == 1
    sign_in(phone, "c1")
    expect(text.area(phone)).to_have_value(WRITTEN)
    assert phone.evaluate(DRAFTS) == 1
    text.send(phone)
    said(phone, text.thanks)
    expect(phone.get_by_text(text.sent).first).to_be_visible()
    assert phone.evaluate(DRAFTS) == 0
    assert WRITTEN not in phone.evaluate(EVERYTHING)
    assert rows(desk, text) == 1


@pytest.mark.parametrize("name", TEXTS)
def test_the_reply_was_lost_and_the_text_is_not_offered_again(
    desk: Desk, pages: dict[str, str], name: str
) -> None:
    """Taken by the server, unknown to the phone: kept until the server shows that it has it."""
    text = TEXTS[name]
    phone = desk.phone("c1")
    phone.goto(pages[text.page])
    text.open(phone).fill(WRITTEN)
    phone.context.route(
        "**/*",
        lambda route: (
            (route.fetch(max_redirects=0), route.abort())[1]
            if route.request.method == "POST"
            else route.continue_()
        ),
    )
    with phone.expect_event("requestfailed", lambda request: request.method == "POST"):
        text.send(phone)
    assert rows(desk, text) == 1
    phone.context.unroute_all()
    phone.goto("/settings")
    assert phone.evaluate(DRAFTS) == 1
    phone.goto(pages[text.page])
    expect(phone.get_by_text(text.sent).first).to_be_visible()
    expect(phone.get_by_text(RESTORED)).to_have_count(0)
    assert phone.evaluate(DRAFTS) == 0


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_that_was_turned_down_stays(desk: Desk, pages: dict[str, str], name: str) -> None:
    text = TEXTS[name]
    phone = desk.phone("c1")
    phone.goto(pages[text.page])
    text.open(phone).fill("短")  # too short for all of them
    text.send(phone)
    expect(phone.get_by_text("请写明理由").first).to_be_visible()
    assert rows(desk, text) == 0
    expect(text.area(phone)).to_have_value("短")
    assert phone.evaluate(DRAFTS) == 1


def test_a_second_application_is_kept_beside_the_refused_one(
    desk: Desk, pages: dict[str, str]
) -> None:
    """The page shows that the first one was taken; that says nothing about the second."""
    text = TEXTS["deferral"]
    phone = desk.phone("c1")
    phone.goto(pages["lobby"])
    text.open(phone).fill("住院")
    text.send(phone)
    said(phone, text.thanks)
    with desk.change() as work:
        row = work.scalars(select(ExamStanding)).one()
        examiner = work.scalars(select(Person).where(Person.staff_no == "e1")).one()
        decide_standing(
            work,
            actor=make_actor(examiner),
            standing=row,
            approve=False,
            note="请附证明",
            now=datetime.now(UTC),
        )
    phone.reload()
    text.open(phone).fill(WRITTEN)
    phone.reload()
    expect(text.area(phone)).to_have_value(WRITTEN)
    phone.reload()
    expect(text.area(phone)).to_have_value(WRITTEN)
    text.send(phone)
    said(phone, text.thanks)
    assert phone.evaluate(DRAFTS) == 0
    assert rows(desk, text) == 2


def test_on_a_shared_phone_nobody_sees_anothers_text_and_signing_out_takes_it(
    desk: Desk, pages: dict[str, str]
) -> None:
    text = TEXTS["deferral"]
    phone = desk.phone("c1")
    phone.goto(pages["lobby"])
    text.open(phone).fill(WRITTEN)
    own = phone.context.cookies()
    ticket = {"name": "elearn", "value": desk.ticket("c2"), "url": desk.url}
    phone.context.add_cookies([ticket])
    phone.goto(pages["lobby"])
    expect(text.open(phone)).to_have_value("")
    assert WRITTEN not in phone.content()
    phone.context.add_cookies(own)
    phone.goto("/settings")
    leave = phone.get_by_role("button", name="退出登录")
    leave.click()
    expect(phone.get_by_role("alert")).to_contain_text("写了没有提交的内容")
    sure = phone.get_by_role("button", name="仍要退出")
    phone.context.set_offline(True)
    sure.click()
    expect(phone.get_by_role("alert")).to_contain_text("现在没有网络")
    assert phone.evaluate(DRAFTS) == 1  # still signed in: still kept
    phone.context.set_offline(False)
    sure.click()
    expect(phone.get_by_label("工号")).to_be_visible()
    everything = phone.evaluate(EVERYTHING)
    assert WRITTEN not in everything
    assert "周小兰" not in everything
    assert phone.evaluate(DRAFTS) == 0
    phone.go_back()
    expect(phone.get_by_label("工号")).to_be_visible()
    assert "周小兰" not in phone.content()
