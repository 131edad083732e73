"""No key, explanation, reference or rubric in any response before the policy allows it.

Texts carry a canary. Choice keys are numbers: there two banks that differ in the key alone must
give the same pages byte for byte, and option order must say nothing about the key.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from elearn.bank.queries import load_pool
from elearn.core.assembly.draw import plan_draw
from elearn.core.assembly.model import Section
from elearn.core.grading.grade import GradeState
from elearn.core.questions.model import QuestionType
from elearn.exams.attempts.services import submit_attempt
from elearn.exams.grades.policy import LATE_SYNC, Visible, visible
from elearn.exams.rescue.sealed import answer_key
from elearn.exams.sittings.services import release_results
from elearn.models import Attempt, AttemptState, Exam, ReviewPolicy
from tests.conftest import Browser
from tests.exams.conftest import Case
from tests.factories import NOW, make_actor, make_person, make_unit
from tests.factories_exams import (
    CANARY,
    SECRET,
    event,
    make_attempt,
    make_bank,
    make_exam,
    make_question,
    make_revision,
    make_spec,
    parts_of,
)

SECOND = timedelta(seconds=1)


def whole(response: TestResponse) -> str:
    """Status, headers and body."""
    return f"{response.status}\n{response.headers}\n{response.get_data(as_text=True)}"


def answers_without_keys(attempt: Attempt) -> list[dict[str, Any]]:
    """Answers a candidate could give who knows nothing."""
    values = {"BLANK": ["不知道", ""], "SHORT_ANSWER": "我的回答"}
    return [event(item, at, values.get(part["type"], [0])) for item, at, part in parts_of(attempt)]


def everything(client: Browser, exam: Exam, attempt: Attempt) -> Iterator[tuple[str, str]]:
    """Every address a candidate can ask about the exam, after whatever happened so far."""
    base = f"/attempts/{attempt.public_id}"
    for path in ("/exams", f"/exams/{exam.public_id}", base):
        yield path, whole(client.get(path))
    for path in ("/state", "/room", "/confirm", "/result"):
        yield path, whole(client.get(base + path))
    yield "/answers", whole(client.post(f"{base}/answers", json={"events": [event(1, 0, [1])]}))
    yield "/answers bad", whole(client.post(f"{base}/answers", json={"events": [event(1, 0, [9])]}))
    yield "/page", whole(client.post(f"{base}/page", data={"base": "0", "end": "1"}))


@pytest.fixture
def sat(client: Browser, case: Case) -> tuple[Browser, Attempt]:
    """Signed in, started, answered."""
    kinds = [Section(kind.value, kind, 2, 200) for kind in QuestionType]
    kinds = [section for section in kinds if section.type is not QuestionType.SHORT_ANSWER]
    case.exam.blueprint_revision = make_revision(case.session, make_spec(*kinds))
    case.session.commit()
    client.sign_in(case.person, case.session)
    client.post(f"/exams/{case.exam.public_id}/start", data={"agreed": "1"})
    attempt = case.attempt()
    sent = {"events": answers_without_keys(attempt)}
    assert client.post(f"/attempts/{attempt.public_id}/answers", json=sent).status_code == 200
    return client, attempt


@pytest.mark.parametrize("policy", list(ReviewPolicy))
def test_nothing_before_the_end_and_then_what_the_policy_allows(
    case: Case, sat: tuple[Browser, Attempt], policy: ReviewPolicy
) -> None:
    client, attempt = sat
    case.exam.review_policy = policy
    case.session.commit()
    for path, text in everything(client, case.exam, attempt):
        assert CANARY not in text, path
        assert "正确答案" not in text, path
    submitted = whole(client.post(f"/attempts/{attempt.public_id}/submit"))
    assert CANARY not in submitted
    after = dict(everything(client, case.exam, attempt))
    leaking = {path for path, text in after.items() if CANARY in text}
    assert leaking == ({"/result"} if policy == ReviewPolicy.AT_ONCE else set())
    scored = policy in {
        ReviewPolicy.AT_ONCE,
        ReviewPolicy.AFTER_CLOSE,
        ReviewPolicy.SCORE_ONLY,
    }
    assert ("合格线" in after["/result"]) == scored
    assert bool(re.search(r"\d 分(?!钟)", after["/exams"])) == scored


@pytest.mark.parametrize("policy", list(ReviewPolicy))
def test_after_the_window_and_the_release(
    case: Case, sat: tuple[Browser, Attempt], policy: ReviewPolicy
) -> None:
    client, attempt = sat
    case.exam.review_policy = policy
    client.post(f"/attempts/{attempt.public_id}/submit")
    now = datetime.now(UTC)
    case.exam.opens_at = now - timedelta(hours=3)
    case.exam.closes_at = now - LATE_SYNC + timedelta(seconds=20)
    case.session.commit()
    url = f"/attempts/{attempt.public_id}/result"
    # The window is over, but answers on their way to others may still arrive.
    assert (CANARY in whole(client.get(url))) == (policy == ReviewPolicy.AT_ONCE)
    case.exam.closes_at = now - LATE_SYNC - SECOND
    case.session.commit()
    open_now = policy in {ReviewPolicy.AT_ONCE, ReviewPolicy.AFTER_CLOSE}
    assert (CANARY in whole(client.get(url))) == open_now
    if policy == ReviewPolicy.HIDDEN:
        release_results(
            case.session, actor=make_actor(case.examiner), exam=case.exam, now=now + SECOND
        )
        case.exam.results_released_at = now
        case.session.commit()
        page = whole(client.get(url))
        assert CANARY in page
        assert "合格线" in page


def test_review_shows_key_explanation_and_article(case: Case, sat: tuple[Browser, Attempt]) -> None:
    client, attempt = sat
    case.exam.review_policy = ReviewPolicy.AT_ONCE
    case.session.commit()
    client.post(f"/attempts/{attempt.public_id}/submit")
    page = client.get(f"/attempts/{attempt.public_id}/result").get_data(as_text=True)
    assert page.count("解析：") >= 10
    assert "第四十六条" in page
    for digest in {
        item["revision_hash"] for section in attempt.paper["sections"] for item in section["items"]
    }:
        question = next(q for q in case.bank if q.revision_hash == digest)
        for part in question.parts:
            assert part.explanation in page
            assert all(text in page for accepted in part.blanks for text in accepted)


def test_monitor_and_staff_lists_show_no_keys(
    case: Case, sat: tuple[Browser, Attempt], browser: Any
) -> None:
    staff = browser().sign_in(case.examiner, case.session)
    for url in ("/manage/exams", f"/manage/exams/{case.exam.public_id}/monitor"):
        assert CANARY not in whole(staff.get(url))


# ---------------------------------------------------------------- keys that are numbers


def test_pages_do_not_depend_on_the_key(
    session: Session, connection: Connection, browser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same paper with another key gives the same bytes at every address until the end."""
    monkeypatch.setattr("elearn.exams.attempts.lobby_views.secrets.token_hex", lambda _: "5" * 32)
    pages: list[list[str]] = []
    for key in (0, 3):
        nested = connection.begin_nested()
        question = make_question(QuestionType.SINGLE, code="TWIN-1")
        part = replace(
            question.parts[0],
            stem="同一道题",
            options=("甲", "乙", "丙", "丁"),
            key=(key,),
            explanation=f"{CANARY}{key}",
        )
        make_bank(session, [replace(question, parts=(part,))])
        spec = make_spec(
            Section("单选", QuestionType.SINGLE, 1, 100), shuffle_options=False, code="twin"
        )
        unit = make_unit(session, name="同一单位")
        person = make_person(session, unit, name="同一人", staff_no="twin")
        exam = make_exam(
            session,
            unit,
            by=person,
            now=datetime.now(UTC),
            title="同一场",
            revision=make_revision(session, spec),
        )
        session.commit()
        client = browser().sign_in(person, session)
        client.post(f"/exams/{exam.public_id}/start", data={"agreed": "1"})
        attempt = session.scalars(select(Attempt)).one()
        texts = [text for _, text in everything(client, exam, attempt)]
        pages.append([normal(text, exam, attempt, person.public_id) for text in texts])
        session.rollback()
        nested.rollback()
        session.expire_all()
    assert pages[0] == pages[1]


def normal(text: str, exam: Exam, attempt: Attempt, person: str) -> str:
    """Without what differs between any two requests: ids, tokens, times."""
    for value in (exam.public_id, attempt.public_id, person):
        text = text.replace(value, "ID")
    text = text.replace(answer_key(SECRET, attempt.public_id).hex(), "SEAL")
    text = re.sub(r'data-csrf="[^"]*"|data-elapsed="\d+"', "", text)
    text = re.sub(r'value="[\w.-]{40,}"', 'value="TOKEN"', text)
    text = re.sub(r'"csrf":"[^"]*"', "CSRF", text)
    text = re.sub(r"Set-Cookie: .*|Content-Length: .*|Date: .*", "", text)
    return re.sub(r"\d{4,}|\d+:\d\d(:\d\d)?|\d+ (分|小时|秒)", "N", text)


def test_option_order_says_nothing_about_the_key(session: Session) -> None:
    """χ² over the place of the right option in 4,000 drawn papers: p > 0.001 for 3 degrees."""
    make_bank(session, [make_question(QuestionType.SINGLE)])
    plan = plan_draw(load_pool(session), make_spec(Section("单选", QuestionType.SINGLE, 1, 100)))
    papers = 4000
    places: Counter[int] = Counter()
    for seed in range(papers):
        (item,) = plan.draw(f"{seed:032x}").items
        places[item.parts[0].option_order.index(0)] += 1
    expected = papers / 4
    statistic = sum((places[at] - expected) ** 2 / expected for at in range(4))
    assert statistic < 16.27


def test_the_paper_knows_no_keys(session: Session) -> None:
    make_bank(session)
    unit = make_unit(session)
    person = make_person(session, unit)
    exam = make_exam(session, unit, by=person)
    attempt = make_attempt(session, exam, person)
    assert CANARY not in str(attempt.paper)
    assert {"key", "answer", "explanation"}.isdisjoint(re.findall(r"'(\w+)'", str(attempt.paper)))
    submit_attempt(session, attempt=attempt, now=NOW)
    assert CANARY not in str(attempt.paper)


# ---------------------------------------------------------------- the rule itself


@pytest.mark.parametrize("policy", list(ReviewPolicy))
@pytest.mark.parametrize("released", [None, NOW])
@pytest.mark.parametrize("when", [-timedelta(days=1), timedelta(0), LATE_SYNC, LATE_SYNC + SECOND])
@pytest.mark.parametrize("state", list(AttemptState))
@pytest.mark.parametrize("grade", [None, *GradeState])
def test_policy_table(
    policy: ReviewPolicy,
    released: datetime | None,
    when: timedelta,
    state: AttemptState,
    grade: GradeState | None,
) -> None:
    now = NOW + when
    seen = visible(
        policy=policy,
        closes_at=NOW,
        released_at=released,
        attempt_state=state,
        grade_state=grade,
        now=now,
    )
    if seen.review:
        assert seen.score
        assert policy in {ReviewPolicy.AT_ONCE, ReviewPolicy.AFTER_CLOSE, ReviewPolicy.HIDDEN}
    if seen.score:
        assert (state, grade) == (AttemptState.SUBMITTED, GradeState.FINAL)
    if state == AttemptState.IN_PROGRESS or grade is None:
        assert seen == Visible()
    if policy == ReviewPolicy.HIDDEN and (released is None or now < released):
        assert seen == Visible()
    if policy == ReviewPolicy.AFTER_CLOSE and now <= NOW + LATE_SYNC:
        assert not seen.review
    if seen.pending:
        assert (grade, seen.score) == (GradeState.PENDING, False)
    final = (state, grade) == (AttemptState.SUBMITTED, GradeState.FINAL)
    if final and policy == ReviewPolicy.AT_ONCE:
        assert seen.review
    if final and policy == ReviewPolicy.SCORE_ONLY:
        assert (seen.score, seen.review) == (True, False)
