"""A course folder as bytes -> Course, or every reason why not."""

import pytest

from elearn.core.laws.registry import LawRegistry
from elearn.core.lessons.model import CompletionRule
from elearn.core.lessons.parser import load_course
from elearn.core.taxonomy import Strand

COURSE = """---
编号: dis-gifts
名称: 礼品礼金：从一盒茶叶说起
类别: DIS
主题: [DIS-04, DIS-09]
简介: 学会当场谢绝。
性质: 必修
学时: 1.5
对象: 党员、一把手
完成规则:
  小节: 1
  学习分钟: 10
  随堂题: 通过
法规版本:
  纪律处分条例: 2023-12-19
---
这门课讲礼品，见 [[纪律处分条例#97]]。
"""
LESSON = """---
编号: dis-gifts-01
名称: 一盒茶叶
分钟: 8
随堂题: 必答
---
## 周五下午

![茶叶](茶.png)

```quiz
【判断】礼品不会影响公务。
答案：错
解析：看职务关系。
依据：纪律处分条例#97

【判断】第二题。
答案：对
解析：因为。
编号：dis-gifts-01-q2
```
"""
SECOND = (
    LESSON.replace("-01", "-02")
    .replace("一盒", "两盒")
    .replace("![茶叶](茶.png)", "见 [[监察法@2018-03-20#1]]")
)


def folder(png: bytes, **changes: bytes | str | None) -> dict[str, bytes]:
    files: dict[str, bytes | str | None] = {
        "course.md": COURSE, "01-一盒茶叶.md": LESSON, "02-两盒茶叶.md": SECOND, "茶.png": png,
    }  # fmt: skip
    files |= changes
    return {
        name: data.encode() if isinstance(data, str) else data
        for name, data in files.items()
        if data is not None
    }


def test_a_course_is_read_whole(registry: LawRegistry, small_png: bytes) -> None:
    course, problems = load_course(folder(small_png), "courses/dis/gifts/", registry)
    assert [(p.file, p.line, p.code) for p in problems] == [
        ("courses/dis/gifts/02-两盒茶叶.md", 9, "Q-stale")
    ]
    assert course is not None
    assert (course.code, course.title, course.strand, course.topics) == (
        "dis-gifts", "礼品礼金：从一盒茶叶说起", Strand.DIS, ("DIS-04", "DIS-09"),
    )  # fmt: skip
    assert (course.required, course.hours_centi, course.audience) == (True, 150, ("PARTY", "CHIEF"))
    assert course.rule == CompletionRule(lessons=1, study_minutes=10, quiz=True)
    assert course.folder == "courses/dis/gifts"
    assert "《纪律处分条例》第九十七条" in course.intro_html
    assert [a.name for a in course.assets] == ["茶.png"]
    first, second = course.lessons
    assert (first.code, first.title, first.minutes, first.quiz_required, first.file) == (
        "dis-gifts-01", "一盒茶叶", 8, True, "01-一盒茶叶.md",
    )  # fmt: skip
    assert first.source == LESSON
    [[one, two]] = first.quizzes
    assert (one.line, two.line, two.code) == (12, 17, "dis-gifts-01-q2")
    assert (one.topic, one.audience) == ("DIS-04", ("PARTY", "CHIEF"))
    assert one.citations[0].version == "2023-12-19"
    assert "看职务关系" not in first.html
    assert course.assets[0].sha256 in first.html
    assert [c.as_text() for c in second.citations] == ["监察法@2018-03-20#1"]


def test_english_keys_and_defaults(registry: LawRegistry, small_png: bytes) -> None:
    course_md = (
        "---\nid: a\ntitle: T\nstrand: 家庭美德\ntopics: FAM-01\nsummary: S\nrequired: elective\nhours: 0\n"
        "audience: 全体\ncompletion: {lessons: all, study_minutes: 0, quiz: none}\n---\n讲什么\n"
    )
    lesson = "---\nid: a-1\ntitle: L\nminutes: 5\n---\n文\n"
    optional = "---\nid: a-2\ntitle: L\nminutes: 5\nquiz: optional\n---\n```quiz\n【判断】甲\n答案：对\n解析：乙\n```\n"
    open_quiz = optional.replace("a-2", "a-3").replace("quiz: optional\n", "").replace("甲", "丙")
    files = folder(
        small_png, **{"course.md": course_md, "01-一盒茶叶.md": lesson, "02-两盒茶叶.md": optional,
                      "10_末.md": open_quiz, "茶.png": None},
    )  # fmt: skip
    course, problems = load_course(files, "", registry)
    assert problems == []
    assert course is not None
    assert (course.strand, course.required, course.audience) == (Strand.FAM, False, ())
    assert course.rule == CompletionRule(lessons=None, study_minutes=0, quiz=False)
    assert [lesson.quiz_required for lesson in course.lessons] == [False, False, True]
    assert [lesson.file for lesson in course.lessons][-1] == "10_末.md"


def test_revision_changes_with_text_and_files_only(registry: LawRegistry, small_png: bytes) -> None:
    def revision(**changes: bytes | str | None) -> str:
        course, _ = load_course(folder(small_png, **changes), "x", registry)
        assert course is not None
        return course.revision_hash

    assert revision() == revision()
    assert revision(**{".DS_Store": b"x", "Thumbs.db": b"x", "~$01.md": b"x"}) == revision()
    assert revision(**{"01-一盒茶叶.md": LESSON.replace("周五", "周六")}) != revision()
    assert revision(**{"茶.png": small_png + b"\x00"}) != revision()


def test_source_is_kept_byte_for_byte(registry: LawRegistry, small_png: bytes) -> None:
    data = b"\xef\xbb\xbf" + LESSON.replace("\n", "\r\n").encode()
    course, problems = load_course(folder(small_png, **{"01-一盒茶叶.md": data}), "x", registry)
    assert [p for p in problems if p.is_error] == []
    assert course is not None
    assert course.lessons[0].source.encode() == data
    assert course.lessons[0].quizzes[0][0].line == 12


def edit(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)


C, A, B = "course.md", "01-一盒茶叶.md", "02-两盒茶叶.md"
FAULTS = [
    ({C: None}, C, 0, "L-course-missing"),
    ({C: COURSE.encode("gbk")}, C, 2, "L-encoding"),
    ({C: "没有文件头"}, C, 1, "L-front"),
    ({C: edit(COURSE, "2023-12-19\n---", "2023-12-19\n")}, C, 1, "L-front"),
    ({C: "---\n- 一\n---\n文"}, C, 2, "L-front"),
    ({C: edit(COURSE, "类别: DIS", "类别: a: b")}, C, 4, "L-yaml"),
    ({C: edit(COURSE, "类别: DIS", "类别: XYZ")}, C, 4, "L-field-value"),
    ({C: edit(COURSE, "DIS-09", "DIS-90")}, C, 5, "L-topic"),
    ({C: edit(COURSE, "编号: dis-gifts", "编号: DIS_1")}, C, 2, "L-code-form"),
    ({C: edit(COURSE, "编号: dis-gifts\n", "")}, C, 2, "L-field-missing"),
    ({C: edit(COURSE, "简介: 学会当场谢绝。", "简介:")}, C, 6, "L-field-missing"),
    ({C: edit(COURSE, "性质: 必修", "性质: 可选")}, C, 7, "L-field-value"),
    ({C: edit(COURSE, "学时: 1.5", "学时: 一")}, C, 8, "L-field-value"),
    ({C: edit(COURSE, "党员、一把手", "群众")}, C, 9, "L-audience"),
    ({C: edit(COURSE, "小节: 1", "小节: 0")}, C, 11, "L-field-value"),
    ({C: edit(COURSE, "小节: 1", "小节: 3")}, C, 11, "L-rule"),
    ({C: edit(COURSE, "学习分钟: 10", "学习分钟: 17")}, C, 11, "L-rule"),
    ({C: edit(COURSE, "随堂题: 通过", "随堂题: 满分")}, C, 13, "L-field-value"),
    ({C: edit(COURSE, "  纪律处分条例:", "  纪律处份条例:")}, C, 15, "Q-law-unknown"),
    ({C: edit(COURSE, "简介:", "介绍:")}, C, 6, "L-field-unknown"),
    ({C: edit(COURSE, "#97", "#159")}, C, 17, "Q-article-unknown"),
    ({C: COURSE + "```quiz\n【判断】甲\n```\n"}, C, 18, "L-quiz-place"),
    ({C: COURSE[: COURSE.index("这门课")]}, C, 17, "L-intro-missing"),
    ({A: LESSON.encode("gbk")}, A, 2, "L-encoding"),
    ({A: "只有正文"}, A, 1, "L-front"),
    ({A: edit(LESSON, "分钟: 8", "分钟: 0")}, A, 4, "L-field-value"),
    ({A: edit(LESSON, "随堂题: 必答", "随堂题: 必做")}, A, 5, "L-field-value"),
    ({A: LESSON[: LESSON.index("```")]}, A, 2, "L-quiz-missing"),
    ({A: LESSON[: LESSON.index("##")], B: SECOND}, A, 7, "L-body-missing"),
    ({A: edit(LESSON, "答案：错", "答案：A")}, A, 13, "Q-key-form"),
    ({A: edit(LESSON, "茶.png", "茶叶.png")}, A, 9, "L-image-missing"),
    ({B: edit(SECOND, "dis-gifts-02\n", "dis-gifts-01\n")}, B, 1, "L-code-twice"),
    ({B: edit(SECOND, "dis-gifts-02-q2", "dis-gifts-01-q2")}, B, 17, "Q-code-twice"),
    ({B: None, "01_又一节.md": SECOND}, "01_又一节.md", 0, "L-file-number"),
    ({"附录.md": "文"}, "附录.md", 0, "L-file-name"),
    ({A: None, B: None}, C, 0, "L-lesson-missing"),
    ({"坏.png": b"GIF89a"}, "坏.png", 0, "L-file-type"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "file", "line", "code"), FAULTS)
def test_fault_is_named_and_placed(
    changes: dict[str, bytes | str | None], file: str, line: int, code: str,
    registry: LawRegistry, small_png: bytes,
) -> None:  # fmt: skip
    course, problems = load_course(folder(small_png, **changes), "courses/x", registry)
    assert course is None
    found = [(p.file, p.line, p.code) for p in problems if p.is_error]
    assert (f"courses/x/{file}", line, code) in found


def test_without_a_completion_rule_everything_is_to_be_read(
    registry: LawRegistry, small_png: bytes
) -> None:
    bare = COURSE[: COURSE.index("完成规则")] + COURSE[COURSE.index("法规版本") :]
    course, _ = load_course(folder(small_png, **{C: bare}), "x", registry)
    assert course is not None
    assert course.rule.canonical() == {
        "version": 1, "lessons": None, "study_minutes": 0, "quiz": True,
    }  # fmt: skip


def test_unused_and_foreign_files_are_hints(registry: LawRegistry, small_png: bytes) -> None:
    files = folder(small_png, **{"多.png": small_png, "稿.docx": b"PK", "图/.keep": b""})
    course, problems = load_course(files, "x", registry)
    assert course is not None
    assert {(p.file, p.code) for p in problems if not p.is_error} >= {
        ("x/多.png", "L-file-unused"), ("x/稿.docx", "L-file-unknown"),
    }  # fmt: skip


def test_names_written_apart_on_a_mac_are_the_same_file(
    registry: LawRegistry, small_png: bytes
) -> None:
    lesson = edit(LESSON, "茶.png", "cafe\u0301.png")
    files = folder(small_png, **{A: lesson, "茶.png": None, "caf\u00e9.png": small_png})
    course, problems = load_course(files, "x", registry)
    assert [p for p in problems if p.is_error] == []
    assert course is not None


def test_problems_of_all_files_come_together_in_order(
    registry: LawRegistry, small_png: bytes
) -> None:
    files = folder(
        small_png, **{C: edit(COURSE, "学时: 1.5", "学时: 一"), A: edit(LESSON, "## 周五", "# 周五"),
                      B: edit(SECOND, "答案：错", "答案：C")},
    )  # fmt: skip
    _, problems = load_course(files, "x", registry)
    assert [(p.file, p.code) for p in problems if p.is_error] == [
        ("x/01-一盒茶叶.md", "L-heading-top"), ("x/02-两盒茶叶.md", "Q-key-form"),
        ("x/course.md", "L-field-value"),
    ]  # fmt: skip
