"""Findings over the bank: each fires on a bad bank and stays silent on a good one."""

import random
import time
from dataclasses import replace

import pytest

from elearn.core.questions.checker import check_bank
from elearn.core.questions.model import Part, Question, QuestionType

STEMS = [
    "某镇干部老周收到邻居送来的茶叶，应当怎么做？", "公务接待结束后，剩余的菜品怎样处理才妥当？",
    "分管采购的老林得知侄子的公司参加投标，首先要做什么？", "单位组织体检，能否带家属一同参加？",
]  # fmt: skip


def single(
    code: str, stem: str, options: tuple[str, ...] = ("收下", "谢绝", "回赠", "转送"), key: int = 1,
    **changes: object,
) -> Question:  # fmt: skip
    part = Part(QuestionType.SINGLE, stem, options, (key,), explanation="因为。")
    part = replace(part, **changes)  # type: ignore[arg-type]  # whatever the test names
    return Question(code, QuestionType.SINGLE, "DIS-04", 2, (part,), line=3)


def verdict(code: str, stem: str, key: int = 0) -> Question:
    part = Part(QuestionType.TRUE_FALSE, stem, ("对", "错"), (key,), explanation="因为。")
    return Question(code, QuestionType.TRUE_FALSE, "DIS-04", 2, (part,))


def codes(*questions: Question) -> list[str]:
    return [problem.code for problem in check_bank(("f.md", q) for q in questions)]


def test_a_good_bank_is_silent() -> None:
    assert codes(*(single(f"X-{n}", stem) for n, stem in enumerate(STEMS))) == []
    assert codes() == []


def test_items_without_options_have_no_option_hints() -> None:
    part = Part(QuestionType.BLANK, "处分有____种", blanks=(("五",),), explanation="A 不是选项")
    question = Question("X-1", QuestionType.BLANK, "DIS-04", 2, (part,))
    assert question.strand.value == "DIS"
    assert codes(question) == []


def test_the_same_code_is_an_error_that_names_the_first() -> None:
    first, second = single("X-1", STEMS[0]), replace(single("X-1", STEMS[1]), line=9)
    [problem] = check_bank([("a.md", first), ("b.md", second)])
    assert (problem.code, problem.file, problem.line) == ("Q-code-twice", "b.md", 9)
    assert "a.md 第 3 行" in problem.message
    assert problem.is_error


def test_the_same_item_with_other_punctuation_and_order_is_an_error() -> None:
    other = single("X-2", STEMS[0].replace("，", ",  "), ("谢绝", "收下", "转送", "回赠。"), 0)
    assert codes(single("X-1", STEMS[0]), other) == ["Q-same-text"]


def test_near_stems_are_a_hint() -> None:
    near = single("X-2", STEMS[2].replace("老林", "老王"), ("甲", "乙", "丙"))
    [problem] = check_bank([("f", single("X-1", STEMS[2])), ("f", near)])
    assert (problem.code, problem.is_error) == ("Q-near-text", False)
    assert "X-1" in problem.message


def test_short_stems_are_told_apart_by_their_options() -> None:
    one = single("X-1", "正确的是？", ("甲说收下就行", "乙说要谢绝", "丙说回赠", "丁说转送"))
    other = single("X-2", "正确的是？", ("处分有五种", "处分有六种", "处分有七种", "处分有八种"))
    assert codes(one, other) == []


def test_the_same_short_stem_of_another_type_is_a_hint() -> None:
    assert codes(verdict("X-1", STEMS[0]), replace(single("X-2", STEMS[0]))) == ["Q-near-text"]


@pytest.mark.parametrize(
    "option",
    [
        "以上都对",
        "以上各项均正确",
        "上述说法都不对。",
        "以上三项都是",
        "都对",
        "全部正确",
        "A和B",
        "A、C两项",
        "以上皆是",
    ],
)
def test_options_that_point_at_others_must_be_fixed(option: str) -> None:
    texts = ("收下", "谢绝", "回赠", option)
    assert codes(single("X-1", STEMS[0], texts)) == ["Q-option-refers"]
    assert codes(single("X-1", STEMS[0], texts, fixed_order=True)) == []


@pytest.mark.parametrize(
    "option",
    [
        "三万元以上不满二十万元",
        "以上级文件为准",
        "上述期间届满之日起计算",
        "A级旅游团队",
        "都由科长决定",
        "全部退回本人",
    ],
)
def test_ordinary_options_do_not_look_like_references(option: str) -> None:
    assert codes(single("X-1", STEMS[0], ("收下就行", "谢绝送礼", "回赠等值", option))) == []


def test_letters_in_the_explanation_of_a_shuffled_item() -> None:
    assert codes(single("X-1", STEMS[0], explanation="A 错在收下。")) == ["Q-letter"]
    assert codes(single("X-1", STEMS[0], explanation="A 错在收下。", fixed_order=True)) == []
    assert codes(single("X-1", STEMS[0], explanation="A股和B超、C类、APP、A4 纸都无关。")) == []


def test_a_key_much_longer_than_the_rest() -> None:
    long_key = ("收下", "当面谢绝并说明自己正在经手他的审批事项", "回赠", "转送")
    assert codes(single("X-1", STEMS[0], long_key)) == ["Q-key-long"]
    assert codes(single("X-1", STEMS[0], long_key, key=0)) == []


def test_double_negatives() -> None:
    negative = "以下做法不正确的是？茶叶和红包都要考虑"
    asked = single("X-1", negative, ("不是本人收的就没事", "谢绝", "上交"))
    assert codes(asked) == ["Q-double-negative"]
    assert codes(single("X-1", negative)) == []
    assert codes(verdict("X-1", "公职人员不能不报告。")) == ["Q-double-negative"]
    assert codes(verdict("X-1", "没有不同意见时可以不讨论。")) == []


def _bank(size: int, seed: int) -> list[Question]:
    chance = random.Random(seed)
    words = [chr(0x4E00 + chance.randrange(3000)) for _ in range(900)]

    def text(length: int) -> str:
        return "".join(chance.choice(words) for _ in range(length))

    return [
        single(f"X-{n}", text(45), tuple(text(9) for _ in range(4)), key=n % 4) for n in range(size)
    ]


def test_five_thousand_items_take_seconds() -> None:
    bank = _bank(5000, 1)
    bank[4321] = replace(bank[4321], parts=(replace(bank[17].parts[0], options=("甲", "乙")),))
    start = time.process_time()
    problems = check_bank(("f.md", q) for q in bank)
    assert time.process_time() - start < 8
    assert [p.code for p in problems] == ["Q-near-text"]
    assert "X-17" in problems[0].message


def test_key_positions_that_lean_are_named() -> None:
    bank = _bank(80, 2)
    leaning = [
        replace(q, parts=(replace(q.parts[0], key=(int(n % 5 == 0),)),)) for n, q in enumerate(bank)
    ]
    assert codes(*bank) == []
    [problem] = check_bank(("f", q) for q in leaning)
    assert (problem.code, problem.file, problem.is_error) == ("Q-bias-position", "题库", False)
    assert "A 64、B 16、C 0、D 0" in problem.message


def test_keys_that_are_mostly_longest_are_named() -> None:
    bank = _bank(80, 3)
    longest = []
    for question in bank:
        part = question.parts[0]
        texts = list(part.options)
        texts[part.key[0]] += "了"
        longest.append(replace(question, parts=(replace(part, options=tuple(texts)),)))
    assert codes(*longest) == ["Q-bias-length"]
    assert codes(*longest[:39]) == []


def test_true_false_that_leans_is_named() -> None:
    chance = random.Random(4)
    stems = ["".join(chr(0x4E00 + chance.randrange(3000)) for _ in range(30)) for _ in range(60)]
    assert codes(*(verdict(f"X-{n}", stem, int(n < 10)) for n, stem in enumerate(stems))) == [
        "Q-bias-verdict"
    ]
    assert codes(*(verdict(f"X-{n}", stem, n % 2) for n, stem in enumerate(stems))) == []
