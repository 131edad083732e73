"""The trainer's pages: what is published, with keys, filters and findings."""

import shutil
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.orm import Session

from elearn.authoring.services import sync_content
from elearn.config import shipped
from elearn.core.access import Role
from elearn.core.questions.model import QuestionStatus
from elearn.core.taxonomy import Strand
from elearn.models import BankQuestion, Person, Pool, QuestionKey, QuestionRevision
from tests.conftest import Browser
from tests.factories import NOW, make_person
from tests.factories_courses import course_front, lesson_file, quiz_item

BANK = """\
---
主题: DIS-04
难度: 2
法规版本:
  纪律处分条例: "2023-12-19"
  公务员法: "2018-12-29"
---

【单选】邻居送来两盒_茶叶，以下做法恰当的是？
A. 收下，邻里往来很正常
B. 当面谢绝并说明自己正在经办
C. 收下以后回送等值的礼品
答案：B
解析：礼品来自正在办理审批的人，金丝雀。“收下”和“回送”都不改变性质。
依据：纪律处分条例#97.1
编号：DIS-04-901

【判断】只要价格合理，由亲属公司承接就没有问题。
答案：错
解析：看的是关系，价格合理不改变利益冲突。
依据：公务员法#76
难度：4
状态：待核
标签：亲属
编号：DIS-04-902
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Content of this test: the shipped registry, two bank questions, one course."""
    made = tmp_path / "content"
    (made / "question_bank" / "dis").mkdir(parents=True)
    shutil.copy(shipped("question_bank") / "laws.yaml", made / "question_bank")
    (made / "question_bank/dis/DIS-04.md").write_text(BANK, encoding="utf-8")
    folder = made / "courses/dis/gifts"
    folder.mkdir(parents=True)
    (folder / "course.md").write_bytes(course_front("gifts", title="礼品礼金"))
    items = [quiz_item("gifts-1-q1", canary="随堂题的解析")]
    lesson = lesson_file("gifts-1", minutes=5, items=items)
    # Five minutes of text: the checker has nothing to say about it.
    lesson += ("\n" + "老林看了看窗外，把盒子推了回去。\n" * 80).encode()
    (folder / "01-节.md").write_bytes(lesson)
    return made


@pytest.fixture
def trainer(app: Flask, client: Browser, session: Session, root: Path) -> Browser:
    """A trainer looking at that content, synced."""
    settings = app.config["ELEARN"]
    object.__setattr__(settings, "content_dir", root)
    report = sync_content(session, root=root, now=NOW)
    assert report.ok, report.problems
    session.commit()
    return client.sign_in(make_person(session, None, Role.TRAINER), session)


PATHS = (
    "/authoring",
    "/authoring/courses/gifts",
    "/authoring/courses/gifts/gifts-1",
    "/authoring/bank",
    "/authoring/bank/DIS-04-901",
)


# ---------------------------------------------------------------- overview


def test_overview_counts_what_is_published(trainer: Browser) -> None:
    page = trainer.get("/authoring").text
    assert "礼品礼金" in page
    assert "道启用的题，共 2 道" in page
    assert "门课程，1 节" in page
    assert "DIS-04 廉洁纪律" in page
    assert "✓ 检查没有发现问题。" in page
    assert "elearn content sync" not in page


def test_overview_shows_every_finding_with_its_place(trainer: Browser, root: Path) -> None:
    bank = root / "question_bank/dis/DIS-04.md"
    bank.write_text(BANK.replace("答案：B", "答案：F"), encoding="utf-8")
    lesson = root / "courses/dis/gifts/01-节.md"
    lesson.write_bytes(lesson.read_bytes() + "\n见 [[没有这部法#1]]。\n".encode())
    page = trainer.get("/authoring").text
    assert "question_bank/dis/DIS-04.md:13:4" in page
    assert "courses/dis/gifts/01-节.md:" in page
    assert "没有登记名为“没有这部法”的法规" in page
    assert "! 错误" in page
    assert "有 2 个文件和已发布的不同" in page


def test_findings_follow_the_files(trainer: Browser, root: Path) -> None:
    """Seen at once after a change, and gone after it is mended."""
    bank = root / "question_bank/dis/DIS-04.md"
    for text, wrong in ((BANK.replace("答案：B", "答案：F"), True), (BANK, False)):
        bank.write_text(text, encoding="utf-8")
        assert ("! 错误" in trainer.get("/authoring").text) is wrong


def test_course_page_shows_only_its_own_findings(trainer: Browser, root: Path) -> None:
    bank = root / "question_bank/dis/DIS-04.md"
    bank.write_text(BANK.replace("答案：B", "答案：F"), encoding="utf-8")
    assert "✓ 检查没有发现问题。" in trainer.get("/authoring/courses/gifts").text
    lesson = root / "courses/dis/gifts/01-节.md"
    lesson.write_bytes(lesson.read_bytes() + b"\n<b>x</b>\n")
    page = trainer.get("/authoring/courses/gifts").text
    assert "正文里有 HTML" in page
    assert "DIS-04.md" not in page


def test_course_without_questions_shows_its_findings_too(
    trainer: Browser, session: Session, root: Path
) -> None:
    folder = root / "courses/dis/plain_"
    folder.mkdir()
    (folder / "course.md").write_bytes(course_front("plain", title="没有随堂题"))
    (folder / "01-节.md").write_bytes(lesson_file("plain-1", items=[]))
    other = root / "courses/dis/plainX"
    other.mkdir()
    (other / "course.md").write_bytes(course_front("plain-x"))
    (other / "01-节.md").write_bytes(lesson_file("plain-x-1", items=[]))
    assert sync_content(session, root=root, now=NOW).ok
    session.commit()
    with (folder / "01-节.md").open("ab") as file:
        file.write(b"\n<b>x</b>\n")
    for path in ("/authoring/courses/plain", "/authoring/courses/plain/plain-1"):
        page = trainer.get(path).text
        assert "courses/dis/plain_/01-节.md" in page
        assert "plainX" not in page
        assert "正文里有 HTML" in page


def test_question_page_shows_the_findings_of_its_lines(trainer: Browser, root: Path) -> None:
    bank = root / "question_bank/dis/DIS-04.md"
    bank.write_text(BANK.replace("答案：错", "答案：不知道"), encoding="utf-8")
    assert "✓ 检查没有发现问题。" in trainer.get("/authoring/bank/DIS-04-901").text
    assert "! 错误" in trainer.get("/authoring/bank/DIS-04-902").text


# ---------------------------------------------------------------- courses


def test_course_page_shows_lessons_rule_and_files(trainer: Browser) -> None:
    page = trainer.get("/authoring/courses/gifts").text
    assert "读完全部 1 节、学习满 2 分钟、答对必答的随堂题，即为完成。" in page
    assert "courses/dis/gifts/01-节.md" in page
    assert "/authoring/courses/gifts/gifts-1" in page


def test_lesson_page_shows_the_text_and_the_keys(trainer: Browser) -> None:
    page = trainer.get("/authoring/courses/gifts/gifts-1").text
    assert "老林正要下班" in page
    assert 'B. 当面谢绝 <strong class="ok">✓ 正确答案</strong>' in page
    assert "随堂题的解析" in page
    assert "《中国共产党纪律处分条例》第九十七条第一款" in page


def test_looking_at_a_lesson_as_a_trainer_is_not_reading_it(
    trainer: Browser, session: Session
) -> None:
    trainer.get("/authoring/courses/gifts/gifts-1")
    assert "还没有开始" in trainer.get("/courses/gifts").text


# ---------------------------------------------------------------- bank


def test_question_page_shows_key_place_and_hash(trainer: Browser, session: Session) -> None:
    page = trainer.get("/authoring/bank/DIS-04-901").text
    row = session.query(BankQuestion).filter_by(code="DIS-04-901").one()
    assert row.current is not None
    assert 'B. 当面谢绝并说明自己正在经办 <strong class="ok">✓ 正确答案</strong>' in page
    assert "金丝雀" in page
    assert f"question_bank/dis/DIS-04.md:{row.line}" in page
    assert row.current.hash in page
    assert "《中国共产党纪律处分条例》第九十七条第一款" in page


def test_question_of_a_lesson_names_the_lesson(trainer: Browser) -> None:
    page = trainer.get("/authoring/bank/gifts-1-q1").text
    assert "/authoring/courses/gifts/gifts-1" in page


def test_changed_question_lists_both_revisions(
    trainer: Browser, session: Session, root: Path
) -> None:
    bank = root / "question_bank/dis/DIS-04.md"
    bank.write_text(BANK.replace("两盒_茶叶", "三盒茶叶"), encoding="utf-8")
    sync_content(session, root=root, now=NOW)
    session.commit()
    page = trainer.get("/authoring/bank/DIS-04-901").text
    assert "版本（2）" in page
    assert "两盒_茶叶" in page
    assert "三盒茶叶" in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"901", "902"}),
        ("strand=DIS", {"901", "902"}),
        ("strand=LAW", set()),
        ("topic=DIS-04", {"901", "902"}),
        ("topic=DIS-05", set()),
        ("type=SINGLE", {"901"}),
        ("type=TRUE_FALSE", {"902"}),
        ("difficulty=4", {"902"}),
        ("status=ACTIVE", {"901"}),
        ("status=NEEDS_REVIEW", {"902"}),
        ("law=公务员法", {"902"}),
        ("law=纪律处分条例", {"901"}),
        ("law=纪律", set()),
        ("q=茶叶", {"901"}),
        ("q=回送", {"901"}),  # an option
        ("q=金丝雀", {"901"}),  # the explanation
        ("q=利益冲突", {"902"}),
        ("q=901", {"901"}),
        ("q=茶叶 邻居", {"901"}),
        ("q=茶叶 亲属", set()),
        ("q=_", {"901"}),
        ("q=%25", set()),
        ("q=%22", set()),
        ("q=“收下”", {"901"}),
        ("type=SINGLE&status=NEEDS_REVIEW", set()),
        ("strand=x&topic=y&type=z&difficulty=9&status=w&pool=v&page=q", {"901", "902"}),
    ],
)
def test_bank_filters(trainer: Browser, query: str, found: set[str]) -> None:
    reply = trainer.get(f"/authoring/bank?{query}")
    assert reply.status_code == 200
    assert {
        code for code in ("901", "902") if f"/authoring/bank/DIS-04-{code}" in reply.text
    } == found


def test_questions_of_lessons_are_a_source_of_their_own(trainer: Browser) -> None:
    assert "gifts-1-q1" not in trainer.get("/authoring/bank").text
    page = trainer.get("/authoring/bank?pool=LESSON").text
    assert "gifts-1-q1" in page
    assert "DIS-04-901" not in page


def many_questions(session: Session, number: int) -> None:
    """Rows straight into the tables."""
    for at in range(number):
        row = BankQuestion(code=f"X-{at:05}", pool=Pool.BANK, status=QuestionStatus.ACTIVE, line=at)
        session.add(row)
        session.flush()
        revision = QuestionRevision(
            question_id=row.id, hash=f"{at:064}", type="SINGLE", strand=Strand.DIS, topic="DIS-04",
            difficulty=1 + at % 5, body={"stem": "", "parts": [{"stem": f"第 {at} 题", "type": "SINGLE"}]},
            search_text=f"第 {at} 题", laws=["监察法@2024-12-25#46"], tags=[], audience=[], facts=[], created_at=NOW,
        )  # fmt: skip
        session.add(revision)
        session.flush()
        row.current_revision_id = revision.id
        session.add(QuestionKey(question_revision_id=revision.id, key={"parts": []}))
    session.commit()


def test_many_questions_are_paged_in_a_handful_of_statements(
    trainer: Browser, session: Session
) -> None:
    many_questions(session, 1000)
    statements: list[str] = []

    def note(*args: object) -> None:
        statements.append(str(args[2]))

    event.listen(session.get_bind(), "before_cursor_execute", note)
    page = trainer.get("/authoring/bank?q=题&difficulty=3&law=监察法&page=4").text
    event.remove(session.get_bind(), "before_cursor_execute", note)
    assert "第 4 / 4 页，共 200 条" in page
    assert "X-00997" in page
    assert len([one for one in statements if one.startswith("SELECT")]) <= 8


# ---------------------------------------------------------------- who may


@pytest.mark.parametrize("path", PATHS)
def test_trainers_and_examiners_may_look(trainer: Browser, session: Session, path: str) -> None:
    assert trainer.get(path).status_code == 200
    examiner = make_person(session, None, Role.EXAMINER)
    assert trainer.sign_in(examiner, session).get(path).status_code == 200


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "roles", [(), (Role.HR,), (Role.LEADER,), (Role.MARKER,), (Role.SYS_ADMIN,)]
)
def test_others_may_not(
    trainer: Browser, session: Session, path: str, roles: tuple[Role, ...]
) -> None:
    person: Person = make_person(session, None, *roles)
    reply = trainer.sign_in(person, session).get(path)
    assert reply.status_code == 403
    assert "金丝雀" not in reply.text


@pytest.mark.parametrize("path", PATHS)
def test_signed_out_people_are_asked_to_sign_in(trainer: Browser, app: Flask, path: str) -> None:
    reply = app.test_client().get(path)
    assert reply.status_code == 302
    assert "/sign-in" in reply.location


@pytest.mark.parametrize("path", PATHS)
def test_pages_cannot_be_posted_to(trainer: Browser, path: str) -> None:
    assert trainer.post(path).status_code == 405


@pytest.mark.parametrize(
    "path",
    [
        "/authoring/courses/x",
        "/authoring/courses/gifts/x",
        "/authoring/bank/x",
        "/authoring/bank/%3Cb%3E",
    ],
)
def test_unknown_things_are_not_found(trainer: Browser, path: str) -> None:
    assert trainer.get(path).status_code == 404
