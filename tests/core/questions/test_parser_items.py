"""What is accepted, and what comes out of it."""

import pytest

from elearn.core.laws.registry import LawRegistry
from elearn.core.questions.model import (
    Citation,
    Part,
    Question,
    QuestionStatus,
    QuestionType,
    RubricPoint,
)
from elearn.core.questions.parser import ItemDefaults, parse_bank_bytes, parse_bank_file, parse_quiz

FRONT = '---\n主题: DIS-04\n难度: 2\n法规版本:\n  纪律处分条例: "2023-12-19"\n  监察法: 2024-12-25\n---\n'
END = "解析：因为。\n依据：纪律处分条例#97\n编号：DIS-04-001\n"


def one(body: str, registry: LawRegistry) -> Question:
    questions, problems = parse_bank_file(FRONT + body, "f.md", registry)
    assert problems == []
    [question] = questions
    return question


def part(body: str, registry: LawRegistry) -> Part:
    [found] = one(body, registry).parts
    return found


def test_single_choice_as_in_the_manual(registry: LawRegistry) -> None:
    question = one(
        "【单选】以下做法恰当的是？\nA. 收下\nB. 当面**谢绝**\nC. 回赠\nD. 先收再退\n答案：B\n"
        "解析：应当谢绝。\n回赠不改变性质。\n\n先收再退时影响已产生。\n"
        "依据：纪律处分条例#97.1；监察法@2024-12-25#11\n难度：3\n编号：DIS-04-001\n"
        "对象：党员、一把手\n标签：礼品、日常\n事实：DR-36 DR-37\n状态：待核\n主题：DIS-09\n",
        registry,
    )
    assert question == Question(
        code="DIS-04-001",
        type=QuestionType.SINGLE,
        topic="DIS-09",
        difficulty=3,
        parts=(
            Part(
                QuestionType.SINGLE,
                "以下做法恰当的是？",
                ("收下", "当面**谢绝**", "回赠", "先收再退"),
                (1,),
                explanation="应当谢绝。\n回赠不改变性质。\n\n先收再退时影响已产生。",
            ),
        ),
        citations=(
            Citation("纪律处分条例", "2023-12-19", "97.1"),
            Citation("监察法", "2024-12-25", "11"),
        ),
        audience=("PARTY", "CHIEF"),
        tags=("礼品", "日常"),
        facts=("DR-36", "DR-37"),
        status=QuestionStatus.NEEDS_REVIEW,
    )
    assert question.line == 8


@pytest.mark.parametrize(
    "head",
    [
        "【单选】题干？", "[单选]题干？", "［单选］题干？", "【单选题】题干？", "【单项选择题】题干？",
        "12. 【单选】题干？", "3、【 单选 】　题干？", "（1）【单选】题干？", "【单选】\n\n题干？",
        "  【单选】 题干？  ",
    ],
)  # fmt: skip
def test_heads_people_type(head: str, registry: LawRegistry) -> None:
    found = part(f"{head}\nA. 甲\nB. 乙\n答案：A\n{END}", registry)
    assert (found.type, found.stem) == (QuestionType.SINGLE, "题干？")


@pytest.mark.parametrize(
    "options",
    [
        "A. 甲 x\nB. 乙\nC. 丙", "A、甲 x\nB、乙\nC、丙", "Ａ．甲　 x\nＢ．乙\nＣ．丙", "A：甲 x\nB: 乙\nC）丙",
        "(A) 甲 x\n（B）乙\n(Ｃ)丙", "A. 甲 x\n\nB. 乙\n\nC. 丙", "A. 甲 x  B. 乙\tC. 丙",
        "A. 甲 x　　B. 乙  \nC. 丙", "  A. 甲\n x\nB. 乙\nC. 丙",
    ],
)  # fmt: skip
def test_options_people_type(options: str, registry: LawRegistry) -> None:
    found = part(f"【单选】题干？\n{options}\n答案：C\n{END}", registry)
    assert found.options[1:] == ("乙", "丙")
    assert found.options[0] in ("甲 x", "甲x")
    assert found.key == (2,)


def test_option_wrapped_over_lines_joins_without_a_gap_between_chinese(
    registry: LawRegistry,
) -> None:
    body = f"【单选】题干？\nA. 第一行\n第二行\nB. one\ntwo\n答案：A\n{END}"
    assert part(body, registry).options == ("第一行第二行", "one two")


def test_a_single_blank_does_not_split_an_option(registry: LawRegistry) -> None:
    body = f"【单选】题干？\nA. 维生素 B. 类\nB. 钙  D. 不是下一个字母\n答案：A\n{END}"
    assert part(body, registry).options == ("维生素 B. 类", "钙 D. 不是下一个字母")


@pytest.mark.parametrize(
    "answer", ["ABD", "A、B、D", "A,B，D", "A B D", "ＡＢＤ", "abd", "DBA", "A、B、D。"]
)
def test_multiple_choice_answers(answer: str, registry: LawRegistry) -> None:
    body = f"【多选】题干？\nA. 甲\nB. 乙\nC. 丙\nD. 丁\n答案：{answer}\n{END}"
    assert part(body, registry).key == (0, 1, 3)


@pytest.mark.parametrize(
    ("answer", "key"),
    [("对", 0), ("正确", 0), ("√", 0), ("T", 0), ("错", 1), ("错误。", 1), ("×", 1), ("false", 1)],
)
def test_true_false_answers(answer: str, key: int, registry: LawRegistry) -> None:
    found = part(f"【判断】题干。\n答案：{answer}\n{END}", registry)
    assert (found.options, found.key) == (("对", "错"), (key,))


def test_blanks(registry: LawRegistry) -> None:
    body = (
        f"【填空】处分分____种，警告影响期＿＿＿＿。\n答案：五|5；一年｜1年 | a\\；b\\|c\\x\n{END}"
    )
    found = part(body, registry)
    assert found.stem == "处分分____种，警告影响期____。"
    assert found.blanks == (("五", "5"), ("一年", "1年", "a；b|cx"))


def test_short_answer(registry: LawRegistry) -> None:
    body = (
        "【简答】怎么办？\n参考答案：先说明。\n\n再登记。\n评分要点：\n- 说明谁负责（4分）\n"
        f"2. 说明时限（0.5 分）；\n\n· 登记 (1.25分)\n（4）上交（1分）\n{END}"
    )
    found = part(body, registry)
    assert found.reference == "先说明。\n\n再登记。"
    assert found.rubric == (
        RubricPoint("说明谁负责", 400), RubricPoint("说明时限", 50),
        RubricPoint("登记", 125), RubricPoint("上交", 100),
    )  # fmt: skip


def test_case(registry: LawRegistry) -> None:
    question = one(
        "【案例】材料第一段。\n\n材料第二段。\n解析：总的说明。\n"
        "（1）【单选】问一？\nA. 甲\nB. 乙\n答案：A\n选项：固定\n解析：甲。\n依据：监察法#3\n"
        "(2)[判断]问二。\n答案：错\n解析：乙。\n事实：SL-01\n"
        "（3）【简答】问三？\n参考答案：丙\n丁\n评分要点：\n- 戊（2分）\n解析：己。\n"
        "依据：纪律处分条例#97；监察法#3\n事实：DR-36\n编号：DIS-04-C01\n难度：4\n",
        registry,
    )
    assert (question.stem, question.explanation) == ("材料第一段。\n\n材料第二段。", "总的说明。")
    assert [p.type.value for p in question.parts] == ["SINGLE", "TRUE_FALSE", "SHORT_ANSWER"]
    assert [p.fixed_order for p in question.parts] == [True, False, False]
    assert question.parts[2].reference == "丙\n丁"
    assert [c.as_text() for c in question.citations] == [
        "监察法@2024-12-25#3", "纪律处分条例@2023-12-19#97",
    ]  # fmt: skip
    assert question.facts == ("SL-01", "DR-36")
    assert question.difficulty == 4


def test_fields_in_brackets_and_in_any_order(registry: LawRegistry) -> None:
    body = "【单选】题干？\n答案：B\n编号：X-1\n【依据】监察法\n[难度] 5\nA. 甲\nB. 乙\n【解析】因为\nA. 不是选项\n"
    question = one(body, registry)
    assert question.parts[0].options == ("甲", "乙")
    assert question.parts[0].explanation == "因为\nA. 不是选项"
    assert (question.difficulty, question.code) == (5, "X-1")


def test_a_backslash_makes_a_line_text(registry: LawRegistry) -> None:
    body = f"【单选】通知写道：\n\\答案：另行通知\n\\\\A. 杠\nA. 甲\nB. 乙\n答案：A\n{END}"
    assert part(body, registry).stem == "通知写道：\n答案：另行通知\n\\A. 杠"


def test_word_files_bom_and_crlf_make_no_difference(registry: LawRegistry) -> None:
    body = FRONT + f"【单选】题干？\nA. 甲\nB. 乙\n答案：A\n{END}"
    plain = parse_bank_bytes(body.encode(), "f.md", registry)
    word = b"\xef\xbb\xbf" + body.replace("\n", "  \r\n").encode()
    assert parse_bank_bytes(word, "f.md", registry) == plain
    assert plain[0][0].line == parse_bank_bytes(word, "f.md", registry)[0][0].line == 8


def test_front_matter_gives_defaults(registry: LawRegistry) -> None:
    text = (
        "---\n主题：LAW-01\n难度: ４\n对象: 非党员\n标签: [甲]\n状态: 草稿\n法规版本:\n  监察法: 2018-03-20\n---\n"
        "【判断】甲。\n答案：对\n解析：乙\n依据：监察法#43；监察法@2024-12-25#1\n编号：L1\n"
    )
    [question], problems = parse_bank_file(text, "f.md", registry)
    assert (question.topic, question.difficulty, question.audience) == ("LAW-01", 4, ("NON_PARTY",))
    assert (question.tags, question.status) == (("甲",), QuestionStatus.DRAFT)
    assert [c.version for c in question.citations] == ["2018-03-20", "2024-12-25"]
    assert [(p.code, p.line, p.severity) for p in problems] == [
        ("Q-stale", 8, "warning"), ("Q-stale", 13, "warning"),
    ]  # fmt: skip


def test_everybody_clears_the_audience_of_the_file(registry: LawRegistry) -> None:
    text = FRONT.replace("难度", "对象: 党员\n难度") + f"【判断】甲。\n答案：对\n对象：全体\n{END}"
    [question], problems = parse_bank_file(text, "f.md", registry)
    assert (question.audience, problems) == ((), [])


def test_quiz_items_need_less(registry: LawRegistry) -> None:
    defaults = ItemDefaults(topic="DIS-04", complete=False, code_prefix="dis-gifts-01-q")
    text = "【判断】礼品不会影响公务。\n答案：错\n解析：看职务关系。\n"
    [question], problems = parse_quiz(text, "c/01.md", 20, registry, defaults)
    assert problems == []
    assert (question.topic, question.difficulty, question.line) == ("DIS-04", 2, 20)
    assert question.citations == ()
    assert question.code.startswith("dis-gifts-01-q-")
    [again], _ = parse_quiz(
        "\n" + text.replace("看职务关系", "看关系"), "c/01.md", 1, registry, defaults
    )
    assert again.code == question.code


def test_a_number_and_a_bracket_are_text_when_no_type(registry: LawRegistry) -> None:
    body = f"【单选】材料：\n（1）【背景】某镇。\nA. 甲\nB. 乙\n答案：A\n{END}"
    assert part(body, registry).stem == "材料：\n（1）【背景】某镇。"


def test_quiz_without_defaults_names_what_is_missing(registry: LawRegistry) -> None:
    questions, problems = parse_quiz("【判断】甲。\n答案：对\n", "f", 5, registry)
    assert questions == []
    assert [(p.code, p.line) for p in problems] == [
        ("Q-explanation-missing", 5), ("Q-topic-missing", 5),
    ]  # fmt: skip


def test_an_item_with_an_error_does_not_take_its_neighbours_along(registry: LawRegistry) -> None:
    good = "【判断】好{0}。\n答案：对\n解析：好\n依据：监察法\n编号：G-{0}\n\n"
    text = FRONT + good.format(1) + "【单选】坏\n答案：Z\n\n" + good.format(2)
    questions, problems = parse_bank_file(text, "f.md", registry)
    assert [q.code for q in questions] == ["G-1", "G-2"]
    assert {p.line for p in problems} == {14}
