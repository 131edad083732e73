"""Interactive blocks: what a trainer types, what a person reads without scripts, what is wrong."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elearn.core.laws.registry import LawRegistry
from elearn.core.lessons.activities import shuffled
from elearn.core.lessons.renderer import Rendered, render_lesson

SCENARIO = """```情景 抽屉里的卡
【开头】老同学塞来一张卡，看[[纪律处分条例#97]]。
- 退还 → 退了
- 收下 -> 收了
【退了】他收了回去。
【收了】三个月后他来找你。
- 现在退 => 【退了】
```"""
ORDER = """```排序 退不掉时
门卫转来一份礼品。
1. 记下来源
2、报告领导
3）登记上交
解析：先固定事实。
再说其他。
```"""
SORTING = """```归类
【可以】
- 参加统一培训 理由：公务活动。
- 收下工作资料 理由：不是礼品。
【先报告】
- 子女去管理对象处任职　理由：看[[监察法#11]]。
```"""
CARDS = """```翻卡 两张卡
正面：第一面
背面：第一背
还有一句
正面：第二面
背面：第二背
```"""
TIMELINE = """```时间线
2018-03-20：通过
2024-12-25: 修改 **78** 条
```"""


def render(text: str, registry: LawRegistry) -> Rendered:
    return render_lesson(text, "01.md", 1, registry)


def clean(text: str, registry: LawRegistry) -> str:
    rendered = render(text, registry)
    assert [str(problem) for problem in rendered.problems] == []
    return rendered.html


def test_scenario_is_linked_steps_and_every_end_leads_back(registry: LawRegistry) -> None:
    text = clean(SCENARIO, registry)
    assert '<div class="activity scenario">' in text
    assert '<span class="note-kind">情景</span> 抽屉里的卡' in text
    for at in (1, 2, 3):
        assert f'<div class="step" id="step-1-{at}">' in text
    assert '<a href="#step-1-2">退还</a>' in text
    assert '<a href="#step-1-3">收下</a>' in text
    assert '<a href="#step-1-2">现在退</a>' in text
    assert text.count('<a href="#step-1-1">回到开头，换一种做法</a>') == 1
    assert 'class="cite"' in text


def test_steps_of_two_scenarios_have_different_ids(registry: LawRegistry) -> None:
    text = clean(SCENARIO + "\n\n" + SCENARIO, registry)
    assert 'id="step-2-3"' in text
    assert '<a href="#step-2-3">收下</a>' in text


def test_order_is_shown_in_another_order_with_the_right_one_folded(registry: LawRegistry) -> None:
    text = clean(ORDER, registry)
    shown, _, answer = text.partition('<details class="answer">')
    given = [text for text in ("记下来源", "报告领导", "登记上交") if text in shown]
    assert len(given) == 3
    right = [answer.index(step) for step in ("记下来源", "报告领导", "登记上交")]
    assert right == sorted(right)
    as_shown = [shown.index(step) for step in ("记下来源", "报告领导", "登记上交")]
    assert as_shown != sorted(as_shown)
    assert "先固定事实。" in answer
    assert "再说其他。" in answer


def test_sorting_says_bins_and_folds_bin_and_reason(registry: LawRegistry) -> None:
    text = clean(SORTING, registry)
    assert "归入：<strong>可以</strong> / <strong>先报告</strong>" in text
    assert text.count('<details class="entry">') == 3
    assert "<strong>可以</strong> 公务活动。" in text
    assert '<strong>先报告</strong> 看<a class="cite"' in text


def test_cards_fold_and_timeline_lists(registry: LawRegistry) -> None:
    text = clean(CARDS + "\n\n" + TIMELINE, registry)
    assert text.count('<details class="flip">') == 2
    assert "<p>还有一句</p>" in text
    assert "<strong>2018-03-20</strong> 通过" in text
    assert "<strong>2024-12-25</strong> 修改 <strong>78</strong> 条" in text


def test_other_fences_stay_code(registry: LawRegistry) -> None:
    assert "<code>" in clean("```text\n情景\n```", registry)


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("```情景\n先说\n【开头】一\n- 甲 → 乙\n- 丙 → 乙\n【乙】二\n```", "L-act-line", 2),
        ("```情景\n【开头】一\n- 甲 → 乙\n- 丙 → 丁\n【乙】二\n```", "L-act-target", 4),
        ("```情景\n【开头】一\n- 甲 → 乙\n【乙】二\n```", "L-act-step", 2),
        ("```情景\n【开头】一\n- 甲 → 乙\n- 丙 → 乙\n【乙】二\n【丁】三\n```", "L-act-step", 6),
        ("```情景\n【开头】一\n- 甲 → 乙\n- 丙 → 乙\n【乙】二\n【乙】三\n```", "L-act-step", 6),
        ("```情景\n【开头】一\n- 甲 → 乙\n- 丙 → 乙\n【乙】\n```", "L-act-step", 5),
        ("```情景\n【开头】一\n```", "L-act-few", 1),
        ("```排序\n1. 一\n2. 二\n解析：三\n```", "L-act-few", 1),
        ("```排序\n1. 一\n2. 二\n3. 三\n```", "L-act-why", 1),
        ("```排序\n1. 一\n乱写\n2. 二\n3. 三\n解析：四\n```", "L-act-line", 3),
        ("```归类\n【甲】\n- 一 理由：一\n- 二\n- 三 理由：三\n- 四 理由：四\n【乙】\n```", "L-act-why", 4),
        ("```归类\n【甲】\n- 一 理由：一\n- 二 理由：二\n- 三 理由：三\n```", "L-act-few", 1),
        ("```归类\n【甲】\n- 一 理由：一\n【乙】\n- 二 理由：二\n```", "L-act-few", 1),
        ("```归类\n【甲】\n一\n- 一 理由：一\n- 三 理由：一\n【乙】\n- 二 理由：二\n```", "L-act-line", 3),
        ("```翻卡\n正面：一\n背面：二\n```", "L-act-few", 1),
        ("```翻卡\n正面：一\n背面：二\n正面：三\n```", "L-act-few", 1),
        ("```翻卡\n背面：二\n正面：一\n背面：二\n正面：三\n背面：四\n```", "L-act-line", 2),
        ("```时间线\n2018：一\n```", "L-act-few", 1),
        ("```时间线\n2018：一\n2019：二\n没有冒号\n```", "L-act-line", 4),
        ("```时间线\n2018：一 [[监察法#99]]\n2019：二\n```", "Q-article-unknown", 2),
    ],
)  # fmt: skip
def test_every_fault_has_its_line(text: str, code: str, line: int, registry: LawRegistry) -> None:
    found = [(problem.code, problem.line) for problem in render(text, registry).problems]
    assert found == [(code, line)]


@pytest.mark.parametrize("kind", ["情景", "排序", "归类", "翻卡", "时间线"])
def test_an_empty_block_is_told_not_raised(kind: str, registry: LawRegistry) -> None:
    codes = {problem.code for problem in render(f"```{kind}\n```", registry).problems}
    assert "L-act-few" in codes


@given(
    kind=st.sampled_from(["情景", "排序", "归类", "翻卡", "时间线"]),
    lines=st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\r\n`~"), max_size=30), max_size=8
    ),
)
def test_any_text_gives_safe_html(kind: str, lines: list[str], registry: LawRegistry) -> None:
    rendered = render(f"```{kind}\n" + "\n".join(lines) + "\n```", registry)
    assert "<script" not in rendered.html


@given(st.lists(st.text(min_size=1), unique=True, min_size=2, max_size=9))
def test_shuffled_is_a_permutation_and_never_the_order_given(texts: Sequence[str]) -> None:
    order = shuffled(texts)
    assert sorted(order) == list(range(len(texts)))
    assert order != list(range(len(texts)))
    assert shuffled(texts) == order
