"""Files and database: sync, conflicts, import, export byte for byte."""

from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from elearn.authoring.services import (
    check_content,
    export_content,
    import_bank_file,
    sync_content,
)
from elearn.core.questions.model import QuestionStatus
from elearn.models import (
    AuditEntry,
    BankQuestion,
    BlueprintRow,
    ContentFile,
    Course,
    CreditRuleRevision,
    LearningPath,
    Lesson,
    QuestionRevision,
)
from tests.factories import NOW

LAWS = """\
- short: 监察法
  code: SL
  title: 中华人民共和国监察法
  kind: LAW
  versions:
    - version: "2024-12-25"
      issued: "2024-12-25"
      in_force: "2025-06-01"
      articles: 78
      status: IN_FORCE
"""
BANK = """\
---
主题: LAW-01
难度: 2
法规版本:
  监察法: "2024-12-25"
---

【单选】下列哪一项属于监察机关的职责？
A. 调查职务违法
B. 审判案件
C. 发放营业执照
答案：A
解析：调查是监察机关的职责；审判属于法院，发照属于市场监管部门。
依据：监察法#11
编号：LAW-01-901

【判断】监察权由监察机关独立行使。
答案：对
解析：独立行使，不受行政机关干涉。
依据：监察法#4
编号：LAW-01-902
"""
COURSE = """\
---
编号: law-short
名称: 一节短课
类别: LAW
主题: [LAW-01]
简介: 试一试
性质: 选修
学时: 0.5
完成规则:
  小节: 全部
  学习分钟: 0
  随堂题: 通过
法规版本:
  监察法: "2024-12-25"
---
介绍。
"""
LESSON = """\
---
编号: law-short-01
名称: 第一节
分钟: 5
随堂题: 必答
---
## 开头

正文引用[[监察法#11]]。

```quiz
【判断】监察机关可以审判案件。
答案：错
解析：审判属于法院。
```
"""
BLUEPRINT = """\
编号: tiny
名称: 小测
时长: 10
合格线: 2
部分:
  - 名称: 判断
    题型: 判断
    题数: 1
    每题分值: 3
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small office's own content."""
    for name, text in {
        "question_bank/laws.yaml": LAWS,
        "question_bank/law/LAW-01.md": BANK,
        "question_bank/blueprints/tiny.yaml": BLUEPRINT,
        "courses/law/short/course.md": COURSE,
        "courses/law/short/01-first.md": LESSON,
        "courses/README.md": "not content",
    }.items():
        path = tmp_path / "content" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "content"


def codes(session: Session, status: QuestionStatus) -> set[str]:
    query = select(BankQuestion.code).where(
        BankQuestion.status == status, BankQuestion.file_path.startswith("question_bank/")
    )
    return set(session.scalars(query))


def test_sync_brings_everything_in_once(session: Session, root: Path) -> None:
    first = sync_content(session, root=root, now=NOW)
    assert first.ok, [str(problem) for problem in first.problems]
    assert len(first.taken) == 5
    assert codes(session, QuestionStatus.ACTIVE) == {"LAW-01-901", "LAW-01-902"}
    assert session.scalar(select(func.count(Lesson.id))) == 1
    assert session.scalars(select(BlueprintRow.code)).all() == ["tiny"]
    revisions = session.scalar(select(func.count(QuestionRevision.id)))
    second = sync_content(session, root=root, now=NOW)
    assert (second.taken, second.unchanged) == ([], 5)
    assert session.scalar(select(func.count(QuestionRevision.id))) == revisions
    assert session.scalar(select(func.count(AuditEntry.id))) == 1


def test_a_changed_question_gets_a_new_revision_and_keeps_the_old(
    session: Session, root: Path
) -> None:
    sync_content(session, root=root, now=NOW)
    before = session.scalar(
        select(BankQuestion.current_revision_id).where(BankQuestion.code == "LAW-01-901")
    )
    path = root / "question_bank/law/LAW-01.md"
    path.write_text(BANK.replace("发放营业执照", "核发营业执照"))
    report = sync_content(session, root=root, now=NOW)
    assert report.taken == ["question_bank/law/LAW-01.md"]
    session.expire_all()
    row = session.scalar(select(BankQuestion).where(BankQuestion.code == "LAW-01-901"))
    assert row is not None
    assert row.current_revision_id != before
    assert session.get(QuestionRevision, before) is not None


def test_a_question_moved_to_another_file_stays_one_question(session: Session, root: Path) -> None:
    sync_content(session, root=root, now=NOW)
    head, second = BANK.split("【判断】")
    (root / "question_bank/law/LAW-01.md").write_text(head)
    front = BANK.split("---\n")[1]
    (root / "question_bank/law/LAW-01b.md").write_text(f"---\n{front}---\n【判断】{second}")
    report = sync_content(session, root=root, now=NOW)
    assert report.ok, [str(problem) for problem in report.problems]
    assert codes(session, QuestionStatus.ACTIVE) == {"LAW-01-901", "LAW-01-902"}


def test_removed_files_leave_the_draw_and_the_catalogue(session: Session, root: Path) -> None:
    sync_content(session, root=root, now=NOW)
    for name in ("courses/law/short/course.md", "courses/law/short/01-first.md"):
        (root / name).unlink()
    (root / "question_bank/blueprints/tiny.yaml").unlink()
    (root / "question_bank/law/LAW-01.md").unlink()
    report = sync_content(session, root=root, now=NOW)
    assert len(report.removed) == 4
    assert codes(session, QuestionStatus.ACTIVE) == set()
    assert session.scalars(select(Course.active)).all() == [False]
    assert session.scalars(select(BlueprintRow.active)).all() == [False]


def test_an_error_anywhere_writes_nothing(session: Session, root: Path) -> None:
    (root / "question_bank/law/LAW-01.md").write_text(BANK.replace("答案：A", "答案：E"))
    report = sync_content(session, root=root, now=NOW)
    assert not report.ok
    assert report.taken == []
    located = [p for p in report.problems if p.file == "question_bank/law/LAW-01.md" and p.is_error]
    assert located
    assert located[0].line == 12
    assert session.scalar(select(func.count(ContentFile.id))) == 0
    assert session.scalar(select(func.count(BankQuestion.id))) == 0


def test_a_blueprint_the_bank_cannot_fill_is_refused(session: Session, root: Path) -> None:
    (root / "question_bank/blueprints/tiny.yaml").write_text(
        BLUEPRINT.replace("题数: 1", "题数: 9")
    )
    report = sync_content(session, root=root, now=NOW)
    assert [p.code for p in report.problems if p.is_error] == ["B-short"]
    assert session.scalar(select(func.count(ContentFile.id))) == 0


def test_both_sides_changed_is_named_and_left_alone(session: Session, root: Path) -> None:
    sync_content(session, root=root, now=NOW)
    imported = BANK.replace("编号：LAW-01-902", "编号：LAW-01-903").encode()
    assert import_bank_file(session, name="LAW-01.md", data=imported, actor=None, now=NOW).ok
    (root / "question_bank/law/LAW-01.md").write_text(BANK.replace("审判案件", "审理案件"))
    (root / "courses/law/short/01-first.md").write_text(LESSON.replace("正文", "课文"))
    report = sync_content(session, root=root, now=NOW)
    assert report.conflicts == ["question_bank/law/LAW-01.md"]
    assert report.taken == ["courses/law/short/01-first.md"]
    assert not report.ok
    assert "LAW-01-903" in codes(session, QuestionStatus.ACTIVE)
    stored = session.scalar(
        select(ContentFile.data).where(ContentFile.path == "question_bank/law/LAW-01.md")
    )
    assert stored == imported


def test_a_newer_database_is_kept_and_exported_byte_for_byte(session: Session, root: Path) -> None:
    sync_content(session, root=root, now=NOW)
    data = b"\xef\xbb\xbf" + BANK.replace("审判案件", "审理案件").replace("\n", "\r\n").encode()
    assert import_bank_file(session, name="LAW-01.md", data=data, actor=None, now=NOW).ok
    assert sync_content(session, root=root, now=NOW).kept == ["question_bank/law/LAW-01.md"]
    exported = export_content(session, target=root, mark_synced=True, now=NOW)
    assert exported.taken == ["question_bank/law/LAW-01.md"]
    assert (root / "question_bank/law/LAW-01.md").read_bytes() == data
    assert sync_content(session, root=root, now=NOW).unchanged == 5


def test_export_does_not_overwrite_what_somebody_else_wrote(
    session: Session, root: Path, tmp_path: Path
) -> None:
    sync_content(session, root=root, now=NOW)
    target = tmp_path / "out"
    assert len(export_content(session, target=target, mark_synced=False, now=NOW).taken) == 5
    (target / "question_bank/laws.yaml").write_text("mine")
    again = export_content(session, target=target, mark_synced=False, now=NOW)
    assert again.conflicts == ["question_bank/laws.yaml"]
    assert (target / "question_bank/laws.yaml").read_text() == "mine"
    assert again.unchanged == 4


def test_import_refuses_a_faulty_file_whole(session: Session, root: Path) -> None:
    sync_content(session, root=root, now=NOW)
    data = BANK.replace("依据：监察法#4", "依据：监察法#400").encode()
    report = import_bank_file(session, name="LAW-01.md", data=data, actor=None, now=NOW)
    assert not report.ok
    stored = session.scalar(
        select(ContentFile.data).where(ContentFile.path == "question_bank/law/LAW-01.md")
    )
    assert stored == BANK.encode()


def test_check_counts_and_locates_without_a_database(root: Path) -> None:
    report = check_content(root)
    assert report.ok
    assert report.counts["questions"] == 2
    assert report.counts["quiz_items"] == 1
    (root / "courses/law/short/01-first.md").write_text(LESSON.replace("#11", "#911"))
    found = [problem for problem in check_content(root).problems if problem.is_error]
    assert [(p.file, p.line) for p in found] == [("courses/law/short/01-first.md", 9)]


def test_one_code_in_two_courses_is_found_though_the_files_have_one_name(root: Path) -> None:
    copy = root / "courses/law/copy"
    copy.mkdir()
    (copy / "course.md").write_text(COURSE.replace("law-short", "law-copy"))
    (copy / "01-first.md").write_text(LESSON)
    found = [p for p in check_content(root).problems if p.code == "L-code-twice"]
    assert {p.file for p in found} <= {
        "courses/law/copy/01-first.md",
        "courses/law/short/01-first.md",
    }
    assert any("law-short-01" in p.message for p in found)


def test_a_withdrawn_course_frees_its_quiz_codes(session: Session, root: Path) -> None:
    coded = LESSON.replace("解析：审判属于法院。", "解析：审判属于法院。\n编号：quiz-1")
    (root / "courses/law/short/01-first.md").write_text(coded)
    assert sync_content(session, root=root, now=NOW).ok
    (root / "courses/law/short").rename(root / "courses/law/other")
    other = root / "courses/law/other"
    (other / "course.md").write_text(COURSE.replace("law-short", "law-other"))
    (other / "01-first.md").write_text(coded.replace("law-short-01", "law-other-01"))
    report = sync_content(session, root=root, now=NOW)
    assert report.ok, [str(problem) for problem in report.problems]
    active = select(Course.code).where(Course.active)
    assert session.scalars(active).all() == ["law-other"]


def test_paths_are_checked_and_published_with_the_courses(session: Session, root: Path) -> None:
    (root / "courses/paths").mkdir()
    file = root / "courses/paths/role-1.yaml"
    file.write_text("编号: role-1\n名称: 一把手\n种类: 岗位\n课程:\n  - law-shorts\n")
    report = sync_content(session, root=root, now=NOW)
    assert [(p.file, p.line, p.code) for p in report.problems if p.is_error] == [
        ("courses/paths/role-1.yaml", 5, "W-course")
    ]
    assert session.scalar(select(func.count(ContentFile.id))) == 0
    file.write_text(file.read_text().replace("law-shorts", "law-short"))
    report = sync_content(session, root=root, now=NOW)
    assert report.ok
    assert report.counts["paths"] == 1
    path = session.scalars(select(LearningPath)).one()
    assert [step.course.code for step in path.steps] == ["law-short"]
    file.unlink()
    assert sync_content(session, root=root, now=NOW).ok
    assert not path.active


def test_a_published_credit_rule_is_not_changed_without_a_new_version(
    session: Session, root: Path
) -> None:
    (root / "question_bank/credit").mkdir()
    file = root / "question_bank/credit/own.yaml"
    file.write_text("编号: own\n版本: 1\n名称: 甲\n依据: 某文件\n课程: 标注学时\n")
    report = sync_content(session, root=root, now=NOW)
    assert report.ok
    assert report.counts["credit_rules"] == 1
    file.write_text(file.read_text() + "每天封顶: 2\n")
    report = sync_content(session, root=root, now=NOW)
    assert [p.code for p in report.problems if p.is_error] == ["H-version"]
    assert session.scalars(select(CreditRuleRevision.version)).all() == [1]
    file.write_text(file.read_text().replace("版本: 1", "版本: 2"))
    assert sync_content(session, root=root, now=NOW).ok
    assert session.scalars(select(CreditRuleRevision.version)).all() == [1, 2]
