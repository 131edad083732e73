"""The learner's pages over HTTP, as a browser without scripts uses them."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from elearn import db
from elearn.models import (
    CourseRevision,
    LessonProgress,
    Party,
    Person,
    QuizResponse,
    ReadingClock,
    TrainingRecord,
)
from tests.conftest import Browser
from tests.factories import make_person
from tests.factories_courses import lesson_file, make_course, publish_laws, quiz_item


@pytest.fixture
def person(session: Session) -> Person:
    return make_person(session)


@pytest.fixture
def cadre(client: Browser, session: Session, person: Person) -> Browser:
    return client.sign_in(person, session)


def course_of(session: Session, **changes: object) -> CourseRevision:
    """Course `c`, lessons `c-1` and `c-2`, committed."""
    made = make_course(session, code="c", **changes)  # type: ignore[arg-type]  # passed on
    session.commit()
    return made


def answer(
    browser: Browser, question: str, *chosen: str, parts: int = 1, **headers: str
) -> TestResponse:
    """Post one question of lesson c-1 or c-2."""
    lesson = question.rsplit("-", 1)[0]
    data = {"question": question, "parts": str(parts), "a0": list(chosen)}
    return browser.post(f"/courses/c/{lesson}/quiz", data=data, headers=headers)


def read_for(session: Session, seconds: int) -> None:
    """Turn everybody's clock back: as if that much time had gone by."""
    back = timedelta(seconds=seconds)
    for clock in session.scalars(select(ReadingClock)):
        clock.last_beat_at -= back
    for progress in session.scalars(select(LessonProgress)):
        progress.opened_at -= back
    session.commit()


def records(session: Session) -> int:
    return session.scalar(select(func.count(TrainingRecord.id))) or 0


# ---------------------------------------------------------------- the whole way


def test_course_is_read_answered_and_completed_without_scripts(
    cadre: Browser, session: Session
) -> None:
    course_of(session, study_minutes=2)
    assert "开始学习" in cadre.get("/courses/c").text
    for number in (1, 2):
        page = cadre.get(f"/courses/c/c-{number}").text
        assert f"第 {number} 节 / 共 2 节" in page
        read_for(session, 70)
        reply = answer(cadre, f"c-{number}-q1", "1")
        assert (reply.status_code, reply.location) == (
            303, f"/courses/c/c-{number}?done=c-{number}-q1#q-c-{number}-q1",
        )  # fmt: skip
        page = cadre.get(reply.location.split("#")[0]).text
        assert "✓ 回答正确" in page
        reply = cadre.post(f"/courses/c/c-{number}/finish")
        assert reply.status_code == 303
    assert reply.location == "/courses/c"
    page = cadre.get("/courses/c").text
    assert "这门课已完成，记 1.5 学时。" in page
    assert "✓ 已完成" in page
    assert records(session) == 1


def test_finish_goes_to_the_next_lesson(cadre: Browser, session: Session) -> None:
    course_of(session)
    cadre.get("/courses/c/c-1")
    answer(cadre, "c-1-q1", "1")
    assert cadre.post("/courses/c/c-1/finish").location == "/courses/c/c-2"
    page = cadre.get("/courses/c").text
    assert "继续学习：第 2 节 / 共 2 节" in page
    assert "✓ 已学完" in page
    assert "○ 未学" in page


def test_finish_of_the_last_lesson_with_time_missing_says_so(
    cadre: Browser, session: Session
) -> None:
    course_of(session, lessons=1, study_minutes=2)
    cadre.get("/courses/c/c-1")
    answer(cadre, "c-1-q1", "1")
    assert cadre.post("/courses/c/c-1/finish").location == "/courses/c"
    page = cadre.get("/courses/c").text
    assert "学习时间还差 2 分钟" in page
    assert "接着读第 1 节" in page
    assert records(session) == 0


def test_finish_with_open_quiz_leads_to_what_is_missing(cadre: Browser, session: Session) -> None:
    course_of(session)
    cadre.get("/courses/c/c-1")
    reply = cadre.post("/courses/c/c-1/finish")
    assert (reply.status_code, reply.location) == (303, "/courses/c/c-1?need=1#missing")
    page = cadre.get("/courses/c/c-1?need=1").text
    assert "还不能学完这一节，还差随堂题" in page
    assert '<a href="#q-c-1-q1">第 1 题未答</a>' in page
    assert session.scalar(select(LessonProgress.finished_at)) is None


def test_posts_sent_twice_change_nothing_more(cadre: Browser, session: Session) -> None:
    course_of(session, lessons=1, study_minutes=0)
    cadre.get("/courses/c/c-1")
    for _ in range(2):
        assert answer(cadre, "c-1-q1", "1").status_code == 303
    for _ in range(3):
        assert cadre.post("/courses/c/c-1/finish").status_code == 303
    assert session.scalar(select(func.count(QuizResponse.id))) == 1
    assert records(session) == 1


# ---------------------------------------------------------------- scripts that cheat


def test_bare_client_that_never_opened_gets_nothing(cadre: Browser, session: Session) -> None:
    course_of(session, study_minutes=0)
    for number in (1, 2):
        for path, data in (
            ("quiz", {"question": f"c-{number}-q1", "parts": "1", "a0": "1"}),
            ("beat", {"position": "p-1"}),
            ("finish", {}),
            ("finish", {"finished": "1", "seconds": "3600", "duration": "3600"}),
        ):
            reply = cadre.post(f"/courses/c/c-{number}/{path}", data=data)
            assert reply.status_code == 422, path
            assert "系统还没有看到您打开这一节" in reply.text
    assert records(session) == 0
    assert session.scalar(select(func.count(LessonProgress.id))) == 0
    assert session.scalar(select(func.count(QuizResponse.id))) == 0


def test_five_hundred_forged_completions_get_nothing(cadre: Browser, session: Session) -> None:
    course_of(session, study_minutes=2)
    cadre.get("/courses/c/c-1")
    answer(cadre, "c-1-q1", "1")
    for _ in range(125):
        for path in ("c-1/beat", "c-1/finish", "c-2/finish", "c-2/beat"):
            cadre.post(f"/courses/c/{path}", data={"seconds": "9999", "position": "p-1"})
    assert records(session) == 0
    assert (session.scalar(select(func.sum(LessonProgress.visible_seconds))) or 0) <= 60


def test_beats_say_what_the_server_counted(cadre: Browser, session: Session) -> None:
    course_of(session)
    cadre.get("/courses/c/c-1")
    reply = cadre.post("/courses/c/c-1/beat", data={"position": "p-1a2b3c4d"})
    assert reply.status_code == 200
    assert reply.json == {"seconds": 0, "done": False}
    read_for(session, 3600)
    assert cadre.post("/courses/c/c-1/beat", data={"away": "1"}).json == {
        "seconds": 30,
        "done": False,
    }
    clock = session.scalars(select(ReadingClock)).one()
    session.refresh(clock)
    assert clock.mode == "AWAY"


# ---------------------------------------------------------------- the quiz, and its secrets


def test_no_key_in_any_page_before_the_answer(cadre: Browser, session: Session) -> None:
    publish_laws(session)
    items = [
        quiz_item(f"c-1-q{at}", kind=kind, canary="金丝雀")
        for at, kind in enumerate(("单选", "多选", "填空", "简答", "案例"), start=1)
    ]
    course_of(session, lessons=1, files={"01-节.md": lesson_file("c-1", items=items)})
    paths = ("/courses", "/courses?q=礼品", "/courses/c", "/courses/c/c-1", "/courses/c/c-1?need=1",
             "/courses/c/c-1?done=c-1-q1", "/courses/c/c-1?empty=c-1-q1", "/laws",
             "/laws/纪律处分条例")  # fmt: skip
    for path in paths:
        reply = cadre.get(path)
        assert "金丝雀" not in reply.text, path
        assert "正确答案" not in reply.text, path
    for path, data in (
        ("quiz", {"question": "c-1-q1", "parts": "1"}),
        ("quiz", {"question": "c-1-q1", "parts": "1", "a0": "9"}),
        ("beat", {}),
        ("finish", {}),
    ):
        for accept in ("text/html", "application/json"):
            reply = cadre.post(f"/courses/c/c-1/{path}", data=data, headers={"Accept": accept})
            assert "金丝雀" not in reply.text, path
    reply = answer(cadre, "c-1-q1", "0", Accept="application/json")
    assert reply.json is not None
    assert reply.json["html"].count("金丝雀") == 1
    assert "金丝雀" not in reply.json["end"]
    page = cadre.get("/courses/c/c-1").text
    assert page.count("金丝雀") == 1


def test_feedback_is_in_words(cadre: Browser, session: Session) -> None:
    publish_laws(session)
    items = [quiz_item("c-1-q1", kind="多选", canary="因为如此")]
    course_of(session, lessons=1, files={"01-节.md": lesson_file("c-1", items=items)})
    cadre.get("/courses/c/c-1")
    reply = answer(cadre, "c-1-q1", "0", "1", Accept="application/json")
    assert reply.json is not None
    html = re.sub(r"\s+", " ", reply.json["html"])
    assert not reply.json["correct"]
    assert "✗ 回答错误" in html
    assert 'A. 收下 <strong class="bad">✗ 您选了，不正确</strong>' in html
    assert 'B. 当面谢绝 <strong class="ok">✓ 您选了，正确</strong>' in html
    assert 'C. 登记上交 <strong class="ok">✓ 正确答案</strong>' in html
    assert "因为如此" in html
    assert "《中国共产党纪律处分条例》第九十七条第一款" in html
    assert "/laws/%E7%BA%AA%E5%BE%8B%E5%A4%84%E5%88%86%E6%9D%A1%E4%BE%8B?v=2023-12-19#97" in html
    assert "再试一次" in html
    assert "第 1 题还没答对" in reply.json["end"]


def test_empty_answer_comes_back_with_a_word(cadre: Browser, session: Session) -> None:
    course_of(session)
    cadre.get("/courses/c/c-1")
    reply = answer(cadre, "c-1-q1")
    assert reply.location == "/courses/c/c-1?empty=c-1-q1#q-c-1-q1"
    assert "✗ 请先作答，再提交本题。" in cadre.get(reply.location.split("#")[0]).text
    reply = answer(cadre, "c-1-q1", Accept="application/json")
    assert reply.status_code == 422
    assert reply.json["error"]["code"] == "E-EMPTY"


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"question": "c-1-q1"},
        {"question": "c-1-q1", "parts": "x"},
        {"question": "c-1-q1", "parts": "99999999"},
        {"question": "c-1-q1", "parts": "1", "a0": "²"},
        {"question": "c-1-q1", "parts": "2", "a0": "1", "a1": "1"},
        {"question": "nothing", "parts": "1", "a0": "1"},
        {"question": "c-2-q1", "parts": "1", "a0": "1"},
    ],
)
def test_nonsense_answers_are_refused_and_not_kept(
    cadre: Browser, session: Session, data: dict[str, str]
) -> None:
    course_of(session)
    cadre.get("/courses/c/c-1")
    reply = cadre.post("/courses/c/c-1/quiz", data=data)
    assert reply.status_code in {404, 422}
    assert session.scalar(select(func.count(QuizResponse.id))) == 0


def test_answered_question_is_folded_when_right_and_open_when_wrong(
    cadre: Browser, session: Session
) -> None:
    course_of(session)
    cadre.get("/courses/c/c-1")
    answer(cadre, "c-1-q1", "0")
    page = cadre.get("/courses/c/c-1").text
    assert "✗ 回答错误" in page
    assert "看题目和解析" not in page
    answer(cadre, "c-1-q1", "1")
    assert "看题目和解析" in cadre.get("/courses/c/c-1").text
    assert "看题目和解析" not in cadre.get("/courses/c/c-1?done=c-1-q1").text


def test_trying_again_shows_the_empty_question(cadre: Browser, session: Session) -> None:
    course_of(session)
    cadre.get("/courses/c/c-1")
    answer(cadre, "c-1-q1", "0")
    assert "again=c-1-q1#q-c-1-q1" in cadre.get("/courses/c/c-1").text
    page = cadre.get("/courses/c/c-1?again=c-1-q1").text
    assert "提交本题" in page
    assert "回答错误" not in page
    assert "checked" not in page


def test_what_people_type_is_shown_as_text(cadre: Browser, session: Session) -> None:
    items = [quiz_item("c-1-q1", kind="简答")]
    course_of(session, lessons=1, files={"01-节.md": lesson_file("c-1", items=items)})
    cadre.get("/courses/c/c-1")
    answer(cadre, "c-1-q1", "<script>alert(1)</script>**粗**")
    page = cadre.get("/courses/c/c-1?done=c-1-q1").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


# ---------------------------------------------------------------- resume, revision, page


def test_place_last_read_is_offered_on_any_device(
    cadre: Browser, session: Session, person: Person
) -> None:
    course = course_of(session)
    page = cadre.get("/courses/c/c-1").text
    assert "上次读到这里" not in page
    place = re.findall(r'id="(p-[0-9a-f]+)"', course.lessons[0].html)[1]
    cadre.post("/courses/c/c-1/beat", data={"position": place})
    elsewhere = cadre.application.test_client()
    elsewhere.sign_in(person, session)  # type: ignore[attr-defined]  # a Browser
    page = elsewhere.get("/courses/c/c-1").text
    assert f'<a href="#{place}">上次读到这里：有人放下一盒茶叶' in page


def test_place_that_is_gone_or_the_top_is_not_offered(cadre: Browser, session: Session) -> None:
    course_of(session)
    cadre.get("/courses/c/c-1")
    for place in ("p-00000000", "s-周五下午"):
        session.execute(update(LessonProgress).values(position=place))
        session.commit()
        assert "上次读到这里" not in cadre.get("/courses/c/c-1").text


def test_new_revision_tells_that_progress_is_kept(cadre: Browser, session: Session) -> None:
    course_of(session)
    cadre.get("/courses/c/c-1")
    assert "课程已更新" not in cadre.get("/courses/c").text
    course_of(session, title="新名称")
    page = cadre.get("/courses/c").text
    assert "新名称" in page
    assert "课程已更新，您学过的部分都保留。" in page


def test_lesson_page_has_no_inline_script_or_style(cadre: Browser, session: Session) -> None:
    course_of(session)
    for path in ("/courses", "/courses/c", "/courses/c/c-1", "/laws"):
        page = cadre.get(path).text
        assert not re.search(r"<[^>]+\s(style|on\w+)=", page), path
        assert not re.search(r"<script(?![^>]*src=)", page), path


def test_lesson_page_stays_within_its_budget(cadre: Browser, session: Session) -> None:
    """HTML of a cadre page: 15 KB compressed (ux.md 4.1); a long lesson of 6,000 characters."""
    import gzip  # noqa: PLC0415

    body = "\n\n".join(
        f"## 第 {n} 段\n\n" + f"{n} 先看送礼的人和职务有没有关系。" * 12 for n in range(20)
    )
    course_of(session, lessons=1, files={"01-节.md": lesson_file("c-1", body=body)})
    assert len(gzip.compress(cadre.get("/courses/c/c-1").data)) < 15 * 1024


# ---------------------------------------------------------------- who may, and what is not there

PATHS = (
    "/courses",
    "/courses/c",
    "/courses/c/c-1",
    "/laws",
    "/laws/监察法",
    "/content-assets/" + "0" * 64,
)
POSTS = ("/courses/c/c-1/beat", "/courses/c/c-1/quiz", "/courses/c/c-1/finish")


@pytest.mark.parametrize("path", PATHS)
def test_pages_ask_to_sign_in(client: Browser, session: Session, path: str) -> None:
    course_of(session)
    reply = client.get(path)
    assert reply.status_code == 302
    assert reply.location.startswith("/sign-in?next=")


@pytest.mark.parametrize("path", POSTS)
def test_posts_ask_to_sign_in_and_write_nothing(
    client: Browser, session: Session, path: str
) -> None:
    course_of(session)
    assert client.post(path).status_code == 302
    assert client.post(path, headers={"Accept": "application/json"}).status_code == 401
    assert session.scalar(select(func.count(LessonProgress.id))) == 0


@pytest.mark.parametrize("path", POSTS)
def test_posts_refuse_other_methods_and_missing_tokens(
    cadre: Browser, session: Session, path: str
) -> None:
    course_of(session)
    assert cadre.get(path).status_code == 405
    assert cadre.post(path, headers={"X-CSRFToken": "x"}).status_code == 400


@pytest.mark.parametrize("path", ["/courses/x", "/courses/x/c-1", "/courses/c/x", "/courses/c/c-9"])
def test_unknown_courses_and_lessons_are_not_found(
    cadre: Browser, session: Session, path: str
) -> None:
    course_of(session)
    assert cadre.get(path).status_code == 404


@pytest.mark.parametrize("path", [p.replace("c-1", "c-9") for p in POSTS])
def test_posts_to_unknown_lessons_are_not_found(
    cadre: Browser, session: Session, path: str
) -> None:
    course_of(session)
    assert cadre.post(path).status_code == 404


def test_course_without_a_current_revision_is_not_found(cadre: Browser, session: Session) -> None:
    course = course_of(session)
    course.course.current_revision_id = None
    session.commit()
    for path in ("/courses/c", "/courses/c/c-1"):
        assert cadre.get(path).status_code == 404
    assert "c-1" not in cadre.get("/courses").text


@pytest.mark.parametrize(
    ("audience", "party", "status"),
    [
        ("党员", Party.PARTY, 200),
        ("党员", Party.NON_PARTY, 404),
        ("党员", None, 200),
        ("非党员", Party.PARTY, 404),
        ("非党员", Party.NON_PARTY, 200),
        ("党员、非党员", Party.NON_PARTY, 200),
        ("党员、非党员", Party.PARTY, 200),
        ("一把手", Party.NON_PARTY, 200),
        ("全体", Party.PARTY, 200),
    ],
)
def test_audience_excludes_the_others(
    client: Browser, session: Session, audience: str, party: Party | None, status: int
) -> None:
    course_of(session, audience=audience)
    browser = client.sign_in(make_person(session, party=party), session)
    for path in ("/courses/c", "/courses/c/c-1"):
        assert browser.get(path).status_code == status
    for path in POSTS:
        reply = browser.post(path, data={"question": "c-1-q1", "parts": "1", "a0": "1"})
        assert (reply.status_code == 404) is (status == 404), path
    assert ("/courses/c" in browser.get("/courses").text) is (status == 200)


def test_progress_of_others_is_not_mine(cadre: Browser, session: Session, browser: object) -> None:
    course_of(session)
    cadre.get("/courses/c/c-1")
    answer(cadre, "c-1-q1", "1")
    other = cadre.application.test_client()
    other.sign_in(make_person(session), session)  # type: ignore[attr-defined]  # a Browser
    assert "还没有开始" in other.get("/courses/c").text
    assert "回答正确" not in other.get("/courses/c/c-1").text


def test_opening_is_recorded_with_its_time(
    cadre: Browser, session: Session, person: Person
) -> None:
    course = course_of(session)
    before = datetime.now(UTC)
    cadre.get("/courses/c/c-1")
    row = session.scalars(select(LessonProgress)).one()
    assert (row.person_id, row.course_id, row.lesson_code) == (person.id, course.course_id, "c-1")
    assert before <= row.opened_at <= datetime.now(UTC)


def test_lesson_page_starts_its_transaction_as_a_writer(cadre: Browser) -> None:
    """It records that it was opened: on SQLite a reader could not become a writer in between."""
    with cadre.application.test_request_context("/courses/c/c-1"):
        assert db.will_write()
    with cadre.application.test_request_context("/courses/c"):
        assert not db.will_write()
