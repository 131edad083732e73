"""Path files: what is read, and every mistake with its line."""

import pytest

from elearn.core.paths import MAX_STEPS, PathKind, PathStep, parse_path

COURSES = ("dis-lines", "law-powers", "fam-home")
FILE = "courses/paths/role-1-chief.yaml"
GOOD = """\
# 注释
编号: role-1-chief
名称: 一把手
种类: 岗位
说明: 给单位正职。
课程:
  - 课程: dis-lines
    为什么: 小事先学
  - law-powers
"""


def codes(text: str, file: str = FILE) -> list[tuple[int, str]]:
    path, problems = parse_path(text.encode(), file, COURSES)
    assert (path is None) == bool(problems)
    return [(problem.line, problem.code) for problem in problems]


def test_a_path_is_read_in_order_with_its_reasons() -> None:
    path, problems = parse_path(GOOD.encode(), FILE, COURSES)
    assert problems == []
    assert path is not None
    assert (path.code, path.title, path.kind) == ("role-1-chief", "一把手", PathKind.ROLE)
    assert path.note == "给单位正职。"
    assert path.steps == (PathStep("dis-lines", "小事先学"), PathStep("law-powers"))


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("law-powers", "law-power", [(9, "W-course")]),
        ("  - law-powers", "  - dis-lines", [(9, "W-twice")]),
        ("  - law-powers", "  -", [(9, "W-empty")]),
        ("  - law-powers", "  - [a]", [(9, "W-empty")]),
        ("  - law-powers", "  - 为何: 学", [(9, "W-field-missing"), (9, "W-field-unknown")]),
        ("种类: 岗位", "种类: 阶层", [(4, "W-field-value")]),
        ("种类: 岗位", "", [(2, "W-field-missing")]),
        ("编号: role-1-chief", "编号: Role_1", [(2, "W-code")]),
        ("编号: role-1-chief", "编号: role-2", [(2, "W-file")]),
        ("编号: role-1-chief\n", "", [(2, "W-field-missing")]),
        ("名称: 一把手", "名称: " + "长" * 61, [(3, "W-field-value")]),
        ("说明: 给单位正职。", "备注: 给", [(5, "W-field-unknown")]),
    ],
)
def test_every_mistake_is_named_with_its_line(
    old: str, new: str, found: list[tuple[int, str]]
) -> None:
    assert codes(GOOD.replace(old, new)) == found


def test_an_unknown_course_names_the_nearest() -> None:
    _, problems = parse_path(GOOD.replace("law-powers", "law-power").encode(), FILE, COURSES)
    assert "law-powers" in problems[0].hint
    _, problems = parse_path(GOOD.replace("law-powers", "zzz").encode(), FILE, COURSES)
    assert problems[0].hint == "先写好这门课；有错的课程也不算"


@pytest.mark.parametrize("courses", ["课程:\n", "课程: []\n", "课程: dis-lines\n", ""])
def test_a_path_without_courses_is_refused(courses: str) -> None:
    text = GOOD[: GOOD.index("课程:")] + courses
    found = codes(text)
    assert [code for _, code in found] in ([["W-empty"], ["W-field-missing"]])


def test_a_path_that_never_ends_is_refused() -> None:
    many = tuple(f"c{number}" for number in range(MAX_STEPS + 1))
    text = GOOD[: GOOD.index("  - ")] + "".join(f"  - {code}\n" for code in many)
    path, problems = parse_path(text.encode(), FILE, many)
    assert path is None
    assert [problem.code for problem in problems] == ["W-empty"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (GOOD.encode("gbk"), "W-encoding"),
        (b"a: [", "W-yaml"),
        (b"- a\n", "W-list"),
        (b"", "W-list"),
    ],
)
def test_a_file_that_is_no_table_is_refused(data: bytes, code: str) -> None:
    path, problems = parse_path(data, FILE, COURSES)
    assert path is None
    assert [problem.code for problem in problems] == [code]
