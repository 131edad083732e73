"""What is said about an item in words; what wants a look first carries more weight."""

import math
from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import Final

from elearn.core.questions.model import QuestionType
from elearn.core.statistics.items import ItemStatistics, PartChoices
from elearn.core.statistics.signals import Signal

LOW: Final = 0.15
FIRM: Final = 50  # people from which an absence or a low value means something


class Flag(StrEnum):
    """Stored; words and weights below."""

    KEY_DOUBT = "KEY_DOUBT"
    LEAK = "LEAK"
    LOW_DISCRIMINATION = "LOW_DISCRIMINATION"
    EASIER = "EASIER"
    HARDER = "HARDER"
    OTHER_WRONG = "OTHER_WRONG"
    FASTER = "FASTER"
    TOO_HARD = "TOO_HARD"
    TOO_EASY = "TOO_EASY"
    IDLE_OPTION = "IDLE_OPTION"


# (kind of tag, words, what it means and what to do, weight)
FLAGS: Final[dict[Flag, tuple[str, str, str, int]]] = {
    Flag.KEY_DOUBT: (
        "bad",
        "请核对答案",
        "成绩好的人反而答错，或者多选了另一个选项：答案可能有误，或题意有歧义。",
        100,
    ),
    Flag.LEAK: (
        "bad",
        "疑似泄露",
        "比以往明显容易，作答时间又缩短一半以上。请核查，也可能是刚讲过这个内容。",
        80,
    ),
    Flag.LOW_DISCRIMINATION: (
        "warn",
        "区分度低",
        "答对答错与其他题的得分几乎无关，这道题分不出掌握得好与不好。",
        30,
    ),
    Flag.EASIER: ("warn", "比以往容易", "得分率比以往各场明显升高，已扣除整场共同的变化。", 20),
    Flag.HARDER: ("warn", "比以往难", "得分率比以往各场明显降低，已扣除整场共同的变化。", 20),
    Flag.OTHER_WRONG: ("warn", "错选变了", "答错的人集中到了与以往不同的选项。", 15),
    Flag.FASTER: ("warn", "作答变快", "作答时间比以往缩短一半以上。", 10),
    Flag.TOO_HARD: ("warn", "过难", "得分率低于 25%。", 8),
    Flag.TOO_EASY: ("plain", "过易", "得分率高于 95%。", 4),
    Flag.IDLE_OPTION: ("plain", "有选项没人选", "有错误选项没有一个人选，起不到干扰作用。", 2),
}

_OF_SIGNAL: Final[dict[Signal, Flag]] = {
    Signal.LEAK: Flag.LEAK,
    Signal.EASIER: Flag.EASIER,
    Signal.HARDER: Flag.HARDER,
    Signal.FASTER: Flag.FASTER,
    Signal.OTHER_WRONG: Flag.OTHER_WRONG,
}


def flags_of(
    item: ItemStatistics,
    keys: Collection[tuple[QuestionType, frozenset[int], int]],
    signals: Iterable[Signal],
) -> list[Flag]:
    """`keys`: per choice part its type, key and number of options. What wants a look first leads."""
    found = {_OF_SIGNAL[signal] for signal in signals}
    if Flag.LEAK in found:
        found -= {Flag.EASIER, Flag.FASTER}
    if _key_is_doubtful(item, keys):
        found.add(Flag.KEY_DOUBT)
    elif (
        item.discrimination is not None
        and item.discrimination < LOW
        and item.n >= FIRM
        and 0.05 < item.facility < 0.95
    ):
        found.add(Flag.LOW_DISCRIMINATION)
    if item.interval.low > 0.95:
        found.add(Flag.TOO_EASY)
    if item.interval.high < 0.25:
        found.add(Flag.TOO_HARD)
    if item.n >= FIRM and any(
        _has_idle_option(table, key, options)
        for table, (kind, key, options) in zip(item.parts, keys, strict=False)
        if kind is not QuestionType.TRUE_FALSE
    ):
        found.add(Flag.IDLE_OPTION)
    return sorted(found, key=lambda flag: -FLAGS[flag][3])


def attention(flags: Iterable[Flag]) -> int:
    """Weight of an item in the default order."""
    return sum(FLAGS[flag][3] for flag in flags)


def _key_is_doubtful(
    item: ItemStatistics, keys: Collection[tuple[QuestionType, frozenset[int], int]]
) -> bool:
    if item.discrimination_interval is not None and item.discrimination_interval.high < 0:
        return True
    return any(
        _strong_prefer_another(table, key)
        for table, (kind, key, _) in zip(item.parts, keys, strict=False)
        if kind is not QuestionType.MULTI
    )


def _strong_prefer_another(table: PartChoices, key: frozenset[int]) -> bool:
    """In the strongest third, does a wrong option beat the key, by more than a coin would?"""
    right = max((table.chosen[option][2] for option in key if option in table.chosen), default=0)
    wrong = max((c[2] for option, c in table.chosen.items() if option not in key), default=0)
    return wrong - right > math.sqrt(wrong + right)


def _has_idle_option(table: PartChoices, key: frozenset[int], options: int) -> bool:
    return any(option not in key and option not in table.chosen for option in range(options))
