"""Every fault is found, with its code, line and column, and none hides another."""

import pytest

from elearn.core.laws.registry import LawRegistry
from elearn.core.questions.parser import parse_bank_bytes, parse_bank_file, parse_quiz

FRONT = "---\n主题: DIS-04\n难度: 2\n法规版本: {纪律处分条例: 2023-12-19}\n---\n"
FIRST = 6  # the line of the item's head
META = "解析：因为\n依据：纪律处分条例#97\n编号：X-1\n"
CHOICE = "【单选】题干？\nA. 甲\nB. 乙\nC. 丙\n"
CASE = "【案例】材料\n（1）【判断】甲\n答案：对\n解析：乙\n"

# body, code, line relative to the head, column
FAULTS = [
    ("【单选】题\n" + "长" * 4001 + "\nA. 甲\nB. 乙\n答案：A\n" + META, "Q-long", 1, 1),
    ("【单选】\nA. 甲\nB. 乙\n答案：A\n" + META, "Q-stem-empty", 0, 1),
    (CHOICE + META, "Q-key-missing", 0, 1),
    (CHOICE + "答案：\n" + META, "Q-key-missing", 4, 1),
    (CHOICE + "答案：D\n" + META, "Q-key-option", 4, 4),
    (CHOICE + "答案：AB\n" + META, "Q-key-many", 4, 4),
    (CHOICE + "答案：AA\n" + META, "Q-key-twice", 4, 4),
    (CHOICE + "答案：甲\n" + META, "Q-key-form", 4, 4),
    (CHOICE.replace("单", "多") + "答案：A\n" + META, "Q-key-few", 4, 4),
    ("【单选】题干？\n答案：A\n" + META, "Q-option-missing", 0, 1),
    ("【单选】题干？\nA. 甲\n答案：A\n" + META, "Q-option-few", 1, 1),
    ("【多选】题干？\nA. 甲\nB. 乙\n答案：AB\n" + META, "Q-option-few", 1, 1),
    ("【单选】题干？\n" + "".join(f"{c}. 选{c}\n" for c in "ABCDEFGHI") + "答案：A\n" + META,
     "Q-option-many", 1, 1),
    ("【单选】题干？\nA. 甲\nC. 乙\n答案：A\n" + META, "Q-option-order", 2, 1),
    ("【单选】题干？\nA. 甲\nA. 乙\n答案：A\n" + META, "Q-option-order", 2, 1),
    ("【单选】题干？\nA. 甲 x\nB. 甲Ｘ\n答案：A\n" + META, "Q-option-twice", 2, 1),
    ("【单选】题干？\nA. 甲\nB.\n答案：A\n" + META, "Q-option-empty", 2, 1),
    ("【判断】题干。\nA. 对\nB. 错\n答案：对\n" + META, "Q-option-extra", 1, 1),
    ("【判断】题干。\n答案：对\n选项：固定\n" + META, "Q-option-extra", 2, 1),
    ("【判断】题干。\n答案：A\n" + META, "Q-key-form", 1, 4),
    ("【判断】题干。\n答案：\n" + META, "Q-key-missing", 1, 1),
    (CHOICE + "答案：A\n选项：不固定\n" + META, "Q-field-value", 5, 1),
    ("【填空】没有空。\n答案：五\n" + META, "Q-blank-none", 0, 1),
    ("【填空】____和____。\n答案：五\n" + META, "Q-blank-count", 1, 4),
    ("【填空】____。\n答案：五；六\n" + META, "Q-blank-count", 1, 4),
    ("【填空】____。\n答案：五||六\n" + META, "Q-blank-empty", 1, 4),
    ("【填空】____。\n答案：Ａ|a\n" + META, "Q-blank-twice", 1, 4),
    ("【填空】____。\n" + META, "Q-key-missing", 0, 1),
    ("【简答】问？\n评分要点：\n- 甲（1分）\n" + META, "Q-key-missing", 0, 1),
    ("【简答】问？\n参考答案：\n评分要点：\n- 甲（1分）\n" + META, "Q-key-missing", 1, 1),
    ("【简答】问？\n参考答案：甲\n" + META, "Q-rubric-missing", 0, 1),
    ("【简答】问？\n参考答案：甲\n评分要点：\n" + META, "Q-rubric-missing", 2, 1),
    ("【简答】问？\n参考答案：甲\n评分要点：\n- 甲\n" + META, "Q-rubric-form", 3, 1),
    ("【简答】问？\n参考答案：甲\n评分要点：\n- （2分）\n" + META, "Q-rubric-form", 3, 1),
    ("【简答】问？\n参考答案：甲\n评分要点：\n- 甲（0分）\n" + META, "Q-rubric-form", 3, 1),
    (CHOICE + "答案：A\n" + META.replace("解析：因为\n", ""), "Q-explanation-missing", 0, 1),
    (CHOICE + "答案：A\n" + META.replace("因为", ""), "Q-explanation-missing", 5, 1),
    (CHOICE + "答案：A\n" + META.replace("依据：纪律处分条例#97\n", ""), "Q-citation-missing", 0, 1),
    (CHOICE + "答案：A\n" + META.replace("纪律处分条例#97", ""), "Q-citation-missing", 6, 1),
    (CHOICE + "答案：A\n" + META.replace("#97", "#97；监察发#1"), "Q-law-unknown", 6, 14),
    (CHOICE + "答案：A\n" + META.replace("#97", "#159"), "Q-article-unknown", 6, 4),
    (CHOICE + "答案：A\n" + META.replace("#97", "@2015-01-01#97"), "Q-version-unknown", 6, 4),
    (CHOICE + "答案：A\n" + META.replace("#97", "#九七"), "Q-citation-form", 6, 4),
    (CHOICE + "答案：A\n" + META.replace("编号：X-1\n", ""), "Q-code-missing", 0, 1),
    (CHOICE + "答案：A\n" + META.replace("X-1", "X_1"), "Q-code-form", 7, 4),
    (CHOICE + "答案：A\n" + META.replace("X-1", "题1"), "Q-code-form", 7, 4),
    (CHOICE + "答案：A\n" + META.replace("X-1", "X" * 65), "Q-code-form", 7, 4),
    (CHOICE + "答案：A\n" + META + "编号：X-2\n", "Q-field-twice", 8, 1),
    (CHOICE + "答案：A\n答案：B\n" + META, "Q-field-twice", 5, 1),
    (CHOICE + "答案：A\n" + META + "难度：6\n", "Q-difficulty", 8, 4),
    (CHOICE + "答案：A\n" + META + "难度：难\n", "Q-difficulty", 8, 4),
    (CHOICE + "答案：A\n" + META + "主题：DIS-99\n", "Q-topic", 8, 4),
    (CHOICE + "答案：A\n" + META + "主题：廉洁纪律\n", "Q-topic", 8, 4),
    (CHOICE + "答案：A\n" + META + "对象：党员、群众\n", "Q-audience", 8, 4),
    (CHOICE + "答案：A\n" + META + "状态：启动\n", "Q-status", 8, 4),
    (CHOICE + "答案：A\n" + META + "状态：好\n", "Q-status", 8, 4),
    (CHOICE + "答案：A\n" + META + "难读：2\n", "Q-field-unknown", 8, 1),
    (CHOICE + "答案：A\n" + META + "备注栏：2\n", "Q-field-unknown", 8, 1),
    (CHOICE + "答案：A\n解晰：因为\n还有\n" + META, "Q-field-unknown", 5, 1),
    (CHOICE + "答案：A\n不知道是什么\n" + META, "Q-text-stray", 5, 1),
    (CHOICE + "\n隔了一行的话\n答案：A\n" + META, "Q-text-stray", 5, 1),
    (CHOICE + "答案：A\n" + META + "## 小标题\n", "Q-heading", 8, 1),
    ("【单迭】题干？\nA. 甲\n答案：A\n" + META, "Q-type-unknown", 0, 1),
    ("  【连线题】题干？\nA. 甲\n" + META, "Q-type-unknown", 0, 3),
    ("开头的话\n" + CHOICE + "答案：A\n" + META, "Q-text-outside", 0, 1),
    (CHOICE.replace("题干？", "看![图](a.png)？") + "答案：A\n" + META, "Q-image", 0, 6),
    (CHOICE.replace("题干？", "看 https://a.b ？") + "答案：A\n" + META, "Q-url", 0, 7),
    (CHOICE.replace("甲", "见[这里](x)") + "答案：A\n" + META, "Q-url", 1, 8),
    (CHOICE.replace("甲", "<b>甲</b>") + "答案：A\n" + META, "Q-html", 1, 4),
    (CHOICE + "答案：A\n" + META.replace("因为", "a&nbsp;b"), "Q-html", 5, 5),
    (CHOICE.replace("甲", "**甲") + "答案：A\n" + META, "Q-bold", 1, 4),
    ("【案例】材料\n" + META, "Q-sub-missing", 0, 1),
    (CASE.replace("材料", "") + META.replace("解析：因为\n", ""), "Q-stem-empty", 0, 1),
    (CASE.replace("（1）", "（2）") + META.replace("解析：因为\n", ""), "Q-sub-number", 1, 1),
    (CASE.replace("判断", "案例") + META.replace("解析：因为\n", ""), "Q-sub-type", 1, 1),
    (CASE.replace("判断", "抢答题") + META.replace("解析：因为\n", ""), "Q-type-unknown", 1, 1),
    ("【案例】材料\nA. 甲\n" + CASE[7:] + META.replace("解析：因为\n", ""), "Q-option-extra", 1, 1),
    ("【案例】材料\n答案：对\n" + CASE[7:] + META.replace("解析：因为\n", ""), "Q-field-place", 1, 1),
    (CASE + META.replace("解析：因为\n", "") + "编号：X-2\n", "Q-field-twice", 6, 1),
    (CASE.replace("解析：乙\n", "") + META.replace("解析：因为\n", ""), "Q-explanation-missing", 1, 1),
]  # fmt: skip


@pytest.mark.parametrize(("body", "code", "line", "column"), FAULTS)
def test_fault_is_named_and_placed(
    body: str, code: str, line: int, column: int, registry: LawRegistry
) -> None:
    questions, problems = parse_bank_file(FRONT + body, "f.md", registry)
    found = [(p.code, p.line - FIRST, p.column) for p in problems if p.is_error]
    assert (code, line, column) in found
    assert questions == [] or code in ("Q-text-outside", "Q-type-unknown")
    assert all(p.message and p.file == "f.md" for p in problems)


def test_one_fault_makes_one_problem(registry: LawRegistry) -> None:
    """Faults of the table that are alone in their item are reported once, without an echo."""
    noisy = {"Q-type-unknown", "Q-sub-type", "Q-field-unknown"}
    for body, code, _, _ in FAULTS:
        if code in noisy:
            continue
        _, problems = parse_bank_file(FRONT + body, "f.md", registry)
        assert [p.code for p in problems] in ([code], [code] * 2), body


def test_every_fault_of_an_item_is_reported_at_once(registry: LawRegistry) -> None:
    body = "【单选】\nA. 甲\nA. 甲\n答案：AX\n难度：9\n依据：无此法#1\n状态：好\n"
    _, problems = parse_bank_file(body, "f.md", registry)
    assert {p.code for p in problems} == {
        "Q-stem-empty", "Q-option-order", "Q-option-twice", "Q-key-option", "Q-key-many",
        "Q-difficulty", "Q-law-unknown", "Q-status", "Q-explanation-missing", "Q-code-missing",
        "Q-topic-missing",
    }  # fmt: skip


def test_missing_difficulty_and_topic(registry: LawRegistry) -> None:
    _, problems = parse_bank_file(CHOICE + "答案：A\n" + META, "f.md", registry)
    assert [p.code for p in problems if p.is_error] == ["Q-difficulty-missing", "Q-topic-missing"]


def test_citation_without_a_stated_version_is_a_hint(registry: LawRegistry) -> None:
    body = CHOICE + "答案：A\n" + META.replace("纪律处分条例#97", "监察法#1")
    [question], [problem] = parse_bank_file(FRONT + body, "f.md", registry)
    assert (problem.code, problem.is_error) == ("Q-version-missing", False)
    assert '监察法: "2024-12-25"' in problem.hint
    assert question.citations[0].version == "2024-12-25"


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("---\n主题: DIS-04\n", "Q-front", 1),
        ("---\n- 主题\n---\n", "Q-front", 2),
        ("---\n主题: a: b\n---\n", "Q-yaml", 2),
        ("---\n\n主题: DIS-77\n---\n", "Q-topic", 3),
        ("---\n难度: 高\n---\n", "Q-field-value", 2),
        ("---\n主体: DIS-04\n---\n", "Q-field-unknown", 2),
        ("---\n对象: 大家\n---\n", "Q-audience", 2),
        ("---\n状态: 好\n---\n", "Q-field-value", 2),
        ("---\n法规版本: 现行\n---\n", "Q-field-value", 2),
        ("---\n法规版本:\n  监查法: 2024-12-25\n---\n", "Q-law-unknown", 3),
        ("---\n法规版本:\n  监察法: 2024-12-26\n---\n", "Q-version-unknown", 3),
        ("---\n法规版本:\n  监察法: [1]\n---\n", "Q-field-value", 3),
        ("---\n法规版本:\n  监察法:\n---\n", "Q-field-value", 3),
        ("", "Q-empty", 0),
        ("---\n主题: DIS-04\n---\n\n", "Q-empty", 0),
    ],
)
def test_front_matter_faults(text: str, code: str, line: int, registry: LawRegistry) -> None:
    _, problems = parse_bank_file(text, "f.md", registry)
    assert (code, line) in [(p.code, p.line) for p in problems]


def test_an_empty_front_matter_is_no_fault(registry: LawRegistry) -> None:
    _, problems = parse_bank_file("---\n---\n" + CHOICE + "答案：A\n" + META, "f", registry)
    assert {p.code for p in problems} == {
        "Q-difficulty-missing", "Q-topic-missing", "Q-version-missing",
    }  # fmt: skip


def test_an_item_with_lookalike_characters_is_left_out(registry: LawRegistry) -> None:
    bad = CHOICE.replace("甲", "⼯作") + "答案：A\n" + META
    good = CHOICE + "答案：A\n" + META.replace("X-1", "X-2")
    questions, problems = parse_bank_file(FRONT + bad + "\n" + good, "f.md", registry)
    assert [q.code for q in questions] == ["X-2"]
    assert [(p.code, p.line, p.column) for p in problems] == [("Q-char", 7, 4)]


def test_bytes_in_another_encoding_are_refused(registry: LawRegistry) -> None:
    questions, [problem] = parse_bank_bytes((CHOICE + META).encode("gbk"), "f.md", registry)
    assert questions == []
    assert (problem.code, problem.line) == ("Q-encoding", 1)


def test_an_empty_quiz_is_named(registry: LawRegistry) -> None:
    assert [(p.code, p.line) for p in parse_quiz("\n", "f", 7, registry)[1]] == [("Q-empty", 7)]


def test_unknown_type_suggests_ours(registry: LawRegistry) -> None:
    _, [problem] = parse_bank_file("【单迭】x\n", "f", registry)
    assert problem.hint == "是不是【单选】？"
    _, [problem] = parse_bank_file("【抢答题】x\n", "f", registry)
    assert "【判断】" in problem.hint


def test_bracketed_words_in_the_text_are_text(registry: LawRegistry) -> None:
    body = "【单选】材料：\n【背景】某镇。\n[注]无\nA. 甲\nB. 乙\n答案：A\n" + META
    [question], problems = parse_bank_file(FRONT + body, "f", registry)
    assert problems == []
    assert question.parts[0].stem == "材料：\n【背景】某镇。\n[注]无"
