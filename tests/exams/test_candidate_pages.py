"""The candidate's pages: every flow with and without scripts, wrong input, replays, strangers."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from elearn.exams.attempts.services import close_due_attempts, save_answers, submit_attempt
from elearn.exams.grades.policy import GRACE, LATE_SYNC
from elearn.models import (
    AnswerEvent,
    Attempt,
    AttemptState,
    Grade,
    LoginSession,
    ReviewPolicy,
    TrainingRecord,
)
from tests.conftest import Browser
from tests.exams.conftest import Case
from tests.factories import make_person
from tests.factories_exams import all_right, event, make_attempt, make_exam, parts_of

AGREED = {"agreed": "1"}


@pytest.fixture
def me(client: Browser, case: Case) -> Browser:
    """The candidate, signed in."""
    return client.sign_in(case.person, case.session)


@pytest.fixture
def attempt(me: Browser, case: Case) -> Attempt:
    """Started through the page."""
    response = me.post(f"/exams/{case.exam.public_id}/start", data=AGREED)
    assert response.status_code == 302
    return case.attempt()


def count(case: Case, table: type[Any]) -> int:
    case.session.expire_all()
    return case.session.scalar(select(func.count()).select_from(table)) or 0


def travel(case: Case, attempt: Attempt, by: timedelta) -> None:
    """As if the attempt had been started earlier."""
    attempt.started_at -= by
    attempt.deadline_at -= by
    if attempt.late_until is not None:
        attempt.late_until -= by
    case.session.commit()


# ---------------------------------------------------------------- list and lobby


def test_my_exams_lists_what_is_mine(me: Browser, case: Case) -> None:
    elsewhere = make_exam(case.session, case.stranger.org_unit, by=case.examiner)
    case.session.commit()
    page = me.get("/exams").get_data(as_text=True)
    assert case.exam.title in page
    assert "可以参加" in page
    assert elsewhere.title not in page


def test_my_exams_is_empty_with_a_sentence(client: Browser, case: Case) -> None:
    page = client.sign_in(case.stranger, case.session).get("/exams").get_data(as_text=True)
    assert "还没有安排给您的考试" in page


def test_lobby_says_what_is_coming(me: Browser, case: Case) -> None:
    page = me.get(f"/exams/{case.exam.public_id}").get_data(as_text=True)
    for text in ("50 分钟", "共 10 题", "满分 20 分", "12 分", "共 1 次，还剩 1 次", "我已阅读"):
        assert text in page
    assert case.person.name in page


@pytest.mark.parametrize(
    ("opens", "closes", "text"),
    [(1, 2, "到时间再进入"), (-3, -2, "您没有参加"), (-1, 1, "开始考试")],
)
def test_lobby_follows_the_window(
    me: Browser, case: Case, opens: int, closes: int, text: str
) -> None:
    now = datetime.now(UTC)
    case.exam.opens_at = now + timedelta(hours=opens)
    case.exam.closes_at = now + timedelta(hours=closes)
    case.session.commit()
    assert text in me.get(f"/exams/{case.exam.public_id}").get_data(as_text=True)


def test_a_cancelled_exam_says_so_to_the_invited_and_cannot_be_started(
    me: Browser, browser: Callable[[], Browser], case: Case
) -> None:
    case.exam.cancelled_at = datetime.now(UTC)
    case.session.commit()
    page = me.get(f"/exams/{case.exam.public_id}")
    assert page.status_code == 200
    assert "这场考试已取消" in page.get_data(as_text=True)
    assert me.post(f"/exams/{case.exam.public_id}/start", data=AGREED).status_code == 410
    assert count(case, Attempt) == 0
    assert case.exam.title not in me.get("/exams").get_data(as_text=True)
    stranger = browser().sign_in(make_person(case.session), case.session)
    assert stranger.get(f"/exams/{case.exam.public_id}").status_code == 404


# ---------------------------------------------------------------- start


def test_start_needs_the_tick(me: Browser, case: Case) -> None:
    response = me.post(f"/exams/{case.exam.public_id}/start")
    assert response.status_code == 422
    assert "请先阅读并勾选" in response.get_data(as_text=True)
    assert count(case, Attempt) == 0


def test_start_twice_is_one_attempt(me: Browser, case: Case) -> None:
    places = {
        me.post(f"/exams/{case.exam.public_id}/start", data=AGREED).headers["Location"]
        for _ in range(2)
    }
    assert len(places) == count(case, Attempt) == 1


def test_start_draws_an_unpredictable_seed(browser: Callable[[], Browser], case: Case) -> None:
    seeds = set()
    for _ in range(3):
        person = make_person(case.session, case.exam.org_unit)
        browser().sign_in(person, case.session).post(
            f"/exams/{case.exam.public_id}/start", data=AGREED
        )
    seeds = set(case.session.scalars(select(Attempt.seed)))
    assert len(seeds) == 3
    assert all(re.fullmatch(r"[0-9a-f]{32}", seed) for seed in seeds)


def test_session_outlives_the_exam(me: Browser, case: Case, attempt: Attempt) -> None:
    login = case.session.scalars(
        select(LoginSession).where(LoginSession.person_id == case.person.id)
    ).one()
    login.expires_at = datetime.now(UTC) + timedelta(minutes=1)
    case.session.commit()
    assert me.get(f"/attempts/{attempt.public_id}").status_code == 200
    case.session.refresh(login)
    assert login.expires_at >= attempt.deadline_at + timedelta(hours=1)


def test_refused_start_says_why(me: Browser, case: Case) -> None:
    case.exam.opens_at = datetime.now(UTC) + timedelta(minutes=5)
    case.session.commit()
    response = me.post(f"/exams/{case.exam.public_id}/start", data=AGREED)
    assert response.status_code == 409
    assert "考试还没有开始" in response.get_data(as_text=True)


# ---------------------------------------------------------------- paper


def test_take_shows_every_question_and_own_answers(
    me: Browser, case: Case, attempt: Attempt
) -> None:
    me.post(
        f"/attempts/{attempt.public_id}/answers", json={"events": [event(1, 0, [2])], "flags": [2]}
    )
    page = me.get(f"/attempts/{attempt.public_id}").get_data(as_text=True)
    assert page.count('class="question"') == 10
    assert re.search(r'name="a-1-0" value="2" checked', page)
    assert re.search(r'name="flag" value="2" checked', page)
    assert page.count("checked") == 2
    assert f'name="base" value="{case.attempt().last_seq}"' in page


def test_lobby_offers_to_go_on(me: Browser, case: Case, attempt: Attempt) -> None:
    page = me.get(f"/exams/{case.exam.public_id}").get_data(as_text=True)
    assert "继续考试" in page
    assert "已答 0 / 10 题" in page
    assert "开始考试" not in page


def test_text_of_questions_and_answers_is_never_markup(me: Browser, case: Case) -> None:
    from elearn.core.assembly.model import Section  # noqa: PLC0415
    from elearn.core.questions.model import Part, QuestionType  # noqa: PLC0415
    from tests.factories_exams import (  # noqa: PLC0415
        make_bank,
        make_question,
        make_revision,
        make_spec,
    )

    part = Part(
        QuestionType.SHORT_ANSWER,
        "<img src=x onerror=alert(1)>**粗**",
        reference="<b>参考</b>",
        explanation="<script>alert(2)</script>",
    )
    make_bank(
        case.session, [make_question(QuestionType.SHORT_ANSWER, parts=(part,), topic="LAW-01")]
    )
    section = Section("简答", QuestionType.SHORT_ANSWER, 1, 100, topics=("LAW-01",))
    exam = make_exam(
        case.session,
        case.exam.org_unit,
        by=case.examiner,
        now=datetime.now(UTC),
        revision=make_revision(case.session, make_spec(section)),
    )
    case.session.commit()
    me.post(f"/exams/{exam.public_id}/start", data=AGREED)
    mine = case.attempt()
    nasty = "</textarea><script>alert(3)</script>"
    me.post(f"/attempts/{mine.public_id}/answers", json={"events": [event(1, 0, nasty)]})
    page = me.get(f"/attempts/{mine.public_id}").get_data(as_text=True)
    assert "<img src=x" not in page
    assert "<script>alert" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;<strong>粗</strong>" in page


# ---------------------------------------------------------------- saving by script


def test_save_answers_in_json(me: Browser, case: Case, attempt: Attempt) -> None:
    sent = event(1, 0, [1])
    response = me.post(f"/attempts/{attempt.public_id}/answers", json={"events": [sent]})
    assert response.status_code == 200
    reply = response.get_json()
    assert set(reply) == {
        *("acked", "statuses", "seq", "saved", "server_time", "deadline", "remaining_ms"),
        *("paused", "news"),
    }
    assert reply["statuses"] == {sent["event_id"]: "COUNTED"}
    assert (reply["acked"], reply["seq"], reply["saved"]) == ([sent["event_id"]], 1, 1)
    assert 2_900_000 < reply["remaining_ms"] <= 3_000_000
    assert response.headers["Cache-Control"] == "no-store"
    # The reply was lost: the same delivery gets the same answer.
    again = me.post(f"/attempts/{attempt.public_id}/answers", json={"events": [sent]}).get_json()
    assert (again["acked"], again["seq"], again["saved"]) == ([sent["event_id"]], 1, 1)
    assert count(case, AnswerEvent) == 1


def test_save_takes_the_token_in_the_body(me: Browser, attempt: Attempt) -> None:
    url = f"/attempts/{attempt.public_id}/answers"
    body = {"events": [event(1, 0, [1])], "csrf": me.csrf_token()}
    assert me.post(url, json=body, headers={"X-CSRFToken": ""}).status_code == 200
    for bad in ("", "wrong", None, 7):
        body = {"events": [event(1, 0, [1])], "csrf": bad}
        response = me.post(url, json=body, headers={"X-CSRFToken": ""})
        assert response.status_code == 400
        assert response.get_json()["error"]["code"] == "E-CSRF"


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "[]",
        "null",
        "7",
        '"x"',
        "{}",
        '{"events": null}',
        '{"events": {"a": 1}}',
        '{"events": "x"}',
        '{"events": [1]}',
        '{"events": [], "score": 100}',
        '{"events": [], "flags": "x"}',
        '{"events": [], "flags": [null]}',
        '{"events": [{"event_id": "12345678", "item": 1e99, "part": 0, "value": [0]}]}',
        '{"events": [{"event_id": "12345678", "item": 1, "part": 0, "value": ["\\ud800"]}]}',
        '{"events": [{"event_id": "12345678", "item": 1, "part": 0, "value": NaN}]}',
        "[" * 2000,
    ],
)
def test_wrong_shapes_get_422(me: Browser, case: Case, attempt: Attempt, body: str) -> None:
    response = me.post(
        f"/attempts/{attempt.public_id}/answers",
        data=body,
        content_type="application/json",
    )
    assert response.status_code == 422
    assert response.get_json()["error"]["code"] in {"E-SHAPE", "E-ANSWER"}
    assert count(case, AnswerEvent) == 0


def test_refused_answers_are_named(me: Browser, case: Case, attempt: Attempt) -> None:
    good, bad = event(1, 0, [0]), event(2, 0, [9])
    response = me.post(f"/attempts/{attempt.public_id}/answers", json={"events": [good, bad]})
    assert response.status_code == 422
    assert list(response.get_json()["error"]["rejected"]) == [bad["event_id"]]
    assert count(case, AnswerEvent) == 0


def test_a_huge_body_is_refused(me: Browser, attempt: Attempt) -> None:
    response = me.post(
        f"/attempts/{attempt.public_id}/answers",
        data=b"[" + b"1," * 800_000,
        content_type="application/json",
    )
    assert response.status_code in {413, 422}


def test_save_errors_speak_json(
    browser: Callable[[], Browser], me: Browser, case: Case, attempt: Attempt
) -> None:
    url = f"/attempts/{attempt.public_id}/answers"
    body = {"events": [event(1, 0, [0], "same-event")]}
    assert me.post(url, json=body).status_code == 200
    other = {"events": [event(1, 0, [1], "same-event")]}
    conflict = me.post(url, json=other)
    assert (conflict.status_code, conflict.get_json()["error"]["code"]) == (422, "E-EVENT")
    stranger = browser().sign_in(case.stranger, case.session).post(url, json=body)
    assert (stranger.status_code, stranger.get_json()["error"]["code"]) == (404, "E-404")
    assert browser().post(url, json=body).status_code == 401
    me.post(f"/attempts/{attempt.public_id}/submit")
    gone = me.post(url, json={"events": [event(2, 0, [0])]})
    assert (gone.status_code, gone.get_json()["error"]["code"]) == (410, "E-SUBMITTED")


def test_save_after_deadline_and_grace_is_held(me: Browser, case: Case, attempt: Attempt) -> None:
    travel(case, attempt, timedelta(seconds=3000 + 20))
    url = f"/attempts/{attempt.public_id}/answers"
    in_grace = me.post(url, json={"events": [event(1, 0, [0])]})
    assert (in_grace.status_code, in_grace.get_json()["remaining_ms"]) == (200, 0)
    travel(case, case.attempt(), timedelta(seconds=15))
    late = me.post(url, json={"events": [event(2, 0, [0], "late-event")]})
    assert late.get_json()["statuses"] == {"late-event": "HELD"}
    assert (count(case, AnswerEvent), late.get_json()["saved"]) == (2, 1)


def test_right_and_wrong_answers_get_replies_of_one_size(
    me: Browser, case: Case, attempt: Attempt
) -> None:
    """ST-03: nothing in a reply tells whether the answer was right."""
    sizes = set()
    for position in range(4):
        response = me.post(
            f"/attempts/{attempt.public_id}/answers", json={"events": [event(1, 0, [position])]}
        )
        reply = response.get_json()
        sizes.add((len(reply["acked"][0]), reply["saved"], len(str(reply["remaining_ms"]))))
    assert len(sizes) == 1


def test_state_tells_where_the_server_stands(me: Browser, case: Case, attempt: Attempt) -> None:
    me.post(
        f"/attempts/{attempt.public_id}/answers", json={"events": [event(1, 0, [2])], "flags": [3]}
    )
    state = me.get(f"/attempts/{attempt.public_id}/state").get_json()
    assert (state["state"], state["seq"], state["saved"]) == ("IN_PROGRESS", 1, 1)
    assert (state["answers"]["1-0"], state["answers"]["2-0"], state["flags"]) == ([2], [], [3])
    assert len(state["answers"]) == 12
    # The token in it is good for saving: a page whose token died recovers with it.
    fresh = me.post(
        f"/attempts/{attempt.public_id}/answers",
        json={"events": [event(2, 0, [0])]},
        headers={"X-CSRFToken": state["csrf"]},
    )
    assert fresh.status_code == 200
    me.post(f"/attempts/{attempt.public_id}/submit")
    state = me.get(f"/attempts/{attempt.public_id}/state").get_json()
    assert state["state"] == "SUBMITTED"
    assert "answers" not in state


# ---------------------------------------------------------------- without scripts


def fields_of(page: str) -> dict[str, Any]:
    """What a browser would post: hidden fields, checked boxes, texts."""
    form = page[page.index('id="paper"') :]
    found: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        attrs = dict(re.findall(r'([a-z-]+)="([^"]*)"', tag))
        if attrs.get("type") in {"radio", "checkbox"} and " checked" not in tag:
            continue
        found.setdefault(attrs["name"], []).append(attrs.get("value", ""))
    return found


def test_a_whole_exam_without_scripts(me: Browser, case: Case) -> None:
    lobby = me.get(f"/exams/{case.exam.public_id}").get_data(as_text=True)
    assert f'action="/exams/{case.exam.public_id}/start"' in lobby
    response = me.post(f"/exams/{case.exam.public_id}/start", data=AGREED, follow_redirects=True)
    attempt = case.attempt()
    wanted = {(sent["item"], sent["part"]): sent["value"] for sent in all_right(attempt, case.bank)}
    form = fields_of(response.get_data(as_text=True))
    for (item, part), value in wanted.items():
        if isinstance(value[0], int):
            form[f"a-{item}-{part}"] = [str(position) for position in value]
        else:
            for at, text in enumerate(value):
                form[f"a-{item}-{part}-{at}"] = [text]
    form["do"] = ["check"]
    response = me.post(f"/attempts/{attempt.public_id}/page", data=form)
    assert response.headers["Location"] == f"/attempts/{attempt.public_id}/confirm"
    confirm = me.get(response.headers["Location"]).get_data(as_text=True)
    assert "10 题都已作答" in confirm
    response = me.post(f"/attempts/{attempt.public_id}/submit", follow_redirects=True)
    assert "20 / 20 分" in response.get_data(as_text=True)
    assert "合格" in response.get_data(as_text=True)


def test_page_save_comes_back_to_the_paper(me: Browser, case: Case, attempt: Attempt) -> None:
    form = fields_of(me.get(f"/attempts/{attempt.public_id}").get_data(as_text=True))
    form |= {"a-1-0": ["1"], "flag": ["4"]}
    response = me.post(f"/attempts/{attempt.public_id}/page", data=form)
    assert response.headers["Location"] == f"/attempts/{attempt.public_id}"
    page = me.get(response.headers["Location"]).get_data(as_text=True)
    assert "答案已保存" in page
    assert re.search(r'name="a-1-0" value="1" checked', page)
    form = fields_of(page) | {"clear": ["1"]}
    response = me.post(f"/attempts/{attempt.public_id}/page", data=form)
    assert response.headers["Location"] == f"/attempts/{attempt.public_id}#q-1"
    page = me.get(f"/attempts/{attempt.public_id}").get_data(as_text=True)
    assert 'name="a-1-0" value="1" checked' not in page
    assert re.search(r'name="flag" value="4" checked', page)


def test_page_without_its_end_saves_nothing(me: Browser, case: Case, attempt: Attempt) -> None:
    form = fields_of(me.get(f"/attempts/{attempt.public_id}").get_data(as_text=True))
    form |= {"a-1-0": ["1"]}
    del form["end"]
    assert me.post(f"/attempts/{attempt.public_id}/page", data=form).status_code == 422
    assert count(case, AnswerEvent) == 0


def test_page_after_the_end_leads_to_the_result(me: Browser, case: Case, attempt: Attempt) -> None:
    form = fields_of(me.get(f"/attempts/{attempt.public_id}").get_data(as_text=True))
    me.post(f"/attempts/{attempt.public_id}/submit")
    form |= {"a-1-0": ["1"]}
    response = me.post(f"/attempts/{attempt.public_id}/page", data=form)
    assert response.headers["Location"] == f"/attempts/{attempt.public_id}/result"
    assert count(case, AnswerEvent) == 0


# ---------------------------------------------------------------- confirm, submit, result


def test_confirm_counts_what_is_open(me: Browser, case: Case, attempt: Attempt) -> None:
    two_parts = next(item for item, part, _ in parts_of(attempt) if part == 1)
    events = [event(1, 0, [0]), event(two_parts, 0, [0])]
    me.post(f"/attempts/{attempt.public_id}/answers", json={"events": events, "flags": [2]})
    page = me.get(f"/attempts/{attempt.public_id}/confirm").get_data(as_text=True)
    assert "还有 9 题没有答完" in page  # a case with one part open is not complete
    assert "标记了 1 题" in page
    assert f"#q-{two_parts}" in page
    assert "交卷后不能修改答案" in page


def test_submit_twice_is_one_receipt(me: Browser, case: Case, attempt: Attempt) -> None:
    me.post(f"/attempts/{attempt.public_id}/answers", json={"events": [event(1, 0, [0])]})
    receipts = set()
    for _ in range(2):
        response = me.post(f"/attempts/{attempt.public_id}/submit")
        assert response.headers["Location"] == f"/attempts/{attempt.public_id}/result"
        page = me.get(response.headers["Location"]).get_data(as_text=True)
        receipts.add(re.search(r"回执 ([2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4})", page)[1])  # type: ignore[index]
    assert len(receipts) == count(case, Grade) == count(case, TrainingRecord) == 1


def test_receipts_differ_with_the_answers(browser: Callable[[], Browser], case: Case) -> None:
    receipts = set()
    for position in (0, 1):
        person = make_person(case.session, case.exam.org_unit)
        attempt = make_attempt(case.session, case.exam, person, now=datetime.now(UTC))
        save_answers(
            case.session,
            attempt=attempt,
            events=[event(1, 0, [position])],
            now=datetime.now(UTC),
        )
        submit_attempt(case.session, attempt=attempt, now=datetime.now(UTC))
        case.session.commit()
        page = browser().sign_in(person, case.session).get(f"/attempts/{attempt.public_id}/result")
        receipts.add(re.search(r"回执 (\S+)<", page.get_data(as_text=True))[1])  # type: ignore[index]
    assert len(receipts) == 2


def test_pages_of_a_running_attempt_lead_each_other(
    me: Browser, case: Case, attempt: Attempt
) -> None:
    base = f"/attempts/{attempt.public_id}"
    assert me.get(f"{base}/result").headers["Location"] == base
    me.post(f"{base}/submit")
    for page in (base, f"{base}/confirm"):
        assert me.get(page).headers["Location"] == f"{base}/result"


def test_time_over_waits_for_the_last_answers_and_then_closes(
    me: Browser, case: Case, attempt: Attempt
) -> None:
    base = f"/attempts/{attempt.public_id}"
    travel(case, attempt, timedelta(seconds=3000 + 5))
    assert me.get(base).headers["Location"] == f"{base}/result"
    assert me.get(f"{base}/confirm").headers["Location"] == f"{base}/result"
    assert "正在收卷" in me.get(f"{base}/result").get_data(as_text=True)
    travel(case, case.attempt(), GRACE)
    page = me.get(f"{base}/result").get_data(as_text=True)
    assert "到时间自动收卷" in page
    assert "还可能补传" in page
    assert 'id="closed"' not in page
    assert "合格" not in page
    assert case.attempt().state == AttemptState.SUBMITTED
    assert (count(case, Grade), count(case, TrainingRecord)) == (1, 0)
    travel(case, case.attempt(), LATE_SYNC)
    page = me.get(f"{base}/result").get_data(as_text=True)
    assert "合格" in page
    assert 'id="closed"' in page
    assert (count(case, Grade), count(case, TrainingRecord)) == (1, 1)


@pytest.mark.parametrize("path", ["/exams", "/exams/{exam}", "/attempts/{attempt}/state"])
def test_every_page_closes_what_is_due(
    me: Browser, case: Case, attempt: Attempt, path: str
) -> None:
    travel(case, attempt, timedelta(seconds=3000) + LATE_SYNC + timedelta(seconds=5))
    url = path.format(exam=case.exam.public_id, attempt=attempt.public_id)
    assert me.get(url).status_code == 200
    assert case.attempt().state == AttemptState.SUBMITTED
    assert count(case, TrainingRecord) == 1


def test_result_of_short_answers_says_it_waits(me: Browser, case: Case) -> None:
    from tests.factories_exams import make_revision, short_spec  # noqa: PLC0415

    exam = make_exam(
        case.session,
        case.exam.org_unit,
        by=case.examiner,
        now=datetime.now(UTC),
        revision=make_revision(case.session, short_spec()),
        review_policy=ReviewPolicy.AT_ONCE,
    )
    case.session.commit()
    me.post(f"/exams/{exam.public_id}/start", data=AGREED)
    mine = case.attempt()
    me.post(f"/attempts/{mine.public_id}/answers", json={"events": all_right(mine, case.bank)})
    page = me.post(f"/attempts/{mine.public_id}/submit", follow_redirects=True)
    text = page.get_data(as_text=True)
    assert "待阅卷" in text
    assert "参考答案" not in text
    assert "待阅卷" in me.get("/exams").get_data(as_text=True)


def test_result_after_the_sweeper_names_the_deadline(
    me: Browser, case: Case, attempt: Attempt
) -> None:
    late = attempt.deadline_at + GRACE + timedelta(seconds=1)
    close_due_attempts(case.session, now=late)
    case.session.commit()
    page = me.get(f"/attempts/{attempt.public_id}/result").get_data(as_text=True)
    assert "到时间自动收卷" in page


# ---------------------------------------------------------------- whose it is, how it is asked


def test_another_persons_attempt_does_not_exist(
    browser: Callable[[], Browser], me: Browser, case: Case, attempt: Attempt
) -> None:
    colleague = make_person(case.session, case.person.org_unit)
    for stranger in (case.stranger, colleague, case.examiner):
        client = browser().sign_in(stranger, case.session)
        base = f"/attempts/{attempt.public_id}"
        for path in ("", "/state", "/confirm", "/result"):
            assert client.get(base + path).status_code == 404
        assert client.post(f"{base}/submit").status_code == 404
        assert client.post(f"{base}/page", data={"base": "0", "end": "1"}).status_code == 404
        assert client.post(f"{base}/answers", json={"events": []}).status_code == 404
    assert case.attempt().state == AttemptState.IN_PROGRESS
    assert (
        browser()
        .sign_in(case.stranger, case.session)
        .get(f"/exams/{case.exam.public_id}")
        .status_code
        == 404
    )


def test_wrong_methods_and_signed_out(
    browser: Callable[[], Browser], me: Browser, case: Case, attempt: Attempt
) -> None:
    base = f"/attempts/{attempt.public_id}"
    posts = [f"/exams/{case.exam.public_id}/start", f"{base}/page", f"{base}/submit"]
    for url in [*posts, f"{base}/answers"]:
        assert me.get(url).status_code == 405
    out = browser()
    for url in posts:
        assert out.post(url).headers["Location"].startswith("/sign-in")
    for url in ("/exams", f"/exams/{case.exam.public_id}", base, f"{base}/result"):
        assert out.get(url).headers["Location"].startswith("/sign-in")


def test_posts_without_the_token_change_nothing(me: Browser, case: Case, attempt: Attempt) -> None:
    base = f"/attempts/{attempt.public_id}"
    for url in (f"{base}/submit", f"{base}/page", f"/exams/{case.exam.public_id}/start"):
        assert me.post(url, headers={"X-CSRFToken": ""}).status_code == 400
    assert case.attempt().state == AttemptState.IN_PROGRESS


def test_person_who_moved_away_keeps_the_running_attempt(
    me: Browser, case: Case, attempt: Attempt
) -> None:
    case.person.org_unit_id = case.stranger.org_unit_id
    case.session.commit()
    assert me.get(f"/attempts/{attempt.public_id}").status_code == 200
    assert me.get(f"/exams/{case.exam.public_id}").status_code == 200
    assert me.post(f"/attempts/{attempt.public_id}/submit").status_code == 302
