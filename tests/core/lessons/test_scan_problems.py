"""Every fault of a lesson's text has a code, a line and a column."""

import inspect
import sys
from collections.abc import Callable

import pytest

from elearn.core.laws.registry import LawRegistry
from elearn.core.lessons.renderer import MAX_BRACKETS, MAX_CHARACTERS, Rendered, render_lesson

FAULTS = [
    ("文\n# 一级", "L-heading-top", 2, 1),
    ("### 三级", "L-heading-skip", 1, 1),
    ("## 二\n\n#### 四", "L-heading-skip", 3, 1),
    ("## 二\n### 三\n#### 四\n##### 五", "L-heading-deep", 4, 1),
    ("文\n\n```\n没有结束", "L-fence-open", 3, 1),
    ("```quiz\n【判断】甲", "L-fence-open", 1, 1),
    ("    ```quiz\n  【判断】甲\n    ```", "L-fence-indent", 2, 1),
    ('!!! 注意 "题"\n    内容', "L-note-kind", 1, 1),
    ('!!! 案例\n    内\n\n    ??? 问答 "题"\n        内', "L-note-kind", 4, 5),
    ("！！！\n    内容", "L-note-kind", 1, 1),
    ('!!! 案例 "题"\n没有缩进', "L-note-empty", 1, 1),
    ('文\n!!! 案例 "题"\n', "L-note-empty", 2, 1),
    ("!!! 案例\n    !!! 重点\n    缩进不够", "L-note-empty", 2, 1),
    ("文 [[监查法#1]]", "Q-law-unknown", 1, 3),
    ("文\n- 项 [[监察法#99]]", "Q-article-unknown", 2, 5),
    ("## 题 [[监察法#99]]", "Q-article-unknown", 1, 6),
    ('!!! 案例 "[[监察法#99]]"\n    内', "Q-article-unknown", 1, 1),
    ("　　文 [[监察法@2018-03-20#1]]", "Q-stale", 1, 5),
    ("文 [[监察法#1] 后", "Q-citation-form", 1, 3),
    ("文 ![图](没有.png)", "L-image-missing", 1, 3),
    ("文 ![图](图.svg)", "L-image-missing", 1, 3),
    ("![](a.png)", "L-image-alt", 1, 1),
    ("![图](https://a.example/a.png)", "L-image-outside", 1, 1),
    ("![图](//a.example/a.png)", "L-image-outside", 1, 1),
    ("![图](data:image/png;base64,AAAA)", "L-image-outside", 1, 1),
    ("![图](../别的课/图.png)", "L-image-missing", 1, 1),
    ("文 [点](javascript:alert(1))", "L-link-scheme", 1, 7),
    ("文 [点]( <JaVaScRiPt:alert(1)>)", "L-link-scheme", 1, 9),
    ("文 [点](java%73cript:alert)", "L-link-scheme", 1, 7),
    ("[点]: data:text/html,x", "L-link-scheme", 1, 6),
    ("[点](a.example)", "L-link-target", 1, 5),
    ("[点](//a.example)", "L-link-target", 1, 5),
    ("[点](02-下一节.md)", "L-link-target", 1, 5),
    ("文 <b>粗</b>", "L-html", 1, 3),
    ("文\n<script>alert(1)</script>", "L-html", 2, 1),
    ("<!-- 注 -->", "L-html", 1, 1),
    ("文[^1]", "L-footnote", 1, 2),
    ("【单选】题？\nA. 甲", "L-item-outside", 1, 1),
    ("> ```quiz\n> 【判断】甲\n> 答案：对\n> ```", "L-item-outside", 1, 1),
    ("- ``` quiz", "L-item-outside", 1, 1),
    ("'''quiz", "L-item-outside", 1, 1),
    ("！[图](a.png)", "L-brackets", 1, 1),
    ("![图]（a.png）", "L-brackets", 1, 1),
    ("看[这里]（https://a.example）", "L-brackets", 1, 5),
    ("- 甲\n  - 乙", "L-list-indent", 2, 1),
    ("文⼯", "L-char", 1, 2),
    ("字" * (MAX_CHARACTERS + 1), "L-long", 1, 1),
    ("[" * (MAX_BRACKETS + 1), "L-long", 1, 1),
    ("- 甲\n\n```quiz\n【判断】甲\n```\n\n| a |\n|---|\n```quiz\n```", "none", 0, 0),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code", "line", "column"), FAULTS)
def test_fault_is_named_and_placed(
    text: str, code: str, line: int, column: int, registry: LawRegistry
) -> None:
    rendered = render_lesson(text, "01.md", 11, registry)
    found = [(p.code, p.line - 10, p.column) for p in rendered.problems]
    assert found[:1] == ([] if code == "none" else [(code, line, column)])
    assert all(p.file == "01.md" and p.message for p in rendered.problems)


@pytest.mark.parametrize(
    "text",
    [
        "`[[x]] <b> ![a](b) [c](javascript:d)`", "``a ` <b>``", "3 < 5 且 a > b", "\\[[不是引用]]",
        "```\n# 一级\n<script>\n```", "$5 ¥6 50% ![^] [x]", "[^甲]: 定义了没有用", "**[粗](https://a.example)**",
        "## 二\n### 三\n## 二\n### 三\n#### 四\n## 二", "价格|数量", "- 甲\n    - 乙\n        - 丙",
        "1. 甲\n2. 乙", "！！感叹", "文字：`![图](a.png)`",
    ],
)  # fmt: skip
def test_what_is_right_is_silent(text: str, registry: LawRegistry) -> None:
    assert render_lesson(text, "01.md", 1, registry).problems == ()


def test_hints_name_the_nearest(registry: LawRegistry, small_png: bytes) -> None:
    from tests.core.lessons.test_renderer import assets_of  # noqa: PLC0415  a test module's builder

    assets = assets_of(("茶叶.png", small_png))
    rendered = render_lesson(
        "![图](茶业.png)\n\n![图](完全不同的名字.jpg)", "f", 1, registry, {}, assets
    )
    assert [p.hint for p in rendered.problems] == [
        "是不是“茶叶.png”？",
        "把文件放进课程文件夹，或改文件名",
    ]


def test_a_quiz_where_no_block_can_stand_is_named(registry: LawRegistry) -> None:
    text = "| 甲 |\n|---|\n[^1]\n\n[^1]: 注\n\n    > 引\n    ```quiz\n    【判断】甲\n    ```"
    rendered = render_lesson(text, "f", 1, registry)
    assert "quiz0" not in rendered.html
    assert len(rendered.quizzes) == 1
    assert ('data-quiz="0"' in rendered.html) != any(
        p.code == "L-quiz-place" for p in rendered.problems
    )


def _deeper(frames: int, action: Callable[[], Rendered]) -> Rendered:
    return action() if frames == 0 else _deeper(frames - 1, action)


def test_too_deep_nesting_is_a_problem_not_a_crash(registry: LawRegistry) -> None:
    text = "\n".join(" " * 4 * depth + "- 甲" for depth in range(120))
    assert render_lesson(text, "f", 1, registry).html.count("<ul>") == 120
    room = sys.getrecursionlimit() - len(inspect.stack()) - 150
    rendered = _deeper(room, lambda: render_lesson(text, "f", 1, registry))
    assert (rendered.html, [p.code for p in rendered.problems]) == ("", ["L-deep"])
